package dev.millrace.postgres;

import dev.millrace.Codec;
import dev.millrace.Job;
import dev.millrace.Kind;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A payload of 100 characters, to JSON and back. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PayloadBenchmark {

    /** What is written and read. */
    @Kind("bench-noop")
    public record Noop(String load) implements Job<Void> {}

    private final Codec codec = PostgresStore.json();
    private final Noop job = new Noop("0123456789".repeat(10));
    private final String text = codec.encode(job);

    /** What a producer does. */
    @Benchmark
    public String encode() {
        return codec.encode(job);
    }

    /** What a node does. */
    @Benchmark
    public @Nullable Object decode() {
        return codec.decode(text, Noop.class);
    }
}
