package dev.millrace.app.torture;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.app.embedded.EmbeddedServerEvent;
import dev.millrace.app.wire.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Kills nodes, and does worse, and counts. */
@Command(
        name = "torture",
        description = {
            "Prove that nothing is lost: real node processes and a real server, to which faults are done by a schedule that follows from the seed, while jobs arrive all the time. Then count.",
            "Exits with 0 if every promise was kept. Without --database it works on a server and a cluster of its own below the data directory, which it deletes if so; with it, in a schema of its own."
        },
        footer = {
            "  millrace torture --seconds 60",
            "  millrace torture --seconds 600 --jobs 100000 --nodes 5 --seed 7 --json",
            "  millrace torture --faults kill,freeze,black-hole",
            "  millrace torture --seconds 600 --faults leader",
            "  millrace torture --seed 7 --plan                  only show what it would do",
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
            description = "How long jobs arrive and faults strike: 20 to 86,400. Then it waits for what is left.")
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
            description = "Which faults, victims, durations and kinds. Default: drawn, and shown.")
    @Nullable
    Long seed;

    @Option(
            names = "--faults",
            paramLabel = "LIST",
            description =
                    "Which faults, with commas between: kill, freeze, terminate, restart, cut, reset, cut-after, black-hole, delay, disk, clock, leader (every 30 s whoever fires the run's schedule is killed or frozen). Default: all that can be done here. Restart and disk need a server of our own, disk also Linux and root.")
    @Nullable
    String faults;

    @Option(
            names = "--untimed",
            description =
                    "Show how long recoveries took, but do not hold them to the promised time: on a machine that is too busy for it.")
    boolean untimed;

    @Option(names = "--plan", description = "Only print the schedule.")
    boolean planOnly;

    private final Shell shell;

    public TortureCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
        long chosen = seed == null ? shell.world().random().nextLong(1_000_000) : seed;
        var wanted = faults == null ? FaultKind.usual() : FaultKind.parse(faults);
        var plan = new TorturePlan(seconds, jobs, nodes, slots, Duration.ofSeconds(killEvery), chosen, wanted);
        if (planOnly) {
            print(plan);
            return ExitCode.OK.number();
        }
        var report = database.given() ? onTheirs(plan) : onOurs(plan);
        shell.console().print(common.json() ? Json.write(Json.tree(report)) : report.text(!untimed));
        return (report.kept(!untimed) ? ExitCode.OK : ExitCode.FAILED).number();
    }

    private void print(TorturePlan plan) {
        var schedule = Schedule.of(plan);
        if (!common.json()) {
            shell.console().print(plan.command());
            shell.console().print(schedule.text());
            return;
        }
        var said = Json.object().put("seed", plan.seed()).put("repeat", plan.command());
        var list = said.putArray("faults");
        for (var planned : schedule.faults())
            list.addObject()
                    .put("atMillis", planned.at().toMillis())
                    .put("kind", planned.fault().kind().wireName())
                    .put("lengthMillis", planned.fault().length().toMillis())
                    .put("what", planned.fault().toString());
        shell.console().print(Json.write(said));
    }

    private TortureReport onTheirs(TorturePlan plan) throws Exception {
        try (var open = database.open("millrace torture", 1, shell.console())) {
            var login = open.login();
            var random = new UUID(shell.world().random().nextLong(), 0);
            try (var ground = new GivenGround(new Login(login.url(), login.user(), login.password()), random)) {
                return run(plan, ground);
            }
        }
    }

    private TortureReport onOurs(TorturePlan plan) throws Exception {
        var name = "run-%d-%06x".formatted(plan.seed(), shell.world().random().nextInt(0x1000000));
        try (var ground = ours(plan, name)) {
            return run(plan, ground);
        }
    }

    private OwnGround ours(TorturePlan plan, String name) throws IOException {
        long diskBytes = (256L << 20) + plan.jobs() * 8L * 1024;
        boolean disk = plan.faults().contains(FaultKind.DISK);
        return OwnGround.below(database.directory().toAbsolutePath(), name, disk ? diskBytes : 0, this::tell);
    }

    private TortureReport run(TorturePlan plan, Ground ground) throws Exception {
        var unbearable = plan.faults().stream()
                .filter(kind -> !ground.bears(kind))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(FaultKind.class)));
        if (faults != null && !unbearable.isEmpty())
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "These faults can't be done here: %s. \"restart\" and \"disk\" need a server of the torture's own (leave out --database), \"disk\" also Linux and root, to mount a small file system."
                            .formatted(FaultKind.names(unbearable)));
        Consumer<String> narrator = common.json() ? line -> {} : shell.console()::say;
        if (!unbearable.isEmpty()) narrator.accept("left out, not possible here: " + FaultKind.names(unbearable));
        Set<FaultKind> possible = EnumSet.copyOf(plan.faults());
        possible.removeAll(unbearable);
        return new Torture(plan.withFaults(possible), ground, shell.world(), narrator, !untimed).run();
    }

    private void tell(EmbeddedServerEvent event) {
        var console = shell.console();
        switch (event) {
            case EmbeddedServerEvent.Unpacking(var directory) ->
                console.hint("Unpacking PostgreSQL (once, a few seconds) …");
            case EmbeddedServerEvent.MakingCluster(var directory) -> console.hint("Making a database …");
            case EmbeddedServerEvent.Adopted adopted -> {}
            case EmbeddedServerEvent.StoppingOrphan orphan -> {}
            case EmbeddedServerEvent.Died died -> {}
            case EmbeddedServerEvent.Restarted restarted -> {}
            case EmbeddedServerEvent.RestartFailed(var failure) -> console.say(failure.getMessage());
            case EmbeddedServerEvent.GivenUp(var failure) -> {
                console.say("millrace: " + failure.getMessage());
                System.exit(ExitCode.SERVER_GIVEN_UP.number());
            }
        }
    }
}
