package dev.millrace.store;

/** A node's generation, from 1. Raising it deposes the node: every step of the older generation is refused. */
public record Epoch(int value) {}
