package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Child;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Order;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sizes;
import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/**
 * Measures regimes on one database. In each round every contender has its turn, in a process of its own and on schemas of its own, which
 * are dropped after it; every second round goes the other way round, so that what drifts meets all alike. For one thread.
 */
public final class Bench implements AutoCloseable {

    /** How many connections are used by this process: those that hold schemas, and one that asks. */
    public static final int CONNECTIONS = 8;

    /** The row of Millrace while somebody holds a snapshot. */
    static final String HELD = "millrace, held snapshot";

    private final DataSource dataSource;
    private final Login login;
    private final World world;
    private final Telling telling;
    private final Children children;
    private final Setup setup;

    /**
     * Looks whether the peers are there, before anything begins.
     *
     * @throws MillraceException if they are not; the message says how to get them
     */
    public static void insistOnPeers() {
        PeerJars.insist();
    }

    public Bench(DataSource dataSource, Login login, World world, Telling telling, Setup setup) {
        this.dataSource = dataSource;
        this.login = login;
        this.world = world;
        this.telling = telling;
        this.children = new Children(world, telling, setup.brief());
        this.setup = setup;
    }

    /** Drops what measurements left whose processes are gone. */
    public void dropLeftovers() throws SQLException {
        int dropped = BenchSchema.dropLeftovers(dataSource);
        if (dropped > 0) telling.say("dropped %d schemas that earlier measurements left".formatted(dropped));
    }

    /** Measures one regime: Millrace, the raw limit if there is one, and the peers if they can play it. */
    public RegimeReport run(Regime regime, Sizes sizes) throws SQLException, InterruptedException {
        return run(regime, sizes, heats(regime, sizes, false));
    }

    /** Measures {@linkplain Regime#ofAll all regimes}, one after the other. One that fails is told of, and the others go on. */
    public Report all() throws SQLException, InterruptedException {
        var at = world.now().truncatedTo(ChronoUnit.SECONDS).toString();
        var machine = Machine.look(dataSource);
        var reports = new EnumMap<Regime, RegimeReport>(Regime.class);
        var failed = new EnumMap<Regime, String>(Regime.class);
        for (var regime : Regime.ofAll(setup.brief())) {
            try {
                reports.put(regime, run(regime, setup.brief() ? regime.sizes().brief() : regime.sizes()));
            } catch (MillraceException e) {
                telling.say("%s failed: %s".formatted(regime.wireName(), e.getMessage()));
                failed.put(regime, String.valueOf(e.getMessage()));
            }
        }
        return new Report(at, machine, setup, reports, failed, Goals.judge(reports));
    }

    /** A burn-down while a reader holds a snapshot from its beginning to its end. */
    public RegimeReport runHeld(Regime regime, Sizes sizes) throws SQLException, InterruptedException {
        return run(regime, sizes, heats(regime, sizes, true));
    }

    /** Burn-downs without and with a held snapshot, in turn. */
    public PairsReport pairs(Sizes sizes, Machine machine) throws SQLException, InterruptedException {
        var heats = List.of(
                heat(Child.MILLRACE, Child.MILLRACE, false, sizes),
                heat(HELD, Child.MILLRACE, true, sizes),
                heat(Child.RAW, Child.RAW, false, sizes));
        return PairsReport.of(run(Regime.BURN_DOWN, sizes, heats), Child.MILLRACE, HELD, machine);
    }

    private List<Heat> heats(Regime regime, Sizes sizes, boolean held) {
        var heats = new ArrayList<Heat>();
        if (regime == Regime.NODES) {
            for (int nodes = 1; nodes <= sizes.nodes(); nodes *= 2)
                heats.add(heat(nodes(nodes), Child.MILLRACE, held, sizes.withNodes(nodes)));
            return heats;
        }
        heats.add(heat(Child.MILLRACE, Child.MILLRACE, held, sizes));
        if (regime == Regime.TIMERS) heats.add(heat(HELD, Child.MILLRACE, true, sizes));
        if (regime.hasRawLimit()) heats.add(heat(Child.RAW, Child.RAW, held, sizes));
        if (regime.forPeers()) for (var peer : setup.peers()) heats.add(heat(peer, peer, held, sizes));
        return heats;
    }

    /** The row of so many nodes. */
    static String nodes(int count) {
        return count == 1 ? "1 node" : count + " nodes";
    }

    private Heat heat(String label, String contender, boolean held, Sizes sizes) {
        return new Heat(label, contender, held, sizes, setup.heap(contender));
    }

    private RegimeReport run(Regime regime, Sizes sizes, List<Heat> heats) throws SQLException, InterruptedException {
        var found = new HashMap<String, List<Findings>>();
        for (int round = 0; round < setup.rounds(); round++) {
            for (var heat : turns(heats, round)) {
                var before = found.computeIfAbsent(heat.label(), label -> new ArrayList<>());
                if (before.stream().anyMatch(findings -> findings.notMeasured() != null)) continue;
                telling.say(
                        "%s, round %d of %d: %s".formatted(regime.wireName(), round + 1, setup.rounds(), heat.label()));
                before.add(attempt(regime, heat));
            }
        }
        return RegimeReport.of(regime, setup.rounds(), sizes, heats, found);
    }

    /**
     * The raw limit begins each round: what comes right after it finds a disk that is busy still, and that should not always be the same
     * contender.
     */
    private static List<Heat> turns(List<Heat> heats, int round) {
        var turns = new ArrayList<>(heats.stream()
                .filter(heat -> !heat.contender().equals(Child.RAW))
                .toList());
        if (round % 2 == 1) Collections.reverse(turns);
        heats.stream().filter(heat -> heat.contender().equals(Child.RAW)).forEach(turns::addFirst);
        return turns;
    }

    /** A peer that fails is told of in its row, and stops nobody. */
    private Findings attempt(Regime regime, Heat heat) throws SQLException, InterruptedException {
        boolean peer = setup.peers().contains(heat.contender());
        try {
            var findings = play(regime, heat);
            if (findings.notMeasured() != null && !peer)
                throw new MillraceException("%s was not measured: %s".formatted(heat.label(), findings.notMeasured()));
            return findings;
        } catch (MillraceException e) {
            if (!peer) throw e;
            telling.say("%s failed: %s".formatted(heat.label(), e.getMessage()));
            return Findings.none(e.getMessage());
        }
    }

    private Findings play(Regime regime, Heat heat) throws SQLException, InterruptedException {
        try (var warm = BenchSchema.make(dataSource, world);
                var ground = BenchSchema.make(dataSource, world)) {
            checkpoint();
            if (regime == Regime.NODES)
                return new Fleet(dataSource, login, world, telling, children, setup).play(heat, warm, ground);
            var order = new Order(
                    regime,
                    heat.contender(),
                    heat.held(),
                    heat.sizes(),
                    setup.brief() ? null : login.ground(warm.name()),
                    login.ground(ground.name()));
            return children.carryOut(heat, order);
        }
    }

    /** Nobody pays for the pages that somebody before has changed. Who may not do it measures without. */
    private void checkpoint() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("CHECKPOINT");
        } catch (SQLException e) {
            if (!Set.of("42501", "0A000").contains(String.valueOf(e.getSQLState()))) throw e;
        }
    }

    /** Ends processes that were kept for more. */
    @Override
    public void close() {
        children.close();
    }
}
