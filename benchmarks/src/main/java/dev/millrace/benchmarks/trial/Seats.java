package dev.millrace.benchmarks.trial;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.NodeBuilder;
import dev.millrace.Retry;
import dev.millrace.postgres.PostgresStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Seats are sold: many buyers at once, few seats, and most buyers want the same few. In one way each request is a job in the line of its seat, whose handler
 * looks whether the seat is free and sells it, with nothing in the database that would keep two of them apart. In the other, jobs of one seat run at the same
 * time, and a version in the seat's row decides; who loses tries again. Told is how long a buyer waits for an answer; that a seat was sold twice fails the
 * trial.
 */
final class Seats implements Trial {

    static final int BUYERS = 200;
    private static final int SEATS = 50;
    private static final int HOT_SEATS = 10;
    private static final int HOT_PERCENT = 80;

    private static final int CONNECTIONS = 48;
    private static final int NODES = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Override
    public Findings play(Stage stage) throws Exception {
        try (var database = Database.on(stage.ground());
                var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool).withSchema(stage.ground().schema()), stage.world())) {
            var box = new BoxOffice(stage.ground().schema());
            database.run(
                    "CREATE TABLE $.seat (show BIGINT, seat INT, version INT NOT NULL DEFAULT 0, buyer INT, PRIMARY KEY (show, seat))");
            database.run("CREATE TABLE $.sold (show BIGINT, seat INT, buyer INT)");
            database.run("CREATE INDEX ON $.sold (show, seat)");
            for (int n = 0; n < NODES; n++) node(stage, millrace, box).start();
            var sale = new Sale(stage, millrace);
            long shows = Math.max(1, stage.sizes().jobs() / BUYERS);
            long began = stage.world().nanoTime();
            long played = 0;
            for (; played < shows && !stage.over(began); played++) {
                boolean first = played % 2 == 0; // each way first as often as second: what drifts meets both alike
                for (int turn = 0; turn < 2; turn++) {
                    boolean inLine = first == (turn == 0);
                    long show = 2 * played + (inLine ? 0 : 1);
                    if (!inLine)
                        database.run("INSERT INTO $.seat (show, seat) SELECT %d, s FROM generate_series(0, %d) s"
                                .formatted(show, SEATS - 1));
                    sale.sell(show, inLine);
                }
                stage.narrator().at("shows sold in both ways", played + 1, shows);
            }
            return findings(stage, database, sale, box, played);
        }
    }

    private static NodeBuilder node(Stage stage, Millrace millrace, BoxOffice box) {
        return millrace.node()
                .slots(stage.sizes().slots())
                .transact(InLine.class, (job, tx) -> box.sellUnguarded(tx, job))
                .transact(Versioned.class, (job, tx) -> box.sellByVersion(tx, job))
                .retry(Retry.fixed(Duration.ofMillis(5)).attempts(100));
    }

    private static Findings findings(Stage stage, Database database, Sale sale, BoxOffice box, long shows)
            throws SQLException {
        double twice =
                database.number("SELECT count(*) FROM (SELECT FROM $.sold GROUP BY show, seat HAVING count(*) > 1) t");
        double sold = database.number("SELECT count(*) FROM $.sold");
        if (twice > 0) throw new IllegalStateException("%,.0f seats were sold twice".formatted(twice));
        if (sold != sale.told.get())
            throw new IllegalStateException("%,.0f seats were sold, and %,d buyers were told that they have one"
                    .formatted(sold, sale.told.get()));
        var values = new EnumMap<Metric, Double>(Metric.class);
        values.put(Metric.SHOWS, (double) shows);
        values.put(Metric.SOLD_TWICE, twice);
        values.put(Metric.IN_LINE_P50, sale.inLine.millis(0.5));
        values.put(Metric.IN_LINE_P99, sale.inLine.millis(0.99));
        values.put(Metric.VERSIONED_P50, sale.versioned.millis(0.5));
        values.put(Metric.VERSIONED_P99, sale.versioned.millis(0.99));
        values.put(Metric.CONFLICTS, (double) box.conflicts.get() / Math.max(1, shows));
        stage.narrator()
                .say(
                        "%,d shows each way, no seat sold twice; in line %.1f and %.1f ms, by version %.1f and %.1f ms (median, 99 of 100), %.0f conflicts a show"
                                .formatted(
                                        shows,
                                        values.get(Metric.IN_LINE_P50),
                                        values.get(Metric.IN_LINE_P99),
                                        values.get(Metric.VERSIONED_P50),
                                        values.get(Metric.VERSIONED_P99),
                                        values.get(Metric.CONFLICTS)));
        return Findings.of(values, MillraceContender.card(stage.sizes().slots()));
    }

    /** A request that stands in the line of its seat. */
    @Kind("bench-seat-in-line")
    record InLine(long show, int seat, int buyer) implements Job<Boolean> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.inOrder(show, seat);
        }
    }

    /** A request that others may overtake. */
    @Kind("bench-seat-versioned")
    record Versioned(long show, int seat, int buyer) implements Job<Boolean> {}

    /** Somebody else has changed the seat since it was read. */
    private static final class Conflict extends Exception {
        private static final long serialVersionUID = 1L;

        Conflict() {
            super("somebody else was faster", null, false, false);
        }
    }

    /** What handlers do. */
    private static final class BoxOffice {

        private final Map<String, String> sql;
        private final AtomicLong conflicts = new AtomicLong();

        BoxOffice(String schema) {
            sql = Map.of(
                    "free", "SELECT count(*) FROM %s.sold WHERE show = ? AND seat = ?".formatted(schema),
                    "sell", "INSERT INTO %s.sold VALUES (?, ?, ?)".formatted(schema),
                    "look", "SELECT version, buyer FROM %s.seat WHERE show = ? AND seat = ?".formatted(schema),
                    "take",
                            "UPDATE %s.seat SET buyer = ?, version = version + 1 WHERE show = ? AND seat = ? AND version = ?"
                                    .formatted(schema));
        }

        /** Looks and sells: two of one seat at the same time would both find it free. */
        boolean sellUnguarded(Connection tx, InLine job) throws SQLException {
            try (var free = tx.prepareStatement(sql.get("free"))) {
                free.setLong(1, job.show());
                free.setInt(2, job.seat());
                try (var rows = free.executeQuery()) {
                    rows.next();
                    if (rows.getInt(1) > 0) return false;
                }
            }
            sell(tx, job.show(), job.seat(), job.buyer());
            return true;
        }

        boolean sellByVersion(Connection tx, Versioned job) throws SQLException, Conflict {
            int version;
            try (var look = tx.prepareStatement(sql.get("look"))) {
                look.setLong(1, job.show());
                look.setInt(2, job.seat());
                try (var rows = look.executeQuery()) {
                    rows.next();
                    version = rows.getInt(1);
                    rows.getInt(2);
                    if (!rows.wasNull()) return false;
                }
            }
            try (var take = tx.prepareStatement(sql.get("take"))) {
                take.setInt(1, job.buyer());
                take.setLong(2, job.show());
                take.setInt(3, job.seat());
                take.setInt(4, version);
                if (take.executeUpdate() == 0) {
                    conflicts.incrementAndGet();
                    throw new Conflict();
                }
            }
            sell(tx, job.show(), job.seat(), job.buyer());
            return true;
        }

        private void sell(Connection tx, long show, int seat, int buyer) throws SQLException {
            try (var sell = tx.prepareStatement(sql.get("sell"))) {
                sell.setLong(1, show);
                sell.setInt(2, seat);
                sell.setInt(3, buyer);
                sell.executeUpdate();
            }
        }
    }

    /** All buyers of a show at once, each on a thread of his own. */
    private static final class Sale {

        private final Stage stage;
        private final Millrace millrace;
        private final Latencies inLine = new Latencies();
        private final Latencies versioned = new Latencies();
        private final AtomicLong told = new AtomicLong();

        Sale(Stage stage, Millrace millrace) {
            this.stage = stage;
            this.millrace = millrace;
        }

        /** The seat that a buyer wants, as if drawn: the finaliser of SplitMix64 over his number. */
        private static int wish(long number) {
            long z = number * 0x9E3779B97F4A7C15L;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z = (z ^ (z >>> 31)) >>> 1;
            return z % 100 < HOT_PERCENT
                    ? (int) (z / 100 % HOT_SEATS)
                    : HOT_SEATS + (int) (z / 100 % (SEATS - HOT_SEATS));
        }

        void sell(long show, boolean line) throws InterruptedException {
            var failures = new ConcurrentLinkedQueue<RuntimeException>();
            try (var buyers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int buyer = 0; buyer < BUYERS; buyer++) {
                    int seat = wish(show / 2 * BUYERS + buyer); // the same in both ways
                    int who = buyer;
                    buyers.execute(() -> {
                        try {
                            buy(show, seat, who, line);
                        } catch (RuntimeException failed) {
                            failures.add(failed);
                        }
                    });
                }
                buyers.shutdown();
                if (!buyers.awaitTermination(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    throw new IllegalStateException("buyers of show %d wait for ever".formatted(show));
            }
            if (!failures.isEmpty()) throw failures.remove();
        }

        private void buy(long show, int seat, int buyer, boolean line) {
            long began = stage.world().nanoTime();
            var request = line
                    ? millrace.enqueue(new InLine(show, seat, buyer))
                    : millrace.enqueue(new Versioned(show, seat, buyer));
            if (request.get(PATIENCE)) told.incrementAndGet();
            (line ? inLine : versioned).add(stage.world().nanoTime() - began);
        }
    }
}
