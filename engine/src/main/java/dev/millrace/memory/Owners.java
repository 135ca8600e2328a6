package dev.millrace.memory;

import dev.millrace.JobId;
import dev.millrace.NodeView.Life;
import dev.millrace.store.Abilities;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.NodeId;
import dev.millrace.store.Ownership;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which node claims from which keyed shard. Guarded by the lock of {@link Memory}. */
final class Owners {

    private final Ledger ledger;
    private final Members members;
    private final Map<Integer, NodeId> owners = new HashMap<>();
    private final Map<String, Set<Abilities.Learnt>> learnt = new HashMap<>();

    /** When the allowances of slow rates are full again. */
    private final Map<RatedKey, Instant> fullAt = new HashMap<>();

    private record RatedKey(String queue, String key) {}

    Owners(Ledger ledger, Members members) {
        this.ledger = ledger;
        this.members = members;
    }

    /** How long until the allowance of a limit's key is full again; null if none is kept. */
    @Nullable
    Duration fullIn(String queue, Line.Limited limit, Instant now) {
        var at = fullAt.get(new RatedKey(queue, limit.group()));
        return at == null || at.isBefore(now) ? null : Duration.between(now, at);
    }

    /** Refuses who does not own a keyed shard; others may claim from what is none. */
    void prove(Member by, KeptQueue.Stream stream) {
        if (mayClaim(by, stream)) return;
        throw new StoreException.NotOwner(
                "Stream %d of queue %s is of a keyed shard that node %s does not own. Nothing was claimed. Take the shard over first."
                        .formatted(stream.info.id(), stream.queue.name, by.card.id()));
    }

    boolean mayClaim(Member by, KeptQueue.Stream stream) {
        return !stream.info.keyed() || by.card.id().equals(owners.get(shardOf(stream.info.id())));
    }

    /** A front's number is that of its shard and one. */
    private int shardOf(int stream) {
        var info = ledger.stream(stream).info;
        return info.front() ? stream - 1 : stream;
    }

    Ownership.Shards shards(Collection<String> queues) {
        var shards = new ArrayList<Ownership.Shard>();
        var nodes = new TreeMap<String, List<NodeId>>();
        for (var name : queues) {
            var queue = ledger.queue(name);
            for (var shard : queue.keyedShards()) {
                int id = shard.info.id();
                shards.add(new Ownership.Shard(id, id + 1, name, owner(id)));
            }
            nodes.put(name, able(name));
        }
        return new Ownership.Shards(shards, nodes);
    }

    private List<NodeId> able(String queue) {
        var serving = members.all().stream()
                .filter(node -> node.life == Life.ALIVE && node.card.queues().contains(queue))
                .toList();
        return Abilities.most(serving, node -> node.card.kinds(), learnt.getOrDefault(queue, Set.of())).stream()
                .map(node -> node.card.id())
                .toList();
    }

    /** A job was parked of which the owner of its shard does not know the kind. */
    void learn(KeptJob job) {
        if (job.stream.info.keyed())
            learnt.computeIfAbsent(job.queue.name, queue -> new LinkedHashSet<>())
                    .add(new Abilities.Learnt(job.kind, job.kindVersion));
    }

    /** Null if nobody has it, or who had it is gone. */
    private @Nullable NodeId owner(int shard) {
        var owner = owners.get(shard);
        return owner == null || members.gone(owner) ? null : owner;
    }

    boolean takeOver(Member by, int shard) {
        var owner = owner(shard);
        if (owner != null && !owner.equals(by.card.id())) return false;
        owners.put(shard, by.card.id());
        return true;
    }

    List<Ownership.Absent> absent(int shard) {
        var absent = new ArrayList<Ownership.Absent>();
        Stream.concat(ledger.timers.stream(), ledger.parked.values().stream()).forEach(waiting -> {
            var job = waiting.job();
            var line = Line.of(job.headers);
            if (line == null || line.order() == null || waiting.turn().no() == 1 || isBehind(waiting)) return;
            if (job.streamOf(waiting.turn()).info.id() == shard + 1) absent.add(new Ownership.Absent(job.id, line));
        });
        return absent;
    }

    private static boolean isBehind(Standing waiting) {
        return waiting instanceof Standing.Parked parked && parked.parking() == Ending.Parking.BEHIND;
    }

    List<Ownership.Behind> behind(int shard) {
        var rows = new LinkedHashMap<String, Ownership.Behind>();
        for (var parked : behindOf(shard, null)) {
            var line = lineOf(parked);
            rows.putIfAbsent(line.row(), new Ownership.Behind(line, firstOf(parked)));
        }
        return List.copyOf(rows.values());
    }

    List<Ownership.Recalled> recall(Member by, int shard, List<Ownership.Recall> rows, Instant now) {
        prove(by, ledger.stream(shard));
        var recalled = new ArrayList<Ownership.Recalled>();
        for (var asked : rows) {
            var all = behindOf(shard, asked.row());
            var jobs = new ArrayList<Ownership.Back>();
            for (var parked : all.subList(0, Math.min(asked.most(), all.size()))) {
                ledger.stopWaiting(parked);
                ledger.appendSilently(parked.job(), parked.turn(), parked.job().streamOf(parked.turn()), now);
                jobs.add(new Ownership.Back(parked.job().id, firstOf(parked)));
            }
            recalled.add(new Ownership.Recalled(jobs, all.size() > jobs.size() ? firstOf(all.get(jobs.size())) : null));
        }
        return recalled;
    }

    /** What is parked behind a row of a shard, or behind any, in the order of the log. */
    private List<Standing.Parked> behindOf(int shard, @Nullable String row) {
        return ledger.parked.values().stream()
                .filter(Owners::isBehind)
                .filter(parked -> parked.job().streamOf(parked.turn()).info.id() == shard + 1)
                .filter(parked -> row == null || lineOf(parked).row().equals(row))
                .sorted(Comparator.comparing(Owners::firstOf))
                .toList();
    }

    private static Line lineOf(Standing parked) {
        return Objects.requireNonNull(Line.of(parked.job().headers), "parked behind others, and in no line");
    }

    private static Line.Position firstOf(Standing parked) {
        return Objects.requireNonNull(parked.job().first, "parked, and never delivered");
    }

    Set<JobId> over(Collection<JobId> jobs) {
        var over = new HashSet<JobId>();
        for (var id : jobs) {
            var job = ledger.jobs.get(id);
            if (job == null || job.state().ended()) over.add(id);
        }
        return over;
    }

    /** Starts of jobs with a slow rate. What is full again is forgotten. */
    List<Ownership.Grant> grant(List<Ownership.Wish> wishes, Instant now) {
        fullAt.values().removeIf(at -> !at.isAfter(now));
        var grants = new ArrayList<Ownership.Grant>();
        for (var wish : wishes) {
            var key = new RatedKey(wish.queue(), wish.key());
            var grant = wish.given(Duration.between(now, fullAt.getOrDefault(key, now)));
            fullAt.put(key, now.plus(grant.full()));
            grants.add(grant);
        }
        return grants;
    }

    boolean giveUp(Member by, int shard) {
        for (var place : by.open.keySet()) if (place.stream() == shard || place.stream() == shard + 1) return false;
        owners.remove(shard, by.card.id());
        return true;
    }
}
