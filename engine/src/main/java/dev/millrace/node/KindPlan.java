package dev.millrace.node;

import java.time.Duration;

/**
 * How this node runs one kind of job.
 *
 * @param kind its wire name
 * @param version the newest version that this node can decode; older ones are the body's affair, newer ones are parked
 * @param deadline running time of one attempt, restarted by a heartbeat
 * @param concurrency how many of this kind may run on this node at once
 */
public record KindPlan(String kind, int version, Duration deadline, int concurrency, Body body) {}
