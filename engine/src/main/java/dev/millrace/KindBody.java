package dev.millrace;

import dev.millrace.node.Body;
import dev.millrace.node.Held;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.StoreException.Fenced;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Runs the handler of one kind: payload to job, handler, and what came of it to an ending. */
final class KindBody implements Body {

    /** As deep as an exception is looked into. */
    private static final int CAUSES = 8;

    private final Engine engine;
    private final Decoder decoder;
    private final Judge judge;
    private final Work work;
    private final Duration deadline;

    KindBody(Engine engine, Decoder decoder, Judge judge, Work work, Duration deadline) {
        this.engine = engine;
        this.decoder = decoder;
        this.judge = judge;
        this.work = work;
        this.deadline = deadline;
    }

    /** What the handler's shape makes of a job. */
    interface Work {
        Verdict run(Object job, HeldAttempt attempt, Judge judge) throws Exception;
    }

    @Override
    public Verdict run(Delivery delivery, Held held) throws InterruptedException {
        Object job;
        try {
            job = decoder.job(delivery.kindVersion(), delivery.payload());
        } catch (Decoder.Undecodable refused) {
            return new Verdict.ToFlush(new Ending.Parked(Parking.UNDECODABLE, Bounds.shown(refused.why())));
        }
        var attempt = new HeldAttempt(engine, delivery, held, judge, deadline);
        engine.handlerThreads().enter();
        try {
            var verdict = work.run(job, attempt, judge);
            if (verdict instanceof Verdict.ToFlush && held.cancelled()) throw takenAway(delivery);
            return verdict;
        } catch (Throwable thrown) {
            if (takenAway(thrown, held)) throw takenAway(delivery);
            var keyless = keyless(thrown);
            if (keyless != null)
                return new Verdict.ToFlush(new Ending.Parked(Parking.UNDECODABLE, Bounds.shown(keyless.getMessage())));
            var ending = judge.failed(thrown, delivery.attempt());
            if (thrown instanceof VirtualMachineError sick && !(thrown instanceof StackOverflowError)) tell(sick);
            return new Verdict.ToFlush(ending);
        } finally {
            engine.handlerThreads().leave();
            attempt.over();
        }
    }

    @Override
    public Ending timedOut(Delivery delivery, Duration deadline) {
        return judge.timedOut(delivery.attempt(), deadline);
    }

    /** Who waits for it in this process need not look. */
    @Override
    public void settled(Delivery delivery, Ending ending) {
        switch (ending) {
            case Ending.Done(var result) -> tell(delivery, new Conclusion(State.COMPLETED, result, null, null));
            case Ending.Cancelled(var reason) -> tell(delivery, new Conclusion(State.CANCELLED, null, null, reason));
            case Ending.Discarded(var failure) -> tell(delivery, new Conclusion(State.DISCARDED, null, failure, null));
            case Ending.Retry retry -> {}
            case Ending.TimedOut late -> {}
            case Ending.Snoozed snoozed -> {}
            case Ending.HandedBack back -> {}
            case Ending.Parked parked -> {}
        }
    }

    private void tell(Delivery delivery, Conclusion conclusion) {
        engine.waiters().ended(delivery.job(), conclusion);
    }

    /**
     * An exception is not the job's fault once the job was taken away; nor is a refused write, which is how a handler may be the first
     * to learn it.
     */
    private static boolean takenAway(Throwable thrown, Held held) {
        return held.cancelled() || thrown instanceof Fenced || thrown.getCause() instanceof Fenced;
    }

    /** What it was not told for want of a key, as its checkpoint, another process may read: that is not the job's fault either. */
    static @Nullable UnknownEncryptionKey keyless(Throwable thrown) {
        var cause = thrown;
        for (int depth = 0; cause != null && depth < CAUSES; depth++, cause = cause.getCause())
            if (cause instanceof UnknownEncryptionKey keyless) return keyless;
        return null;
    }

    private static InterruptedException takenAway(Delivery delivery) {
        return new InterruptedException("Job %s was taken away while it ran".formatted(delivery.job()));
    }

    /** The JVM is sick. The job will be tried again; whoever watches this thread decides about the process. */
    private static void tell(VirtualMachineError sick) {
        var thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, sick);
    }
}
