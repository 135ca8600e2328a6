package dev.millrace.store;

/** What a node proves with each of its steps: who it is, and that nobody has deposed it. */
public record Lease(NodeId node, Epoch epoch) {}
