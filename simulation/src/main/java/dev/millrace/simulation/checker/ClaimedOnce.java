package dev.millrace.simulation.checker;

import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.ClaimToken;
import java.util.HashMap;
import java.util.Map;

/** A claim whose answer was lost may be asked for again; any other claim of the same delivery is one too many. */
public final class ClaimedOnce implements Checker {

    private final Map<Key, ClaimToken> claims = new HashMap<>();

    @Override
    public String invariant() {
        return "a delivery is claimed once";
    }

    @Override
    public void see(TraceEvent event) {
        if (!(event instanceof TraceEvent.Claimed claimed)) return;
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
        claims.clear();
    }
}
