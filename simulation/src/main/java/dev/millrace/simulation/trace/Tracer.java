package dev.millrace.simulation.trace;

import dev.millrace.simulation.trace.TraceEvent.Stamp;
import dev.millrace.store.Lease;
import dev.millrace.store.StoreException;
import dev.millrace.world.World;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Does steps, and tells how each of them went. */
final class Tracer {

    private final World world;
    private final Consumer<? super TraceEvent> sink;

    Tracer(World world, Consumer<? super TraceEvent> sink) {
        this.world = world;
        this.sink = sink;
    }

    /** What is told of a step that was answered. */
    interface Telling<T> extends BiFunction<Stamp, T, TraceEvent> {}

    <T> T step(String name, @Nullable Lease lease, Supplier<T> step, Telling<T> telling) {
        return step(name, lease, "", step, telling);
    }

    /** The same, with what a lost answer would be about. */
    <T> T step(String name, @Nullable Lease lease, String about, Supplier<T> step, Telling<T> telling) {
        long asked = world.nanoTime();
        T answer;
        try {
            answer = step.get();
        } catch (StoreException.Fenced refused) {
            sink.accept(new TraceEvent.Refused(stamp(lease, asked), name));
            throw refused;
        } catch (StoreException.CommitUnknown lost) {
            sink.accept(new TraceEvent.Unanswered(stamp(lease, asked), name, about));
            throw lost;
        } catch (RuntimeException failed) {
            sink.accept(new TraceEvent.Failed(stamp(lease, asked), name, String.valueOf(failed.getMessage())));
            throw failed;
        }
        sink.accept(telling.apply(stamp(lease, asked), answer));
        return answer;
    }

    /** A step that answers nothing. */
    void act(String name, @Nullable Lease lease, Runnable step, Function<Stamp, TraceEvent> telling) {
        step(
                name,
                lease,
                () -> {
                    step.run();
                    return true;
                },
                (at, done) -> telling.apply(at));
    }

    /** A step that is worth a word only if it fails. */
    <T> T quiet(String name, @Nullable Lease lease, Supplier<T> step) {
        long asked = world.nanoTime();
        try {
            return step.get();
        } catch (StoreException.Fenced refused) {
            sink.accept(new TraceEvent.Refused(stamp(lease, asked), name));
            throw refused;
        }
    }

    private Stamp stamp(@Nullable Lease lease, long asked) {
        return new Stamp(
                lease == null ? null : lease.node(),
                lease == null ? 0 : lease.epoch().value(),
                asked,
                world.nanoTime(),
                world.now());
    }
}
