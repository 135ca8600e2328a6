package dev.millrace.store;

/**
 * A node as its peers see it.
 *
 * @param deposed true if it was deposed and something of it may still be open
 * @param beat its beat counter; one that stands still is how a death is noticed
 */
public record Peer(NodeId id, Epoch epoch, boolean deposed, long beat) {}
