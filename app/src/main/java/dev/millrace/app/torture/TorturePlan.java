package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a run does. Everything random in it comes from the seed; what the machine makes of it does not.
 *
 * @param seconds how long jobs arrive and faults strike: 20 to 86,400
 * @param jobs how many arrive, evenly over that time: 1 to 10,000,000
 * @param nodes processes at any time: 2 to 20
 * @param slots handlers that run at once in each: 1 to 5,000
 * @param killEvery rest between two kills
 * @param seed which faults, victims, durations and kinds
 * @param faults which sorts of faults
 */
record TorturePlan(int seconds, int jobs, int nodes, int slots, Duration killEvery, long seed, Set<FaultKind> faults) {

    /** Handlers take this long at least… */
    static final long SHORTEST_MILLIS = 10;

    /** …and this long at most, spread evenly over the orders of magnitude between. */
    static final long LONGEST_MILLIS = 8_000;

    TorturePlan {
        within("--seconds", seconds, 20, 86_400);
        within("--jobs", jobs, 1, 10_000_000);
        within("--nodes", nodes, 2, 20);
        within("--slots", slots, 1, 5_000);
        within("--kill-every", killEvery.toSeconds(), 1, 3_600);
        faults = Set.copyOf(faults);
    }

    private static void within(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new MillraceException("%s can't be %d: it takes %d to %d.".formatted(option, value, least, most));
        }
    }

    TorturePlan withFaults(Set<FaultKind> faults) {
        return new TorturePlan(seconds, jobs, nodes, slots, killEvery, seed, faults);
    }

    /** The command that does the same again. */
    String command() {
        return "millrace torture --seconds %d --jobs %d --nodes %d --slots %d --kill-every %d --seed %d --faults %s"
                .formatted(
                        seconds,
                        jobs,
                        nodes,
                        slots,
                        killEvery.toSeconds(),
                        seed,
                        FaultKind.names(new TreeSet<>(faults)));
    }
}
