package dev.millrace.memory;

import dev.millrace.NodeView.Life;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Division;
import dev.millrace.store.FleetShares.Holder;
import dev.millrace.store.FleetShares.Share;
import dev.millrace.store.FleetShares.Shared;
import dev.millrace.store.FleetShares.Use;
import dev.millrace.store.NodeId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How often queues and kinds run over all nodes together, and who holds how much of that. Guarded by the lock of {@link Memory}. */
final class FleetNumbers {

    private final Ledger ledger;
    private final Members members;

    /** What each node has said last, and been given. */
    private final Map<Name, Map<NodeId, Row>> rows = new TreeMap<>();

    private record Name(Of of, String name) implements Comparable<Name> {
        private static final Comparator<Name> ORDER =
                Comparator.comparing(Name::of).thenComparing(Name::name);

        @Override
        public int compareTo(Name other) {
            return ORDER.compare(this, other);
        }
    }

    private record Row(long no, @Nullable Integer coded, int share, int running, int needs) {}

    FleetNumbers(Ledger ledger, Members members) {
        this.ledger = ledger;
        this.members = members;
    }

    List<Share> share(Member by, long no, List<Use> uses, Instant now) {
        return uses.stream().map(use -> share(by, no, use, now)).toList();
    }

    private Share share(Member by, long no, Use use, Instant now) {
        var name = new Name(use.of(), use.name());
        var all = rows.computeIfAbsent(name, unknown -> new LinkedHashMap<>());
        var self = by.card.id();
        var known = all.get(self);
        if (known != null && known.no >= no) // overtaken, or come twice: nobody acts on this any more
        return new Share(Math.max(1, use.holds()), use.holds(), use.holds());
        all.put(self, new Row(no, use.coded(), use.holds(), use.running(), use.needs()));
        all.keySet().removeIf(members::gone);
        var number = number(name);
        if (number == null) {
            all.remove(self);
            if (all.isEmpty()) rows.remove(name);
            return Share.NONE;
        }
        var others = new ArrayList<Division.Node>();
        long dead = 0;
        for (var member : members.all()) {
            var row = all.get(member.card.id());
            if (row == null || member.card.id().equals(self)) continue;
            if (member.life == Life.ALIVE) others.add(new Division.Node(member.card.id(), row.share, row.needs));
            else dead += row.share;
        }
        var mine = new Division.Node(self, use.holds(), use.needs());
        var answer = Division.answer(number, mine, others, dead, Division.turn(now));
        all.put(self, new Row(no, use.coded(), answer.share(), use.running(), use.needs()));
        return answer;
    }

    private @Nullable Integer number(Name name) {
        var set = ledger.adjustment(name.of, name.name);
        return set != null ? set.atOnce() : coded(name);
    }

    /** What code says: of the living nodes the newest one's. */
    private @Nullable Integer coded(Name name) {
        var all = rows.getOrDefault(name, Map.of());
        return members.all().stream()
                .filter(member -> member.life == Life.ALIVE)
                .filter(member -> {
                    var row = all.get(member.card.id());
                    return row != null && row.coded != null;
                })
                .max(Comparator.comparingLong(member -> member.joined))
                .map(member -> {
                    var row = all.get(member.card.id());
                    return row == null ? null : row.coded;
                })
                .orElse(null);
    }

    /** What code says, where no operator has said anything. */
    Set<Adjustment> coded() {
        var coded = new HashSet<Adjustment>();
        for (var name : rows.keySet()) {
            if (ledger.adjustment(name.of, name.name) != null) continue;
            var number = coded(name);
            if (number != null) coded.add(new Adjustment(name.of, name.name, number, null));
        }
        return coded;
    }

    List<Shared> shared() {
        var names = new TreeMap<Name, Boolean>();
        for (var kept : ledger.adjustments.values()) {
            var set = kept.adjustment();
            if (set.of() == Of.FLEET_KIND || set.of() == Of.FLEET_QUEUE)
                names.put(new Name(set.of(), set.name()), false);
        }
        for (var set : coded()) names.put(new Name(set.of(), set.name()), true);
        var shared = new ArrayList<Shared>();
        names.forEach((name, isCoded) -> {
            var number = number(name);
            if (number != null) shared.add(new Shared(name.of, name.name, number, isCoded, holders(name)));
        });
        return List.copyOf(shared);
    }

    private List<Holder> holders(Name name) {
        var all = rows.getOrDefault(name, Map.of());
        var holders = new ArrayList<Holder>();
        for (var member : members.all()) {
            var row = all.get(member.card.id());
            if (row != null && member.life != Life.GONE)
                holders.add(new Holder(member.card.id(), member.card.name(), row.share, row.running, row.needs));
        }
        holders.sort(Comparator.comparing(Holder::name)
                .thenComparing(holder -> holder.node().value().toString()));
        return List.copyOf(holders);
    }
}
