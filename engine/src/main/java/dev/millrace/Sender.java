package dev.millrace;

import dev.millrace.Payloads.Packed;
import dev.millrace.store.Crowds;
import dev.millrace.store.Line;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.NewJob.Idempotency;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes of a job, and of what is said about it, what a store takes. */
final class Sender {

    private final World world;
    private final Ids ids;
    private final Payloads payloads;

    Sender(World world, Payloads payloads) {
        this.world = world;
        this.ids = new Ids(world);
        this.payloads = payloads;
    }

    JobId newId() {
        return ids.next();
    }

    /** A job as its record and the call say it. */
    NewJob of(Job<?> job, KindType kind, UnaryOperator<JobOptions> call) {
        if (job instanceof Reduce<?, ?>)
            throw new MillraceException(
                    "%s follows a batch, and is not enqueued by itself. Enqueue it with the parts that it follows: millrace.batch(parts, job); on a schedule, from the handler of its job."
                            .formatted(kind.type().getSimpleName()));
        return of(job, kind, options(job, kind, call));
    }

    /** A part of a batch. It has no key: a job that was there before would not be a part. */
    NewJob part(Job<?> job, KindType kind, UnaryOperator<JobOptions> call, JobId batch) {
        var options = options(job, kind, call);
        refuseKeys("A part of a batch", kind, options);
        return of(job, kind, options.partOf(batch));
    }

    /**
     * The job that follows a batch.
     *
     * @param outer the batch of which it is a part itself; null if it is none
     */
    NewJob following(Reduce<?, ?> job, KindType kind, @Nullable JobId outer) {
        var options = options(job, kind, UnaryOperator.identity());
        refuseKeys("A job that follows a batch", kind, options);
        if (options.in != null || options.at != null || !options.after.jobs().isEmpty())
            throw new MillraceException(
                    "%s follows a batch, and runs when all parts have ended. Leave out in(…), at(…) and after(…); parts may have them."
                            .formatted(kind.type().getSimpleName()));
        return of(job, kind, outer == null ? options : options.partOf(outer));
    }

    private static void refuseKeys(String what, KindType kind, JobOptions options) {
        if (options.idempotencyKey == null && options.unique == null) return;
        throw new MillraceException(
                "%s has no %s, and %s asks for one: there could be another job instead of it. Leave it out."
                        .formatted(
                                what,
                                options.unique == null ? "idempotency key" : "unique key",
                                kind.type().getSimpleName()));
    }

    private static void refuseShareOfNobody(KindName kind, JobOptions options) {
        if (options.tenant() == null && options.headers.containsKey(Crowds.SHARE))
            throw new MillraceException(
                    "The job of kind %s has share(%s), which is a tenant's, and no tenant. Say whose it is by tenant(…), or leave the share out."
                            .formatted(kind, options.headers.get(Crowds.SHARE)));
    }

    private static void refusePriorityInLine(KindName kind, JobOptions options) {
        if (options.priority == Priority.NORMAL || Line.of(options.headers) == null) return;
        throw new MillraceException(
                "A job of the kind %s has priority %s, and an order or a limit: jobs that wait for others of their key have no priority among them. Leave the priority out; or give urgent ones a queue of their own, with which they share no order and no limit."
                        .formatted(kind.name(), options.priority.wireName()));
    }

    private static JobOptions options(Job<?> job, KindType kind, UnaryOperator<JobOptions> call) {
        var own = said(job.options(JobOptions.DEFAULT), kind.type().getSimpleName() + ".options");
        return said(call.apply(own), "The options of the call");
    }

    private NewJob of(Job<?> job, KindType kind, JobOptions options) {
        var payload = payloads.packed("The payload of " + kind.type().getSimpleName(), job, Bounds.PAYLOAD_BYTES);
        return of(kind.name(), payload, options);
    }

    /** A job by the name of its kind. */
    NewJob of(KindName kind, Packed payload, UnaryOperator<JobOptions> call) {
        return of(kind, payload, said(call.apply(JobOptions.DEFAULT), "The options of the call"));
    }

    private NewJob of(KindName kind, Packed payload, JobOptions options) {
        refusePriorityInLine(kind, options);
        refuseShareOfNobody(kind, options);
        return new NewJob(
                ids.next(),
                options.queue,
                options.priority,
                options.tenant(),
                kind.name(),
                kind.version(),
                payload.kept(),
                options.headers,
                due(options),
                options.expiresAfter,
                idempotency(kind, payload, options),
                options.unique == null ? null : options.unique.of(kind));
    }

    private static JobOptions said(@Nullable JobOptions options, String who) {
        if (options == null)
            throw new MillraceException(who + " returned null. Return what was given: o -> o.queue(…), or o itself.");
        return options;
    }

    private @Nullable Due due(JobOptions options) {
        var after = options.after;
        if (after.jobs().isEmpty()) return time(options);
        if (options.unique != null && options.unique.changesOthers())
            throw new MillraceException(
                    "A job that runs after others can't replace one of its key or be debounced: which of the two would wait for them? Leave out after(…), or let the key be unique until its job has ended.");
        return new Due.After(after.jobs(), after.ifFailed(), time(options));
    }

    private @Nullable Due time(JobOptions options) {
        var quiet = options.unique == null ? null : options.unique.quiet();
        if (quiet != null) {
            if (options.in != null || options.at != null)
                throw new MillraceException(
                        "The job is debounced, which says when it runs: after %s of quiet. Leave out in(…) and at(…)."
                                .formatted(Words.duration(quiet)));
            return in(quiet, options);
        }
        if (options.in != null) return in(options.in, options);
        if (options.at == null) return null;
        if (options.at.isAfter(world.now().plus(Bounds.DELAY)))
            throw new MillraceException(
                    "%s is more than ten years away, the most there is. Check its unit.".formatted(options.at));
        if (options.expiresAfter != null && !options.at.isBefore(world.now().plus(options.expiresAfter)))
            throw new MillraceException(
                    "The job waits until %s and expires after %s from now, which is before: it could never run. Make the expiry longer."
                            .formatted(options.at, Words.duration(options.expiresAfter)));
        // So long ago that a database may not have such a time, and no clock is so wrong that it could be meant for
        // later.
        return options.at.isBefore(world.now().minus(Bounds.DELAY)) ? null : new Due.At(options.at);
    }

    private static Due in(Duration delay, JobOptions options) {
        if (options.expiresAfter != null && options.expiresAfter.compareTo(delay) <= 0)
            throw new MillraceException(
                    "The job waits %s and expires after %s: it could never run. Both count from now; make the expiry longer."
                            .formatted(Words.duration(delay), Words.duration(options.expiresAfter)));
        return new Due.In(delay);
    }

    /**
     * What a key stands for: everything that decides what runs, where and when. Long values as a hash, so that it can be shown; of the payload
     * as its codec wrote it, since it may be encrypted, and then is another text each time.
     */
    private @Nullable Idempotency idempotency(KindName kind, Packed payload, JobOptions options) {
        if (options.idempotencyKey == null) return null;
        var request = new StringBuilder()
                .append(kind)
                .append(" in queue ")
                .append(options.queue)
                .append(" at ")
                .append(options.priority.wireName());
        if (options.in != null) request.append(" in ").append(options.in);
        if (options.at != null) request.append(" at ").append(options.at);
        if (!options.after.jobs().isEmpty())
            request.append(" after ")
                    .append(options.after.jobs())
                    .append(" if failed ")
                    .append(options.after.ifFailed().wireName());
        if (options.expiresAfter != null) request.append(" expires after ").append(options.expiresAfter);
        if (options.tenant() != null) request.append(" for tenant ").append(options.tenant());
        var line = Line.of(options.headers);
        if (line != null) request.append(" in line ").append(line.in(Map.of()));
        if (options.unique != null) request.append(" unique ").append(options.unique.of(kind));
        var said = request.append(" with payload ").toString();
        return new Idempotency(
                options.idempotencyKey,
                said + payloads.digest(payload),
                payloads.digestsElsewhere(payload).stream().map(said::concat).collect(Collectors.toUnmodifiableSet()));
    }
}
