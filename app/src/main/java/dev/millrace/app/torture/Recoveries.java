package dev.millrace.app.torture;

import dev.millrace.app.torture.TortureLedger.Joined;
import dev.millrace.app.torture.TortureLedger.Rescue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * How long it took from the moment a node fell silent to the next start of each job that was taken back from it, or to the moment when
 * another node had taken it and let it wait: for its kind's turn, or because it is charged with a death and starts among few. Where the next node fell
 * silent before the job had started on it, to that moment: from there on it is the recovery of another one. Raw, and net of the
 * {@linkplain Timeline outages} in between.
 */
record Recoveries(List<Recovery> all) {

    private static final long[] BUCKETS = {1, 2, 5, 8, 10, 11, 12, 13, 14, 15, 20, 30, 60};

    /**
     * One job, once; in milliseconds.
     *
     * @param charged how long until it was started, net, if it is charged with a death and had to wait for its turn; else −1
     */
    record Recovery(String job, String node, long since, long raw, long net, long charged) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "job %s of node %s, silent since %.1f s, started elsewhere %.1f s later, %.1f s without outages",
                    job,
                    node,
                    since / 1000.0,
                    raw / 1000.0,
                    net / 1000.0);
        }
    }

    /** Those of these rescues, given a job after the other, the oldest first. */
    static Recoveries of(
            List<Rescue> rescues,
            Traces traces,
            Map<String, Joined> nodes,
            Timeline timeline,
            Spans outages,
            RunClock clock) {
        var silences = silences(rescues, nodes, timeline, clock);
        var all = new ArrayList<Recovery>();
        for (int i = 0; i < rescues.size(); i++) {
            var rescue = rescues.get(i);
            var silence = silences.get(rescue.node());
            if (silence == null) continue;
            long taken = clock.ofDatabase(rescue.at());
            long start = traces.startAfter(rescue.job(), taken);
            var next = i + 1 < rescues.size() ? rescues.get(i + 1) : null;
            if (next != null && next.job().equals(rescue.job())) {
                var another = silences.get(next.node());
                if (another != null && another.since() > silence.since()) start = Math.min(start, another.since());
            }
            long until = start;
            if (rescue.parked() != null) until = Math.min(until, clock.ofDatabase(rescue.parked()));
            long charged = traces.chargedAfter(rescue.job(), taken);
            boolean waits = charged < until;
            if (waits) until = charged;
            if (until == Long.MAX_VALUE) continue; // it ended without another start
            long raw = Math.max(0, until - silence.since());
            all.add(new Recovery(
                    rescue.job(),
                    rescue.node(),
                    silence.since(),
                    raw,
                    net(silence.since(), until, outages),
                    waits && start < Long.MAX_VALUE ? net(silence.since(), start, outages) : -1));
        }
        return new Recoveries(List.copyOf(all));
    }

    private static long net(long since, long until, Spans outages) {
        return Math.max(0, until - since - outages.within(since, until));
    }

    /** Why and since when each node was silent from which something was taken back, by its id. */
    static Map<String, Timeline.Silence> silences(
            List<Rescue> rescues, Map<String, Joined> nodes, Timeline timeline, RunClock clock) {
        var deposed = new HashMap<String, Long>();
        for (var rescue : rescues) deposed.merge(rescue.node(), rescue.at(), Math::min);
        var silences = new HashMap<String, Timeline.Silence>();
        deposed.forEach((id, at) -> {
            var node = nodes.get(id);
            if (node != null)
                silences.put(
                        id, timeline.silence(node.name(), clock.ofDatabase(node.lastBeat()), clock.ofDatabase(at)));
        });
        return silences;
    }

    /** Those that took longer net, the slowest first, so many at most, one of each node. */
    List<Recovery> slowerThan(long millis, int most) {
        var nodes = new HashSet<String>();
        return all.stream()
                .filter(recovery -> recovery.net > millis)
                .sorted(Comparator.comparingLong(Recovery::net).reversed())
                .filter(recovery -> nodes.add(recovery.node))
                .limit(most)
                .toList();
    }

    /** The slowest, in milliseconds; −1 if there was nothing to recover. */
    long slowest(ToLongFunction<Recovery> measure) {
        return all.stream().mapToLong(measure).max().orElse(-1);
    }

    long median(ToLongFunction<Recovery> measure) {
        return all.isEmpty() ? -1 : all.stream().mapToLong(measure).sorted().toArray()[(all.size() - 1) / 2];
    }

    /** How many took how long: by the upper bound of their bucket, in seconds. */
    Map<String, Long> histogram(ToLongFunction<Recovery> measure) {
        var buckets = new LinkedHashMap<String, Long>();
        long below = 0;
        for (long bucket : BUCKETS) {
            long least = below;
            long count = all.stream()
                    .mapToLong(measure)
                    .filter(millis -> millis > least && millis <= bucket * 1000)
                    .count();
            if (least == 0)
                count += all.stream()
                        .mapToLong(measure)
                        .filter(millis -> millis == 0)
                        .count();
            buckets.put("<=" + bucket, count);
            below = bucket * 1000;
        }
        long most = below;
        buckets.put(
                ">" + BUCKETS[BUCKETS.length - 1],
                all.stream().mapToLong(measure).filter(millis -> millis > most).count());
        buckets.values().removeIf(count -> count == 0);
        return buckets;
    }
}
