package dev.millrace.simulation.checker;

import dev.millrace.Scope;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Place;
import java.util.Collection;
import java.util.function.Function;

/**
 * No handler of a job starts whose queue, kind, tenant, order key or limit is paused, as its node has heard last: not of what it had claimed before, nor of what waited for a slot. That a
 * node hears in time is for {@link HeardInTime}.
 */
public final class PausesHold implements Checker {

    private final Heard heard;
    private final Function<Place, Collection<Scope>> scopes;

    /** @param scopes all by which the job of a delivery could be paused */
    public PausesHold(Heard heard, Function<Place, Collection<Scope>> scopes) {
        this.heard = heard;
        this.scopes = scopes;
    }

    @Override
    public String invariant() {
        return "what is paused does not start";
    }

    @Override
    public void see(TraceEvent event) {
        var node = event.at().node();
        if (node == null || !(event instanceof TraceEvent.Started(var at, var token, var held))) return;
        var words = heard.of(node);
        if (words == null || words.paused().isEmpty()) return;
        for (var scope : scopes.apply(held.place()))
            require(
                    !words.paused().contains(scope),
                    "job %s starts, and its node has heard that the %s %s is paused",
                    held.job(),
                    scope.type(),
                    scope.name());
    }
}
