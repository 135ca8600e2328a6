package dev.millrace.postgres;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.store.Crowds;
import dev.millrace.store.Crowds.Load;
import dev.millrace.store.NewJob;
import dev.millrace.store.StreamInfo;
import dev.millrace.world.World;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which tenants' jobs this process sends to a side shard, and to which, by {@link Crowds}. Where one asks for much more than others, it asks the database for a shard of its own; and while it enqueues jobs
 * of tenants it asks now and then who else has one, since a flood may come from many processes of which none sees much. Who asks for more than a few goes to one of those that are shared, by its name.
 *
 * <p>No connection is asked for by who may hold one: a thread of its own does it. Until it has an answer, jobs go where they would without; only who sends many in a transaction of ours waits a moment, where a
 * queue has no side shards at all yet, now and then. What fails is asked again, a little later.
 */
final class SideShards implements ShardChoice.Asides, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(SideShards.class.getName());

    /** After so long a crowd's shard is asked for again: so the database knows that it is one still. */
    private static final Duration KEPT = Duration.ofSeconds(10);

    /** After so long it is asked who else is set aside. */
    private static final Duration LOOKED = Duration.ofSeconds(2);

    /** A tenant is one of those for so long after the last process has seen a crowd. */
    private static final Duration OTHERS = Duration.ofSeconds(30);

    /** Who may wait for an answer waits for so long at most, and so often. */
    private static final Duration MOMENT = Duration.ofMillis(50);

    private static final Duration NOW_AND_THEN = Duration.ofMillis(500);

    /** What failed is asked again after so long. */
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private static final Duration WARNED = Duration.ofMinutes(1);
    private static final int WAITING = 64;
    private static final int IDLE_SECONDS = 10;

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final World world;
    private final Crowds crowds = new Crowds();
    private final Map<Tenant, Aside> asides = new ConcurrentHashMap<>();
    private final Map<String, Long> lookedAt = new ConcurrentHashMap<>();
    private final Map<Object, CompletableFuture<Void>> asking = new ConcurrentHashMap<>();
    private final Map<Object, Long> failedAt = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor asker;
    private final AtomicLong warnedAt = new AtomicLong();
    private final AtomicLong waitedAt = new AtomicLong();

    private record Tenant(String queue, Priority priority, String name) {}

    private record Shared(String queue, Priority priority) {}

    /** @param asked when the database was told last that this process sees a crowd; null if others do */
    private record Aside(int shard, @Nullable Long asked) {}

    SideShards(Pool pool, JobSql sql, Streams streams, World world) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.world = world;
        asker = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING),
                work -> {
                    var thread = new Thread(work, "millrace-side-shards");
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.AbortPolicy());
        asker.allowCoreThreadTimeOut(true);
        warnedAt.set(world.nanoTime() - WARNED.toNanos());
        waitedAt.set(world.nanoTime() - NOW_AND_THEN.toNanos());
    }

    @Override
    public int of(NewJob job, String name, boolean waits) {
        long now = world.nanoTime();
        var load = crowds.add(job, name, now);
        var tenant = new Tenant(job.queue(), job.priority(), name);
        var alone = asides.get(tenant);
        if (load == Load.MUCH && (alone == null || alone.asked == null || now - alone.asked >= KEPT.toNanos()))
            asks(tenant, () -> setAside(tenant), now);
        var looked = lookedAt.get(job.queue());
        if (looked == null || now - looked >= LOOKED.toNanos()) asks(job.queue(), () -> look(job.queue()), now);
        if (alone != null && streams.known(job.queue(), job.priority(), alone.shard) != null) return alone.shard;
        return load == Load.FEW ? -1 : shared(job, name, waits, now);
    }

    private int shared(NewJob job, String name, boolean waits, long now) {
        int shard = StreamInfo.SHARED_ASIDE + ShardChoice.highest(name, StreamInfo.SHARED_SIDE_SHARDS);
        if (streams.known(job.queue(), job.priority(), shard) != null) return shard;
        var place = new Shared(job.queue(), job.priority());
        var answer = ask(place, () -> makeShared(place), now);
        return waits && isAnswered(answer, now) && streams.known(job.queue(), job.priority(), shard) != null
                ? shard
                : -1;
    }

    private void asks(Object what, Runnable question, long now) {
        var unused = ask(what, question, now); // nobody waits for it
    }

    /** Done when it is answered, or was not asked. */
    private CompletableFuture<Void> ask(Object what, Runnable question, long now) {
        var failed = failedAt.get(what);
        if (failed != null && now - failed < AGAIN.toNanos()) return CompletableFuture.completedFuture(null);
        var answered = new CompletableFuture<Void>();
        var before = asking.putIfAbsent(what, answered);
        if (before != null) return before;
        try {
            asker.execute(() -> {
                try {
                    failedAt.remove(what);
                    question.run();
                } catch (MillraceException failure) {
                    failedAt.put(what, world.nanoTime());
                    warn(failure);
                } finally {
                    over(what, answered);
                }
            });
        } catch (RejectedExecutionException | OutOfMemoryError noThread) {
            over(what, answered); // it is asked again with the next job
        }
        return answered;
    }

    private void over(Object what, CompletableFuture<Void> answered) {
        asking.remove(what);
        answered.complete(null);
    }

    private boolean isAnswered(CompletableFuture<Void> answer, long now) {
        if (answer.isDone()) return true;
        long last = waitedAt.get();
        if (now - last < NOW_AND_THEN.toNanos() || !waitedAt.compareAndSet(last, now)) return false;
        try {
            answer.get(MOMENT.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the caller's affair; nothing depends on the answer
            return false;
        } catch (TimeoutException | ExecutionException late) {
            return false; // it comes later, or is asked again
        }
    }

    private void makeShared(Shared place) {
        var shards = IntStream.range(0, StreamInfo.SHARED_SIDE_SHARDS)
                .map(i -> StreamInfo.SHARED_ASIDE + i)
                .toArray();
        pool.look("make side shards", own -> {
            try (var call = Session.prepare(own, sql.addSideShards, place.queue, place.priority.rank(), shards)) {
                call.execute();
            }
            return streams.refresh(own, Set.of(place.queue));
        });
    }

    private void setAside(Tenant tenant) {
        int shard = pool.look("set a tenant aside", own -> {
            int given = setAside(own, tenant);
            if (given > 0 && streams.known(tenant.queue, tenant.priority, given) == null)
                streams.refresh(own, Set.of(tenant.queue));
            return given;
        });
        if (shard > 0) asides.put(tenant, new Aside(shard, world.nanoTime()));
        else failedAt.put(tenant, world.nanoTime()); // all are in use: it shares one, and asks again
    }

    private int setAside(Connection own, Tenant tenant) throws SQLException {
        try (var call = Session.prepare(
                        own, sql.setAside, tenant.queue, tenant.priority.rank(), tenant.name, StreamInfo.SIDE_SHARDS);
                var rows = call.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** Who is set aside in this queue now. Of its own crowds it knows better. */
    private void look(String queue) {
        long now = world.nanoTime();
        lookedAt.put(queue, now);
        var found = pool.look("look who is set aside", own -> {
            var others = others(own, queue);
            if (others.entrySet().stream().anyMatch(this::isNew)) streams.refresh(own, Set.of(queue));
            return others;
        });
        asides.entrySet()
                .removeIf(entry -> entry.getKey().queue.equals(queue)
                        && !found.containsKey(entry.getKey())
                        && (entry.getValue().asked == null || now - entry.getValue().asked > OTHERS.toNanos()));
        found.forEach((tenant, shard) ->
                asides.compute(tenant, (same, known) -> new Aside(shard, known == null ? null : known.asked)));
    }

    private boolean isNew(Map.Entry<Tenant, Integer> set) {
        var tenant = set.getKey();
        return streams.known(tenant.queue, tenant.priority, set.getValue()) == null;
    }

    private Map<Tenant, Integer> others(Connection own, String queue) throws SQLException {
        var others = new HashMap<Tenant, Integer>();
        try (var list = Session.prepare(own, sql.setAsides, queue, OTHERS.toMillis());
                var rows = list.executeQuery()) {
            while (rows.next())
                others.put(
                        new Tenant(queue, Priority.ofRank(rows.getInt("priority")), rows.getString("tenant")),
                        rows.getInt("shard"));
        }
        return others;
    }

    private void warn(MillraceException failed) {
        long now = world.nanoTime();
        long last = warnedAt.get();
        if (now - last < WARNED.toNanos() || !warnedAt.compareAndSet(last, now)) return;
        LOG.log(
                Level.WARNING,
                "Whether tenants are to be set aside could not be asked: %s Their jobs go where all do, and others may stand behind them. It is asked again; nothing is lost."
                        .formatted(failed.getMessage()));
    }

    @Override
    public void close() {
        asker.shutdownNow();
    }
}
