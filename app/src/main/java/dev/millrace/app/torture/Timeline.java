package dev.millrace.app.torture;

import dev.millrace.app.torture.Spans.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What was done to whom, and when: the torture's own record, which the check explains everything by. Times are milliseconds since the run
 * began, on the torture's monotonic clock. Safe for use by many threads.
 *
 * <p><b>Outages.</b> While nobody can reach the database, nobody can recover anything. So a recovery is measured twice: raw, from the
 * moment its node fell silent, and net of the time in which no living node could reach a database that takes writes. A node can't while
 * it is dead (its successor has not joined yet), frozen, or in a black hole; and nobody can while the server is down or its disk is full.
 * An outage lasts until the first beat of any node has gone through again, but no more than five seconds longer than its reason: pools
 * of connections back off. Slow, cut, reset and terminated connections are no outage: new ones can be had at once.
 */
final class Timeline {

    /** All seats. */
    private static final int EVERYBODY = -1;

    private static final long OPEN = Long.MAX_VALUE;

    /** Signs of life come every two seconds: what had ended longer before the last one did not silence a node. */
    private static final long BEAT_MILLIS = 2_500;

    /** The longest that a common pool of connections rests between two tries. */
    private static final long BACK_OFF_MILLIS = 5_000;

    private final List<Incident> incidents = new ArrayList<>();
    private final Map<String, Life> lives = new TreeMap<>();
    private final List<Span> down = new ArrayList<>();

    /** Something that lasted, or was over at once. */
    private record Incident(FaultKind kind, int seat, long from, long to) {}

    /** A node process. {@code joined} is when it was a node for the first time. */
    private record Life(String name, int seat, long born, long joined, long died, boolean killed) {}

    /**
     * Why a node fell silent, and when.
     *
     * @param cause null if nothing that was done explains it
     */
    record Silence(@Nullable Cause cause, long since) {
        String name() {
            return cause == null ? UNEXPLAINED : cause.wireName();
        }
    }

    /** What explains that a node fell silent, or a connection broke. */
    enum Cause {
        KILLED,
        FROZEN,
        CONNECTION_LOST,
        SERVER_RESTART,
        DISK_FULL,
        ENDED_BY_ITSELF;

        /** {@code SERVER_RESTART} is {@code serverRestart}. */
        String wireName() {
            var name = new StringBuilder();
            for (var word : name().toLowerCase(Locale.ROOT).split("_", -1))
                name.append(name.isEmpty() ? word : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1));
            return name.toString();
        }
    }

    /** The name of what no cause explains. */
    static final String UNEXPLAINED = "unexplained";

    /** A counter for each cause, and for none, all at 0. */
    static Map<String, Long> noneOfEach() {
        var counters = new TreeMap<String, Long>();
        for (var cause : Cause.values()) counters.put(cause.wireName(), 0L);
        counters.put(UNEXPLAINED, 0L);
        return counters;
    }

    // ---- as it happens

    synchronized void born(String name, int seat, long at) {
        lives.put(name, new Life(name, seat, at, OPEN, OPEN, false));
    }

    synchronized void joined(String name, long at) {
        lives.computeIfPresent(
                name,
                (same, life) ->
                        new Life(name, life.seat, life.born, Math.min(life.joined, at), life.died, life.killed));
    }

    synchronized void died(String name, long at, boolean killed) {
        lives.computeIfPresent(name, (same, life) -> new Life(name, life.seat, life.born, life.joined, at, killed));
    }

    /** To one seat. */
    synchronized void happened(FaultKind kind, int seat, long from, long to) {
        incidents.add(new Incident(kind, seat, from, to));
    }

    /** To all seats. */
    void happened(FaultKind kind, long from, long to) {
        happened(kind, EVERYBODY, from, to);
    }

    synchronized void serverDown(long from, long to) {
        down.add(new Span(from, to));
    }

    // ---- afterwards

    /** When no living node could reach a database that takes writes, up to this moment. */
    synchronized Spans outages(long end, Traces traces) {
        var server = new ArrayList<>(down);
        for (var incident : incidents)
            if (incident.kind == FaultKind.DISK) server.add(new Span(incident.from, Math.min(end, incident.to)));
        var nobody = Spans.union(List.of(new Span(0, end)));
        for (int seat : seats()) nobody = nobody.and(away(seat, end));
        var reasons = Spans.union(server).or(nobody);
        return reasons.longer(until -> Math.min(traces.beatAfter(until), until + BACK_OFF_MILLIS));
    }

    private Set<Integer> seats() {
        return lives.values().stream().map(Life::seat).collect(Collectors.toSet());
    }

    /** When nobody in this seat could reach the server. */
    private Spans away(int seat, long end) {
        var away = new ArrayList<Span>();
        long since = 0;
        var here = lives.values().stream()
                .filter(life -> life.seat == seat)
                .sorted(Comparator.comparingLong(Life::born))
                .toList();
        for (var life : here) {
            if (life.joined >= life.died) continue; // never was a node
            away.add(new Span(since, life.joined));
            since = life.died;
        }
        away.add(new Span(since, end));
        for (var incident : incidents)
            if (silences(incident.kind) && at(incident, seat))
                away.add(new Span(incident.from, Math.min(end, incident.to)));
        return Spans.union(away);
    }

    private static boolean silences(FaultKind kind) {
        return kind == FaultKind.FREEZE || kind == FaultKind.BLACK_HOLE;
    }

    private static boolean at(Incident incident, int seat) {
        return incident.seat == seat || incident.seat == EVERYBODY;
    }

    /**
     * Why a node in this process had fallen silent when it was deposed. What silences for sure (a death, a freeze, a black hole) goes
     * before what only might (a connection that broke just before), unless it came too late to be the reason.
     */
    synchronized Silence silence(String name, long lastBeat, long deposed) {
        var life = lives.get(name);
        if (life == null) return new Silence(null, lastBeat);
        var sure = new ArrayList<Silence>();
        var possible = new ArrayList<Silence>();
        if (life.died <= deposed)
            sure.add(new Silence(life.killed ? Cause.KILLED : Cause.ENDED_BY_ITSELF, Math.max(life.died, lastBeat)));
        for (var incident : incidents) {
            if (!at(incident, life.seat) || incident.from > deposed || incident.to < lastBeat - BEAT_MILLIS) continue;
            var reasons = silences(incident.kind) ? sure : possible;
            cause(incident.kind).ifPresent(cause -> reasons.add(new Silence(cause, Math.max(incident.from, lastBeat))));
        }
        for (var span : down)
            if (span.touches(lastBeat - BEAT_MILLIS, deposed))
                possible.add(new Silence(Cause.SERVER_RESTART, Math.max(span.from(), lastBeat)));
        possible.addAll(sure);
        return earliest(sure.stream().filter(reason -> reason.since <= lastBeat + 2 * BEAT_MILLIS))
                .or(() -> earliest(possible.stream()))
                .orElse(new Silence(null, lastBeat));
    }

    /** When each process ended that has. */
    synchronized Map<String, Long> deaths() {
        return lives.values().stream()
                .filter(life -> life.died != OPEN)
                .collect(Collectors.toMap(Life::name, Life::died));
    }

    private static Optional<Silence> earliest(Stream<Silence> reasons) {
        return reasons.min(
                Comparator.comparingLong(Silence::since).thenComparing(reason -> String.valueOf(reason.cause)));
    }

    private static Optional<Cause> cause(FaultKind kind) {
        return switch (kind) {
            case FREEZE -> Optional.of(Cause.FROZEN);
            case BLACK_HOLE, DELAY, CUT, RESET, CUT_AFTER, TERMINATE -> Optional.of(Cause.CONNECTION_LOST);
            case DISK -> Optional.of(Cause.DISK_FULL);
            case KILL, RESTART, CLOCK, LEADER ->
                Optional.empty(); // told by deaths, by freezes and by the server; a clock explains nothing
        };
    }

    /** What may have broken a connection of this process between these moments. */
    synchronized Optional<Cause> brokenConnection(String name, long since, long until) {
        var life = lives.get(name);
        if (life == null) return Optional.empty();
        if (down.stream().anyMatch(span -> span.touches(since, until))) return Optional.of(Cause.SERVER_RESTART);
        return incidents.stream()
                .filter(incident -> at(incident, life.seat) && incident.from <= until && incident.to >= since)
                .flatMap(incident -> cause(incident.kind).stream())
                .min(Comparator.naturalOrder());
    }
}
