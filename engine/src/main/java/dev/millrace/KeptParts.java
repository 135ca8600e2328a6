package dev.millrace;

import dev.millrace.store.Records.Conclusion;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** How the parts of a batch ended, read from the store as they are asked for. */
final class KeptParts<C> implements Parts<C> {

    /** Outcomes that are read at once: their results may be large. */
    private static final int READ = 100;

    private final Engine engine;
    private final JobId batch;
    private final Type type;

    /** @param type what the parts give back */
    KeptParts(Engine engine, JobId batch, Type type) {
        this.engine = engine;
        this.batch = batch;
        this.type = type;
    }

    @Override
    public long count() {
        return engine.storage()
                .batch(batch)
                .orElseThrow(() -> new MillraceException(
                        "Job %s follows no batch that is known. Either it was enqueued by itself, by the name of its kind, or it is past retention."
                                .formatted(batch)))
                .parts();
    }

    @Override
    public Stream<Part<C>> all() {
        return StreamSupport.stream(new Reading(count()), false);
    }

    @Override
    public Stream<C> values() {
        return all().mapMulti((part, next) -> {
            if (part.result() instanceof Result.Completed<C>(var value) && value != null) next.accept(value);
        });
    }

    @Override
    public Stream<Part<C>> failed() {
        return all().filter(part -> switch (part.result()) {
            case Result.Discarded<C> discarded -> true;
            case Result.Cancelled<C> cancelled -> true;
            case Result.Completed<C> completed -> false;
            case Result.Pending<C> pending -> false;
        });
    }

    /** Goes over them once, some at a time. */
    private final class Reading extends AbstractSpliterator<Part<C>> {

        private List<JobId> ids = List.of();
        private long nextIds;
        private List<Part<C>> read = List.of();
        private int given;

        Reading(long count) {
            super(count, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
        }

        @Override
        public boolean tryAdvance(Consumer<? super Part<C>> to) {
            if (given == read.size() && !readOn()) return false;
            to.accept(read.get(given++));
            return true;
        }

        private boolean readOn() {
            if (ids.isEmpty()) ids = engine.storage().parts(batch, nextIds);
            if (ids.isEmpty()) return false;
            var some = ids.subList(0, Math.min(READ, ids.size()));
            var conclusions = engine.storage().conclusions(some);
            var parts = new ArrayList<Part<C>>(some.size());
            for (int i = 0; i < some.size(); i++)
                parts.add(new Part<>(nextIds + i, some.get(i), result(some.get(i), conclusions)));
            nextIds += some.size();
            ids = ids.subList(some.size(), ids.size());
            read = parts;
            given = 0;
            return true;
        }
    }

    private Result<C> result(JobId job, Map<JobId, Conclusion> conclusions) {
        var handle = new JobHandle<C>(engine, job, true, type);
        var conclusion = conclusions.get(job);
        if (conclusion != null) return handle.resultHoweverLate(conclusion);
        var view = engine.storage().find(job);
        if (view.isEmpty())
            throw new MillraceException(
                    "Part %s of batch %s is no longer kept: ended jobs are kept for a time, in memory up to a number. Let the store keep them longer, or make the batch smaller."
                            .formatted(job, batch));
        return new Result.Pending<>(view.get().state());
    }
}
