package dev.millrace.simulation.sketch;

import dev.millrace.simulation.database.Snapshot;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.database.Transaction;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;

/**
 * A sketch of a keyed shard: jobs of a key run one after the other, in order, and one that failed blocks its key while it waits for its next
 * attempt. Decision 16. The shard is a stream with a front of its own, claimed by the node that owns it. Here are the statements; what an
 * owner keeps in its memory is {@link ShardOwner}.
 *
 * <p>A model, not production code: there is one shard, and a claim takes all of its window.
 */
final class KeyedShardSketch extends Sketch {

    static final int STREAM = 0;
    static final int FRONT = 1;

    private static final int KEYS = 3;
    private static final int JOBS = 5;
    private static final String SHARD = "shard";
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(1);

    /** What can be done wrong. */
    enum Mistake {
        NONE,
        /** Who claims proves neither that it is alive nor that it owns the shard. */
        OWNER_NOT_FENCED,
        /** Who claims does not look whether it owns the shard still. */
        OWNER_NOT_ASKED,
        /** It looks before it has the stream's lock. */
        OWNER_ASKED_BEFORE_THE_LOCK,
        /** A shard is given up, though something of it is open. */
        GIVEN_UP_TOO_EARLY,
        /** A shard is taken over as soon as its owner is deposed. */
        TAKEN_OVER_BEFORE_THE_RESCUE,
        /** Who takes over does not look at what waits for its next attempt. */
        TIMERS_NOT_LOADED,
        /** Who takes over looks at the front first: what moves there meanwhile is seen in neither. */
        TIMERS_LOADED_LAST,
        /** What has waited for its next attempt comes back behind all that is not claimed, as it does elsewhere. */
        RETRIED_TO_THE_TAIL,
        /** Jobs of a key run in the order of their last deliveries, wherever these were moved. */
        ORDERED_BY_THE_LAST_DELIVERY,
        /** A job that waits for its next attempt does not block its key. */
        RETRY_DOES_NOT_BLOCK,
        /** The next of a key starts while the outcome of the one before is on its way. */
        NEXT_BEFORE_THE_FLUSH,
        /** Nobody asks whether what waits has been cancelled. */
        CANCEL_NOT_HEARD
    }

    enum Word {
        DONE,
        CANCELLED,
        RETRY,
        HANDED_BACK,
        RESCUED;

        private boolean last() {
            return this == DONE || this == CANCELLED;
        }
    }

    record Job(int key, int no) {}

    /** In the order of the log. */
    record Place(int stream, long xid, long seq) implements Comparable<Place> {
        private static final Comparator<Place> ORDER = Comparator.comparingInt(Place::stream)
                .thenComparingLong(Place::xid)
                .thenComparingLong(Place::seq);

        @Override
        public int compareTo(Place other) {
            return ORDER.compare(this, other);
        }
    }

    record Delivery(Place place, Job job, boolean first) {}

    private record Claim(long no, int stream, int node, Snapshot prev, Snapshot snap) {}

    private record Outcome(Job job, Word word) {}

    private record Timer(long id, Job job, long due) {}

    private record StreamLock(int stream) {}

    /** A claim was refused: somebody else owns the shard, or nobody. */
    static final class NotOwner extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final Mistake mistake;
    private final Table<String, Integer> owners = table("shard_owner");
    private final Table<Place, Delivery> log = table("job_log");
    private final Table.Index<Place, Delivery> logByJob = log.index(Delivery::job);
    private final Table<Long, Claim> claims = table("claim");
    private final Table<Long, Outcome> outcomes = table("outcome");
    private final Table<Long, Timer> timers = table("timer");
    private final Map<Job, Integer> running = new HashMap<>();

    KeyedShardSketch(long seed, Mistake mistake) {
        super(seed, Duration.ofMinutes(6));
        this.mistake = mistake;
    }

    boolean planted(Mistake what) {
        return mistake == what;
    }

    // ---- claim

    /**
     * Fence, the stream's lock, then the look at the owner, and on as any claim. The lock is waited for, where others move on to another stream:
     * that there is nothing must mean that there is nothing.
     */
    List<Delivery> take(Transaction tx, int node, int stream) {
        if (!planted(Mistake.OWNER_NOT_FENCED)) fence(tx, node);
        if (planted(Mistake.OWNER_ASKED_BEFORE_THE_LOCK)) proveOwner(tx, node);
        tx.lockTimeout(LOCK_TIMEOUT);
        tx.statement();
        tx.lock(new StreamLock(stream));
        switch (mistake) {
            case OWNER_NOT_FENCED, OWNER_NOT_ASKED, OWNER_ASKED_BEFORE_THE_LOCK -> {}
            default -> proveOwner(tx, node);
        }
        tx.statement();
        var last = claims.last(tx, 0L, Long.MAX_VALUE, claim -> claim.stream == stream);
        var prev = last == null ? Snapshot.NOTHING : last.snap;
        var claim = new Claim(number(), stream, node, prev, tx.currentSnapshot());
        tx.statement();
        var rows = rows(tx, claim);
        if (!rows.isEmpty()) claims.insert(tx, claim.no, claim);
        return rows;
    }

    private void proveOwner(Transaction tx, int node) {
        tx.statement();
        if (!Objects.equals(owners.get(tx, SHARD), node)) throw new NotOwner();
    }

    private List<Delivery> rows(Transaction tx, Claim claim) {
        var from = new Place(claim.stream, 0, 0);
        var to = new Place(claim.stream, Long.MAX_VALUE, Long.MAX_VALUE);
        return log.range(tx, from, to, row -> in(claim, row.place.xid), Integer.MAX_VALUE);
    }

    private static boolean in(Claim claim, long xid) {
        return claim.snap.sees(xid) && !claim.prev.sees(xid);
    }

    private List<Delivery> open(Transaction tx, int node) {
        return claims.all(tx).stream()
                .filter(claim -> claim.node == node)
                .flatMap(claim -> rows(tx, claim).stream())
                .filter(row -> outcomes.get(tx, row.place.seq) == null)
                .sorted(Comparator.comparingLong(row -> row.place.seq)) // the order of their locks
                .toList();
    }

    /** Where the job stood when it came into the log, wherever it has been moved since. */
    Place firstPlace(Transaction tx, Delivery row) {
        if (row.first || planted(Mistake.ORDERED_BY_THE_LAST_DELIVERY)) return row.place;
        for (var other : log.by(tx, logByJob, row.job)) if (other.first) return other.place;
        return row.place;
    }

    // ---- ownership

    /** A look that holds nobody up. */
    boolean free(Transaction tx, int node) {
        tx.statement();
        var owner = owners.get(tx, SHARD);
        if (owner == null || owner == node) return true;
        var state = state(tx, owner);
        return state == State.GONE || (state == State.DEPOSED && planted(Mistake.TAKEN_OVER_BEFORE_THE_RESCUE));
    }

    /** Both streams' locks, then the look: nobody claims meanwhile. Free is what nobody has, or whose owner is gone, all that it held taken back. */
    boolean own(Transaction tx, int node) {
        fence(tx, node);
        lockStreams(tx);
        if (!free(tx, node)) return false;
        if (owners.get(tx, SHARD) == null) owners.insert(tx, SHARD, node);
        else owners.update(tx, SHARD, any -> true, old -> node);
        return true;
    }

    /** At any time, whatever its claimer does: what is open decides, and who claims later is refused. */
    boolean giveUp(Transaction tx, int node) {
        fence(tx, node);
        lockStreams(tx);
        tx.statement();
        if (open(tx, node).isEmpty() || planted(Mistake.GIVEN_UP_TOO_EARLY))
            owners.delete(tx, SHARD, owner -> owner == node);
        return true;
    }

    private void lockStreams(Transaction tx) {
        tx.lockTimeout(LOCK_TIMEOUT);
        tx.statement();
        tx.lock(new StreamLock(STREAM));
        tx.lock(new StreamLock(FRONT));
    }

    /** What waits for its next attempt. */
    List<Job> waiting(Transaction tx) {
        tx.statement();
        return timers.all(tx).stream().map(Timer::job).toList();
    }

    Set<Job> ended(Transaction tx) {
        tx.statement();
        return ended(outcomes.all(tx));
    }

    // ---- end, wait, rescue: as everywhere, but what comes back comes to the shard's own front

    /** Answers how each has ended, here or before. */
    Map<Delivery, Word> flush(Transaction tx, int node, SortedMap<Delivery, Word> entries) {
        fence(tx, node);
        tx.statement();
        var written = new LinkedHashMap<Delivery, Word>();
        entries.forEach((delivery, word) -> {
            tx.meanwhile();
            long seq = delivery.place.seq;
            boolean won = outcomes.insertIfAbsent(tx, seq, new Outcome(delivery.job, word));
            if (won && word == Word.HANDED_BACK) append(tx, FRONT, delivery.job, false);
            if (won && word == Word.RETRY) retryLater(tx, delivery.job);
            written.put(delivery, Objects.requireNonNull(outcomes.peek(tx, seq)).word);
        });
        return written;
    }

    /** Some wait longer than it takes to follow a dead owner. */
    private void retryLater(Transaction tx, Job job) {
        long id = number();
        long delay = millis(random.nextBoolean() ? 20_000 : 2_000).toNanos();
        timers.insert(tx, id, new Timer(id, job, timeline.now() + delay));
    }

    /** By any node. */
    boolean promote(Transaction tx, int node) {
        fence(tx, node);
        tx.statement();
        for (var timer : timers.all(tx)) {
            if (timer.due > timeline.now()) continue;
            tx.meanwhile();
            if (timers.deleteUnlessLocked(tx, timer.id, any -> true) != null)
                append(tx, planted(Mistake.RETRIED_TO_THE_TAIL) ? STREAM : FRONT, timer.job, false);
        }
        return true;
    }

    /** Some at a time, as in the engine: meanwhile the node is deposed, and not gone. */
    @Override
    boolean rescue(Transaction tx, int by, int dead) {
        tx.statement();
        var open = open(tx, dead);
        tx.statement();
        for (var row : open.subList(0, Math.min(2, open.size()))) {
            tx.meanwhile();
            if (outcomes.insertIfAbsent(tx, row.place.seq, new Outcome(row.job, Word.RESCUED)))
                append(tx, FRONT, row.job, false);
        }
        return open.isEmpty();
    }

    private void append(Transaction tx, int stream, Job job, boolean first) {
        var place = new Place(stream, tx.xid(), database.nextNumber(tx));
        log.insert(tx, place, new Delivery(place, job, first));
    }

    // ---- who does them

    @Override
    Node node(int number) {
        var owner = new ShardOwner(this, number);
        beside("upkeep of node " + number, owner::upkeep);
        return owner;
    }

    @Override
    void begin() {
        for (int i = 0; i < KEYS; i++) {
            int key = i;
            beside("producer", () -> {
                for (int no = 0; no < JOBS; no++) enqueue(new Job(key, no));
            });
        }
        beside("operator", this::cancel);
    }

    /** The next of a key is enqueued when this is committed. */
    private void enqueue(Job job) {
        timeline.pause(millis(random.nextInt(4) == 0 ? 10_000 : 50));
        step(tx -> {
            tx.xid();
            timeline.pause(millis(20));
            tx.statement();
            append(tx, STREAM, job, true);
            return true;
        });
    }

    /** What waits for its next attempt ends, by a delivery that is born ended. */
    private void cancel() {
        for (int i = 0; i < 4; i++) {
            timeline.pause(millis(20_000));
            step(tx -> {
                tx.statement();
                for (var timer : timers.all(tx))
                    if (timers.delete(tx, timer.id, any -> true) != null)
                        outcomes.insert(tx, database.nextNumber(tx), new Outcome(timer.job, Word.CANCELLED));
                return true;
            });
        }
    }

    // ---- what is promised

    private static Set<Job> ended(List<Outcome> outcomes) {
        var ended = new HashSet<Job>();
        for (var outcome : outcomes) if (outcome.word.last()) ended.add(outcome.job);
        return ended;
    }

    /** A handler starts. On a node that has been deposed and does not know it, it may: what it ends does not count. */
    void starts(int node, Job job) {
        if (!alive(node)) return;
        var ended = ended(outcomes.committed());
        for (int no = 0; no < job.no; no++) {
            var before = new Job(job.key, no);
            if (!ended.contains(before)) broken("%s starts before %s has ended".formatted(job, before));
        }
        if (ended.contains(job)) broken("%s starts again".formatted(job));
        var other = running.put(job, node);
        if (other != null && other != node && alive(other)) broken("%s runs twice at once".formatted(job));
    }

    void stops(int node, Job job) {
        running.remove(job, node);
    }

    @Override
    boolean over() {
        return ended(outcomes.committed()).size() == KEYS * JOBS;
    }

    @Override
    void end() {
        if (!over())
            broken("of all jobs %d have ended"
                    .formatted(ended(outcomes.committed()).size()));
    }
}
