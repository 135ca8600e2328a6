package dev.millrace.app.torture;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.wire.Json;
import java.time.Duration;
import java.util.HashMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Kills nodes and counts. */
@Command(
        name = "torture",
        description = {
            "Prove that nothing is lost: real node processes, killed with SIGKILL one after the other, one frozen beyond its lease and woken, while jobs arrive all the time. Then count.",
            "Exits with 0 if every promise was kept. It works in a schema of its own, which it drops if so."
        },
        footer = {
            "  millrace torture --seconds 60",
            "  millrace torture --seconds 600 --jobs 100000 --nodes 5 --seed 7 --json",
        })
public final class TortureCommand implements Callable<Integer> {

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Mixin
    Common common = new Common();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "60",
            description = "How long jobs arrive and nodes die: 20 to 86,400.")
    int seconds;

    @Option(names = "--jobs", paramLabel = "N", defaultValue = "10000", description = "How many arrive over that time.")
    int jobs;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "3",
            description = "Node processes at any time: 2 to 20.")
    int nodes;

    @Option(names = "--slots", paramLabel = "N", defaultValue = "500", description = "Handlers at once in each.")
    int slots;

    @Option(names = "--kill-every", paramLabel = "SECONDS", defaultValue = "5", description = "Rest between two kills.")
    int killEvery;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Which victims, durations and kinds. Default: drawn, and shown.")
    @Nullable
    Long seed;

    private final Shell shell;

    public TortureCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
        long chosen = seed == null ? shell.world().random().nextLong(1_000_000) : seed;
        var plan = new TorturePlan(seconds, jobs, nodes, slots, Duration.ofSeconds(killEvery), chosen);
        Consumer<String> narrator = common.json() ? line -> {} : shell.console()::say;
        TortureReport report;
        try (var open = database.open("millrace torture", 24, shell.console())) {
            var login = open.login();
            var environment = new HashMap<String, String>();
            environment.put("TORTURE_DATABASE", login.url());
            if (login.user() != null) environment.put("TORTURE_USER", login.user());
            if (login.password() != null) environment.put("TORTURE_PASSWORD", login.password());
            report = new Torture(plan, open.dataSource(), environment, shell.world(), narrator).run();
        }
        shell.console().print(common.json() ? Json.write(Json.tree(report)) : text(report));
        return (report.kept() ? ExitCode.OK : ExitCode.FAILED).number();
    }

    private static String text(TortureReport r) {
        return """

            seed %d: %d nodes killed, %d frozen and woken, in %d s
              acknowledged        %8d
              completed           %8d
              discarded           %8d    as their handlers wanted
              rescued             %8d    deliveries taken back from dead nodes
              refused writes      %8d    by nodes that had been deposed
              lost                %8d    must be 0
              outcome twice       %8d    must be 0
              wrong ending        %8d    must be 0
              taken for poison    %8d    node after node was killed soon after they had started
              exact effect twice  %8d    must be 0: effect and outcome in one commit
              other effect twice  %8d    at least once is what is promised
              slowest recovery    %8d ms from the kill to the start elsewhere; median %d ms of %d
            %s""".formatted(
                        r.seed(),
                        r.kills(),
                        r.freezes(),
                        r.seconds(),
                        r.acknowledged(),
                        r.completed(),
                        r.discarded(),
                        r.rescued(),
                        r.refusedWrites(),
                        r.lost(),
                        r.outcomeTwice(),
                        r.wrongEnding(),
                        r.takenForPoison(),
                        r.exactTwice(),
                        r.effectTwice(),
                        r.slowestRecoveryMillis(),
                        r.medianRecoveryMillis(),
                        r.recoveries(),
                        r.kept() ? "every promise was kept" : "A PROMISE WAS BROKEN");
    }
}
