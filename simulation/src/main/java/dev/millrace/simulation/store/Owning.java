package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Claiming.StreamLock;
import dev.millrace.simulation.store.Rows.Node.Life;
import dev.millrace.store.Abilities;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NodeId;
import dev.millrace.store.Ownership.Absent;
import dev.millrace.store.Ownership.Back;
import dev.millrace.store.Ownership.Behind;
import dev.millrace.store.Ownership.Grant;
import dev.millrace.store.Ownership.Recall;
import dev.millrace.store.Ownership.Recalled;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.Ownership.Shards;
import dev.millrace.store.Ownership.Wish;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Who claims from keyed shards: {@code V031__keyed_shards.sql}. A shard has the number of its stream, and its front the next one. */
final class Owning {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Tables tables;
    private final Fences fences;
    private final Claiming claiming;

    Owning(Tables tables, Fences fences, Claiming claiming) {
        this.tables = tables;
        this.fences = fences;
        this.claiming = claiming;
    }

    // ---- looking

    Shards shards(Transaction tx, Lease lease, Collection<String> queues) {
        fences.prove(tx, lease);
        tx.statement();
        var shards = new ArrayList<Shard>();
        for (var stream : tables.streams.all(tx))
            if (stream.keyed() && !stream.front() && queues.contains(stream.queue()))
                shards.add(new Shard(stream.id(), stream.id() + 1, stream.queue(), ownerOf(tx, stream.id())));
        var nodes = new TreeMap<String, List<NodeId>>();
        for (var queue : queues) nodes.put(queue, living(tx, queue));
        return new Shards(shards, nodes);
    }

    private List<NodeId> living(Transaction tx, String queue) {
        var serving = tables.nodes.all(tx).stream()
                .filter(node ->
                        node.life() == Life.ALIVE && node.card().queues().contains(queue))
                .toList();
        var learnt = tables.keyedKinds.all(tx).stream()
                .filter(kind -> kind.queue().equals(queue))
                .map(Tables.KeyedKind::kind)
                .toList();
        return Abilities.most(serving, node -> node.card().kinds(), learnt).stream()
                .map(node -> node.card().id())
                .toList();
    }

    /** Null if nobody has it, or who had it is gone: deposed, and all that it held taken back. */
    private @Nullable NodeId ownerOf(Transaction tx, int shard) {
        var owner = tables.shardOwners.get(tx, shard);
        if (owner == null) return null;
        var node = tables.nodes.get(tx, owner);
        if (node == null) return null;
        boolean gone =
                tables.planted(Bug.TAKEN_OVER_BEFORE_THE_RESCUE) ? node.life() != Life.ALIVE : node.life() == Life.GONE;
        return gone ? null : owner;
    }

    /** In one snapshot. What moves to the front meanwhile is found there, by who looks there later. */
    List<Absent> absent(Transaction tx, Lease lease, int shard) {
        fences.prove(tx, lease);
        tx.statement();
        var absent = new ArrayList<Absent>();
        if (tables.planted(Bug.ABSENT_NOT_TOLD)) return absent;
        for (var timer : tables.timers.all(tx))
            if (timer.turn().no() > 1) addAbsent(absent, timer.asked(), shard); // else it is the first of a new run
        for (var parked : tables.parked.all(tx))
            if (parked.parking() != Parking.BEHIND) addAbsent(absent, parked.asked(), shard);
        return absent;
    }

    // ---- what is parked behind

    /** {@code V041__parked_behind.sql}. */
    List<Behind> behind(Transaction tx, Lease lease, int shard) {
        fences.prove(tx, lease);
        tx.statement();
        if (tables.planted(Bug.BEHIND_NOT_TOLD)) return List.of();
        var rows = new LinkedHashMap<String, Behind>();
        for (var parked : behindOf(tx, shard, null)) {
            var line = lineOf(parked);
            rows.putIfAbsent(line.row(), new Behind(line, firstOf(parked)));
        }
        return List.copyOf(rows.values());
    }

    List<Recalled> recall(Transaction tx, Lease lease, int shard, List<Recall> rows) {
        tx.lockTimeout(PATIENCE);
        fences.fence(tx, lease);
        tx.statement();
        tx.lock(new StreamLock(shard + 1));
        tx.statement();
        if (!lease.node().equals(tables.shardOwners.get(tx, shard)))
            throw new StoreException.NotOwner("Shard %d is another's: nothing is recalled.".formatted(shard));
        tx.statement();
        var freed = new ArrayList<List<Rows.Parked>>();
        for (var asked : rows) {
            var all = behindOf(tx, shard, asked.row());
            if (tables.planted(Bug.RECALLED_FROM_THE_END)) Collections.reverse(all);
            var own = new ArrayList<Rows.Parked>();
            for (var parked : all.subList(0, Math.min(asked.most(), all.size()))) {
                var mine = tables.parked.deleteUnlessLocked(tx, parked.id(), any -> true);
                if (mine == null) break; // what stands behind it waits with it
                own.add(mine);
            }
            freed.add(own);
        }
        tx.statement();
        int part = tables.meta(tx).currentPart();
        for (var own : freed)
            for (var parked : own) tables.append(tx, part, parked.asked().stream(), parked.asked(), parked.turn());
        tx.statement();
        var recalled = new ArrayList<Recalled>();
        for (int i = 0; i < rows.size(); i++) {
            var left = behindOf(tx, shard, rows.get(i).row());
            recalled.add(new Recalled(
                    freed.get(i).stream()
                            .map(parked -> new Back(parked.asked().job(), firstOf(parked)))
                            .toList(),
                    left.isEmpty() ? null : firstOf(left.getFirst())));
        }
        return recalled;
    }

    /** What is parked behind a row of a shard, or behind any, in the order of the log. */
    private List<Rows.Parked> behindOf(Transaction tx, int shard, @Nullable String row) {
        var all = new ArrayList<Rows.Parked>();
        for (var parked : tables.parked.all(tx))
            if (parked.parking() == Parking.BEHIND
                    && parked.asked().stream() == shard + 1
                    && (row == null || lineOf(parked).row().equals(row))) all.add(parked);
        all.sort(Comparator.comparing(Owning::firstOf));
        return all;
    }

    private static Line lineOf(Rows.Parked parked) {
        return Objects.requireNonNull(Line.of(parked.asked().headers()), "parked behind others, and in no line");
    }

    private static Line.Position firstOf(Rows.Parked parked) {
        return Line.first(parked.asked().headers(), new Line.Position(0, 0));
    }

    private static void addAbsent(List<Absent> absent, Asked asked, int shard) {
        var line = Line.of(asked.headers());
        if (asked.stream() == shard + 1 && line != null && line.order() != null)
            absent.add(new Absent(asked.job(), line));
    }

    /** Which of these have ended, or are not known: in one snapshot. */
    Set<JobId> over(Transaction tx, Lease lease, Collection<JobId> jobs) {
        fences.prove(tx, lease);
        tx.statement();
        var over = new HashSet<JobId>();
        for (var job : jobs) if (isOver(tx, job)) over.add(job);
        return over;
    }

    private boolean isOver(Transaction tx, JobId job) {
        if (!tables.timers.by(tx, tables.timersByJob, job).isEmpty()) return false;
        if (!tables.parked.by(tx, tables.parkedByJob, job).isEmpty()) return false;
        Rows.@Nullable Logged newest = null;
        for (var row : tables.log.by(tx, tables.logByJob, job))
            if (newest == null || newest.turn().before(row.turn())) newest = row;
        if (newest == null) return true;
        var ending = tables.ending(tx, Rows.DeliveryKey.of(newest.place()));
        return ending != null && ending.last();
    }

    // ---- taking over, giving up

    boolean takeOver(Transaction tx, Lease lease, int shard) {
        tx.lockTimeout(PATIENCE);
        fences.fence(tx, lease);
        lock(tx, shard);
        tx.statement();
        var stream = tables.keyed(tx, shard);
        if (stream == null || stream.front()) return false;
        tx.statement();
        var owner = ownerOf(tx, shard);
        if (owner != null && !owner.equals(lease.node())) return false;
        tx.statement();
        if (!tables.shardOwners.insertIfAbsent(tx, shard, lease.node()))
            tables.shardOwners.update(tx, shard, any -> true, gone -> lease.node());
        return true;
    }

    boolean giveUp(Transaction tx, Lease lease, int shard) {
        tx.lockTimeout(PATIENCE);
        fences.fence(tx, lease);
        lock(tx, shard);
        if (!tables.planted(Bug.GIVEN_UP_TOO_EARLY) && holdsAnyOf(tx, lease.node(), shard)) return false;
        tx.statement();
        tables.shardOwners.delete(tx, shard, owner -> owner.equals(lease.node()));
        return true;
    }

    /** {@code V032__slow_rates.sql}. */
    List<Grant> grant(Transaction tx, Lease lease, List<Wish> wishes) {
        tx.lockTimeout(PATIENCE);
        fences.fence(tx, lease);
        var now = tables.now();
        var grants = new ArrayList<Grant>(Collections.nCopies(wishes.size(), null));
        var inOrder = IntStream.range(0, wishes.size())
                .boxed()
                .sorted(Comparator.comparing(i -> key(wishes.get(i))))
                .toList();
        for (int i : inOrder) {
            tx.statement();
            var key = key(wishes.get(i));
            boolean isNew = tables.allowances.insertIfAbsent(tx, key, now);
            var given = new AtomicReference<Grant>();
            tables.allowances.update(tx, key, any -> true, fullAt -> {
                var debt = isNew || tables.planted(Bug.ALLOWANCE_FORGOTTEN)
                        ? Duration.ZERO
                        : Duration.between(now, fullAt);
                var grant = wishes.get(i).given(debt);
                given.set(grant);
                return now.plus(grant.full());
            });
            grants.set(i, Objects.requireNonNull(given.get(), "an allowance was there and is not"));
        }
        return List.copyOf(grants);
    }

    private static String key(Wish wish) {
        return wish.queue() + "\n" + wish.key();
    }

    private boolean holdsAnyOf(Transaction tx, NodeId node, int shard) {
        return claiming.openPlaces(tx, node, Integer.MAX_VALUE).stream()
                .anyMatch(place -> place.stream() == shard || place.stream() == shard + 1);
    }

    /** Nobody claims from either meanwhile, and what is looked at in a later statement is not from before. */
    private static void lock(Transaction tx, int shard) {
        for (int stream : List.of(shard, shard + 1)) {
            tx.statement();
            tx.lock(new StreamLock(stream));
        }
    }
}
