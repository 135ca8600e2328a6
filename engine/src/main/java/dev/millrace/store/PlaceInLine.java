package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Line.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a job stands among the others of its keys, as far as a look into the store can tell. Which of those that a node holds it lets run, and which wait in line, it
 * alone knows; but of one order key none starts before those that stand before it have ended.
 *
 * @param ahead how many jobs of its order key certainly start before it and have not ended
 * @param first the one of them that stands first; null if there is none
 * @param held how many jobs of its limit's key a node holds, this one included if it does; 0 without a limit
 * @param allHeld whether these are certainly all that it holds of the key
 * @param heldAhead those among them that stand before it
 * @param freeAhead how many of its limit's key stand before it that nobody has claimed; 0 without a limit
 * @param weightAhead how much of the limit's rate those take together that stand before it, held or not
 * @param limit what the last job of its limit's key says that a node holds, which is what counts; of none is held, what this one says; null without a limit
 * @param exact whether there are certainly no more ahead
 * @param fullIn so long until the allowance of its limit's key is full again, if its rate is a slow one that the store counts; null if it counts none
 */
public record PlaceInLine(
        long ahead,
        @Nullable JobId first,
        long held,
        boolean allHeld,
        long heldAhead,
        long freeAhead,
        long weightAhead,
        @Nullable Limited limit,
        boolean exact,
        @Nullable Duration fullIn) {

    /** Where a job of a key is. */
    public enum Where {
        /** Claimed, and not ended: it runs, or waits in its line. */
        HELD,

        /** It has come back to its shard, and is not claimed. */
        BACK,

        /** It was enqueued, and is not claimed. */
        ENQUEUED,

        /** It has been delivered, and waits elsewhere: for its next attempt, or parked. */
        ABSENT,

        /** It is parked behind others of its row, and comes back before those that stand behind it. */
        BEHIND
    }

    /**
     * One job of a key, as a look finds it.
     *
     * @param at where its first delivery stands
     * @param nr of one that is held and never came back the number of its claim, of one that is enqueued and not claimed its number among these; else 0.
     *     -1 if that is not known
     */
    public record Stand(JobId job, Line line, Position at, Where where, long nr) {

        /** Whether this one, which is of the same order and stands before the other in the log, is certainly known to whoever could start the other. */
        private boolean isKnownBefore(Stand other) {
            return switch (where) {
                case ABSENT, BACK, BEHIND -> true;
                // Its transaction may have been slow: then it was claimed when the other one had started.
                case HELD -> other.where != Where.HELD || nr == 0 || (nr > 0 && nr <= other.nr);
                case ENQUEUED -> other.where == Where.ENQUEUED && nr < other.nr;
            };
        }
    }

    /**
     * What a look has found.
     *
     * @param all jobs of the shard, each once, among them those of the keys of the job
     * @param complete whether these are all there are
     * @param allHeld whether these are all that a node holds
     * @return empty if the job is not among them
     */
    public static Optional<PlaceInLine> of(
            JobId job, Collection<Stand> all, boolean complete, boolean allHeld, @Nullable Duration fullIn) {
        for (var own : all) if (own.job.equals(job)) return Optional.of(of(own, all, complete, allHeld, fullIn));
        return Optional.empty();
    }

    private static PlaceInLine of(
            Stand own, Collection<Stand> all, boolean complete, boolean allHeld, @Nullable Duration fullIn) {
        var order = own.line.ordered();
        var limit = own.line.limit();
        long ahead = 0;
        long held = 0;
        long heldAhead = 0;
        long freeAhead = 0;
        long weightAhead = 0;
        boolean exact = complete;
        @Nullable Stand first = null;
        @Nullable Stand newest = null;
        for (var other : all) {
            // Of a slow transaction: whoever holds the job does not know of this one, so it waits for it no more than
            // for those to come.
            if (own.where == Where.HELD && other.where == Where.ENQUEUED) continue;
            boolean before = other.at.compareTo(own.at) < 0;
            if (order != null && before && Objects.equals(order, other.line.ordered())) {
                if (!other.isKnownBefore(own)) exact = false;
                else {
                    ahead++;
                    if (first == null || other.at.compareTo(first.at) < 0) first = other;
                }
            }
            if (limit == null || other.where == Where.ABSENT || !isOf(limit, other.line)) continue;
            if (before) weightAhead += weight(other.line);
            if (other.where != Where.HELD) {
                if (before) freeAhead++;
                continue;
            }
            held++;
            if (before) heldAhead++;
            if (newest == null || other.at.compareTo(newest.at) > 0) newest = other;
        }
        return new PlaceInLine(
                ahead,
                first == null ? null : first.job,
                held,
                allHeld,
                heldAhead,
                freeAhead,
                weightAhead,
                newest == null ? limit : newest.line.limit(),
                exact,
                fullIn);
    }

    private static int weight(Line line) {
        var rated = line.limit() == null ? null : line.limit().rate();
        return rated == null ? 1 : rated.weight();
    }

    private static boolean isOf(Limited limit, Line other) {
        return other.limit() != null && limit.group().equals(other.limit().group());
    }
}
