package dev.millrace.app.torture;

import java.util.Map;

/**
 * What a run found.
 *
 * @param acknowledged enqueues that returned
 * @param completed of the acknowledged jobs; so are {@code discarded} and {@code cancelled}
 * @param rescued deliveries that were taken back from dead nodes
 * @param refusedWrites steps of deposed nodes that were refused
 * @param lostOutcomes outcomes that did not count, because the delivery had been taken back
 * @param lost acknowledged jobs, and unknown ones that were taken after all, that ended in no state
 * @param outcomeTwice jobs with more than one ending
 * @param enqueuedTwice jobs that were taken although their enqueue was refused, or more often than they were sent
 * @param wrongEnding jobs that ended otherwise than their handler decided
 * @param takenForPoison jobs that were discarded because node after node was killed soon after they had started there
 * @param exactTwice jobs whose effect and outcome are one commit, with other than one effect
 * @param effectMissing completed jobs without their effect
 * @param slots what became of the schedule that all nodes bring
 * @param leaders what became of the faults that were to strike whoever fires it
 * @param batches what became of a batch a second
 * @param lines what became of jobs with an order
 * @param duplicates effects of a commit of their own that happened once more than needed, by cause: at least once is what was promised
 * @param slowestRecoveryMillis from the moment a node fell silent to the start elsewhere, the slowest, outages not counted; −1 if nothing
 *     had to be recovered
 * @param traced what the nodes' traces say of the invariants that simulated nodes are held to
 * @param deposed nodes from which something was taken back, by why they had fallen silent
 * @param faults how many of each sort were done
 * @param millis how long the whole run took
 * @param repeat the command that does the same again
 */
public record TortureReport(
        long seed,
        int seconds,
        long acknowledged,
        long completed,
        long discarded,
        long cancelled,
        long rescued,
        long refusedWrites,
        long lostOutcomes,
        long lost,
        long outcomeTwice,
        long enqueuedTwice,
        long wrongEnding,
        long takenForPoison,
        long exactTwice,
        long effectMissing,
        Slots slots,
        Leaders leaders,
        Batches batches,
        Lines lines,
        Unknown unknown,
        Map<String, Long> duplicates,
        long slowestRecoveryMillis,
        Recovery recovery,
        Traced traced,
        Map<String, Long> deposed,
        Map<String, Integer> faults,
        long millis,
        String repeat) {

    /** The slowest recovery that is promised: the lease and five seconds. */
    public static final long PROMISED_RECOVERY_MILLIS = 15_000;

    /**
     * A schedule of one slot a second, whose missed slots all run.
     *
     * @param due slots from when a node had brought it until all faults and jobs were over
     * @param fired slots that were, with those that came while all was let finish
     * @param missing slots that were not, of those that are due, and of those up to the last one that was
     * @param twice slots that became more than one job
     * @param undone slots whose job had not run half a minute later
     * @param lateSeconds how long after the run began a node had brought it; −1 if none has
     * @param behindSeconds how old the last one was at the end; −1 if none was fired
     * @param terms how often it went from node to node, and one more
     */
    public record Slots(
            long due,
            long fired,
            long missing,
            long twice,
            long undone,
            long lateSeconds,
            long behindSeconds,
            long terms) {

        /** A first node has to start, to join and to bring it, while faults strike already: like one that takes over from a dead one. */
        static final long LONGEST_LATE = 30;

        /** A node that takes over has a lease, five seconds and its next look for it. */
        static final long LONGEST_BEHIND = 30;

        /** @param seconds how long the run was to be: but for the first few, each of them had a slot, and each of these was fired */
        boolean kept(int seconds) {
            return due >= seconds - LONGEST_LATE
                    && fired > 0
                    && fired >= due
                    && missing == 0
                    && twice == 0
                    && undone == 0
                    && lateSeconds >= 0
                    && lateSeconds <= LONGEST_LATE
                    && behindSeconds <= LONGEST_BEHIND;
        }
    }

    /**
     * Faults for whoever fires the schedule.
     *
     * @param asked whose time had come
     * @param done of those, how many were
     * @param notDone why the others were not, and how often
     */
    public record Leaders(int asked, int done, Map<String, Integer> notDone) {

        /** One may find that whoever fires was struck just before; but where that is the rule, next to nothing was proven. */
        boolean kept() {
            return 2 * done >= asked;
        }
    }

    /**
     * Batches of some parts, of which some fail, some are retried, and some end in a transaction of their handler.
     *
     * @param acknowledged enqueues of batches that returned
     * @param missing acknowledged ones that are not there
     * @param open were not followed, or whose job has not ended
     * @param twice were followed more than once
     * @param early were followed before their last part had ended
     * @param miscounted say something else of how their parts ended than the parts do
     */
    public record Batches(long acknowledged, long missing, long open, long twice, long early, long miscounted) {

        boolean kept() {
            return acknowledged > 0 && missing == 0 && open == 0 && twice == 0 && early == 0 && miscounted == 0;
        }
    }

    /**
     * Jobs with an order, some of which fail at first, and some of which write their number in the transaction of their outcome.
     *
     * @param acknowledged enqueues that returned
     * @param missing acknowledged ones that are not there
     * @param open have not ended
     * @param unwritten completed and have not written
     * @param twice have written twice
     * @param overtaken wrote after one that was enqueued later
     */
    public record Lines(long acknowledged, long missing, long open, long unwritten, long twice, long overtaken) {

        boolean kept() {
            return acknowledged > 0 && missing == 0 && open == 0 && unwritten == 0 && twice == 0 && overtaken == 0;
        }
    }

    /**
     * Enqueues whose commit was not answered, and what became of them.
     *
     * @param taken they were in the log
     * @param ended of those, how many ended
     * @param never they were not
     * @param refusals enqueues of which the store said at once that nothing was written; they were sent again
     */
    public record Unknown(long enqueues, long taken, long ended, long never, long refusals) {}

    /**
     * How long recoveries took.
     *
     * @param count deliveries that were taken back, and whose job started again
     * @param slowestMillis net of outages; so is {@code medianMillis}
     * @param slowestRawMillis outages included; so is {@code medianRawMillis}
     * @param outageMillis how long no living node could reach a database that takes writes, all in all
     * @param charged of those, how many were charged with a death, so that they had to wait for their turn among few
     * @param slowestChargedMillis how long it took until the last of these had started, net; −1 if there were none
     * @param netSeconds how many took up to so many seconds, outages not counted
     * @param rawSeconds the same, outages included
     */
    public record Recovery(
            long count,
            long slowestMillis,
            long medianMillis,
            long slowestRawMillis,
            long medianRawMillis,
            long outageMillis,
            long charged,
            long slowestChargedMillis,
            Map<String, Long> netSeconds,
            Map<String, Long> rawSeconds) {}

    /**
     * The traces of all node processes.
     *
     * @param events steps that were traced
     * @param broken how many of these broke an invariant
     */
    public record Traced(long events, long broken) {}

    private long unexplained() {
        return duplicates.getOrDefault(Timeline.UNEXPLAINED, 0L);
    }

    /** A node that was deposed in its sleep must have been refused something when it woke. */
    private boolean fenced() {
        return deposed.getOrDefault(Timeline.Cause.FROZEN.wireName(), 0L) == 0 || refusedWrites > 0;
    }

    /**
     * Whether every promise was kept.
     *
     * @param timed whether recoveries are held to the promised time
     */
    public boolean kept(boolean timed) {
        return lost == 0
                && outcomeTwice == 0
                && enqueuedTwice == 0
                && wrongEnding == 0
                && exactTwice == 0
                && effectMissing == 0
                && slots.kept(seconds)
                && leaders.kept()
                && batches.kept()
                && lines.kept()
                && unexplained() == 0
                && traced.broken == 0
                && traced.events > 0 // else nothing was looked at
                && (!timed || slowestRecoveryMillis <= PROMISED_RECOVERY_MILLIS)
                && fenced();
    }

    /** For people. */
    String text(boolean timed) {
        return """

            seed %d, %d s: %s
              acknowledged        %8d
              completed           %8d
              discarded           %8d    as their handlers wanted
              rescued             %8d    deliveries taken back from dead nodes
              refused writes      %8d    by nodes that had been deposed
              lost                %8d    must be 0
              outcome twice       %8d    must be 0
              enqueued twice      %8d    must be 0
              wrong ending        %8d    must be 0
              taken for poison    %8d    node after node fell soon after they had started
              exact effect twice  %8d    must be 0: effect and outcome in one commit
              effect missing      %8d    must be 0
              slots of a schedule %8d    one a second, %d of them due; %d missing, %d twice, %d not run, which must be 0; %d terms; begun %d s late, %d s behind
              its leader struck   %8d    of %d times, half of which it must be; else: %s
              batches             %8d    one a second; %d missing, %d open, %d followed twice, %d early, %d miscounted, which must be 0
              jobs with an order  %8d    %d missing, %d open, %d unwritten, %d twice, %d overtaken, which must be 0
              other effect again  %8d    at least once is what is promised: %s
              unknown enqueues    %8d    taken after all %d, of which ended %d; never taken %d
              nodes deposed       %8d    by why they were silent: %s
              slowest recovery    %8d ms from the silence of a node to the start elsewhere; median %d ms of %d
                                  %8d ms with outages; in all, no node could reach the database for %d ms
                                  %8d ms until the last of %d that were charged with a death had started
              recoveries, by s             %s
              invariants broken   %8d    must be 0: of the simulation's, in %d traced steps
            %s
            %s""".formatted(
                        seed,
                        seconds,
                        words(faults),
                        acknowledged,
                        completed,
                        discarded,
                        rescued,
                        refusedWrites,
                        lost,
                        outcomeTwice,
                        enqueuedTwice,
                        wrongEnding,
                        takenForPoison,
                        exactTwice,
                        effectMissing,
                        slots.fired,
                        slots.due,
                        slots.missing,
                        slots.twice,
                        slots.undone,
                        slots.terms,
                        slots.lateSeconds,
                        slots.behindSeconds,
                        leaders.done,
                        leaders.asked,
                        words(leaders.notDone),
                        batches.acknowledged,
                        batches.missing,
                        batches.open,
                        batches.twice,
                        batches.early,
                        batches.miscounted,
                        lines.acknowledged,
                        lines.missing,
                        lines.open,
                        lines.unwritten,
                        lines.twice,
                        lines.overtaken,
                        duplicates.values().stream().mapToLong(Long::longValue).sum(),
                        words(duplicates),
                        unknown.enqueues,
                        unknown.taken,
                        unknown.ended,
                        unknown.never,
                        deposed.values().stream().mapToLong(Long::longValue).sum(),
                        words(deposed),
                        slowestRecoveryMillis,
                        recovery.medianMillis,
                        recovery.count,
                        recovery.slowestRawMillis,
                        recovery.outageMillis,
                        recovery.slowestChargedMillis,
                        recovery.charged,
                        words(recovery.netSeconds),
                        traced.broken,
                        traced.events,
                        kept(timed) ? "every promise was kept" : "A PROMISE WAS BROKEN",
                        "again: " + repeat);
    }

    private static String words(Map<String, ? extends Number> counts) {
        var words = new StringBuilder();
        counts.forEach((name, count) -> {
            if (count.longValue() > 0)
                words.append(words.isEmpty() ? "" : ", ")
                        .append(name)
                        .append(' ')
                        .append(count);
        });
        return words.isEmpty() ? "none" : words.toString();
    }
}
