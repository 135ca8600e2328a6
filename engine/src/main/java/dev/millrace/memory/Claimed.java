package dev.millrace.memory;

import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Lease;
import dev.millrace.store.Place;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A batch of deliveries handed to a node. One without rows voids its token. */
final class Claimed {

    final ClaimToken token;
    final Lease lease;
    final int stream;
    final Instant at;
    final Map<Place, Row> rows = new LinkedHashMap<>();

    Claimed(ClaimToken token, Lease lease, int stream, Instant at) {
        this.token = token;
        this.lease = lease;
        this.stream = stream;
        this.at = at;
    }

    Claim answer(long ordinal) {
        return new Claim(token, stream, ordinal, List.copyOf(rows.keySet()));
    }
}
