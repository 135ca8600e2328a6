package dev.millrace.simulation.fleet;

import dev.millrace.simulation.Trace;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.store.StoreException;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The way from a client to the store and back. A step that has arrived is carried out to its end whatever becomes of its client, as a
 * server does; what the client hears of it is another matter.
 */
final class Line {

    private final Timeline timeline;
    private final Weather weather;
    private final Trace trace;
    private final Client client;
    private final RandomGenerator random;
    private final boolean unknownTakenForRolledBack;

    Line(
            Timeline timeline,
            Weather weather,
            Trace trace,
            Client client,
            RandomGenerator random,
            boolean unknownTakenForRolledBack) {
        this.timeline = timeline;
        this.weather = weather;
        this.trace = trace;
        this.client = client;
        this.random = random;
        this.unknownTakenForRolledBack = unknownTakenForRolledBack;
    }

    /** What its client has heard, for who reads along. */
    void tell(String what) {
        trace.tell("%s %s", client.name(), what);
    }

    <T> T call(String step, Supplier<T> effect) {
        try {
            return attempt(step, effect);
        } catch (RuntimeException answer) {
            client.thrown(answer);
            throw answer;
        }
    }

    private <T> T attempt(String step, Supplier<T> effect) {
        client.awake();
        timeline.pause(Duration.ofNanos(50_000 + random.nextInt(1_000_000)));
        client.awake();
        if (client.cutOff() || weather.isDown()) {
            client.troubled();
            throw new Unavailable(step + ": no connection");
        }
        var odds = weather.odds();
        double fate = random.nextDouble();
        if ((fate -= odds.refused()) < 0) {
            client.troubled();
            throw new Unavailable(step + ": refused");
        }
        if ((fate -= odds.unanswered()) < 0) throw unanswered(step, effect);
        if ((fate -= odds.slow()) < 0) return slow(step, effect);
        if (!client.mortal()) return carriedOut(step, effect);
        if ((fate -= odds.killed()) < 0) throw killed(step, effect);
        if (fate - odds.frozen() < 0) return frozen(step, effect);
        return carriedOut(step, effect);
    }

    private <T> T carriedOut(String step, Supplier<T> effect) {
        T answer;
        try {
            answer = effect.get();
        } catch (CommitUnknown torn) {
            client.awake();
            client.troubled();
            throw told(step);
        } catch (StoreException refused) {
            client.awake();
            throw refused;
        }
        client.awake();
        if (!client.cutOff()) return answer;
        client.troubled();
        throw told(step);
    }

    private StoreException told(String step) {
        return unknownTakenForRolledBack
                ? new Unavailable(step + ": the connection was lost")
                : new CommitUnknown(step + ": the connection was lost");
    }

    private <T> StoreException unanswered(String step, Supplier<T> effect) {
        client.troubled();
        switch (random.nextInt(4)) {
            case 0, 1 -> apart(step, Duration.ZERO, effect);
            case 2 ->
                apart(step, Duration.ofMillis(1 + random.nextInt(3_000)), effect); // a proxy held it, or sends it again
            default -> {} // it never arrived
        }
        trace.tell("%s: nobody answers its %s", client.name(), step);
        timeline.pause(Duration.ofMillis(random.nextInt(50)));
        client.awake();
        return told(step);
    }

    private <T> Client.Killed killed(String step, Supplier<T> effect) {
        if (random.nextBoolean()) apart(step, Duration.ZERO, effect);
        client.die("in the middle of its " + step);
        return new Client.Killed();
    }

    /** It happens, and nobody hears of it. */
    private <T> void apart(String step, Duration later, Supplier<T> effect) {
        timeline.in(
                later,
                () -> timeline.start(step + " nobody waits for", () -> {
                    try {
                        @SuppressWarnings("unused")
                        var unheard = effect.get();
                    } catch (RuntimeException refused) {
                        trace.tell("%s: too late for its %s: %s", client.name(), step, refused.getMessage());
                    }
                }));
    }

    private <T> T frozen(String step, Supplier<T> effect) {
        boolean before = random.nextBoolean();
        trace.tell("%s freezes %s its %s", client.name(), before ? "before" : "after", step);
        var time = Duration.ofMillis(500 + random.nextInt(25_000));
        if (before) {
            client.stall(time);
            client.awake();
            return carriedOut(step, effect);
        }
        var answer = carriedOut(step, effect);
        client.stall(time);
        client.awake();
        return answer;
    }

    /** Only this step takes its time: the other threads of the process go on. */
    private <T> T slow(String step, Supplier<T> effect) {
        boolean before = random.nextBoolean();
        var time = Duration.ofMillis(random.nextInt(10) == 0 ? random.nextInt(4_000) : random.nextInt(200));
        if (time.toMillis() > 500) client.troubled();
        if (before) timeline.pause(time);
        client.awake();
        var answer = carriedOut(step, effect);
        if (!before) timeline.pause(time);
        client.awake();
        if (time.toMillis() > 500) client.troubled();
        return answer;
    }
}
