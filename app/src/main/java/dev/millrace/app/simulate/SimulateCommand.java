package dev.millrace.app.simulate;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Progress;
import dev.millrace.app.wire.Json;
import dev.millrace.simulation.Campaign;
import dev.millrace.simulation.Scenario;
import dev.millrace.simulation.Shrinker;
import dev.millrace.simulation.Simulation;
import dev.millrace.simulation.Simulation.Story;
import dev.millrace.simulation.disaster.Disasters;
import dev.millrace.simulation.workload.Workloads;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Plays fleets in virtual time. */
@Command(
        name = "simulate",
        description = {
            "Play whole fleets in virtual time: the engine's own loops and the storage protocol, statement by statement, while nodes are killed, frozen and cut off and the database restarts. The invariants are held all the while.",
            "All of a run follows from its seed. --seed replays one and tells it line by line; --seeds plays many, and makes the first failure small.",
            "Exits with 0 if every invariant held."
        },
        footer = {
            "  millrace simulate --seeds 10000",
            "  millrace simulate --seeds 10000 --drawn",
            "  millrace simulate --seed 42",
            "  millrace simulate --seeds 500 --workload exact,poison --disasters kill,freeze --json",
        })
public final class SimulateCommand implements Callable<Integer> {

    private static final int SHRINK_TRIES = 80;
    private static final int TOLD_FAILURES = 10;

    @Mixin
    Common common = new Common();

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description =
                    "Play so many seeds, from 1 or --from on: 1 to 10,000,000; 1,000 if neither this nor --seed is given.")
    @Nullable
    Integer seeds;

    @Option(names = "--from", paramLabel = "N", defaultValue = "1", description = "The first of --seeds.")
    long from;

    @Option(names = "--seed", paramLabel = "S", description = "Replay this one, and tell it.")
    @Nullable
    Long seed;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "" + Scenario.NODES,
            description = "Nodes at a time: 1 to 20.")
    int nodes;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "" + Scenario.JOBS,
            description = "Jobs, all workloads together: 1 to 100,000.")
    int jobs;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "" + Scenario.MINUTES,
            description = "How long jobs arrive, in virtual time: 0.05 to 600. Disasters go on for half as long again.")
    double minutes;

    @Option(
            names = "--workload",
            split = ",",
            paramLabel = "NAME",
            completionCandidates = WorkloadNames.class,
            description = "Only these: ${COMPLETION-CANDIDATES}.")
    List<String> workloads = new ArrayList<>();

    @Option(
            names = "--disasters",
            split = ",",
            paramLabel = "NAME",
            completionCandidates = DisasterNames.class,
            description =
                    "Only these, or \"none\": ${COMPLETION-CANDIDATES}. In the standard mix are all but failover, which loses commits.")
    List<String> disasters = new ArrayList<>();

    @Option(
            names = "--drawn",
            description =
                    "Each seed draws a mix of its own: 1 to 5 nodes, some workloads, some disasters, failovers among them.")
    boolean drawn;

    private final Shell shell;

    static final class WorkloadNames extends ArrayList<String> {
        WorkloadNames() {
            super(Workloads.names());
        }
    }

    static final class DisasterNames extends ArrayList<String> {
        DisasterNames() {
            super(Disasters.names());
        }
    }

    public SimulateCommand(Shell shell) {
        this.shell = shell;
    }

    /** What `--json` prints of many seeds. */
    record CampaignReport(int seeds, int failures, double seconds, List<FailureReport> broken) {}

    /** One failure, and the smallest scenario that was found to break the same invariant. */
    record FailureReport(long seed, String version, String invariant, String message, String replay, String smallest) {}

    /** What `--json` prints of one seed. */
    record SeedReport(
            long seed,
            int jobs,
            int nodes,
            double virtualSeconds,
            String hash,
            @Nullable String invariant,
            @Nullable String message) {}

    @Override
    public Integer call() throws InterruptedException {
        if (seed != null && seeds != null)
            throw new MillraceException("Say --seed S to replay one, or --seeds N to play many; not both.");
        if (seeds != null && (seeds < 1 || seeds > 10_000_000))
            throw new MillraceException("--seeds can't be %d: it takes 1 to 10,000,000.".formatted(seeds));
        if (drawn && !(workloads.isEmpty() && disasters.isEmpty() && nodes == Scenario.NODES))
            throw new MillraceException(
                    "With --drawn each seed draws its own --nodes, --workload and --disasters: leave them out, or leave --drawn out.");
        var quiet = Logger.getLogger("dev.millrace.node");
        quiet.setLevel(Level.OFF); // what nodes have to say about disasters is not news here
        return seed != null ? one(scenario(seed)) : many(Objects.requireNonNullElse(seeds, 1_000));
    }

    private Scenario scenario(long of) {
        if (drawn) return Scenario.drawn(of).withJobs(jobs).withMinutes(minutes);
        var scenario = Scenario.seed(of).withNodes(nodes).withJobs(jobs).withMinutes(minutes);
        if (!workloads.isEmpty()) scenario = scenario.withWorkloads(checked("workload", workloads, Workloads.names()));
        if (disasters.equals(List.of("none"))) return scenario.withDisasters(List.of());
        if (!disasters.isEmpty()) scenario = scenario.withDisasters(checked("disaster", disasters, Disasters.names()));
        return scenario;
    }

    private static List<String> checked(String what, List<String> names, List<String> known) {
        for (var name : names)
            if (!known.contains(name))
                throw new MillraceException(
                        "There is no %s \"%s\". There are: %s.".formatted(what, name, String.join(", ", known)));
        return names;
    }

    // ---- one

    private int one(Scenario scenario) {
        var simulation = Simulation.of(scenario);
        var story = (common.json() ? simulation : simulation.told(shell.console()::print)).run();
        var broken = story.broken();
        var report = new SeedReport(
                scenario.seed(),
                story.jobs(),
                story.nodes(),
                story.length().toMillis() / 1e3,
                "%016x".formatted(story.hash()),
                broken == null ? null : broken.invariant(),
                broken == null ? null : broken.message());
        shell.console().print(common.json() ? Json.write(Json.tree(report)) : text(report));
        return exit(broken == null);
    }

    private static String text(SeedReport r) {
        return "%nseed %d: %d jobs, %d nodes one after the other, %.1f virtual seconds, hash %s%n%s"
                .formatted(
                        r.seed(),
                        r.jobs(),
                        r.nodes(),
                        r.virtualSeconds(),
                        r.hash(),
                        r.message() == null ? "every invariant held" : "BROKEN: " + r.message());
    }

    // ---- many

    private int many(int count) throws InterruptedException {
        long began = shell.world().nanoTime();
        var done = new AtomicLong();
        List<Story> broken;
        try (var progress = new Progress(shell.console(), shell.world(), "seeds", 0)) {
            scenario(from); // wrong names are told before anything begins
            broken = new Campaign(this::scenario, Runtime.getRuntime().availableProcessors(), story -> {
                        if (!common.json()) progress.show(done.incrementAndGet(), count, "");
                    })
                    .run(from, count);
        }
        double seconds = (shell.world().nanoTime() - began) / 1e9;
        var failures = new ArrayList<FailureReport>();
        for (var story : broken.subList(0, Math.min(TOLD_FAILURES, broken.size()))) {
            // the first is made small; the others are most often the same
            failures.add(report(story, failures.isEmpty() ? new Shrinker(SHRINK_TRIES).shrink(story) : story));
        }
        var report = new CampaignReport(count, broken.size(), seconds, failures);
        shell.console().print(common.json() ? Json.write(Json.tree(report)) : text(report));
        return exit(broken.isEmpty());
    }

    private static FailureReport report(Story story, Story smallest) {
        var failure = Objects.requireNonNull(story.broken());
        return new FailureReport(
                story.scenario().seed(),
                version(),
                failure.invariant(),
                failure.message(),
                story.scenario().command(),
                smallest.scenario().command());
    }

    private static String version() {
        return Objects.requireNonNullElse(SimulateCommand.class.getPackage().getImplementationVersion(), "development");
    }

    private static String text(CampaignReport r) {
        var text = new StringBuilder("%n%,d seeds in %.1f s: ".formatted(r.seeds(), r.seconds()));
        if (r.failures() == 0) return text.append("every invariant held").toString();
        text.append("%d broke an invariant".formatted(r.failures()));
        for (var failure : r.broken())
            text.append("%n%n  seed %d, version %s: %s%n  replay:   %s%n  smallest: %s"
                    .formatted(
                            failure.seed(),
                            failure.version(),
                            failure.message(),
                            failure.replay(),
                            failure.smallest()));
        return text.toString();
    }

    private static int exit(boolean held) {
        return (held ? ExitCode.OK : ExitCode.FAILED).number();
    }
}
