package dev.millrace.node;

import java.util.HashMap;
import java.util.Map;

/**
 * Whose turn it is among flows that share something by weight: start-time fair queueing (Goyal, Vin and Cheng, 1996). What has been served of a flow, over its share, is its own time; a flow that had
 * nothing for a while begins at the time of all, so that it saves nothing up. The earliest is next. One that asks for less than its share is always early, and hardly waits.
 */
final class FairClock {

    /** Beyond so many, flows that are not ahead are forgotten: they would begin at the time of all anyway. */
    private static final int MANY = 1_000;

    private final Map<Integer, Double> until = new HashMap<>();
    private double now;

    /** When the next of this flow begins. */
    double start(int flow) {
        return Math.max(now, until.getOrDefault(flow, now));
    }

    /** More of a flow is to be served: so much, over its share. Returns when it begins. */
    double add(int flow, double cost) {
        if (until.size() > MANY) until.values().removeIf(ahead -> ahead <= now);
        double start = start(flow);
        until.put(flow, start + cost);
        return start;
    }

    /** What begins then is served. */
    void serves(double start) {
        now = Math.max(now, start);
    }
}
