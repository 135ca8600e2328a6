package dev.millrace.simulation;

import dev.millrace.MillraceException;
import dev.millrace.simulation.disaster.Disasters;
import dev.millrace.simulation.workload.Workloads;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * What is played: all of it follows from these values, so that the line that a failure prints replays it.
 *
 * @param nodes how many nodes at a time
 * @param jobs how many jobs, all workloads together
 * @param minutes how long jobs arrive and disasters strike, in virtual time
 * @param workloads by name
 * @param disasters by name
 */
public record Scenario(
        long seed, int nodes, int jobs, double minutes, SortedSet<String> workloads, SortedSet<String> disasters) {

    /** The standard mix. */
    public static final int NODES = 3;

    public static final int JOBS = 200;
    public static final double MINUTES = 0.4;

    public Scenario {
        if (nodes < 1 || nodes > 20) throw wrong("nodes", nodes, "1 to 20");
        if (jobs < 1 || jobs > 100_000) throw wrong("jobs", jobs, "1 to 100,000");
        if (!(minutes >= 0.05 && minutes <= 600)) throw wrong("minutes", minutes, "0.05 to 600");
        workloads = known("workload", workloads, Workloads.names());
        disasters = known("disaster", disasters, Disasters.names());
        if (workloads.isEmpty()) throw wrong("workloads", "none", "at least one of " + Workloads.names());
    }

    /** The standard mix of this seed. */
    public static Scenario seed(long seed) {
        return new Scenario(
                seed, NODES, JOBS, MINUTES, new TreeSet<>(Workloads.standard()), new TreeSet<>(Disasters.standard()));
    }

    /** A mix of its own for this seed: any workloads and disasters, failovers that lose commits among them, and one to five nodes. */
    public static Scenario drawn(long seed) {
        var all = seed(seed);
        var random = all.chance("mix");
        return all.withNodes(1 + random.nextInt(5))
                .withWorkloads(some(random, Workloads.names(), 1))
                .withDisasters(some(random, Disasters.names(), 0));
    }

    private static List<String> some(RandomGenerator random, List<String> all, int least) {
        int share = 2 + random.nextInt(4);
        while (true) {
            var some = all.stream().filter(any -> random.nextInt(share) == 0).toList();
            if (some.size() >= least) return some;
        }
    }

    private static MillraceException wrong(String name, Object value, String range) {
        return new MillraceException("A simulation can't have %s %s: it takes %s.".formatted(name, value, range));
    }

    private static SortedSet<String> known(String what, Collection<String> names, Collection<String> all) {
        for (var name : names)
            if (!all.contains(name))
                throw new MillraceException(
                        "There is no %s \"%s\". There are: %s.".formatted(what, name, String.join(", ", all)));
        return Collections.unmodifiableSortedSet(new TreeSet<>(names));
    }

    /** Chance for one part of it, the same whatever other parts there are. */
    public RandomGenerator chance(String part) {
        long mixed = seed * 0x9E3779B97F4A7C15L;
        for (int i = 0; i < part.length(); i++) mixed = (mixed ^ part.charAt(i)) * 0x100000001B3L;
        return new SplittableRandom(mixed);
    }

    public Scenario withSeed(long other) {
        return new Scenario(other, nodes, jobs, minutes, workloads, disasters);
    }

    public Scenario withNodes(int other) {
        return new Scenario(seed, other, jobs, minutes, workloads, disasters);
    }

    public Scenario withJobs(int other) {
        return new Scenario(seed, nodes, other, minutes, workloads, disasters);
    }

    public Scenario withMinutes(double other) {
        return new Scenario(seed, nodes, jobs, other, workloads, disasters);
    }

    public Scenario withWorkloads(Collection<String> others) {
        return new Scenario(seed, nodes, jobs, minutes, new TreeSet<>(others), disasters);
    }

    public Scenario withDisasters(Collection<String> others) {
        return new Scenario(seed, nodes, jobs, minutes, workloads, new TreeSet<>(others));
    }

    /** The command that replays it. */
    public String command() {
        var command = new StringBuilder("millrace simulate --seed " + seed);
        if (nodes != NODES) command.append(" --nodes ").append(nodes);
        if (jobs != JOBS) command.append(" --jobs ").append(jobs);
        if (minutes != MINUTES) command.append(" --minutes ").append(minutes);
        if (!workloads.equals(new TreeSet<>(Workloads.standard())))
            command.append(" --workload ").append(String.join(",", workloads));
        if (!disasters.equals(new TreeSet<>(Disasters.standard())))
            command.append(" --disasters ").append(disasters.isEmpty() ? "none" : String.join(",", disasters));
        return command.toString();
    }
}
