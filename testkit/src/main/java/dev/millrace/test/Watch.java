package dev.millrace.test;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.MillraceException;
import dev.millrace.store.Accepted;
import dev.millrace.store.Claim;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.NewJob;
import dev.millrace.store.Promoted;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.Timetable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the engine and its store, and watches: which jobs came, when something is due, and since when nothing has happened.
 * Changes nothing. It is a proxy, so that it knows only the steps that it watches.
 */
final class Watch {

    /** Steps that nodes take whether or not there is anything to do. They change nothing that anybody waits for. */
    private static final Set<String> IDLE = Set.of(
            "beat",
            "census",
            "witness",
            "streams",
            "poll",
            "control",
            "own",
            "schedules",
            "publish",
            "schema",
            "schemas",
            "shards",
            "absent",
            "behind",
            "over",
            "grant",
            "manifest",
            "keep",
            "checkpointOf",
            "conclusions",
            "batch",
            "parts",
            "blockers",
            "find",
            "history",
            "select",
            "change",
            "changes",
            "failures",
            "payloads",
            "deletion",
            "list",
            "queues",
            "sample",
            "pauses",
            "inLine",
            "inQueue",
            "adjustments",
            "share",
            "shared",
            "nodes",
            "observe",
            "codec",
            "describe",
            "reserveNode",
            "listen",
            "toString",
            "hashCode",
            "equals",
            "close");

    private final Storage behind;
    private final Stage stage;
    private final Timeline timeline;
    private final List<NewJob> enqueued = new CopyOnWriteArrayList<>();
    private volatile long lastEffect;

    Watch(Storage behind, Stage stage) {
        this.behind = behind;
        this.stage = stage;
        this.timeline = stage.timeline();
    }

    /** What the engine takes for the store. */
    Storage storage() {
        return (Storage) Proxy.newProxyInstance(
                Watch.class.getClassLoader(),
                new Class<?>[] {Storage.class},
                (self, method, given) -> step(method, given == null ? new Object[0] : given));
    }

    /** The store itself. */
    Storage behind() {
        return behind;
    }

    /** All jobs so far, in the order in which they were enqueued. */
    List<NewJob> enqueued() {
        return enqueued;
    }

    /** When something changed last, by the engine's clock. */
    long lastEffect() {
        return lastEffect;
    }

    private @Nullable Object step(Method method, Object[] given) throws Throwable {
        var name = method.getName();
        switch (name) {
            case "connection" -> throw noConnection();
            case "enqueueAll" -> {
                if (given.length == 1) return enqueueAll(method, (Iterator<?>) given[0]);
            }
            case "enqueueBatch" -> {
                if (given.length == 2) return enqueueParts(method, given[0], (Iterator<?>) given[1]);
            }
            case "enqueueParts" -> {
                return enqueueParts(method, given[0], (Iterator<?>) given[1]);
            }
            default -> {}
        }
        var answer = asked(method, given);
        if (!IDLE.contains(name) && !nothing(answer)) lastEffect = timeline.nanos();
        if (name.equals("enqueue") && given.length == 1) noted((NewJob) given[0], ((Accepted) notNull(answer)).job());
        if (name.equals("fire")) fired((List<?>) given[3], (OptionalInt) notNull(answer));
        if (name.equals("flush")) flushed((Collection<?>) given[1], (List<?>) notNull(answer));
        return answer;
    }

    /** Of a schedule that is this node's all are new: it fires a slot once, and nothing here goes lost on the way. */
    private void fired(List<?> runs, OptionalInt fresh) {
        if (fresh.isEmpty()) return;
        for (var run : runs) {
            var job = ((Timetable.Run) run).job();
            if (job.unique() == null || behind.find(job.id()).isPresent()) noted(job);
        }
    }

    private @Nullable Object asked(Method method, Object... given) throws Throwable {
        try {
            return method.invoke(behind, given);
        } catch (InvocationTargetException failed) {
            throw Objects.requireNonNullElse(failed.getCause(), failed);
        }
    }

    private static Object notNull(@Nullable Object answer) {
        return Objects.requireNonNull(answer);
    }

    /** Whether the step found nothing to do. */
    private static boolean nothing(@Nullable Object answer) {
        return switch (answer) {
            case Claim claim -> claim.places().isEmpty();
            case Promoted promoted -> promoted.count() == 0;
            case Integer released -> released == 0;
            case Boolean did -> !did;
            case OptionalInt fired -> fired.isEmpty();
            case Collection<?> all -> all.isEmpty();
            case null, default -> false;
        };
    }

    // ---- what came

    private @Nullable Object enqueueAll(Method method, Iterator<?> jobs) throws Throwable {
        var all = new ArrayList<NewJob>();
        jobs.forEachRemaining(job -> all.add((NewJob) job));
        var answer = asked(method, all.iterator());
        lastEffect = timeline.nanos();
        var held = (Map<?, ?>) notNull(answer);
        for (var job : all) noted(job, held.get(job.id()) instanceof JobId holder ? holder : job.id());
        return answer;
    }

    /** A batch, or more parts of one. */
    private @Nullable Object enqueueParts(Method method, Object first, Iterator<?> parts) throws Throwable {
        var all = new ArrayList<NewJob>();
        parts.forEachRemaining(part -> all.add((NewJob) part));
        var answer = asked(method, first, all.iterator());
        if (!Boolean.TRUE.equals(answer)) return answer;
        lastEffect = timeline.nanos();
        for (var part : all) noted(part);
        if (first instanceof NewJob then) noted(then);
        return answer;
    }

    /** @param holder the job that was answered: another one, if that has its key; which may wait for another time now */
    private void noted(NewJob job, JobId holder) {
        if (holder.equals(job.id())) noted(job);
        else behind.find(holder).map(JobView::runAt).ifPresent(runAt -> dueIn(Duration.between(stage.now(), runAt)));
    }

    private void noted(NewJob job) {
        enqueued.add(job);
        noted(job.due());
    }

    private void noted(NewJob.@Nullable Due due) {
        switch (due) {
            case NewJob.Due.In(var delay) -> dueIn(delay);
            case NewJob.Due.At(var moment) -> dueIn(Duration.between(stage.now(), moment));
            case NewJob.Due.After after ->
                noted(after.time()); // what ends the last of those that it waits for lets it go
            case null -> {}
        }
    }

    // ---- what will be due

    private void flushed(Collection<?> ended, List<?> settled) {
        int i = 0;
        for (var one : ended) {
            if (settled.get(i++) != Settled.WON) continue;
            switch (((Ended) one).ending()) {
                case Ending.Retry(var failure, var delay) -> dueIn(delay);
                case Ending.TimedOut(var failure, var delay) -> dueIn(delay);
                case Ending.Snoozed(var delay, var reason) -> dueIn(delay);
                case Ending.Done done -> {}
                case Ending.Cancelled cancelled -> {}
                case Ending.Discarded discarded -> {}
                case Ending.HandedBack back -> {}
                case Ending.Parked parked -> {}
            }
        }
    }

    private void dueIn(Duration delay) {
        timeline.at(timeline.wall() + delay.toNanos(), stage::promote);
    }

    private static MillraceException noConnection() {
        return new MillraceException(
                "TestMillrace keeps its jobs in memory, and has no connection to give to a handler that was added with transact(…). Test such a handler on a PostgresStore, or call its method yourself, with a connection of your own; add the other handlers of the module without it.");
    }
}
