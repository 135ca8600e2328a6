package dev.millrace.simulation;

import dev.millrace.simulation.Simulation.Failure;
import dev.millrace.simulation.Simulation.Story;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a smaller scenario of the same seed that breaks the same invariant: with fewer disasters, less work, fewer nodes and jobs. Each
 * part draws from chance of its own, so what is left out changes what is left as little as can be. (Delta debugging: Zeller, 1999.)
 */
public final class Shrinker {

    private final int most;
    private final Function<Scenario, Story> play;
    private int tries;

    /** @param most how many scenarios are played at most */
    public Shrinker(int most) {
        this(most, scenario -> Simulation.of(scenario).run());
    }

    /** For tests: of simulations with a bug in them. */
    Shrinker(int most, Function<Scenario, Story> play) {
        this.most = most;
        this.play = play;
    }

    /** The smallest story that was found; at worst the one that was given. */
    public Story shrink(Story broken) {
        var smallest = broken;
        for (boolean smaller = true; smaller && tries < most; ) {
            smaller = false;
            for (var candidate : candidates(smallest.scenario())) {
                if (tries++ >= most) break;
                var story = play.apply(candidate);
                if (!same(story.broken(), broken.broken())) continue;
                smallest = story;
                smaller = true;
                break;
            }
        }
        return smallest;
    }

    private static boolean same(@Nullable Failure one, @Nullable Failure other) {
        return one != null && other != null && one.invariant().equals(other.invariant());
    }

    /** Each is smaller in one way, the most in the first ones. */
    private static List<Scenario> candidates(Scenario of) {
        var smaller = new ArrayList<Scenario>();
        if (of.disasters().size() > 1) smaller.add(of.withDisasters(List.of()));
        for (var disaster : of.disasters()) {
            var others = new TreeSet<>(of.disasters());
            others.remove(disaster);
            smaller.add(of.withDisasters(others));
        }
        for (var workload : of.workloads()) {
            var others = new TreeSet<>(of.workloads());
            others.remove(workload);
            if (!others.isEmpty()) smaller.add(of.withWorkloads(others));
        }
        if (of.jobs() > 1) smaller.add(of.withJobs(of.jobs() / 2));
        if (of.nodes() > 1) smaller.add(of.withNodes(of.nodes() - 1));
        if (of.minutes() > 0.1) smaller.add(of.withMinutes(Math.round(of.minutes() * 50) / 100.0));
        return smaller;
    }
}
