package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.Node;
import dev.millrace.simulation.store.Rows.Node.Life;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Division;
import dev.millrace.store.FleetShares.Holder;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Shared;
import dev.millrace.store.FleetShares.Use;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Numbers of queues and kinds over the whole fleet, and who holds how much: {@code V048__fleet_shares.sql}. */
final class FleetSharing {

    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Tables tables;
    private final Fences fences;

    /** {@code fleet_kind} and {@code fleet_queue} with a name. */
    record Name(Of of, String name) implements Comparable<Name> {
        static final Comparator<Name> ORDER = Comparator.comparing(Name::of).thenComparing(Name::name);

        @Override
        public int compareTo(Name other) {
            return ORDER.compare(this, other);
        }
    }

    /** What a node has said last of a number, and been given. */
    record ShareRow(Name of, NodeId node, long no, @Nullable Integer coded, int share, int running, int needs) {

        String key() {
            return keyOf(of, node);
        }
    }

    private static String keyOf(Name of, NodeId node) {
        return of + " " + node.value();
    }

    FleetSharing(Tables tables, Fences fences) {
        this.tables = tables;
        this.fences = fences;
    }

    List<Share> share(Transaction tx, Lease lease, long no, List<Use> uses) {
        tx.lockTimeout(PATIENCE);
        fences.fence(tx, lease);
        var names = new TreeSet<Name>();
        for (var use : uses) names.add(new Name(use.of(), use.name()));
        for (var name : names) {
            tx.statement();
            tx.lock(name);
        }
        var shares = new ArrayList<Share>();
        for (var use : uses) shares.add(share(tx, lease.node(), no, use));
        return List.copyOf(shares);
    }

    private Share share(Transaction tx, NodeId self, long no, Use use) {
        var name = new Name(use.of(), use.name());
        var key = keyOf(name, self);
        tx.statement();
        var known = tables.fleetShares.get(tx, key);
        if (known != null && known.no() >= no && !tables.planted(Bug.SHARE_SAID_TOO_LATE))
            return new Share(Math.max(1, use.holds()), use.holds(), use.holds());
        put(tx, new ShareRow(name, self, no, use.coded(), use.holds(), use.running(), use.needs()));
        tx.statement();
        for (var row : of(tx, name)) if (isGone(tx, row)) tables.fleetShares.delete(tx, row.key(), any -> true);
        tx.statement();
        var number = number(tx, name);
        if (number == null) {
            tx.statement();
            tables.fleetShares.delete(tx, key, any -> true);
            return Share.NONE;
        }
        tx.statement();
        var others = new ArrayList<Division.Node>();
        long dead = 0;
        for (var row : of(tx, name)) {
            var node = tables.nodes.get(tx, row.node());
            if (node == null || node.life() == Life.GONE || row.node().equals(self)) continue;
            if (node.life() == Life.ALIVE) others.add(new Division.Node(row.node(), row.share(), row.needs()));
            else if (!tables.planted(Bug.SHARE_OF_THE_DEPOSED_GIVEN_AWAY)) dead += row.share();
        }
        var mine = new Division.Node(self, use.holds(), use.needs());
        var answer = tables.planted(Bug.SHARE_GIVEN_BEFORE_IT_IS_LET_GO)
                ? hasty(number, mine, others, dead)
                : Division.answer(number, mine, others, dead, Division.turn(tables.now()));
        if (answer.share() > use.holds()) {
            tx.statement();
            put(tx, new ShareRow(name, self, no, use.coded(), answer.share(), use.running(), use.needs()));
        }
        return answer;
    }

    /** What others hold too much of counts as free, though they have not said that they hold it no more. */
    private Share hasty(int number, Division.Node mine, List<Division.Node> others, long dead) {
        long turn = Division.turn(tables.now());
        var lowered = new ArrayList<Division.Node>();
        for (var other : others) {
            var rest = new ArrayList<>(others);
            rest.remove(other);
            rest.add(mine);
            int target = Division.answer(number, other, rest, dead, turn).target();
            lowered.add(new Division.Node(other.id(), Math.min(other.share(), target), other.needs()));
        }
        return Division.answer(number, mine, lowered, dead, turn);
    }

    private void put(Transaction tx, ShareRow row) {
        if (!tables.fleetShares.insertIfAbsent(tx, row.key(), row))
            tables.fleetShares.update(tx, row.key(), any -> true, old -> row);
    }

    private List<ShareRow> of(Transaction tx, Name name) {
        return tables.fleetShares.all(tx).stream()
                .filter(row -> row.of().equals(name))
                .toList();
    }

    private boolean isGone(Transaction tx, ShareRow row) {
        var node = tables.nodes.get(tx, row.node());
        return node == null || node.life() == Life.GONE;
    }

    // ---- numbers

    private @Nullable Integer number(Transaction tx, Name name) {
        var set = tables.adjustments.get(tx, Steering.key(name.of(), name.name()));
        return set != null ? set.adjustment().atOnce() : coded(tx, name);
    }

    /** What code says: of the living nodes the newest one's. */
    private @Nullable Integer coded(Transaction tx, Name name) {
        @Nullable Integer coded = null;
        @Nullable Node newest = null;
        for (var row : of(tx, name)) {
            var node = tables.nodes.get(tx, row.node());
            if (row.coded() == null || node == null || node.life() != Life.ALIVE) continue;
            if (newest != null && !isNewer(node, newest)) continue;
            newest = node;
            coded = row.coded();
        }
        return coded;
    }

    private static boolean isNewer(Node node, Node than) {
        int order = node.startedAt().compareTo(than.startedAt());
        return order > 0
                || (order == 0
                        && node.card()
                                        .id()
                                        .value()
                                        .toString()
                                        .compareTo(than.card().id().value().toString())
                                > 0);
    }

    /** What code says, where no operator has said anything; in the caller's statement. */
    Set<Adjustment> coded(Transaction tx) {
        var coded = new HashSet<Adjustment>();
        for (var row : tables.fleetShares.all(tx)) {
            if (row.coded() == null) continue;
            if (tables.adjustments.get(tx, Steering.key(row.of().of(), row.of().name())) != null) continue;
            var number = coded(tx, row.of());
            if (number != null) coded.add(new Adjustment(row.of().of(), row.of().name(), number, null));
        }
        return coded;
    }

    List<Shared> shared(Transaction tx) {
        tx.statement();
        var names = new TreeMap<Name, Boolean>();
        for (var kept : tables.adjustments.all(tx)) {
            var set = kept.adjustment();
            if (set.of() == Of.FLEET_KIND || set.of() == Of.FLEET_QUEUE)
                names.put(new Name(set.of(), set.name()), false);
        }
        for (var set : coded(tx)) names.put(new Name(set.of(), set.name()), true);
        var shared = new ArrayList<Shared>();
        names.forEach((name, isCoded) -> {
            var number = number(tx, name);
            if (number != null) shared.add(new Shared(name.of(), name.name(), number, isCoded, holders(tx, name)));
        });
        return List.copyOf(shared);
    }

    private List<Holder> holders(Transaction tx, Name name) {
        var holders = new ArrayList<Holder>();
        for (var row : of(tx, name)) {
            var node = tables.nodes.get(tx, row.node());
            if (node != null && node.life() != Life.GONE)
                holders.add(new Holder(row.node(), node.card().name(), row.share(), row.running(), row.needs()));
        }
        holders.sort(Comparator.comparing(Holder::name)
                .thenComparing(holder -> holder.node().value().toString()));
        return List.copyOf(holders);
    }
}
