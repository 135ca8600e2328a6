package dev.millrace;

import dev.millrace.store.Crowds;
import dev.millrace.store.Delivery;
import dev.millrace.store.Line;
import dev.millrace.store.PartOf;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What travels with a job: {@code o -> o.queue("billing").in(ofMinutes(5))}. Immutable; each method gives a changed copy. It already
 * holds what was said before: the engine's defaults, then {@link Job#options}, then the call.
 */
public final class JobOptions {

    /** The header that holds the tenant. */
    static final String TENANT = Delivery.TENANT;

    /** The header that holds the tags, separated by commas. */
    static final String TAGS = "tags";

    /** The header that holds the schedule that enqueued the job. */
    static final String SCHEDULE = "schedule";

    /** The header that holds the schedule's slot, in its zone. */
    static final String SLOT = "slot";

    /** The header that holds the job whose handler enqueued this one. */
    static final String PARENT = "parent";

    /** What a job has that says nothing. */
    static final JobOptions DEFAULT = new JobOptions(
            "default", Priority.NORMAL, null, null, null, null, null, After.NOBODY, Collections.emptySortedMap());

    final String queue;
    final Priority priority;
    final @Nullable Duration in;
    final @Nullable Instant at;
    final @Nullable Duration expiresAfter;
    final @Nullable String idempotencyKey;
    final @Nullable Unique unique;
    final After after;
    final Map<String, String> headers;

    /** Which jobs it runs after, each once, and what if one of them failed. */
    record After(List<JobId> jobs, IfFailed ifFailed) {
        static final After NOBODY = new After(List.of(), IfFailed.CANCEL);
    }

    private JobOptions(
            String queue,
            Priority priority,
            @Nullable Duration in,
            @Nullable Instant at,
            @Nullable Duration expiresAfter,
            @Nullable String idempotencyKey,
            @Nullable Unique unique,
            After after,
            Map<String, String> headers) {
        this.queue = queue;
        this.priority = priority;
        this.in = in;
        this.at = at;
        this.expiresAfter = expiresAfter;
        this.idempotencyKey = idempotencyKey;
        this.unique = unique;
        this.after = after;
        this.headers = headers;
    }

    /** The queue it waits in; only nodes that serve it run it. Default {@code default}. */
    public JobOptions queue(String name) {
        var checked = Bounds.name("A queue", name);
        return new JobOptions(checked, priority, in, at, expiresAfter, idempotencyKey, unique, after, headers);
    }

    /** How soon it is claimed among the jobs of its queue. Default {@code NORMAL}. */
    public JobOptions priority(Priority priority) {
        return new JobOptions(queue, priority, in, at, expiresAfter, idempotencyKey, unique, after, headers);
    }

    /** Not before this delay has passed, on the store's clock. Replaces {@link #at}. Zero means now. */
    public JobOptions in(Duration delay) {
        var checked = Bounds.delay("A delay", delay);
        return new JobOptions(
                queue,
                priority,
                checked.isZero() ? null : checked,
                null,
                expiresAfter,
                idempotencyKey,
                unique,
                after,
                headers);
    }

    /** Not before this moment, on the store's clock. Replaces {@link #in}. A moment that has passed means now. */
    public JobOptions at(Instant moment) {
        return new JobOptions(queue, priority, null, moment, expiresAfter, idempotencyKey, unique, after, headers);
    }

    /** Discards the job if it has not started so long after it was enqueued. Default: never. */
    public JobOptions expiresAfter(Duration span) {
        var checked = Bounds.span("An expiry", span, Bounds.DELAY);
        return new JobOptions(queue, priority, in, at, checked, idempotencyKey, unique, after, headers);
    }

    /**
     * A key for this request: enqueued again with the same key and the same request, the job that is there is answered, and
     * {@link Handle#existed} says so; with another request, the call is refused. The request is the kind, the payload, and what decides
     * where and when it runs; tags and headers may differ. A key is kept for 24 hours, unless the store was told otherwise
     * ({@code withIdempotencyKeysFor}), whether the job has ended or not.
     */
    public JobOptions idempotencyKey(String key) {
        var checked = Bounds.word("An idempotency key", key);
        return new JobOptions(queue, priority, in, at, expiresAfter, checked, unique, after, headers);
    }

    /**
     * Lets there be one such job until it has ended: one of this kind and with these values. While there is one that has not ended, it is answered,
     * and {@link Handle#existed} says so. Without values there is one of the kind.
     *
     * @param values what tells one such job from another: text, whole and decimal numbers, booleans, enums, UUIDs, URIs, dates and times, and
     *     records of these
     * @see Unique what else there is: for a time, or with the newest one winning
     */
    public JobOptions unique(Object... values) {
        return unique(Unique.by(values));
    }

    /** Lets there be one such job for as long as this says; replaces what was said before. */
    public JobOptions unique(Unique unique) {
        return new JobOptions(queue, priority, in, at, expiresAfter, idempotencyKey, unique, after, headers);
    }

    /**
     * Runs it after all jobs of its queue with the same values that were enqueued before it, and before those that come after: one at a time, over the
     * whole fleet, whatever their kinds. One that failed, is snoozed or parked holds up those behind it until it has ended; to let them pass, discard it.
     *
     * <p>Before means that the enqueue had returned, or the transaction had committed, before the other one began; for those that overlap nothing is
     * promised. Those that wait for a time ({@link #in}, {@link #at}) get in line when it has come, and those that are requeued when they are.
     *
     * @param values whose order it is, and of what sort: {@code inOrder("account", id)}; the kind is no part of it. Text, whole and decimal numbers, booleans,
     *     enums, UUIDs, URIs, dates and times, and records of these. 7 and "7" are two keys
     */
    public JobOptions inOrder(Object... values) {
        if (values.length == 0)
            throw new MillraceException(
                    "inOrder() needs to know whose order it is: inOrder(\"account\", id). With nothing in it all jobs of the queue would run one by one, on one node; if that is meant, say a word: inOrder(\"all\").");
        return put(Line.ORDER, KeyText.key("order key", values));
    }

    /**
     * Lets no more jobs of its queue with this limit and these values run at once, or start in a time, than the limit says, over the whole fleet and whatever their kinds. Those
     * that must wait hold no slot. With {@link #inOrder}, order is kept among jobs whose limit and values are the same as well. A job has one limit; the last
     * one said is right.
     *
     * @param values whose limit it is, such as the name of a shop, with values as for {@link #inOrder}; without values all jobs of the queue with this limit share it. All jobs of one limit and its
     *     values run on one node at a time, which takes over from another within seconds if that dies
     */
    public JobOptions limit(Limit limit, Object... values) {
        var limited = limit.of(KeyText.key("limit's key", values));
        var options = put(Line.LIMIT, limited.text());
        var rated = limited.rate();
        return rated == null ? options.without(Line.RATE) : options.put(Line.RATE, rated.text());
    }

    /**
     * Runs it when all these jobs have ended: once each of them has completed. If one is cancelled or discarded instead, this one is cancelled at once, with a
     * reason that names the other; {@link #ifFailed} says otherwise. One that failed and will be tried again has not ended. May be said several times: it runs
     * after all of them. With {@link #in} or {@link #at} it runs when these have ended and the time has come, which goes on counting meanwhile; {@link #expiresAfter}
     * is looked at when they have ended.
     *
     * <p>They must be there already, so that no job can wait for itself, not even by way of others: enqueued before by a call that has returned, or in the same
     * transaction of yours. Of one that ended before it counts how it ended; if all have, this one is due, or cancelled, at once. One that is past retention, or
     * not known, is refused by the enqueue. It starts within about a second after the last has ended. What was decided stays: if an operator requeues one of them later,
     * this one does not wait again.
     *
     * @param jobs 1,000 at most; where there are more, they are parts of a batch. A batch counts as the job that follows it
     */
    public JobOptions after(Handle<?>... jobs) {
        return after(Arrays.stream(jobs).map(Handle::id).toList());
    }

    /** The same, by their ids. */
    public JobOptions after(JobId... jobs) {
        return after(List.of(jobs));
    }

    /** The same, of any number of them up to 1,000; of none it says nothing. */
    public JobOptions after(Collection<JobId> jobs) {
        var all = new LinkedHashSet<>(after.jobs());
        all.addAll(jobs);
        if (all.size() > Bounds.BLOCKERS)
            throw new MillraceException(
                    "A job can't run after %,d others: at most %,d. Where there are more, enqueue them as parts of a batch, which a job follows: millrace.batch(parts, job)."
                            .formatted(all.size(), Bounds.BLOCKERS));
        return waiting(new After(List.copyOf(all), after.ifFailed()));
    }

    /** What becomes of it if one of those that it runs {@link #after} was cancelled or discarded. Default {@code CANCEL}. Says nothing of a job that runs after none. */
    public JobOptions ifFailed(IfFailed ifFailed) {
        return waiting(new After(after.jobs(), ifFailed));
    }

    private JobOptions waiting(After other) {
        return new JobOptions(queue, priority, in, at, expiresAfter, idempotencyKey, unique, other, headers);
    }

    /**
     * Whose job it is. Who has asked for a few jobs lately is served before who has asked for more; those that have much share what is left, equally or by {@linkplain #share shares}. Tenants are told
     * apart within a queue and a priority. Jobs {@linkplain #inOrder in order} or with a limit stand in lines instead.
     */
    public JobOptions tenant(String tenant) {
        return put(TENANT, Bounds.word("A tenant", tenant));
    }

    /**
     * The share of the job's tenant, where tenants have so much to do that it must be shared: one with a share of 3 gets three times as much as one with 1, and may ask for three times as much
     * before it is set aside. It goes by what the last jobs said. Without it, 1.
     *
     * @param share from 1 to 100
     */
    public JobOptions share(int share) {
        if (share < 1 || share > Crowds.LARGEST_SHARE)
            throw new MillraceException(
                    "A tenant's share of %d is out of range. It is between 1 and %d, and relative to that of other tenants; %d would do."
                            .formatted(share, Crowds.LARGEST_SHARE, Math.clamp(share, 1, Crowds.LARGEST_SHARE)));
        return share == 1 ? without(Crowds.SHARE) : put(Crowds.SHARE, Integer.toString(share));
    }

    /** A word to find it by; may be repeated. */
    public JobOptions tag(String tag) {
        Bounds.word("A tag", tag);
        if (tag.indexOf(',') >= 0)
            throw new MillraceException(
                    "The tag \"%s\" holds a comma, which separates tags. Give them one by one.".formatted(tag));
        var before = headers.get(TAGS);
        return put(TAGS, before == null ? tag : before + "," + tag);
    }

    /** Something that travels along and that the engine does not read, such as a trace. The last one of a name wins. */
    public JobOptions header(String name, String value) {
        Bounds.name("A header", name);
        var own = switch (name) {
            case TENANT -> "tenant(…)";
            case TAGS -> "tag(…)";
            case PARENT -> "attempt.enqueue(…)";
            case SCHEDULE, SLOT -> "node.schedule(…)";
            default -> null;
        };
        if (own != null)
            throw new MillraceException(
                    "The header \"%s\" is the engine's own. Use %s, or another name.".formatted(name, own));
        return put(name, Bounds.word("The header \"" + name + "\"", value));
    }

    /** Enqueued by the handler of this job. */
    JobOptions parent(JobId job) {
        return put(PARENT, job.toString());
    }

    /** A part of this batch. */
    JobOptions partOf(JobId batch) {
        return put(PartOf.HEADER, batch.toString());
    }

    /** Enqueued for a slot of this schedule. */
    JobOptions slot(String schedule, ZonedDateTime slot) {
        return put(SCHEDULE, schedule).put(SLOT, slot.toString());
    }

    @Nullable
    String tenant() {
        return headers.get(TENANT);
    }

    private JobOptions put(String name, String value) {
        var more = new TreeMap<>(headers);
        more.put(name, value);
        if (more.size() > Bounds.HEADERS)
            throw new MillraceException(
                    "A job has at most %d headers, tenant and tags included. What its handler needs belongs in its payload."
                            .formatted(Bounds.HEADERS));
        return new JobOptions(
                queue,
                priority,
                in,
                at,
                expiresAfter,
                idempotencyKey,
                unique,
                after,
                Collections.unmodifiableSortedMap(more));
    }

    private JobOptions without(String name) {
        if (!headers.containsKey(name)) return this;
        var less = new TreeMap<>(headers);
        less.remove(name);
        return new JobOptions(
                queue,
                priority,
                in,
                at,
                expiresAfter,
                idempotencyKey,
                unique,
                after,
                Collections.unmodifiableSortedMap(less));
    }

    /** For people and tests: what is said, by name. */
    @Override
    public String toString() {
        var said = new LinkedHashMap<String, Object>();
        said.put("queue", queue);
        said.put("priority", priority.wireName());
        if (in != null) said.put("in", Words.duration(in));
        if (at != null) said.put("at", at);
        if (!after.jobs().isEmpty()) {
            said.put("after", after.jobs());
            said.put("ifFailed", after.ifFailed().wireName());
        }
        if (expiresAfter != null) said.put("expiresAfter", Words.duration(expiresAfter));
        if (idempotencyKey != null) said.put("idempotencyKey", idempotencyKey);
        if (unique != null) said.put("unique", unique);
        said.putAll(headers);
        return said.toString();
    }
}
