package dev.millrace;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A batch as its sender sees it: an id, and what its parts and the job that follows them give back. */
final class BatchHandle<R> implements Batch<R> {

    private final Engine engine;
    private final JobHandle<R> then;
    private final KindType kind;

    BatchHandle(Engine engine, JobId id, boolean existed, KindType kind) {
        this.engine = engine;
        this.then = new JobHandle<>(engine, id, existed, kind.result());
        this.kind = kind;
    }

    @Override
    public JobId id() {
        return then.id();
    }

    @Override
    public boolean existed() {
        return then.existed();
    }

    @Override
    public R get(Duration timeout) {
        return then.get(timeout);
    }

    @Override
    public Result<R> await(Duration timeout) {
        return then.await(timeout);
    }

    @Override
    public State state() {
        return then.state();
    }

    @Override
    public BatchView view() {
        return engine.storage().batch(id()).orElseThrow(this::unknown);
    }

    // ---- growing

    @Override
    public void add(Stream<? extends Job<?>> parts, UnaryOperator<JobOptions> options) {
        if (!engine.batches().add(id(), KindType.partOf(kind.type()), parts, options)) throw over();
    }

    @Override
    public <C, S> Batch<S> batch(Stream<? extends Job<? extends C>> parts, Reduce<C, S> then) {
        try (parts) {
            engine.batches().refuseStranger(engine.kind(then.getClass()), KindType.partOf(kind.type()));
            var inner = engine.batches().enqueue(parts, then, UnaryOperator.identity(), id());
            if (inner != null) return inner;
        }
        throw over();
    }

    private MillraceException over() {
        var view = engine.storage().batch(id());
        if (view.isEmpty()) return unknown();
        return new MillraceException(
                "Batch %s takes no more parts: %s. Nothing was enqueued; enqueue them as a new batch."
                        .formatted(
                                id(),
                                view.get().followed()
                                        ? "all of its %,d have ended"
                                                .formatted(view.get().parts())
                                        : "the job that follows it was withdrawn, or has been requeued since"));
    }

    // ---- withdrawing

    @Override
    public State cancel(String reason) {
        var state = then.cancel(reason);
        cancelParts(reason);
        return state;
    }

    @Override
    public long cancelParts(String reason) {
        view(); // it is known
        return cancelParts(id(), Bounds.reason("A cancel", reason));
    }

    private long cancelParts(JobId batch, String reason) {
        long cancelled = 0;
        long from = 0;
        for (var some = some(batch, from); !some.isEmpty(); some = some(batch, from)) {
            from += some.size();
            var ended = engine.storage().conclusions(some);
            for (var part : some) {
                var conclusion = ended.get(part);
                var state = conclusion == null
                        ? engine.storage().cancel(part, reason, "its sender").orElse(null)
                        : conclusion.state();
                if (state != State.CANCELLED) continue;
                cancelled++;
                // It may follow a batch inside; and who withdrew it may have come no further.
                if (engine.storage().batch(part).isPresent()) cancelParts(part, reason);
            }
        }
        return cancelled;
    }

    private List<JobId> some(JobId batch, long from) {
        return engine.storage().parts(batch, from);
    }

    private MillraceException unknown() {
        return new MillraceException(
                "Batch %s is not known in %s. Either the transaction that enqueued it has not committed, or it ended so long ago that it is no longer kept, or it was enqueued elsewhere."
                        .formatted(id(), engine.storage().describe()));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof BatchHandle<?> batch && batch.id().equals(id());
    }

    @Override
    public int hashCode() {
        return id().hashCode();
    }

    @Override
    public String toString() {
        return "batch " + id();
    }
}
