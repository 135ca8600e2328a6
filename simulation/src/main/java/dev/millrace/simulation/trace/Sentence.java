package dev.millrace.simulation.trace;

import dev.millrace.simulation.trace.TraceEvent.Case;
import dev.millrace.simulation.trace.TraceEvent.End;
import dev.millrace.simulation.trace.TraceEvent.Held;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Events as short sentences, for people who read a trace. */
public final class Sentence {

    private final Function<NodeId, String> name;

    /** @param name what a node is called */
    public Sentence(Function<NodeId, String> name) {
        this.name = name;
    }

    /** Who did what; without the time. */
    public String of(TraceEvent event) {
        var who = named(event.at().node());
        return switch (event) {
            case TraceEvent.Joined joined -> "%s has joined".formatted(who);
            case TraceEvent.Beat beat -> "%s beats".formatted(who);
            case TraceEvent.Left left -> "%s has left".formatted(who);
            case TraceEvent.Deposed d ->
                "%s %s %s".formatted(who, d.won() ? "deposes" : "can't depose", named(d.dead()));
            case TraceEvent.TookBack t ->
                "%s takes back from %s: %s".formatted(who, named(t.dead()), list(t.cases(), Sentence::taken));
            case TraceEvent.Claimed c ->
                "%s %s %d of stream %d, claim %d (%s): %s"
                        .formatted(
                                who,
                                c.resolved() ? "finds again" : "claims",
                                c.places().size(),
                                c.stream(),
                                c.ordinal(),
                                c.token().value().toString().substring(0, 8),
                                list(c.places(), Sentence::at));
            case TraceEvent.Read r -> "%s reads %s".formatted(who, list(r.held(), Sentence::held));
            case TraceEvent.Marked m -> "%s marks %s".formatted(who, list(m.places(), Sentence::at));
            case TraceEvent.Outlived o -> "%s: outlived their youth: %s".formatted(who, list(o.places(), Sentence::at));
            case TraceEvent.Started s -> "%s starts %s".formatted(who, held(s.held()));
            case TraceEvent.Manifested m ->
                "%s holds, up to claim %d: %s".formatted(who, m.upto(), list(m.open(), Sentence::at));
            case TraceEvent.Flushed f -> "%s flushes %s".formatted(who, list(f.ends(), Sentence::ended));
            case TraceEvent.Completing c -> "%s completes %s in its own transaction".formatted(who, c.job());
            case TraceEvent.Promoted p -> "%s promotes %d timers".formatted(who, p.count());
            case TraceEvent.Released r -> "%s releases %d parked".formatted(who, r.count());
            case TraceEvent.Checkpointed c -> "%s writes a checkpoint of %s".formatted(who, c.job());
            case TraceEvent.Enqueued e -> "%s has enqueued %s in %s".formatted(who, e.job(), e.queue());
            case TraceEvent.Refused r -> "%s: its %s is refused".formatted(who, r.step());
            case TraceEvent.Unanswered u -> "%s: its %s is not answered".formatted(who, u.step());
            case TraceEvent.Failed f -> "%s: its %s fails: %s".formatted(who, f.step(), f.why());
        };
    }

    private String named(@Nullable NodeId node) {
        return node == null ? "a producer" : name.apply(node);
    }

    private static <T> String list(List<T> all, Function<T, String> word) {
        return all.isEmpty() ? "nothing" : all.stream().map(word).collect(Collectors.joining(", "));
    }

    private static String at(Place place) {
        return "%d/%d/%d/%d".formatted(place.part(), place.stream(), place.xid(), place.seq());
    }

    private static String taken(Case one) {
        return "%s (charged %d%s)".formatted(one.job(), one.charged(), one.discarded() ? ", discarded" : "");
    }

    private static String held(Held held) {
        return "%s at %s (delivery %d of run %d, attempt %d%s%s)"
                .formatted(
                        held.job(),
                        at(held.place()),
                        held.no(),
                        held.run(),
                        held.attempt(),
                        held.charged() > 0 ? ", charged " + held.charged() : "",
                        held.cancelled() ? ", cancelled" : held.gone() ? ", moved" : held.expired() ? ", expired" : "");
    }

    private static String ended(End end) {
        return "%s at %s: %s, %s".formatted(end.job(), at(end.place()), end.ending(), end.verdict());
    }
}
