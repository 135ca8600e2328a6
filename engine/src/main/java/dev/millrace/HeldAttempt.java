package dev.millrace;

import dev.millrace.node.Body.Verdict;
import dev.millrace.node.Held;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.PartOf;
import dev.millrace.store.Payload;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The attempt in progress: a held delivery, in the handler's words. */
final class HeldAttempt implements Attempt {

    private final Engine engine;
    private final Delivery delivery;
    private final Held held;
    private final Judge judge;
    private final Duration deadline;
    private volatile boolean completed;
    private volatile boolean over;

    HeldAttempt(Engine engine, Delivery delivery, Held held, Judge judge, Duration deadline) {
        this.engine = engine;
        this.delivery = delivery;
        this.held = held;
        this.judge = judge;
        this.deadline = deadline;
    }

    Held held() {
        return held;
    }

    Delivery delivery() {
        return delivery;
    }

    /** The handler has returned: whoever kept the attempt can do nothing with it any more. */
    void over() {
        over = true;
    }

    @Override
    public JobId job() {
        return delivery.job();
    }

    @Override
    public int number() {
        return delivery.attempt();
    }

    @Override
    public int rescues() {
        return delivery.rescues();
    }

    @Override
    public Duration deadline() {
        return deadline;
    }

    @Override
    public boolean cancelled() {
        return over || held.cancelled();
    }

    @Override
    public void heartbeat() {
        refuseIfOver();
        held.heartbeat();
    }

    @Override
    public void progress(long done, long total) {
        refuseIfOver();
        if (done < 0 || total < 0)
            throw new MillraceException(
                    "Progress of %,d of %,d makes no sense: neither can be negative.".formatted(done, total));
        held.progress(done, total);
    }

    @Override
    public void log(String text, @Nullable Object... arguments) {
        log(LogLevel.INFO, text, arguments);
    }

    @Override
    public void log(LogLevel level, String text, @Nullable Object... arguments) {
        refuseIfOver();
        if (!held.keeps(level)) return;
        held.log(level, Words.storable(line(text, arguments)));
    }

    /** The error has its room in any case: it is what somebody will look for. */
    private static String line(String text, @Nullable Object... arguments) {
        var filled = Words.filled(text, arguments);
        var error = Words.left(text, arguments);
        if (error == null) return Words.cut(filled, Bounds.LOG_LINE);
        var told = Words.cut(Failures.told(error), Bounds.LOG_LINE / 2);
        return Words.cut(filled, Bounds.LOG_LINE - 1 - told.length()) + '\n' + told;
    }

    @Override
    public void checkpoint(Object value) {
        refuseIfOver();
        held.checkpoint(judge.payloads().kept("A checkpoint", value, Bounds.CHECKPOINT_BYTES, "keep its key here"));
    }

    @Override
    public void checkpoint(Connection tx, Object value) {
        refuseIfOver();
        Engine.refuseAutoCommit(
                tx, "The checkpoint would be kept", "use checkpoint(value), which has a transaction of its own");
        held.checkpoint(tx, judge.payloads().kept("A checkpoint", value, Bounds.CHECKPOINT_BYTES, "keep its key here"));
    }

    @Override
    public <T> Optional<T> checkpoint(Class<T> type) {
        return lastCheckpoint(type).map(value -> checked(value, type));
    }

    /** A store that keeps values may have kept another one. */
    @SuppressWarnings("unchecked") // a value of a primitive type comes in its box
    private static <T> T checked(Object value, Class<T> type) {
        if (type.isPrimitive() || type.isInstance(value)) return (T) value;
        throw new MillraceException("The checkpoint holds a %s, and was read as a %s."
                .formatted(value.getClass().getName(), type.getName()));
    }

    @Override
    @SuppressWarnings("unchecked") // it was decoded as this type
    public <T> Optional<T> checkpoint(TypeRef<T> type) {
        return lastCheckpoint(type.type()).map(value -> (T) value);
    }

    private Optional<Object> lastCheckpoint(Type type) {
        refuseIfOver();
        return held.checkpoint().map(kept -> judge.payloads().value(kept, type));
    }

    @Override
    public Optional<JobId> batch() {
        return Optional.ofNullable(PartOf.batch(delivery.headers()));
    }

    @Override
    public Optional<String> schedule() {
        return Optional.ofNullable(delivery.headers().get(JobOptions.SCHEDULE));
    }

    @Override
    public Optional<ZonedDateTime> slot() {
        return Optional.ofNullable(delivery.headers().get(JobOptions.SLOT)).map(ZonedDateTime::parse);
    }

    @Override
    public <R> Handle<R> enqueue(Job<R> job) {
        return enqueue(job, UnaryOperator.identity());
    }

    @Override
    public <R> Handle<R> enqueue(Job<R> job, UnaryOperator<JobOptions> options) {
        refuseIfOver();
        return engine.enqueue(job, child(options));
    }

    @Override
    public <R> Handle<R> enqueue(Connection tx, Job<R> job) {
        return enqueue(tx, job, UnaryOperator.identity());
    }

    @Override
    public <R> Handle<R> enqueue(Connection tx, Job<R> job, UnaryOperator<JobOptions> options) {
        refuseIfOver();
        return engine.enqueue(tx, job, child(options));
    }

    private UnaryOperator<JobOptions> child(UnaryOperator<JobOptions> options) {
        return defaults -> options.apply(defaults).parent(delivery.job());
    }

    @Override
    public <R> Outcome<R> complete(Connection tx, R result) {
        return completed(tx, new Outcome.Done<>(result), judge.result(result));
    }

    @Override
    public Outcome<Void> complete(Connection tx) {
        return completed(tx, Outcome.done(), null);
    }

    private <R> Outcome<R> completed(Connection tx, Outcome<R> outcome, @Nullable Payload result) {
        refuseIfOver();
        Engine.refuseAutoCommit(tx, "The job would be done", "return Outcome.done(…)");
        held.complete(tx, new Ending.Done(result));
        completed = true;
        return outcome;
    }

    /** What a decision amounts to: after {@link #complete} it has been committed already, or it never will be. */
    Verdict verdict(Ending decided) {
        if (!completed || !(decided instanceof Ending.Done)) return new Verdict.ToFlush(decided);
        return unlessCommitted(Failures.of(
                "not committed",
                "the handler returned what complete(tx, …) gave it, but that transaction was not committed",
                number()));
    }

    /**
     * Another attempt, unless the outcome was committed with the handler's transaction: then the flush finds it there, writes nothing,
     * and the node takes it for what it is.
     */
    Verdict unlessCommitted(Failure failure) {
        return new Verdict.ToFlush(judge.failed(failure));
    }

    private void refuseIfOver() {
        if (over)
            throw new MillraceException(
                    "The attempt of job %s is over: its handler has returned. Do this before it does."
                            .formatted(delivery.job()));
    }
}
