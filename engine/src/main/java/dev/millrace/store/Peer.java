package dev.millrace.store;

import java.time.Duration;

/**
 * A node as its peers see it.
 *
 * @param deposed true if it was deposed and something of it may still be open
 * @param beat its beat counter; one that stands still is how a death is noticed
 * @param witnessed how long, of all that nodes have {@linkplain Protocol#witness recorded}, the counter has stood at this value
 */
public record Peer(NodeId id, Epoch epoch, boolean deposed, long beat, Duration witnessed) {}
