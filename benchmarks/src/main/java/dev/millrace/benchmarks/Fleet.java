package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Findings;
import dev.millrace.benchmarks.trial.Metric;
import dev.millrace.benchmarks.trial.Order;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.world.World;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import javax.sql.DataSource;

/**
 * Several nodes on one backlog, each a process. They warm up together, on the first of what they run: as many for each of them as anything else
 * that is measured has for itself, since each has a compiler of its own. Then their jobs are counted for a while. If the backlog ends before that
 * while has begun, all of it is counted.
 */
final class Fleet {

    private static final long WARM_JOBS_OF_EACH = 100_000;
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final DataSource dataSource;
    private final Login login;
    private final World world;
    private final Telling telling;
    private final Children children;
    private final Setup setup;

    Fleet(DataSource dataSource, Login login, World world, Telling telling, Children children, Setup setup) {
        this.dataSource = dataSource;
        this.login = login;
        this.world = world;
        this.telling = telling;
        this.children = children;
        this.setup = setup;
    }

    /** One turn. */
    Findings play(Heat heat, BenchSchema warm, BenchSchema ground) throws SQLException, InterruptedException {
        long warmUp = setup.brief() ? 0 : heat.sizes().nodes() * WARM_JOBS_OF_EACH;
        long jobs = heat.sizes().jobs() + warmUp;
        var fill = new Order(
                Regime.ENQUEUE,
                heat.contender(),
                false,
                heat.sizes().withJobs(jobs),
                setup.brief() ? null : login.ground(warm.name()),
                login.ground(ground.name()));
        children.carryOut(heat, fill);
        var order = new Order(Regime.NODES, heat.contender(), false, heat.sizes(), null, fill.ground());
        var members = new ArrayList<Member>();
        try {
            for (int node = 0; node < heat.sizes().nodes(); node++) members.add(new Member(children.start(heat)));
            members.forEach(member -> member.process.tell(order));
            return measure(heat, members, ground, jobs, warmUp);
        } finally {
            members.forEach(member -> member.process.close());
        }
    }

    /** What all had run by a moment. */
    private record Sample(long at, long run) {}

    private Findings measure(Heat heat, List<Member> members, BenchSchema ground, long jobs, long warmUp)
            throws SQLException, InterruptedException {
        long began = world.nanoTime();
        long counted = Duration.ofSeconds(heat.sizes().seconds()).toNanos();
        Sample first = null;
        Sample warm = null;
        double waits = 0;
        long looks = 0;
        while (true) {
            telling.stopIfAsked();
            for (var member : members) member.hear();
            var now = new Sample(
                    world.nanoTime(),
                    members.stream().mapToLong(member -> member.run).sum());
            telling.show("jobs run", now.run, jobs);
            boolean over = now.run >= jobs;
            if (first == null && (members.stream().allMatch(member -> member.run > 0) || over)) first = now;
            if (first != null && warm == null && now.run >= warmUp && !over) warm = now;
            if (over || (warm != null && now.at - warm.at >= counted))
                return found(heat, warm != null ? warm : new Sample(began, 0), now, waits / Math.max(1, looks), ground);
            if (now.at - began > PATIENCE.toNanos())
                throw new MillraceException("%s had run %,d of %,d jobs after %d s, and nothing more was waited for."
                        .formatted(heat.label(), now.run, jobs, PATIENCE.toSeconds()));
            if (first != null) {
                waits += number(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
                looks++;
            }
            world.sleep(LOOK);
        }
    }

    private Findings found(Heat heat, Sample from, Sample to, double waits, BenchSchema ground) throws SQLException {
        var values = new EnumMap<Metric, Double>(Metric.class);
        double rate = (to.run - from.run) / ((to.at - from.at) / 1e9);
        values.put(Metric.TOTAL_RUN, rate);
        values.put(Metric.LOCK_WAITS, waits);
        values.put(Metric.CLAIMS, number("SELECT count(*) FROM %s.claim".formatted(ground.name())) * 1_000 / to.run);
        telling.say("%s: %,.0f jobs a second together".formatted(heat.label(), rate));
        return new Findings(
                values,
                null,
                from.run > 0
                        ? List.of()
                        : List.of("the backlog ended before the nodes were warm: their start is in the rate"),
                null);
    }

    private double number(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getDouble(1);
        }
    }

    /** A node process, and how many it has run. */
    private final class Member implements Telling {

        private final ChildProcess process;
        private long run;

        Member(ChildProcess process) {
            this.process = process;
        }

        void hear() throws InterruptedException {
            process.hear(this);
        }

        @Override
        public void say(String line) {
            telling.say(line);
        }

        @Override
        public void show(String unit, long done, long whole) {
            run = done;
        }

        @Override
        public boolean stopAsked() {
            return telling.stopAsked();
        }
    }
}
