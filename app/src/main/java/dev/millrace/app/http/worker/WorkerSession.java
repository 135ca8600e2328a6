package dev.millrace.app.http.worker;

import dev.millrace.Attempt;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.Outcome;
import dev.millrace.RawHandler;
import dev.millrace.RawJob;
import dev.millrace.Settlement;
import dev.millrace.State;
import dev.millrace.app.console.Durations;
import dev.millrace.app.http.worker.WorkerProblem.Why;
import dev.millrace.world.World;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A worker and its node. The node starts no more attempts than the worker has asked for, so that hardly anything waits here for a worker that does not
 * come; what still does goes back after {@link #UNASKED}.
 *
 * <p><b>Lost answers.</b> A worker asks for work by one request at a time, and says what it holds: what it was handed and does not hold was in an
 * answer that never arrived, and is handed out again. How an attempt ended is remembered for a while, so that a worker that lost that answer may ask
 * again, and nothing happens twice.
 *
 * <p><b>Nothing is said before it is durable.</b> Who completes an attempt waits until its outcome is written, or until it is known that it never will be.
 *
 * <p>One lock guards what changes; nobody holds it while waiting for the store. Safe for use by many threads.
 */
public final class WorkerSession {

    /** So long an attempt that was started waits for its worker to ask. */
    static final Duration UNASKED = Duration.ofSeconds(5);

    /** On top of its timeout, how long a worker may have nothing and ask for nothing. */
    private static final Duration IDLE = Duration.ofMinutes(1);

    /** So long who completes an attempt waits for its outcome to be durable, before being told to ask again. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** About so many characters of payloads and checkpoints are in one answer, if more than one attempt is. The rest comes with the next. */
    static final long ANSWER_SIZE = 8 << 20;

    /** So many attempts that have ended are remembered. */
    private static final int REMEMBERED = 1_000;

    private final String id;
    private final WorkerSpec spec;
    private final World world;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // What follows is guarded by the lock.
    private @Nullable Node node;
    private final Map<String, HandOut> attempts = new LinkedHashMap<>();
    private final Map<RawJob, HandOut> byJob = new HashMap<>();
    private final ArrayDeque<HandOut> ready = new ArrayDeque<>();
    private final Map<String, Ended> ended = new LinkedHashMap<>();
    private long poll;
    private int wanted;
    private int underWay;
    private long heard;
    private long asked;
    private boolean asking;
    private boolean closing;
    private boolean gone;

    /** What is remembered of an attempt that has ended: not its payload, nor what came of it, which may be large. */
    private record Ended(
            String attempt,
            String token,
            JobId job,
            @Nullable String decision,
            Settlement settlement) {

        static Ended of(HandOut handOut, Settlement settlement) {
            return new Ended(handOut.id(), handOut.token(), handOut.job().id(), handOut.decision(), settlement);
        }
    }

    WorkerSession(String id, WorkerSpec spec, World world) {
        this.id = id;
        this.spec = spec;
        this.world = world;
        this.heard = world.nanoTime();
        this.asked = heard;
    }

    /** Its name, which nobody guesses. */
    public String id() {
        return id;
    }

    /** What the worker said of itself. */
    public WorkerSpec spec() {
        return spec;
    }

    /** Its node, as soon as that is up. */
    void runsOn(Node started) {
        lock.lock();
        try {
            node = started;
            adjust();
        } finally {
            lock.unlock();
        }
    }

    // ---- what the node calls

    /** A handler for one of its kinds. */
    RawHandler handler() {
        return new RawHandler() {
            @Override
            public Outcome<String> handle(RawJob job, Attempt attempt) throws Exception {
                return run(job, attempt);
            }

            @Override
            public void settled(RawJob job, Settlement settlement) {
                ends(job, settlement);
            }
        };
    }

    private Outcome<String> run(RawJob job, Attempt attempt) throws Exception {
        var checkpoint =
                job.delivery() == 1 ? null : attempt.checkpoint(String.class).orElse(null);
        var handOut = new HandOut(hex(1), hex(2), job, attempt, checkpoint);
        lock.lock();
        try {
            if (closing) return HandOut.back();
            if (attempt.cancelled()) // who ended it may have said so before it was here, and says so once
            throw new InterruptedException("Job %s was taken away before it was there".formatted(job.id()));
            attempts.put(handOut.id(), handOut);
            byJob.put(job, handOut);
            ready.addLast(handOut);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return waited(handOut) ? handOut.outcome() : HandOut.back();
    }

    /** Whether it was handed out in time. */
    private boolean waited(HandOut handOut) throws InterruptedException {
        try {
            return handOut.taken().get(UNASKED.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException nobodyCame) {
            lock.lock();
            try {
                if (handOut.isOut()) return true;
                ready.remove(handOut);
                return false;
            } finally {
                lock.unlock();
            }
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    private void ends(RawJob job, Settlement settlement) {
        lock.lock();
        try {
            var handOut = byJob.remove(job);
            if (handOut == null) return;
            attempts.remove(handOut.id());
            ready.remove(handOut);
            if (handOut.isOut()) remember(Ended.of(handOut, settlement));
            handOut.settled().complete(settlement);
            asked = world.nanoTime();
            adjust();
        } finally {
            lock.unlock();
        }
    }

    private void remember(Ended end) {
        ended.put(end.attempt(), end);
        if (ended.size() <= REMEMBERED) return;
        var oldest = ended.keySet().iterator();
        oldest.next();
        oldest.remove();
    }

    // ---- what the worker asks for

    /**
     * What the worker gets.
     *
     * @param closing whether it gets nothing more
     */
    public record Claimed(List<HandOut> handOuts, boolean closing) {}

    /**
     * Hands out what the node has started, as soon as there is something. A request that is still waiting when the next one comes ends with nothing.
     *
     * @param most how many at most; with 0 it takes back what it had asked for, and waits for nothing
     * @param wait cut to half of the session's timeout, so that who only asks is not lost
     * @param holding the attempts that the worker has: what it was handed beside them it has never got, and gets again
     * @throws WorkerProblem if the session has ended, or the worker has as many as it said it runs
     */
    public Claimed claim(int most, Duration wait, Collection<String> holding) throws InterruptedException {
        lock.lock();
        try {
            hear();
            long mine = ++poll;
            asking = false;
            asked = heard;
            wanted = 0;
            adjust();
            changed.signalAll(); // who waited before
            var again = neverArrived(holding);
            if (closing || most == 0 || !again.isEmpty()) return new Claimed(again, closing);
            int room = spec.slots() - out();
            if (room <= 0)
                throw new WorkerProblem(
                        Why.CONFLICT,
                        "The worker has %,d attempts, as many as it has slots. Complete one, then ask for more."
                                .formatted(out()));
            try {
                asking = true;
                wanted = Math.min(most, room);
                adjust();
                return new Claimed(next(mine, wanted, wait), closing);
            } finally {
                if (poll == mine) {
                    asking = false;
                    asked = world.nanoTime();
                    wanted = 0;
                    adjust();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private List<HandOut> neverArrived(Collection<String> holding) {
        var again = new ArrayList<HandOut>();
        long size = 0;
        for (var handOut : attempts.values()) {
            if (!handOut.isOut() || handOut.decision() != null || holding.contains(handOut.id())) continue;
            if (!again.isEmpty() && size + handOut.size() > ANSWER_SIZE) break;
            if (!begins(handOut)) continue;
            again.add(handOut);
            size += handOut.size();
        }
        return again;
    }

    private int out() {
        return (int) attempts.values().stream().filter(HandOut::isOut).count();
    }

    private List<HandOut> next(long mine, int most, Duration wait) throws InterruptedException {
        long end = world.nanoTime() + Math.min(wait.toNanos(), spec.timeout().toNanos() / 2);
        var next = new ArrayList<HandOut>();
        while (true) {
            long size = 0;
            for (HandOut first; next.size() < most && (first = ready.peekFirst()) != null; ) {
                if (!next.isEmpty() && size + first.size() > ANSWER_SIZE) break;
                ready.removeFirst();
                if (!goesOut(first)) continue;
                next.add(first);
                size += first.size();
            }
            long left = end - world.nanoTime();
            if (!next.isEmpty() || closing || left <= 0) return next;
            changed.awaitNanos(left);
            if (poll != mine) return List.of();
            if (gone) throw lost();
        }
    }

    /** Its time begins when the worker gets it. */
    private static boolean goesOut(HandOut handOut) {
        if (begins(handOut)) handOut.goesOut();
        else handOut.goesBack();
        return handOut.isOut();
    }

    /** Starts its time anew, unless it was taken away. */
    private static boolean begins(HandOut handOut) {
        try {
            if (handOut.attempt().cancelled()) return false;
            handOut.attempt().heartbeat();
            return true;
        } catch (MillraceException over) {
            return false; // its handler has returned meanwhile
        }
    }

    /**
     * An attempt that the worker is to stop.
     *
     * @param why {@code cancelled}, {@code timed-out}, {@code put-off}, {@code taken-away} or {@code unknown}
     */
    public record Stop(String attempt, String why) {}

    /** What a sign of life is answered with. */
    public record Told(List<Stop> stop, boolean closing) {}

    /** A sign of life of the worker. It does not start the deadlines of its attempts anew. */
    public Told heartbeat(Collection<String> holding) {
        lock.lock();
        try {
            hear();
            var stops = new ArrayList<Stop>();
            for (var held : holding) {
                var why = whyStop(held);
                if (why != null) stops.add(new Stop(held, why));
            }
            return new Told(stops, closing);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable String whyStop(String held) {
        var handOut = attempts.get(held);
        if (handOut != null)
            return handOut.decision() == null && handOut.attempt().cancelled() ? "cancelled" : null;
        var end = ended.get(held);
        if (end == null) return "unknown";
        return switch (end.settlement()) {
            case Settlement.Written(var state, var asDecided) -> {
                if (asDecided) yield null; // the answer is on its way
                yield state == State.SCHEDULED ? "put-off" : "timed-out";
            }
            case Settlement.Lost lost -> "cancelled";
            case Settlement.Unknown unknown -> "taken-away";
        };
    }

    /**
     * What a worker says of an attempt in progress.
     *
     * @param done how far it is, of {@code total}; null if it does not say
     * @param checkpoint text; null if there is none
     * @param heartbeat whether its deadline starts anew
     */
    public record Report(
            @Nullable Long done,
            @Nullable Long total,
            List<Report.Line> log,
            @Nullable String checkpoint,
            boolean heartbeat) {

        /** A line of the job's log. */
        public record Line(LogLevel level, String text) {}
    }

    /**
     * Takes it down. A checkpoint is durable when this returns.
     *
     * @throws WorkerProblem if the attempt is not the worker's any more: then nothing was written
     * @throws MillraceException if the checkpoint was refused
     */
    public void report(String attempt, String token, Report report) {
        var handOut = held(attempt, token);
        try {
            say(handOut, report);
        } finally {
            answered();
        }
    }

    private static void say(HandOut handOut, Report report) {
        try {
            if (report.heartbeat()) handOut.attempt().heartbeat();
            if (report.done() != null && report.total() != null)
                handOut.attempt().progress(report.done(), report.total());
            for (var line : report.log()) handOut.attempt().log(line.level(), line.text());
            if (report.checkpoint() != null) handOut.attempt().checkpoint(report.checkpoint());
        } catch (MillraceException refused) {
            if (handOut.attempt().cancelled()) throw takenAway(handOut.job().id(), handOut.decision(), null);
            throw refused;
        }
        if (handOut.attempt().cancelled()) throw takenAway(handOut.job().id(), handOut.decision(), null);
    }

    /** The attempt, if more can be said of it. The request counts as under way from here on. */
    private HandOut held(String attempt, String token) {
        lock.lock();
        try {
            hear();
            var handOut = attempts.get(attempt);
            if (handOut == null) {
                var end = ended.get(attempt);
                if (end == null) throw neverHeardOf(attempt);
                requireToken(end, token);
                throw takenAway(end.job(), end.decision(), end.settlement());
            }
            requireToken(handOut, token);
            if (handOut.decision() != null)
                throw new WorkerProblem(
                        Why.CONFLICT,
                        "The worker has ended this attempt of job %s: there is nothing more to say of it. Say it before it ends."
                                .formatted(handOut.job().id()));
            underWay++;
            return handOut;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends an attempt, and returns when that is durable. The same again is answered the same, and changes nothing.
     *
     * @return the state of the job since then
     * @throws WorkerProblem if the attempt is not the worker's any more, or was ended with other words: then nothing is written. If it is not known yet
     *     whether it is durable: then ask again
     */
    public State complete(String attempt, String token, Decision decision) throws InterruptedException {
        HandOut handOut;
        lock.lock();
        try {
            hear();
            var end = ended.get(attempt);
            if (end != null) {
                requireToken(end, token);
                return answer(end.job(), end.decision(), end.settlement(), decision);
            }
            handOut = attempts.get(attempt);
            if (handOut == null) throw neverHeardOf(attempt);
            requireToken(handOut, token);
            if (handOut.decision() == null) handOut.decide(decision);
            else requireSame(handOut.job().id(), handOut.decision(), decision);
            underWay++;
        } finally {
            lock.unlock();
        }
        try {
            var settlement = durable(handOut);
            return answer(handOut.job().id(), decision.print(), settlement, decision);
        } finally {
            answered();
        }
    }

    /** A request that was under way is about to be answered. */
    private void answered() {
        lock.lock();
        try {
            underWay--;
            heard = world.nanoTime();
        } finally {
            lock.unlock();
        }
    }

    private static Settlement durable(HandOut handOut) throws InterruptedException {
        try {
            return handOut.settled().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException notYet) {
            throw new WorkerProblem(
                    Why.UNKNOWN_OUTCOME,
                    "What the worker said of job %s was taken down %d s ago, and is not durable yet: the database does not answer. Say the same again."
                            .formatted(handOut.job().id(), PATIENCE.toSeconds()));
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    private static State answer(JobId job, @Nullable String decided, Settlement settlement, Decision decision) {
        if (decided == null) throw takenAway(job, null, settlement);
        requireSame(job, decided, decision);
        if (settlement instanceof Settlement.Written(var state, var asDecided) && asDecided) return state;
        throw takenAway(job, decided, settlement);
    }

    private static void requireSame(JobId job, @Nullable String decided, Decision decision) {
        if (decision.print().equals(decided)) return;
        throw new WorkerProblem(
                Why.CONFLICT,
                "The worker has ended this attempt of job %s before, with other words. The first ones count."
                        .formatted(job));
    }

    private static void requireToken(HandOut handOut, String token) {
        if (!handOut.isOut()) throw wrongToken(handOut.id());
        requireToken(handOut.id(), handOut.token(), token);
    }

    private static void requireToken(Ended end, String token) {
        requireToken(end.attempt(), end.token(), token);
    }

    /** Takes as long whatever is wrong with it. */
    private static void requireToken(String attempt, String token, String said) {
        if (!MessageDigest.isEqual(token.getBytes(StandardCharsets.UTF_8), said.getBytes(StandardCharsets.UTF_8)))
            throw wrongToken(attempt);
    }

    private static WorkerProblem wrongToken(String attempt) {
        return new WorkerProblem(
                Why.WRONG_TOKEN,
                "This is not the token of attempt \"%s\". Send the one that came with it.".formatted(attempt));
    }

    private static WorkerProblem neverHeardOf(String attempt) {
        return new WorkerProblem(
                Why.UNKNOWN_ATTEMPT,
                "This session knows no attempt \"%s\": it never had it, or it ended more than %,d attempts ago. Nothing was changed."
                        .formatted(attempt.length() > 40 ? attempt.substring(0, 39) + "…" : attempt, REMEMBERED));
    }

    private static WorkerProblem takenAway(JobId job, @Nullable String decided, @Nullable Settlement settlement) {
        var what = switch (settlement) {
            case null -> "it was cancelled, or its time was over";
            case Settlement.Written(var state, var asDecided) ->
                "the node had ended this attempt before, by its deadline or because it stopped, and the job is %s since"
                        .formatted(state.wireName());
            case Settlement.Lost lost -> "it was cancelled, or ended otherwise";
            case Settlement.Unknown unknown ->
                "the session's node was taken for dead, so it runs elsewhere, unless what was said of it had just been written";
        };
        return new WorkerProblem(
                settlement instanceof Settlement.Unknown && decided != null ? Why.UNKNOWN_OUTCOME : Why.TAKEN_AWAY,
                "Job %s is not this worker's any more: %s. What is said of the attempt now does not count: drop it."
                        .formatted(job, what));
    }

    // ---- its end

    /**
     * Why the worker is lost; null if it is not. Nothing was heard of it for its time; one that waits for an answer about an attempt is there. Or it lives,
     * has nothing, and does not ask for anything either: a part of it hangs, and its node would keep jobs of its keys from others.
     */
    @Nullable
    String lostBecause() {
        lock.lock();
        try {
            if (closing || underWay > 0) return null;
            long now = world.nanoTime();
            long patience = spec.timeout().toNanos();
            if (now - heard >= patience) return "nothing was heard of it for " + Durations.text(spec.timeout());
            if (!asking && attempts.isEmpty() && now - asked >= patience + IDLE.toNanos())
                return "it lives, but has no work, and has asked for none for "
                        + Durations.text(spec.timeout().plus(IDLE));
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** From now on it gets nothing more, and what was not handed out goes back. */
    void stopping() {
        lock.lock();
        try {
            closing = true;
            ready.forEach(HandOut::goesBack);
            ready.clear();
            adjust();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends in order; what the worker has not completed by then runs again, and costs no attempt. Returns whether there was nothing. */
    boolean drain(Duration patience) {
        stopping();
        var running = node;
        boolean clean = running == null || running.drain(patience);
        over();
        return clean;
    }

    /** The worker is lost: what it has is rescued, like the jobs of a node that died. If it has nothing, the node says good-bye. */
    void abandon() {
        boolean idle;
        lock.lock();
        try {
            idle = out() == 0;
        } finally {
            lock.unlock();
        }
        stopping();
        var running = node;
        if (running != null) {
            if (idle) running.drain(Duration.ZERO);
            else running.abandon();
        }
        over();
    }

    private void over() {
        lock.lock();
        try {
            gone = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How many attempts the worker has. */
    int held() {
        lock.lock();
        try {
            return out();
        } finally {
            lock.unlock();
        }
    }

    private WorkerProblem lost() {
        return Workers.unknown(id);
    }

    private void hear() {
        if (gone) throw lost();
        heard = world.nanoTime();
    }

    /** As many as the worker has, or has asked for; what was started for it beforehand counts. */
    private void adjust() {
        var running = node;
        if (running == null) return;
        int more = Math.max(0, wanted - ready.size());
        running.atMost(closing ? 0 : Math.min(spec.slots(), attempts.size() + more));
    }

    private String hex(int longs) {
        var text = new StringBuilder();
        for (int i = 0; i < longs; i++)
            text.append(HexFormat.of().toHexDigits(world.random().nextLong()));
        return text.toString();
    }
}
