package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line.Rate;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operators set the numbers of limits and kinds, and take them back, while jobs that have them wait: fewer at once than run, more than the jobs say, faster and slower rates, and rates where there were none. */
final class Numbers implements Workload {

    private static final String ME = "the simulation";
    private static final List<String> LIMITS = List.of("calls", "mails", Rates.QUOTA);

    /** None so slow that what waits for it would not come to its end. */
    private static final List<Rate> SET_RATES = List.of(
            new Rate(2, Duration.ofSeconds(1), 1),
            new Rate(20, Duration.ofSeconds(1), 4),
            new Rate(10, Duration.ofMinutes(1), 2));

    /** So many words at most; each is taken back after this time. */
    private static final int WORDS = 10;

    private static final int LONGEST_MILLIS = 12_000;

    /** After so long an operator looks whether what was taken back is so still: a failover may have lost the word. */
    private static final Duration LOOKED_AGAIN = Duration.ofMinutes(2);

    private static final int MOST_TOGETHER = 8;

    @Override
    public String name() {
        return "numbers";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 1 + on.random().nextInt(MOST_TOGETHER));
            left -= some;
            on.sometime("a sender of jobs with numbers", () -> send(on, some));
        }
        for (int i = 1 + on.random().nextInt(WORDS); i > 0; i--) {
            var from = Duration.ofNanos(on.random().nextLong(on.hours().toNanos()));
            var set = adjustment(on);
            on.at(from, "an operator sets numbers", () -> set(on, set));
            var until = from.plusMillis(on.random().nextInt(LONGEST_MILLIS));
            on.at(until, "an operator takes numbers back", () -> reset(on, set));
            on.at(until.plus(LOOKED_AGAIN), "an operator looks again at numbers", () -> reset(on, set));
        }
    }

    private static void send(Office on, int jobs) {
        switch (on.random().nextInt(4)) {
            case 0 -> {
                for (int i = 0; i < jobs; i++)
                    on.send(on.draft(
                            "narrow", Script.plain(Duration.ofMillis(on.random().nextInt(400)))));
            }
            case 1 -> Rates.send(on, Rates.LIMITS.get(on.random().nextInt(2)), jobs);
            default -> Lines.send(on, jobs);
        }
    }

    private static Adjustment adjustment(Office on) {
        if (on.random().nextInt(5) == 0)
            return new Adjustment(Adjustment.Of.KIND, "narrow", 1 + on.random().nextInt(4), null);
        var limit = LIMITS.get(on.random().nextInt(LIMITS.size()));
        @Nullable
        Integer atOnce = on.random().nextInt(3) == 0 ? null : 1 + on.random().nextInt(4);
        @Nullable
        Rate rate = atOnce != null && on.random().nextInt(3) > 0
                ? null
                : SET_RATES.get(on.random().nextInt(SET_RATES.size()));
        return new Adjustment(Adjustment.Of.LIMIT, limit, atOnce, rate);
    }

    private static void set(Office on, Adjustment set) {
        on.fleet().trace().tell("numbers are set: %s", set);
        on.insist(() -> on.fleet().store().adjust(set, "the provider says so", ME));
    }

    private static void reset(Office on, Adjustment set) {
        on.fleet().trace().tell("numbers of %s are as code says", set.name());
        on.insist(() -> on.fleet().store().reset(set.of(), set.name(), "no longer needed", ME));
    }
}
