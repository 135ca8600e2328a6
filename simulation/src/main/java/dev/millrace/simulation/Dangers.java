package dev.millrace.simulation;

import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** What may go wrong when one node talks to the store: refused, answered by nobody, frozen or killed in the middle. */
final class Dangers {

    /** How likely each is, for one step. */
    record Odds(double unavailable, double unknown, double slow, double frozen, double killed) {
        static final Odds NONE = new Odds(0, 0, 0.01, 0, 0);
    }

    /** Steps that wait inside of one another, at most: the inner one must be answered before the outer one is. */
    private static final int DEEPEST = 6;

    private static final Duration LONG = Duration.ofSeconds(2);

    private final Simulation simulation;
    private final Timeline timeline;
    private final SimulatedNode node;
    private final RandomGenerator random;

    Dangers(Simulation simulation, Timeline timeline, SimulatedNode node, RandomGenerator random) {
        this.simulation = simulation;
        this.timeline = timeline;
        this.node = node;
        this.random = random;
    }

    /** Thrown into a node that has died in the middle of a step: nothing behind the step happens any more. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    <T> T step(String name, Supplier<T> effect, boolean unknownTakenForRolledBack) {
        if (node.dead()) throw new Killed();
        node.spend(Duration.ofNanos(100_000 + random.nextInt(2_000_000)));
        if (node.cutOff() || simulation.stalled())
            throw new StoreException.Unavailable("%s: no connection".formatted(name));
        var odds = simulation.odds();
        double fate = random.nextDouble();
        if ((fate -= odds.unavailable()) < 0) throw new StoreException.Unavailable("%s: refused".formatted(name));
        if ((fate -= odds.unknown()) < 0) throw unknown(name, effect, unknownTakenForRolledBack);
        if ((fate -= odds.killed()) < 0) throw killed(effect);
        if ((fate -= odds.frozen()) < 0) return frozen(name, effect);
        if (fate - odds.slow() < 0) return slow(effect);
        return effect.get();
    }

    private <T> StoreException unknown(String name, Supplier<T> effect, boolean takenForRolledBack) {
        switch (random.nextInt(3)) {
            case 0 -> quietly(effect);
            case 1 -> later(() -> quietly(effect));
            default -> {} // it never arrived
        }
        simulation.tell("node %d: nobody answers its %s", node.no(), name);
        return takenForRolledBack
                ? new StoreException.Unavailable("%s: the connection was lost".formatted(name))
                : new StoreException.CommitUnknown("%s: the connection was lost".formatted(name));
    }

    private <T> Killed killed(Supplier<T> effect) {
        if (random.nextBoolean()) quietly(effect);
        node.kill("in the middle of a step");
        return new Killed();
    }

    /** The process stands still before the step arrives, or before its answer does. */
    private <T> T frozen(String name, Supplier<T> effect) {
        boolean before = random.nextBoolean();
        simulation.tell("node %d freezes %s its %s", node.no(), before ? "before" : "after", name);
        if (before) freeze();
        var answer = effect.get();
        if (!before) freeze();
        return answer;
    }

    private void freeze() {
        node.freeze(Duration.ofMillis(500 + random.nextInt(25_000)));
        await(node.frozenUntil()
                + random.nextInt(20_000_000)); // other threads of the process may wake earlier than this one
    }

    /** Only this step takes its time: the other threads of the process go on. */
    private <T> T slow(Supplier<T> effect) {
        boolean before = random.nextBoolean();
        long until =
                timeline.now() + 1_000_000L * (random.nextInt(10) == 0 ? random.nextInt(4_000) : random.nextInt(200));
        if (before) await(until);
        var answer = effect.get();
        if (!before) await(until);
        return answer;
    }

    private void await(long moment) {
        long since = timeline.now();
        if (timeline.depth() < DEEPEST) timeline.passUntil(moment);
        if (timeline.now() - since > LONG.toNanos()) node.dawdled(); // perhaps only because an inner step took longer
        if (node.dead()) throw new Killed();
    }

    /** It happens, and nobody hears the answer. */
    private static <T> void quietly(Supplier<T> effect) {
        @SuppressWarnings("unused")
        var unheard = effect.get();
    }

    /** Something that was on its way when the connection was lost arrives after all. */
    void later(Runnable effect) {
        timeline.in(Duration.ofMillis(1 + random.nextInt(3_000)), () -> {
            try {
                effect.run();
            } catch (StoreException refused) {
                simulation.tell("too late: %s", refused.getMessage());
            } catch (Checks.Broken broken) {
                throw broken;
            } catch (RuntimeException refused) {
                simulation.tell("too late: %s", refused.getMessage());
            }
        });
    }

    void beatHeard() {
        node.beatHeard();
    }
}
