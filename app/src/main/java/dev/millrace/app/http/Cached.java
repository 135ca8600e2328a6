package dev.millrace.app.http;

import dev.millrace.world.World;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An answer that many ask for and that is looked up once in a while: asked by nobody, it costs nothing; asked by a hundred, as much as
 * by one. A failure is kept as long as an answer.
 */
final class Cached<T> {

    private final Supplier<T> source;
    private final Duration age;
    private final World world;
    private final ReentrantLock looking = new ReentrantLock();
    private @Nullable T value;
    private @Nullable RuntimeException failure;
    private long at;

    Cached(Duration age, World world, Supplier<T> source) {
        this.source = source;
        this.age = age;
        this.world = world;
    }

    T get() {
        looking.lock();
        try {
            if ((value == null && failure == null) || world.nanoTime() - at >= age.toNanos()) look();
            if (failure != null) throw failure;
            return java.util.Objects.requireNonNull(value);
        } finally {
            looking.unlock();
        }
    }

    private void look() {
        try {
            value = source.get();
            failure = null;
        } catch (RuntimeException e) {
            failure = e;
        }
        at = world.nanoTime();
    }
}
