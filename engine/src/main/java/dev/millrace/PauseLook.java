package dev.millrace;

import dev.millrace.Paused.Meets;
import dev.millrace.store.Line;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Storage;
import dev.millrace.store.Timetable.Kept;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether anything waits that belongs to a pause: a slip in its name, or a number for a text, pauses nothing and says nothing. Reads no more than a page of each state. */
final class PauseLook {

    private static final List<State> WAITS = List.of(State.AVAILABLE, State.SCHEDULED, State.RETRYABLE);

    /** What waits in a line is held by the node that has its shard, and looks like what runs. */
    private static final List<State> WAITS_IN_LINE =
            List.of(State.AVAILABLE, State.RUNNING, State.SCHEDULED, State.RETRYABLE);

    private final Storage storage;
    private final Scope scope;
    private final String plain;
    private @Nullable Scope other;

    private PauseLook(Storage storage, Scope scope) {
        this.storage = storage;
        this.scope = scope;
        this.plain = plain(scope);
    }

    /** What a pause that was said just now meets. */
    static Paused of(Storage storage, Scope scope, @Nullable Instant until) {
        var look = new PauseLook(storage, scope);
        Meets meets;
        try {
            meets = look.look();
        } catch (MillraceException unseen) {
            meets = Meets.UNKNOWN; // it is paused all the same, whatever became of the look
        }
        return new Paused(scope, until, meets, meets == Meets.SOMETHING ? null : look.other);
    }

    private Meets look() {
        return switch (scope) {
            case Scope.OfSchedule schedule -> schedules();
            case Scope.Queue(var name) -> queue(name);
            case Scope.Key(var queue, var key) -> all(queue);
            case Scope.OfKind kind -> all(null);
            case Scope.Tenant tenant -> all(null);
            case Scope.OfLimit limit -> all(null);
        };
    }

    private Meets schedules() {
        for (var kept : storage.schedules()) if (meets(Scope.schedule(name(kept)))) return Meets.SOMETHING;
        return Meets.NOTHING;
    }

    private static String name(Kept kept) {
        return kept.card().name();
    }

    /** What is available is found by its queue, however much else there is. */
    private Meets queue(String name) {
        var available = storage.list(new Query(State.AVAILABLE, name, null, null, 1, true));
        return available.isEmpty() ? all(null) : Meets.SOMETHING;
    }

    /**
     * Looks at the newest ones. What waits for a time is not asked for by anything else: the store would read all of it, where nothing matches.
     *
     * @param queue where to look among those that are available; null looks everywhere
     */
    private Meets all(@Nullable String queue) {
        boolean more = false;
        boolean inLine = scope instanceof Scope.Key || scope instanceof Scope.OfLimit;
        for (var state : inLine ? WAITS_IN_LINE : WAITS) {
            var in = state == State.AVAILABLE ? queue : null;
            var page = storage.list(new Query(state, in, null, null, Query.MAX_LIMIT, true));
            for (var job : page) if (belongs(job).anyMatch(this::meets)) return Meets.SOMETHING;
            more |= page.size() == Query.MAX_LIMIT;
        }
        return more ? Meets.UNKNOWN : Meets.NOTHING;
    }

    /** To what of the same sort a job belongs. */
    private Stream<Scope> belongs(JobView job) {
        var line = Line.of(job.headers());
        return switch (scope) {
            case Scope.OfSchedule schedule -> Stream.empty();
            case Scope.Queue queue -> Stream.of(Scope.queue(job.queue()));
            case Scope.OfKind kind -> Stream.of(Scope.kind(job.kind()));
            case Scope.Tenant tenant ->
                Stream.ofNullable(job.headers().get("tenant")).map(Scope::tenant);
            case Scope.Key key ->
                line == null || line.order() == null
                        ? Stream.empty()
                        : Stream.of(new Scope.Key(job.queue(), line.order()));
            case Scope.OfLimit(var name, var key) ->
                line == null || line.limit() == null
                        ? Stream.empty()
                        : Stream.of(new Scope.OfLimit(
                                line.limit().name(),
                                key == null ? null : line.limit().key()));
        };
    }

    /** Whether it is the scope itself; one that is only spelled like it is remembered. */
    private boolean meets(Scope one) {
        if (one.equals(scope)) return true;
        if (other == null && plain(one).equals(plain)) other = one;
        return false;
    }

    /** The letters and digits of a name, whatever stands around and between them, and whatever their case. */
    private static String plain(Scope scope) {
        return scope.name()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}]+", " ")
                .strip();
    }
}
