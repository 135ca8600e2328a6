package dev.millrace.simulation.sketch;

import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Table;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.database.Transaction.Isolation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A sketch of batches: jobs are parts of a batch, and when all have ended a follow-up is enqueued, once. Decision 15. Parts end by flushes that are
 * repeated, in transactions of their handlers, by cancels, and at a rescue; they are retried, and taken over from dead nodes.
 *
 * <p>A model of the statements, not production code: who holds a delivery stands in the log itself, and there are no claims, timers or
 * partitions. What ends a part counts it in the same transaction; whoever can, takes the lock of the batch and looks whether it was the last
 * one; a keeper looks after the others.
 */
final class BatchSketch extends Sketch {

    private static final int BATCHES = 3;
    private static final int PARTS = 6;

    /** So many rows of counts are added up into one. */
    private static final int FOLD = 3;

    private static final String KEEPER = "keeper";
    private static final Duration KEEPER_RESTS = Duration.ofSeconds(20);

    /** What can be done wrong. */
    enum Mistake {
        NONE,
        /** Who has counted adds up without having the batch's lock. */
        NO_LOCK,
        /** Lock and sum in one statement: the sum is of what was before the lock. */
        SUM_WITH_THE_LOCK,
        /** The locks of several batches are taken in no order. */
        LOCKS_UNSORTED,
        /** An outcome that has lost is counted too. */
        LOSERS_COUNTED,
        /** Every outcome is counted, one that is followed by another attempt too. */
        RETRIES_COUNTED,
        /** Counted by a transaction that follows the flush. */
        COUNTED_APART,
        /** The follow-up does not depend on a unique row. */
        FIRED_WITHOUT_KEY,
        /** Nobody looks after what was counted by who could not look. */
        NO_KEEPER,
        /** Counts are added up in two statements: what was counted in between is lost. */
        FOLDED_IN_TWO_STATEMENTS
    }

    private enum Word {
        DONE,
        DISCARDED,
        CANCELLED,
        RETRY,
        RESCUED;

        /** Whether it ends its job. */
        boolean last() {
            return this != RETRY && this != RESCUED;
        }
    }

    private record Delivery(long seq, int part, int node) {}

    private record Outcome(long seq, int part, Word word) {}

    private record Ended(Delivery delivery, Word word) {}

    private record Count(long id, int batch, int ended) {}

    private record FollowUp(long seq, int batch) {}

    private record BatchLock(int batch) {}

    private final Mistake mistake;
    private final Table<Long, Delivery> log = table("job_log");
    private final Table<Long, Outcome> outcomes = table("outcome");
    private final Table<Long, Count> counts = table("batch_count");
    private final Table<Integer, Boolean> done = table("batch_done");
    private final Table<Long, FollowUp> followUps = table("job_log, the follow-ups");

    /** Those that were counted, perhaps, by who did not come to look. */
    private final Set<Delivery> leftToKeeper = new HashSet<>();

    BatchSketch(long seed, Mistake mistake) {
        super(seed, Duration.ofMinutes(2));
        this.mistake = mistake;
    }

    private static int batchOf(int part) {
        return part / PARTS;
    }

    // ---- the statements

    /** Fence, outcomes in their order, what follows from those that won, counts, and last the batches. */
    private List<Integer> flush(Transaction tx, int node, List<Ended> entries) {
        fence(tx, node);
        tx.statement();
        var ended = new ArrayList<Integer>();
        for (var entry : entries) {
            tx.meanwhile();
            boolean won = end(tx, entry.delivery, entry.word);
            if (won && entry.word == Word.RETRY) append(tx, entry.delivery.part, node);
            if ((won || mistake == Mistake.LOSERS_COUNTED) && counts(entry.word)) ended.add(entry.delivery.part);
        }
        if (mistake == Mistake.COUNTED_APART) return ended;
        count(tx, ended);
        look(tx, batches(entries)); // won or not: the handler's own transaction may have ended it
        return List.of();
    }

    private boolean counts(Word word) {
        return word.last() || mistake == Mistake.RETRIES_COUNTED;
    }

    private static Set<Integer> batches(List<Ended> entries) {
        var batches = new TreeSet<Integer>();
        for (var entry : entries) if (entry.word.last()) batches.add(batchOf(entry.delivery.part));
        return batches;
    }

    private boolean end(Transaction tx, Delivery delivery, Word word) {
        return outcomes.insertIfAbsent(tx, delivery.seq, new Outcome(delivery.seq, delivery.part, word));
    }

    private void append(Transaction tx, int part, int node) {
        long seq = number();
        log.insert(tx, seq, new Delivery(seq, part, node));
    }

    /** Only inserted: it waits for nobody, at any isolation. */
    private void count(Transaction tx, List<Integer> parts) {
        if (parts.isEmpty()) return;
        tx.statement();
        var sums = new TreeMap<Integer, Integer>();
        for (int part : parts) sums.merge(batchOf(part), 1, Integer::sum);
        sums.forEach((batch, ended) -> count(tx, batch, ended));
    }

    private void count(Transaction tx, int batch, int ended) {
        long id = number();
        counts.insert(tx, id, new Count(id, batch, ended));
    }

    /** Locks in one statement, sorted; sums in the next; what follows hangs on a unique row. */
    private void look(Transaction tx, Collection<Integer> batches) {
        tx.statement();
        var sorted = new ArrayList<>(new TreeSet<>(batches));
        if (mistake == Mistake.LOCKS_UNSORTED && random.nextBoolean()) sorted.sort((a, b) -> Integer.compare(b, a));
        for (int batch : sorted) {
            tx.meanwhile();
            if (mistake != Mistake.NO_LOCK) tx.lock(new BatchLock(batch));
        }
        if (mistake != Mistake.SUM_WITH_THE_LOCK) tx.statement();
        for (int batch : sorted) if (sum(tx, batch) == PARTS) fire(tx, batch);
    }

    private int sum(Transaction tx, int batch) {
        var rows = rows(tx, batch);
        int sum = rows.stream().mapToInt(Count::ended).sum();
        if (rows.size() < FOLD) return sum;
        if (mistake == Mistake.FOLDED_IN_TWO_STATEMENTS) {
            tx.statement();
            rows = rows(tx, batch);
        }
        int folded = 0;
        for (var row : rows) if (counts.delete(tx, row.id, any -> true) != null) folded += row.ended;
        count(tx, batch, mistake == Mistake.FOLDED_IN_TWO_STATEMENTS ? sum : folded);
        return sum;
    }

    private List<Count> rows(Transaction tx, int batch) {
        return counts.all(tx).stream().filter(row -> row.batch == batch).toList();
    }

    private void fire(Transaction tx, int batch) {
        if (mistake != Mistake.FIRED_WITHOUT_KEY && !done.insertIfAbsent(tx, batch, true)) return;
        long seq = number();
        followUps.insert(tx, seq, new FollowUp(seq, batch));
        tx.afterCommit(() -> {
            if (lastOutcomes(batch) < PARTS) broken("batch %d was followed before it had ended".formatted(batch));
            if (KEEPER.equals(String.valueOf(timeline.current())) && !leftToKeeper(batch))
                broken("batch %d was followed late".formatted(batch));
        });
    }

    /** A handler's transaction, which may have looked at the world long ago: it counts, and looks at no batch. */
    private boolean complete(Transaction tx, int node, Delivery delivery) {
        tx.statement();
        timeline.pause(millis(20));
        fenceRow(tx, node);
        tx.statement();
        if (!end(tx, delivery, Word.DONE)) return false; // somebody else was faster
        count(tx, List.of(delivery.part));
        return true;
    }

    /** What ends here is counted, and the keeper looks: a rescue has many batches, and takes the lock of none. */
    @Override
    boolean rescue(Transaction tx, int by, int dead) {
        tx.statement();
        var open = open(tx, dead);
        for (var delivery : open) {
            boolean poison = random.nextInt(4) == 0;
            if (!end(tx, delivery, poison ? Word.DISCARDED : Word.RESCUED)) continue;
            if (!poison) {
                append(tx, delivery.part, by);
                continue;
            }
            count(tx, List.of(delivery.part));
            leftToKeeper.add(delivery);
        }
        return open.isEmpty();
    }

    private List<Delivery> open(Transaction tx, int node) {
        return log.all(tx).stream()
                .filter(delivery -> delivery.node == node && outcomes.get(tx, delivery.seq) == null)
                .toList();
    }

    // ---- who does them

    @Override
    void begin() {
        step(tx -> {
            for (int part = 0; part < BATCHES * PARTS; part++) append(tx, part, 1 + random.nextInt(3));
            return true;
        });
        if (mistake != Mistake.NO_KEEPER) beside(KEEPER, this::keep);
        beside("operator", this::cancel);
    }

    private void keep() {
        while (true) {
            timeline.pause(KEEPER_RESTS);
            for (int batch = 0; batch < BATCHES; batch++) look(List.of(batch));
        }
    }

    private boolean leftToKeeper(int batch) {
        return leftToKeeper.stream().anyMatch(delivery -> batchOf(delivery.part) == batch);
    }

    private void look(Collection<Integer> batches) {
        answered(tx -> {
            look(tx, batches);
            return true;
        });
    }

    private void cancel() {
        for (int i = 0; i < 2; i++) {
            timeline.pause(millis(50));
            int part = random.nextInt(BATCHES * PARTS);
            answered(tx -> {
                tx.statement();
                for (var delivery : log.all(tx)) {
                    if (delivery.part != part || outcomes.get(tx, delivery.seq) != null) continue;
                    if (!end(tx, delivery, Word.CANCELLED)) continue;
                    count(tx, List.of(part));
                    look(tx, List.of(batchOf(part)));
                }
                return true;
            });
        }
    }

    @Override
    Node node(int number) {
        return () -> turn(number);
    }

    private Duration turn(int node) {
        var open = answered(tx -> {
            tx.statement();
            return open(tx, node);
        });
        if (open.isEmpty()) return Duration.ofSeconds(4);
        if (random.nextInt(4) == 0) complete(node, open.getFirst());
        else flush(node, open.stream().filter(some -> random.nextInt(4) > 0).toList());
        return millis(4);
    }

    private void flush(int node, List<Delivery> deliveries) {
        var entries = deliveries.stream()
                .map(delivery -> new Ended(delivery, random.nextInt(8) == 0 ? Word.RETRY : Word.DONE))
                .toList();
        var uncounted = answered(tx -> flush(tx, node, entries));
        if (mistake != Mistake.COUNTED_APART) return;
        answered(tx -> {
            count(tx, uncounted);
            look(tx, batches(entries));
            return true;
        });
    }

    private void complete(int node, Delivery delivery) {
        leftToKeeper.add(delivery); // should the node not come to look
        try {
            step(Isolation.REPEATABLE_READ, tx -> complete(tx, node, delivery));
        } catch (AnswerLost | Refusal unknown) {
            return; // if it was not committed it is still open, and is ended again
        }
        look(List.of(batchOf(delivery.part)));
        leftToKeeper.remove(delivery);
    }

    // ---- what is promised

    private long lastOutcomes(int batch) {
        return outcomes.committed().stream()
                .filter(outcome -> outcome.word.last() && batchOf(outcome.part) == batch)
                .count();
    }

    /** All are followed, and the keeper has had time to follow one again. */
    @Override
    boolean over() {
        return done.committed().size() == BATCHES
                && timeline.now() > KEEPER_RESTS.multipliedBy(2).toNanos();
    }

    @Override
    void end() {
        for (int batch = 0; batch < BATCHES; batch++) {
            int number = batch;
            if (lastOutcomes(batch) != PARTS) broken("of batch %d ended %d".formatted(batch, lastOutcomes(batch)));
            long fired = followUps.committed().stream()
                    .filter(followUp -> followUp.batch == number)
                    .count();
            if (fired != 1) broken("batch %d was followed %d times".formatted(batch, fired));
        }
    }
}
