package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.NodeId;
import dev.millrace.store.Settled;
import java.util.HashMap;
import java.util.Map;

/** A claim whose answer was lost may be asked for again; any other claim of the same delivery is one too many. And who ends it has claimed it. */
public final class ClaimedOnce implements Checker {

    private final boolean complete;
    private final Map<Key, ClaimToken> claims = new HashMap<>();
    private final Map<ClaimToken, NodeId> claimants = new HashMap<>();
    private boolean forgetful;

    /** @param complete whether the trace has everything that took effect: else a claim may be missing whose answer was lost */
    public ClaimedOnce(boolean complete) {
        this.complete = complete;
    }

    @Override
    public String invariant() {
        return "a delivery is claimed once";
    }

    @Override
    public void see(TraceEvent event) {
        if (event instanceof TraceEvent.Claimed claimed) claimed(claimed);
        if (event instanceof TraceEvent.Flushed(var at, var ends) && at.node() != null)
            for (var end : ends) ended(at.node(), end);
    }

    private void ended(NodeId by, TraceEvent.End end) {
        require(
                !complete
                        || forgetful
                        || end.verdict() != Settled.WON
                        || (end.token().equals(claims.get(Key.of(end.place())))
                                && by.equals(claimants.get(end.token()))),
                "an outcome of %s won at %s of job %s, which it has not claimed",
                by,
                end.place(),
                end.job());
    }

    private void claimed(TraceEvent.Claimed claimed) {
        var by = claimed.at().node();
        if (by != null) claimants.put(claimed.token(), by);
        for (var place : claimed.places()) {
            var before = claims.putIfAbsent(Key.of(place), claimed.token());
            require(
                    before == null || before.equals(claimed.token()),
                    "%s was claimed by %s, and before by the claim %s",
                    place,
                    String.valueOf(claimed.at().node()),
                    String.valueOf(before));
        }
        require(
                claimed.resolved() || claimed.places().size() <= claimed.want(),
                "a claim of %d got %d",
                claimed.want(),
                claimed.places().size());
    }

    @Override
    public void forget() {
        forgetful = true;
        claims.clear();
    }
}
