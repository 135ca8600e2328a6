package dev.millrace;

import dev.millrace.store.NewJob;
import dev.millrace.store.StoreException.CommitUnknown;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.util.Iterator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Hands batches in: parts as jobs that name their batch, and the job that follows. */
final class BatchSender {

    private final Engine engine;

    BatchSender(Engine engine) {
        this.engine = engine;
    }

    /**
     * In a transaction of its own.
     *
     * @param outer the batch of which it is a part; null if it is none
     * @return null if that one takes no more parts
     */
    <R> @Nullable Batch<R> enqueue(
            Stream<? extends Job<?>> parts,
            Reduce<?, R> then,
            UnaryOperator<JobOptions> options,
            @Nullable JobId outer) {
        engine.refuseIfClosed();
        var kind = engine.kind(then.getClass());
        try (parts) {
            var following = engine.sender().following(then, kind, outer);
            var given = made(parts.iterator(), options, following.id(), null);
            try {
                return engine.storage().enqueueBatch(following, given)
                        ? new BatchHandle<>(engine, following.id(), false, kind)
                        : null;
            } catch (CommitUnknown unknown) {
                throw new CommitUnknown(
                        "The connection was lost while batch %s was enqueued: all of it was taken, or nothing, and nobody knows. Ask findBatch(…) for it."
                                .formatted(following.id()),
                        unknown);
            }
        }
    }

    /** In the caller's transaction. */
    <R> Batch<R> enqueue(
            Connection tx, Stream<? extends Job<?>> parts, Reduce<?, R> then, UnaryOperator<JobOptions> options) {
        var kind = engine.kind(then.getClass());
        try (parts) {
            var following = engine.sender().following(then, kind, null);
            engine.storage().enqueueBatch(tx, following, made(parts.iterator(), options, following.id(), null));
            return new BatchHandle<>(engine, following.id(), false, kind);
        }
    }

    /**
     * More parts.
     *
     * @param type what the parts of this batch give back
     * @return whether it took them
     */
    boolean add(JobId batch, Type type, Stream<? extends Job<?>> parts, UnaryOperator<JobOptions> options) {
        engine.refuseIfClosed();
        try (parts) {
            return engine.storage().enqueueParts(batch, made(parts.iterator(), options, batch, type));
        } catch (CommitUnknown unknown) {
            throw new CommitUnknown(
                    "The connection was lost while parts were added to batch %s: all of them were taken, or none, and nobody knows. Its number of parts tells: view().parts()."
                            .formatted(batch),
                    unknown);
        }
    }

    /** @param type what each must give back; null where the compiler has seen to it */
    private Iterator<NewJob> made(
            Iterator<? extends Job<?>> parts, UnaryOperator<JobOptions> options, JobId batch, @Nullable Type type) {
        return Engine.each(parts, part -> {
            var kind = engine.kind(part.getClass());
            if (type != null) refuseStranger(kind, type);
            if (part instanceof Reduce<?, ?>)
                throw new MillraceException(
                        "%s follows a batch, and can't be a part by itself. Add it with parts of its own: batch.batch(parts, job)."
                                .formatted(kind.type().getSimpleName()));
            return engine.sender().part(part, kind, options, batch);
        });
    }

    /** A part that gives back what the job that follows could not read. */
    void refuseStranger(KindType kind, Type type) {
        if (raw(type).isAssignableFrom(raw(kind.result()))) return;
        throw new MillraceException(
                "%s gives back a %s, and the parts of this batch give back a %s. Nothing was enqueued."
                        .formatted(kind.type().getSimpleName(), kind.result().getTypeName(), type.getTypeName()));
    }

    private static Class<?> raw(Type type) {
        if (type instanceof Class<?> plain) return plain;
        return type instanceof ParameterizedType named ? (Class<?>) named.getRawType() : Object.class;
    }
}
