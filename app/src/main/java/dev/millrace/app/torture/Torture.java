package dev.millrace.app.torture;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.wire.Json;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.simulation.trace.TracingStore;
import dev.millrace.world.World;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * One run: jobs arrive all the time, and faults strike by a schedule; then all faults end, everything is let finish, and counted. Each
 * node, and the producers, reach the database through a proxy of their own; the check goes past them.
 */
public final class Torture {

    /** What the producers' connections are called in the server. */
    static final String PRODUCERS = "torture-producers";

    private static final Duration TICK = Duration.ofMillis(50);
    private static final Duration LAST_FAULTS = Duration.ofSeconds(30);
    private static final Duration LAST_JOBS = Duration.ofSeconds(90);
    private static final int PRODUCER_CONNECTIONS = 16;
    private static final Duration BATCHES = Duration.ofSeconds(1);
    private static final Duration JOBS_IN_LINE = Duration.ofMillis(50);
    private static final int CHECK_CONNECTIONS = 4;

    private final boolean timed;
    private final TorturePlan plan;
    private final Ground ground;
    private final World world;
    private final RunClock clock;
    private final Timeline timeline = new Timeline();
    private final Consumer<String> narrator;

    /**
     * A run on this database.
     *
     * @param narrator hears what happens, a line at a time
     * @param timed whether recoveries are held to the promised time
     */
    Torture(TorturePlan plan, Ground ground, World world, Consumer<String> narrator, boolean timed) {
        this.timed = timed;
        this.plan = plan;
        this.ground = ground;
        this.world = world;
        this.clock = new RunClock(world);
        this.narrator = narrator;
    }

    TortureReport run() throws SQLException, IOException, InterruptedException {
        var schedule = Schedule.of(plan);
        Files.writeString(ground.logs().resolve("schedule.txt"), schedule.text() + "\n");
        try (var journal = new Journal(clock, narrator, ground.logs().resolve("torture.log"));
                var direct = ground.login().pool("torture", CHECK_CONNECTIONS)) {
            try {
                var report = run(schedule, journal, direct);
                if (report.kept(timed)) ground.discard();
                else journal.say(ground.keep() + " Again: " + plan.command());
                return report;
            } catch (RuntimeException | SQLException | IOException broken) {
                journal.say("%s %s Again: %s".formatted(broken.getMessage(), keepAnyway(broken), plan.command()));
                throw broken;
            }
        }
    }

    private String keepAnyway(Exception broken) {
        try {
            return ground.keep();
        } catch (RuntimeException notEvenThat) {
            broken.addSuppressed(notEvenThat);
            return "The logs are in %s.".formatted(ground.logs());
        }
    }

    private TortureReport run(Schedule schedule, Journal journal, HikariDataSource direct)
            throws SQLException, IOException, InterruptedException {
        var ledger = new TortureLedger(direct, ground.schema(), world);
        Millrace.on(new PostgresStore(direct).withSchema(ground.schema()), world)
                .close(); // makes the schema
        ledger.create();
        clock.databaseShowed(ledger.now(), clock.now());
        writeFacts();
        var login = ground.login();
        try (var ways = new Ways(login, plan.nodes(), world, clock, timeline);
                var herd = new Herd(ways.environments(), ground.schema(), plan.slots(), ground.logs());
                var leader = new Leader(ledger, world, journal);
                var trace = new TraceFile(ground.logs().resolve("producers.trace.jsonl"));
                var pool = ways.loginOfProducers().pool(PRODUCERS, PRODUCER_CONNECTIONS);
                var millrace = Millrace.on(
                        new TracingStore(
                                new PostgresStore(pool)
                                        .withSchema(ground.schema())
                                        .withoutMigration(),
                                trace),
                        world)) {
            journal.say("%d jobs in %d s on %d nodes, seed %d, %d faults of %d sorts; logs in %s"
                    .formatted(
                            plan.jobs(),
                            plan.seconds(),
                            plan.nodes(),
                            plan.seed(),
                            schedule.faults().size(),
                            plan.faults().size(),
                            ground.logs()));
            var disasters = new Disasters(schedule, herd, ways, ground, ledger, leader, timeline, clock, journal);
            for (int seat = 0; seat < plan.nodes(); seat++) disasters.start(seat);
            Known sent;
            long began = clock.now();
            long ended;
            try (var watch = new ServerWatch(login, world, clock, timeline, journal)) {
                watch.start();
                sent = torment(millrace, disasters);
                ended = clock.now();
                sent.record(ledger);
                finish(ledger, sent, ended, disasters, journal);
            }
            return new Check(plan, ledger, timeline, clock, ground.logs(), journal)
                    .report(sent, began, ended, disasters, herd.counters());
        }
    }

    /** What a reader of the traces needs to know. */
    private void writeFacts() throws IOException {
        var facts = Json.object()
                .put("seed", plan.seed())
                .put("repeat", plan.command())
                .put("schema", ground.schema())
                .put("beganNanos", clock.beganNanos())
                .put("databaseAheadMillis", clock.toDatabase(0));
        Files.writeString(ground.logs().resolve("run.json"), Json.pretty(facts) + "\n");
    }

    // ---- jobs and disasters

    private Known torment(Millrace millrace, Disasters disasters) throws InterruptedException {
        var length = Duration.ofSeconds(plan.seconds());
        long started = clock.now();
        try (var producers = new Producers(millrace, world, TortureJobs.of(plan, ground.schema()), length);
                var batches = new SteadyProducer(
                        "batches",
                        world,
                        BATCHES,
                        length,
                        n -> millrace.batch(TortureJobs.parts(n), new TortureJobs.Whole(n))
                                .id());
                var lines = new SteadyProducer(
                        "jobs in line",
                        world,
                        JOBS_IN_LINE,
                        length,
                        n -> millrace.enqueue(TortureJobs.inLine(n, ground.schema()))
                                .id())) {
            long end = started + length.toMillis();
            try {
                while (clock.now() < end || (!disasters.over() && clock.now() < end + LAST_FAULTS.toMillis())) {
                    disasters.replaceFallen();
                    disasters.turn();
                    producers.complain();
                    world.sleep(TICK);
                }
            } finally {
                disasters.end();
            }
            long patience = clock.now() + LAST_FAULTS.toMillis();
            while (!producers.done() || !batches.done() || !lines.done()) {
                if (clock.now() > patience)
                    throw new MillraceException(
                            "Jobs could still not be sent %s after the last fault had ended.".formatted(LAST_FAULTS));
                disasters.replaceFallen();
                world.sleep(TICK);
            }
            return new Known(producers, batches, lines);
        }
    }

    // ---- the end

    private void finish(TortureLedger ledger, Known sent, long ended, Disasters disasters, Journal journal)
            throws SQLException, InterruptedException {
        long patience = clock.now() + LAST_JOBS.toMillis();
        int looks = 0;
        while (true) {
            sent.adopt(ledger);
            long open = ledger.open() + ledger.openBatches() + ledger.openInLine();
            boolean fired = ledger.lastSlot() >= clock.toDatabase(ended) / 1_000;
            if ((open == 0 && fired) || clock.now() > patience) break;
            if (looks++ % 5 == 0)
                journal.say("%d jobs have not ended yet%s".formatted(open, fired ? "" : ", nor were all slots fired"));
            disasters.replaceFallen();
            world.sleep(Duration.ofSeconds(1));
        }
        world.sleep(Duration.ofSeconds(2)); // the last counters of each node
    }
}
