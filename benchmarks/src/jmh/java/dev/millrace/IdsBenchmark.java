package dev.millrace;

import dev.millrace.world.SystemWorld;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/** The id of a job; in the package of what it measures, which is no one else's to call. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class IdsBenchmark {

    private final Ids ids = new Ids(new SystemWorld());

    /** By one caller. */
    @Benchmark
    public JobId alone() {
        return ids.next();
    }

    /** By several at once, who wait for each other's turn. */
    @Benchmark
    @Threads(4)
    public JobId together() {
        return ids.next();
    }
}
