package dev.millrace.app.torture;

import static dev.millrace.app.torture.Timeline.UNEXPLAINED;

import dev.millrace.app.torture.Timeline.Cause;
import dev.millrace.app.torture.Timeline.Silence;
import dev.millrace.app.torture.TortureLedger.Repeated;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Effects that happened more than once, by what caused it. An effect is one too many if the delivery that had it did not complete its job.
 * Either its node fell silent before the outcome was written, and the delivery was taken back: then the cause is why the node was silent.
 * Or the answer to the effect's own commit was lost, and the attempt failed: then something must have broken that connection in between.
 * Everything else is unexplained, above all two effects of one delivery.
 */
final class Duplicates {

    /** Between a fault and its being felt, and what clocks and commits may differ. */
    private static final long SLACK_MILLIS = 1_500;

    private final Timeline timeline;
    private final RunClock clock;
    private final Map<String, Silence> silences;
    private final Map<String, Long> byCause = Timeline.noneOfEach();

    /** Counts by these silences of the nodes that were deposed, by their id. */
    Duplicates(Timeline timeline, RunClock clock, Map<String, Silence> silences) {
        this.timeline = timeline;
        this.clock = clock;
        this.silences = silences;
    }

    /** Counts effects of the jobs that have several, given a job after the other, the oldest first. */
    Map<String, Long> count(List<Repeated> effects) {
        for (int from = 0; from < effects.size(); ) {
            int to = from;
            while (to < effects.size()
                    && effects.get(to).n() == effects.get(from).n()) to++;
            countOne(effects.subList(from, to));
            from = to;
        }
        return byCause;
    }

    private void countOne(List<Repeated> effects) {
        Set<Long> deliveries = new HashSet<>();
        int rightful = rightful(effects);
        for (int i = 0; i < effects.size(); i++) {
            var effect = effects.get(i);
            boolean twiceInOne = !deliveries.add(effect.seq());
            if (twiceInOne) byCause.merge(UNEXPLAINED, 1L, Long::sum);
            else if (i != rightful) byCause.merge(cause(effect), 1L, Long::sum);
        }
    }

    /** The one that completed the job; if none did, the last. */
    private static int rightful(List<Repeated> effects) {
        for (int i = 0; i < effects.size(); i++)
            if ("done".equals(effects.get(i).outcome())) return i;
        return effects.size() - 1;
    }

    private String cause(Repeated effect) {
        var outcome = effect.outcome();
        if (outcome == null) return UNEXPLAINED;
        return switch (outcome) {
            case "rescued" -> {
                var reason = String.valueOf(effect.reason());
                var silence = silences.get(reason.substring(5, Math.min(reason.length(), 41)));
                yield silence == null ? UNEXPLAINED : silence.name();
            }
            case "retry", "timed_out" ->
                timeline.brokenConnection(
                                effect.process(),
                                clock.ofDatabase(effect.at()) - SLACK_MILLIS,
                                clock.ofDatabase(effect.ended()))
                        .map(Cause::wireName)
                        .orElse(UNEXPLAINED);
            // Its rescuer discarded it, as poison.
            case "discarded" -> {
                var since = clock.ofDatabase(effect.at());
                yield timeline.silence(effect.process(), since, clock.ofDatabase(effect.ended()))
                        .name();
            }
            default -> UNEXPLAINED; // done twice, or what never runs a handler
        };
    }
}
