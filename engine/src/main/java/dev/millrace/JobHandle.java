package dev.millrace;

import dev.millrace.store.Records.Conclusion;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A job as its sender sees it: an id, and what its result is read as. */
final class JobHandle<R> implements Handle<R> {

    private final Engine engine;
    private final JobId id;
    private final boolean existed;
    private final Type result;

    JobHandle(Engine engine, JobId id, boolean existed, Type result) {
        this.engine = engine;
        this.id = id;
        this.existed = existed;
        this.result = result;
    }

    @Override
    public JobId id() {
        return id;
    }

    @Override
    public boolean existed() {
        return existed;
    }

    @Override
    public R get(Duration timeout) {
        return switch (await(timeout)) {
            case Result.Completed<R>(var value) -> value;
            case Result.Cancelled<R>(var reason) -> throw JobFailed.cancelled(id, reason);
            case Result.Discarded<R>(var failure) -> throw JobFailed.discarded(id, failure);
            case Result.Pending<R>(var state) -> throw new NotEnded(id, state, timeout);
        };
    }

    @Override
    public Result<R> await(Duration timeout) {
        Bounds.timeout(timeout);
        if (!timeout.isZero()) engine.handlerThreads().refuseToWait();
        var conclusion = engine.waiters().await(id, timeout);
        if (conclusion != null) return result(conclusion);
        var state = state();
        if (!state.ended()) return new Result.Pending<>(state);
        conclusion = engine.waiters().await(id, Duration.ZERO); // it ended between the two looks
        return conclusion == null ? new Result.Pending<>(state()) : result(conclusion);
    }

    private Result<R> result(Conclusion conclusion) {
        var result = conclusion.result();
        var shortLived = result == null ? null : ShortLived.read(result);
        if (shortLived != null && shortLived.isOver(engine.world().now())) throw new ResultExpired(id, shortLived);
        return resultHoweverLate(conclusion);
    }

    /** The same, also of a result whose time is over. */
    Result<R> resultHoweverLate(Conclusion conclusion) {
        return switch (conclusion.state()) {
            case COMPLETED -> new Result.Completed<>(value(conclusion));
            case CANCELLED ->
                new Result.Cancelled<>(Objects.requireNonNullElse(conclusion.reason(), "no reason is known"));
            case DISCARDED ->
                new Result.Discarded<>(Objects.requireNonNullElseGet(
                        conclusion.failure(), () -> Failures.of("unknown", "no failure is known", 0)));
            case SCHEDULED, AVAILABLE, RUNNING, RETRYABLE -> new Result.Pending<>(conclusion.state());
        };
    }

    /** Null for a job of {@code Void}, and for a handler that returned null: the types of this language can't say so. */
    @SuppressWarnings({"unchecked", "NullAway"})
    private R value(Conclusion conclusion) {
        @Nullable
        Object value = conclusion.result() == null ? null : engine.payloads().result(conclusion.result(), result);
        return (R) value;
    }

    @Override
    public State state() {
        return engine.storage().find(id).map(JobView::state).orElseThrow(this::unknown);
    }

    @Override
    public State cancel(String reason) {
        return engine.storage()
                .cancel(id, Bounds.reason("A cancel", reason), "its sender")
                .orElseThrow(this::unknown);
    }

    private MillraceException unknown() {
        var deletion = engine.storage().deletion(id);
        if (deletion.isPresent())
            return new MillraceException(
                    "Job %s %s".formatted(id, deletion.get().inWords()));
        return new MillraceException(
                "Job %s is not known in %s. Either the transaction that enqueued it has not committed, or it ended so long ago that it is no longer kept, or it was enqueued elsewhere."
                        .formatted(id, engine.storage().describe()));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JobHandle<?> handle && handle.id.equals(id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return "job " + id;
    }
}
