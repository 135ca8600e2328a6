package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Compares what was acknowledged, what the handlers did and what the engine says, when everything has come to its end. */
final class Check {

    private static final int SLOWEST_TOLD = 5;

    private final TorturePlan plan;
    private final TortureLedger ledger;
    private final Timeline timeline;
    private final RunClock clock;
    private final Path logs;
    private final Journal journal;

    Check(TorturePlan plan, TortureLedger ledger, Timeline timeline, RunClock clock, Path logs, Journal journal) {
        this.plan = plan;
        this.ledger = ledger;
        this.timeline = timeline;
        this.clock = clock;
        this.logs = logs;
        this.journal = journal;
    }

    /**
     * Counts.
     *
     * @param began when faults and jobs began, on the run's clock
     * @param ended when both were over
     * @param disasters which faults were done
     * @param counters what the node processes counted themselves
     */
    TortureReport report(Known sent, long began, long ended, Disasters disasters, List<Herd.Counters> counters)
            throws SQLException, IOException {
        long end = clock.now();
        ledger.indexEffects();
        var nodes = ledger.nodes();
        for (var node : nodes.values()) timeline.joined(node.name(), clock.ofDatabase(node.startedAt()));
        var rescues = ledger.rescues();
        var silences = Recoveries.silences(rescues, nodes, timeline, clock);
        recordEnds(nodes, silences);
        var traces = Traces.in(logs, clock);
        var outages = timeline.outages(end, traces);
        var recoveries = Recoveries.of(rescues, traces, nodes, timeline, outages, clock);
        recoveries
                .slowerThan(TortureReport.PROMISED_RECOVERY_MILLIS, SLOWEST_TOLD)
                .forEach(slow -> journal.say("slow: " + slow));
        var deposed = Timeline.noneOfEach();
        silences.values().forEach(silence -> deposed.merge(silence.name(), 1L, Long::sum));
        var conformance = Conformance.of(logs);
        conformance.first().forEach(broken -> journal.say("broken: " + broken));
        long takenOpen = ledger.open(false);
        var faults = new TreeMap<String, Integer>();
        disasters.done().forEach((kind, count) -> faults.put(kind.wireName(), count));
        var report = new TortureReport(
                plan.seed(),
                plan.seconds(),
                sent.acknowledged(),
                ledger.ended("done"),
                ledger.ended("discarded"),
                ledger.ended("cancelled"),
                ledger.rescued(),
                counters.stream().mapToLong(Herd.Counters::refusedWrites).sum(),
                counters.stream().mapToLong(Herd.Counters::lostOutcomes).sum(),
                ledger.open(),
                ledger.outcomeTwice(),
                sent.twice(),
                ledger.wrongEnding(),
                ledger.takenForPoison(),
                ledger.exactNotOnce(),
                ledger.effectMissing(),
                ledger.slots(clock.toDatabase(began), clock.toDatabase(ended)),
                disasters.leaders(),
                ledger.batches(sent.batches()),
                ledger.lines(sent.lines()),
                sent.unknown(takenOpen),
                new Duplicates(timeline, clock, silences).count(ledger.repeatedEffects()),
                recoveries.slowest(Recoveries.Recovery::net),
                recovery(recoveries, outages),
                new TortureReport.Traced(conformance.events(), conformance.broken()),
                deposed,
                faults,
                clock.now(),
                plan.command());
        if (report.completed() + report.discarded() + report.cancelled() + ledger.open(true) != report.acknowledged()) {
            throw new MillraceException(
                    "The count does not add up: %s. This is an error of the torture itself.".formatted(report));
        }
        return report;
    }

    private static TortureReport.Recovery recovery(Recoveries recoveries, Spans outages) {
        return new TortureReport.Recovery(
                recoveries.all().size(),
                recoveries.slowest(Recoveries.Recovery::net),
                recoveries.median(Recoveries.Recovery::net),
                recoveries.slowest(Recoveries.Recovery::raw),
                recoveries.median(Recoveries.Recovery::raw),
                outages.length(),
                recoveries.all().stream()
                        .filter(recovery -> recovery.charged() >= 0)
                        .count(),
                recoveries.slowest(Recoveries.Recovery::charged),
                recoveries.histogram(Recoveries.Recovery::net),
                recoveries.histogram(Recoveries.Recovery::raw));
    }

    /** When each process fell silent, for whoever was taken for poison. */
    private void recordEnds(Map<String, TortureLedger.Joined> nodes, Map<String, Timeline.Silence> silences)
            throws SQLException {
        var ends = new HashMap<String, List<Long>>();
        timeline.deaths()
                .forEach((name, at) ->
                        ends.computeIfAbsent(name, first -> new ArrayList<>()).add(clock.toDatabase(at)));
        silences.forEach((id, silence) -> {
            var node = nodes.get(id);
            if (node != null)
                ends.computeIfAbsent(node.name(), first -> new ArrayList<>()).add(clock.toDatabase(silence.since()));
        });
        ledger.ends(ends);
    }
}
