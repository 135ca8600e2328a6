package dev.millrace.app.torture;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.app.torture.TortureLedger.Sent;
import dev.millrace.app.torture.proxy.Proxy;
import dev.millrace.app.wire.Json;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.simulation.trace.TracingStore;
import dev.millrace.world.World;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;

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
    private static final int CHECK_CONNECTIONS = 4;

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
     */
    Torture(TorturePlan plan, Ground ground, World world, Consumer<String> narrator) {
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
                if (report.kept()) ground.discard();
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
        try (var ways = new Ways(login);
                var herd = new Herd(ways.environments(), ground.schema(), plan.slots(), ground.logs());
                var trace = new TraceFile(ground.logs().resolve("producers.trace.jsonl"));
                var pool = login.through(ways.producers.port()).pool(PRODUCERS, PRODUCER_CONNECTIONS);
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
            var disasters =
                    new Disasters(schedule, herd, ways.seats, ways.producers, ground, ledger, timeline, clock, journal);
            for (int seat = 0; seat < plan.nodes(); seat++) disasters.start(seat);
            Known sent;
            try (var watch = new ServerWatch(login, world, clock, timeline, journal)) {
                watch.start();
                sent = torment(millrace, disasters);
                sent.record(ledger);
                finish(ledger, sent, disasters, journal);
            }
            return report(ledger, herd, sent, disasters, journal);
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

    /** The proxies. */
    private final class Ways implements AutoCloseable {
        private final List<Proxy> seats;
        private final Proxy producers;
        private final Login login;

        private Ways(Login login) {
            this.login = login;
            this.seats = IntStream.range(0, plan.nodes())
                    .mapToObj(seat -> Proxy.to(login.host(), login.port(), world, () -> torn(seat)))
                    .toList();
            this.producers = Proxy.to(login.host(), login.port(), world, () -> {});
        }

        private void torn(int seat) {
            timeline.happened(FaultKind.CUT_AFTER, seat, clock.now(), clock.now());
        }

        private List<Map<String, String>> environments() {
            return seats.stream()
                    .map(way -> login.through(way.port()).environment())
                    .toList();
        }

        @Override
        public void close() {
            seats.forEach(Proxy::close);
            producers.close();
        }
    }

    /** What the producers know in the end. */
    private record Known(
            List<Sent> acknowledged, Set<Integer> unknown, Set<Integer> taken, Set<Integer> twice, long refusals) {

        private void record(TortureLedger ledger) throws SQLException {
            ledger.sent(acknowledged, true);
        }

        /** Of what is in the log and was not acknowledged, each unknown one may be there once. */
        private void adopt(TortureLedger ledger) throws SQLException {
            var rightful = new ArrayList<Sent>();
            for (var stray : ledger.strays()) {
                if (unknown.contains(stray.n()) && taken.add(stray.n())) rightful.add(stray);
                else twice.add(stray.n());
            }
            if (!rightful.isEmpty()) ledger.sent(rightful, false);
        }
    }

    // ---- jobs and disasters

    private Known torment(Millrace millrace, Disasters disasters) throws InterruptedException {
        var length = Duration.ofSeconds(plan.seconds());
        long started = clock.now();
        try (var producers = new Producers(millrace, world, TortureJobs.of(plan, ground.schema()), length)) {
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
            while (!producers.done()) {
                if (clock.now() > patience)
                    throw new MillraceException(
                            "Jobs could still not be sent %s after the last fault had ended.".formatted(LAST_FAULTS));
                disasters.replaceFallen();
                world.sleep(TICK);
            }
            return new Known(
                    producers.acknowledged(),
                    producers.unknown(),
                    new HashSet<>(),
                    new HashSet<>(),
                    producers.refused());
        }
    }

    // ---- the end

    private void finish(TortureLedger ledger, Known sent, Disasters disasters, Journal journal)
            throws SQLException, InterruptedException {
        long patience = clock.now() + LAST_JOBS.toMillis();
        int looks = 0;
        while (true) {
            sent.adopt(ledger);
            long open = ledger.open();
            if (open == 0 || clock.now() > patience) break;
            if (looks++ % 5 == 0) journal.say("%d jobs have not ended yet".formatted(open));
            disasters.replaceFallen();
            world.sleep(Duration.ofSeconds(1));
        }
        world.sleep(Duration.ofSeconds(2)); // the last counters of each node
    }

    private TortureReport report(TortureLedger ledger, Herd herd, Known sent, Disasters disasters, Journal journal)
            throws SQLException, IOException {
        long end = clock.now();
        ledger.indexEffects();
        var nodes = ledger.nodes();
        for (var node : nodes.values()) timeline.joined(node.name(), clock.ofDatabase(node.startedAt()));
        var rescues = ledger.rescues();
        var silences = Recoveries.silences(rescues, nodes, timeline, clock);
        recordEnds(ledger, nodes, silences);
        var traces = Traces.in(ground.logs(), clock);
        var outages = timeline.outages(end, traces);
        var recoveries = Recoveries.of(rescues, traces, nodes, timeline, outages, clock);
        recoveries.slowerThan(TortureReport.PROMISED_RECOVERY_MILLIS, 5).forEach(slow -> journal.say("slow: " + slow));
        var deposed = Timeline.noneOfEach();
        silences.values().forEach(silence -> deposed.merge(silence.name(), 1L, Long::sum));
        long takenOpen = ledger.open(false);
        var counters = herd.counters();
        var faults = new TreeMap<String, Integer>();
        disasters.done().forEach((kind, count) -> faults.put(kind.wireName(), count));
        var report = new TortureReport(
                plan.seed(),
                plan.seconds(),
                sent.acknowledged.size(),
                ledger.ended("done"),
                ledger.ended("discarded"),
                ledger.ended("cancelled"),
                ledger.rescued(),
                counters.stream().mapToLong(Herd.Counters::refusedWrites).sum(),
                counters.stream().mapToLong(Herd.Counters::lostOutcomes).sum(),
                ledger.open(),
                ledger.outcomeTwice(),
                sent.twice.size(),
                ledger.wrongEnding(),
                ledger.takenForPoison(),
                ledger.exactNotOnce(),
                ledger.effectMissing(),
                new TortureReport.Unknown(
                        sent.unknown.size(),
                        sent.taken.size(),
                        sent.taken.size() - takenOpen,
                        sent.unknown.size() - sent.taken.size(),
                        sent.refusals),
                new Duplicates(timeline, clock, silences).count(ledger.repeatedEffects()),
                recoveries.slowest(Recoveries.Recovery::net),
                new TortureReport.Recovery(
                        recoveries.all().size(),
                        recoveries.slowest(Recoveries.Recovery::net),
                        recoveries.median(Recoveries.Recovery::net),
                        recoveries.slowest(Recoveries.Recovery::raw),
                        recoveries.median(Recoveries.Recovery::raw),
                        outages.length(),
                        recoveries.all().stream()
                                .filter(recovery -> recovery.charged() >= 0)
                                .count(),
                        recoveries.slowest(Recoveries.Recovery::charged),
                        recoveries.histogram(Recoveries.Recovery::net),
                        recoveries.histogram(Recoveries.Recovery::raw)),
                deposed,
                faults,
                clock.now(),
                plan.command());
        if (report.completed() + report.discarded() + report.cancelled() + ledger.open(true) != report.acknowledged()) {
            throw new MillraceException(
                    "The count does not add up: %s. This is an error of the torture itself.".formatted(report));
        }
        return report;
    }

    private void recordEnds(
            TortureLedger ledger, Map<String, TortureLedger.Joined> nodes, Map<String, Timeline.Silence> silences)
            throws SQLException {
        var ends = new HashMap<String, List<Long>>();
        timeline.deaths()
                .forEach((name, at) ->
                        ends.computeIfAbsent(name, first -> new ArrayList<>()).add(clock.toDatabase(at)));
        silences.forEach((id, silence) -> {
            var node = nodes.get(id);
            if (node != null)
                ends.computeIfAbsent(node.name(), first -> new ArrayList<>()).add(clock.toDatabase(silence.since()));
        });
        ledger.ends(ends);
    }
}
