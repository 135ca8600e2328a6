package dev.millrace.postgres;

import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.store.Crowds;
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
import org.jspecify.annotations.Nullable;

/**
 * Which tenants' jobs this process sends to a side shard, and to which. Where it sees a {@linkplain Crowds crowd}, it asks the database for a shard; and while it enqueues jobs of tenants it
 * asks now and then who else has been set aside, since a crowd may come from many processes of which none sees much.
 *
 * <p>No connection is asked for by who may hold one: a thread of its own does it. Until it has an answer the jobs go where all do; only who sends many at once waits for a moment when a crowd
 * is new, now and then. What fails is asked again.
 */
final class SideShards implements ShardChoice.Asides, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(SideShards.class.getName());

    /** After so long a crowd's shard is asked for again: so the database knows that it is one still. */
    private static final Duration KEPT = Duration.ofSeconds(10);

    /** After so long it is asked who else is set aside. */
    private static final Duration LOOKED = Duration.ofSeconds(2);

    /** A tenant is one of those for so long after the last process has seen a crowd. */
    private static final Duration OTHERS = Duration.ofSeconds(30);

    /** Many that come at once wait for an answer for so long at most, and so often. */
    private static final Duration MOMENT = Duration.ofMillis(50);

    private static final Duration NOW_AND_THEN = Duration.ofMillis(500);

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
    private final ThreadPoolExecutor asker;
    private final AtomicLong warnedAt = new AtomicLong();
    private final AtomicLong waitedAt = new AtomicLong();

    private record Tenant(String queue, Priority priority, String name) {}

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
    public int of(NewJob job, String name, boolean many) {
        long now = world.nanoTime();
        boolean crowd = crowds.add(job, name, now);
        var tenant = new Tenant(job.queue(), job.priority(), name);
        var aside = asides.get(tenant);
        if (crowd && (aside == null || aside.asked == null || now - aside.asked >= KEPT.toNanos())) {
            var answer = ask(tenant, () -> setAside(tenant));
            if (aside == null && many) aside = waitFor(answer, tenant, now);
        }
        var looked = lookedAt.get(job.queue());
        if (looked == null || now - looked >= LOOKED.toNanos()) {
            var unused = ask(job.queue(), () -> look(job.queue())); // nobody waits for it
        }
        if (aside == null) return -1;
        return streams.known(job.queue(), job.priority(), aside.shard) == null ? -1 : aside.shard;
    }

    /** Done when it is answered, or was not asked. */
    private CompletableFuture<Void> ask(Object what, Runnable question) {
        var answered = new CompletableFuture<Void>();
        var before = asking.putIfAbsent(what, answered);
        if (before != null) return before;
        try {
            asker.execute(() -> {
                try {
                    question.run();
                } catch (MillraceException failed) {
                    warn(failed);
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

    private @Nullable Aside waitFor(CompletableFuture<Void> answer, Tenant tenant, long now) {
        long last = waitedAt.get();
        if (now - last < NOW_AND_THEN.toNanos() || !waitedAt.compareAndSet(last, now)) return null;
        try {
            answer.get(MOMENT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the caller's affair; nothing depends on the answer
        } catch (TimeoutException | ExecutionException late) {
            return null; // it comes later, or is asked again
        }
        return asides.get(tenant);
    }

    private void setAside(Tenant tenant) {
        int shard = pool.look("set a tenant aside", own -> {
            int given = setAside(own, tenant);
            streams.refresh(own, Set.of(tenant.queue));
            return given;
        });
        asides.put(tenant, new Aside(shard, world.nanoTime()));
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
