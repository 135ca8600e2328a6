package dev.millrace.simulation.fleet;

import dev.millrace.Failure;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What a simulated handler does.
 *
 * @param length how long an attempt runs
 * @param failures how many attempts fail before one does not
 * @param hangs whether an attempt that would have failed does not end at all, and runs into its deadline
 * @param obeys whether it ends when it is interrupted
 * @param poison whether it kills its node
 * @param end how the last attempt ends
 */
public record Script(Duration length, int failures, boolean hangs, boolean obeys, boolean poison, End end) {

    public static final int ATTEMPTS = 4;
    public static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofSeconds(15);

    public enum End {
        DONE,
        DISCARD,
        /** Its body throws where it may not, once. */
        BREAK_ONCE,
        SNOOZE_ONCE
    }

    public static Script draw(RandomGenerator random, boolean poison) {
        var length = Duration.ofMillis(random.nextInt(10) == 0 ? random.nextInt(4_000) : random.nextInt(150));
        int failures = random.nextInt(4) == 0 ? random.nextInt(ATTEMPTS + 1) : 0;
        var end = switch (random.nextInt(12)) {
            case 0 -> End.DISCARD;
            case 1 -> End.SNOOZE_ONCE;
            case 2 -> End.BREAK_ONCE;
            default -> End.DONE;
        };
        return new Script(length, failures, random.nextInt(3) == 0, random.nextInt(3) > 0, poison, end);
    }

    /** Done, after so long. */
    public static Script plain(Duration length) {
        return new Script(length, 0, false, true, false, End.DONE);
    }

    /** Its first attempt has written its outcome, and then does not come to its commit; nor does it obey. */
    public static Script stuckBeforeItsCommit(Duration length) {
        return new Script(length, 1, true, false, false, End.DONE);
    }

    public Script poisonous() {
        return new Script(length, failures, hangs, obeys, true, end);
    }

    /** Whether this attempt never ends by itself. */
    boolean hangs(Delivery delivery) {
        return hangs && delivery.attempt() <= failures;
    }

    /** How an attempt ends that is let to. */
    Ending ending(Delivery delivery, boolean snoozedBefore) {
        if (delivery.attempt() <= failures) return failed(delivery);
        return switch (end) {
            case DONE -> new Ending.Done(null);
            case DISCARD -> new Ending.Discarded(failure(delivery, "refused"));
            case BREAK_ONCE -> {
                if (delivery.attempt() == failures + 1)
                    throw new IllegalStateException("a body that may not throw does");
                yield new Ending.Done(null);
            }
            case SNOOZE_ONCE ->
                snoozedBefore
                        ? new Ending.Done(null)
                        : new Ending.Snoozed(patient(delivery) ? LONG : Duration.ofMillis(300), "not yet");
        };
    }

    static Ending timedOut(Delivery delivery) {
        var failure = failure(delivery, "timed out");
        return delivery.attempt() < ATTEMPTS
                ? new Ending.TimedOut(failure, backOff(delivery))
                : new Ending.Discarded(failure);
    }

    private static Ending failed(Delivery delivery) {
        var failure = failure(delivery, "failed");
        return delivery.attempt() < ATTEMPTS
                ? new Ending.Retry(failure, backOff(delivery))
                : new Ending.Discarded(failure);
    }

    private static Duration backOff(Delivery delivery) {
        return patient(delivery) ? LONG : Duration.ofMillis(200L * delivery.attempt());
    }

    /** Some of those that others wait for are away for longer than it takes to follow a dead node. */
    private static boolean patient(Delivery delivery) {
        return dev.millrace.store.Line.of(delivery.headers()) != null
                && Math.floorMod(delivery.job().value().hashCode(), 4) == 0;
    }

    private static Failure failure(Delivery delivery, String type) {
        return new Failure(type, "as the script says", type, delivery.attempt(), "");
    }

    /** Where its job must end, if nobody cancels it and no node dies too often under it. */
    public State leadsTo() {
        if (poison || failures >= ATTEMPTS || end == End.DISCARD) return State.DISCARDED;
        return State.COMPLETED;
    }

    /** How many attempts it may take at most. */
    public int attempts() {
        return end == End.BREAK_ONCE ? ATTEMPTS + 1 : ATTEMPTS;
    }
}
