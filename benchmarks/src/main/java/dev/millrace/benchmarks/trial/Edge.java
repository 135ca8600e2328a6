package dev.millrace.benchmarks.trial;

import java.util.ArrayList;
import java.util.List;

/**
 * Where an interval of a soak ends.
 *
 * @param second from the beginning
 * @param held whether a snapshot is held in the interval
 * @param last whether the next interval is held and this one not, or the other way round, or there is none: no sample goes beyond it
 */
record Edge(int second, boolean held, boolean last) {

    /** Short runs are cut into so many intervals, longer ones into intervals of one length. */
    private static final int SAMPLES = 60;

    private static final int LONGEST_SECONDS = 10;

    /** The edges of a soak: before, while held, and after, each cut into intervals of one length, but for what remains at its end. */
    static List<Edge> of(int seconds, int heldSeconds) {
        int before = (seconds - heldSeconds) / 2;
        int length = Math.clamp(seconds / SAMPLES, 1, LONGEST_SECONDS);
        var edges = new ArrayList<Edge>();
        cut(0, before, false, length, edges);
        cut(before, before + heldSeconds, true, length, edges);
        cut(before + heldSeconds, seconds, false, length, edges);
        return List.copyOf(edges);
    }

    private static void cut(int from, int to, boolean held, int length, List<Edge> edges) {
        for (int edge = from + length; edge < to; edge += length) edges.add(new Edge(edge, held, false));
        if (to > from) edges.add(new Edge(to, held, true));
    }
}
