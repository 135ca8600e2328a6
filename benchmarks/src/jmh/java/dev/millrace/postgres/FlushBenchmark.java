package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What is done in Java with a claim of 500 jobs, per job: its places as runs, and its successes as batches. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FlushBenchmark {

    private static final int JOBS = 500;

    /** All of one transaction, as a bulk is. */
    private final List<Place> bulk =
            IntStream.range(0, JOBS).mapToObj(n -> new Place(1, 7, 4_711, n)).toList();

    /** Each of a transaction of its own. */
    private final List<Place> singles =
            IntStream.range(0, JOBS).mapToObj(n -> new Place(1, 7, 4_711 + n, n)).toList();

    private final int[] claims = new int[JOBS];
    private final List<Ended> successes = bulk.stream().map(FlushBenchmark::success).toList();

    private static Ended success(Place place) {
        var start = Instant.parse("2026-11-01T00:00:00Z").plusNanos(place.seq() * 1_000);
        var delivery = new Delivery(
                place,
                new ClaimToken(new UUID(1, 2)),
                new JobId(new UUID(3, place.seq())),
                1,
                1,
                1,
                0,
                0,
                "default",
                Priority.NORMAL,
                "bench-noop",
                1,
                new Payload.Text("{}"),
                Map.of(),
                start,
                null,
                false,
                false);
        return new Ended(delivery, new Ending.Done(null), start, Duration.ofNanos(2_000));
    }

    /** What a claim asks for in one look into the index. */
    @Benchmark
    @OperationsPerInvocation(JOBS)
    public Object runsOfABulk() {
        return new Runs(bulk);
    }

    /** The same where each is a run of its own. */
    @Benchmark
    @OperationsPerInvocation(JOBS)
    public Object runsOfSingles() {
        return new Runs(singles);
    }

    /** What a flush writes in one row. */
    @Benchmark
    @OperationsPerInvocation(JOBS)
    public Object batchesOfSuccesses() {
        return FlushBatches.of(successes, claims);
    }
}
