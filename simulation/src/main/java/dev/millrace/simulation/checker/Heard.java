package dev.millrace.simulation.checker;

import dev.millrace.Scope;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Control;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Rated;
import dev.millrace.store.NodeId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What each node has heard of operators: the last answer that has come back to it. From then on it is to do as they say. */
public final class Heard {

    /** What operators have said, and what holds. */
    public record Words(Set<Scope> paused, Set<Adjustment> adjusted) {

        public Words {
            paused = Set.copyOf(paused);
            adjusted = Set.copyOf(adjusted);
        }

        /** What is said in one of both and not in the other. */
        Set<Object> differ(Words other) {
            var only = new HashSet<Object>();
            for (var scope : paused) if (!other.paused.contains(scope)) only.add(scope);
            for (var scope : other.paused) if (!paused.contains(scope)) only.add(scope);
            for (var one : adjusted) if (!other.adjusted.contains(one)) only.add(one);
            for (var one : other.adjusted) if (!adjusted.contains(one)) only.add(one);
            return only;
        }
    }

    private final Map<NodeId, Words> last = new HashMap<>();

    /** An answer has come back. */
    public void hears(NodeId node, Control control) {
        last.put(node, new Words(control.paused(), control.adjusted()));
    }

    /** What it has heard; null if nothing yet. */
    @Nullable
    Words of(NodeId node) {
        return last.get(node);
    }

    /** How often a kind may run at once on a node, whose code says this. */
    int atOnce(NodeId node, String kind, int said) {
        var words = last.get(node);
        if (words == null) return said;
        for (var set : words.adjusted)
            if (set.of() == Adjustment.Of.KIND && set.name().equals(kind) && set.atOnce() != null) return set.atOnce();
        return said;
    }

    /** The numbers that hold on a node for a job that says these: an operator's go before. */
    public Limited inForce(NodeId node, Limited said) {
        var words = last.get(node);
        if (words == null) return said;
        for (var set : words.adjusted) {
            if (set.of() != Adjustment.Of.LIMIT || !set.name().equals(said.name())) continue;
            var own = said.rate();
            var rate = set.rate() == null ? own : new Rated(set.rate(), own == null ? 1 : own.weight());
            return new Limited(said.name(), set.atOnce() == null ? said.atOnce() : set.atOnce(), said.key(), rate);
        }
        return said;
    }
}
