package dev.millrace.store;

import java.util.List;

/**
 * A batch of deliveries handed to a node: places only, payloads are read in a second step.
 *
 * @param ordinal the claimer's own count of its claims; a manifest tells up to which one it is complete
 * @param places in the order of the stream; empty if there was nothing, or somebody else held the stream
 */
public record Claim(ClaimToken token, int stream, long ordinal, List<Place> places) {}
