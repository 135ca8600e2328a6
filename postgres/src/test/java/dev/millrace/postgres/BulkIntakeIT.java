package dev.millrace.postgres;

import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Job;
import dev.millrace.JobOptions;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.Reduce;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many jobs at once, by a COPY that stays open while they are made: all of them or none, whatever their stream does. */
@ExtendWith(RealServer.class)
class BulkIntakeIT {

    private static final AtomicInteger DATABASES = new AtomicInteger();

    @Kind("work")
    record Work(int n, String text) implements Job<Void> {

        @Override
        public JobOptions options(JobOptions o) {
            return n % 3 == 1 ? o.in(ofMinutes(5)) : o;
        }
    }

    @Kind("elsewhere")
    record Elsewhere(int n) implements Job<Void> {

        @Override
        public JobOptions options(JobOptions o) {
            return o.queue("queue-" + n / 10_000);
        }
    }

    @Kind("whole")
    record Whole() implements Reduce<Void, Void> {}

    private final Workbench bench;
    private final Millrace millrace;

    BulkIntakeIT(TestServer server) {
        bench = new Workbench(server, "bulk_intake" + DATABASES.incrementAndGet(), store -> store);
        millrace = Millrace.on(new PostgresStore(bench.pool));
    }

    @AfterEach
    void close() {
        millrace.close();
        bench.close();
    }

    private long jobs() {
        return bench.number("SELECT (SELECT count(*) FROM millrace.job_log) + (SELECT count(*) FROM millrace.timer)");
    }

    private static Stream<Work> work(int count, int characters) {
        var text = "x".repeat(characters);
        return IntStream.range(0, count).mapToObj(n -> new Work(n, text));
    }

    @Test
    void plain_and_delayed_jobs_of_many_megabytes_all_arrive() {
        assertThat(millrace.enqueueAll(work(30_000, 500))).hasSize(30_000);

        assertThat(bench.number("SELECT count(DISTINCT payload) FROM millrace.job_log"))
                .isEqualTo(20_000);
        assertThat(bench.number("SELECT count(DISTINCT payload) FROM millrace.timer"))
                .isEqualTo(10_000);
    }

    @Test
    void payloads_as_large_as_there_may_be_all_arrive() {
        millrace.enqueueAll(work(120, 250_000));

        assertThat(jobs()).isEqualTo(120);
        assertThat(bench.number("SELECT min(length(payload)) FROM millrace.job_log"))
                .isGreaterThan(250_000);
    }

    @Test
    void queues_that_are_met_on_the_way_are_made() {
        millrace.enqueueAll(IntStream.range(0, 35_000).mapToObj(Elsewhere::new));

        assertThat(
                        bench.number(
                                "SELECT count(DISTINCT s.queue) FROM millrace.job_log j JOIN millrace.stream s ON s.id = j.stream"))
                .isEqualTo(4);
        assertThat(jobs()).isEqualTo(35_000);
    }

    /** What a stream may throw that no signature tells of. */
    private static Stream<Work> breaking(Throwable broken) {
        return work(30_000, 200).peek(work -> {
            if (work.n() == 20_000) BulkIntakeIT.<RuntimeException>raise(broken);
        });
    }

    @SuppressWarnings("unchecked") // which is the point
    private static <E extends Throwable> void raise(Throwable broken) throws E {
        throw (E) broken;
    }

    @Test
    void a_stream_that_breaks_in_whatever_way_has_enqueued_nothing() {
        for (var broken : new Throwable[] {
            new IllegalStateException("a bug"), new AssertionError("a wrong assumption"), new IOException("a lost file")
        }) {
            assertThatThrownBy(() -> millrace.enqueueAll(breaking(broken))).isSameAs(broken);
            assertThatThrownBy(() -> millrace.batch(breaking(broken), new Whole()))
                    .isSameAs(broken);
            assertThat(jobs()).as("after %s", broken).isZero();
            assertThat(bench.number("SELECT count(*) FROM millrace.batch_part")).isZero();
        }
        millrace.enqueueAll(work(10, 10));
        assertThat(jobs()).as("the connections are as good as before").isEqualTo(10);
    }

    @Test
    void a_slow_stream_is_not_one_long_statement() {
        bench.sql("ALTER DATABASE %s SET statement_timeout = '3s'".formatted(bench.text("SELECT current_database()")));
        try (var pool = PostgresContract.pool(bench.url);
                var strict = Millrace.on(new PostgresStore(pool).withoutMigration())) {
            strict.enqueueAll(work(20_000, 200).peek(work -> {
                if (work.n() % 1_000 == 999) pause();
            }));
        }
        assertThat(jobs()).isEqualTo(20_000);
    }

    private static void pause() {
        try {
            Thread.sleep(250);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
