package dev.millrace.node;

import dev.millrace.JobEvent;
import dev.millrace.LogLevel;
import dev.millrace.MillraceException;
import dev.millrace.store.Catalogue.KindSchema;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a node runs, and how.
 *
 * @param name for people
 * @param queues served queues, in order of preference within a priority
 * @param kinds by wire name
 * @param schedules that it brings; which of them it fires is settled with the others
 * @param setSchedules reads those that were set at run time, which any node may fire; null if this one does not
 * @param listeners called on a thread of their own
 * @param schemas what payloads of its kinds look like, to be published; empty if nothing is
 * @param logLevel of lines of jobs' logs, less grave ones are not kept
 * @param fleetQueues how many jobs of a queue may run at once on all nodes together, as this node's code says; empty if it says nothing of that
 */
public record NodePlan(
        String name,
        List<String> queues,
        Map<String, KindPlan> kinds,
        List<SchedulePlan> schedules,
        SchedulePlan.@Nullable Reader setSchedules,
        List<Consumer<JobEvent>> listeners,
        Limits limits,
        List<KindSchema> schemas,
        LogLevel logLevel,
        Map<String, Integer> fleetQueues) {

    /** One that publishes nothing of its kinds, keeps all lines of jobs' logs, and says nothing of queues of the whole fleet. */
    public NodePlan(
            String name,
            List<String> queues,
            Map<String, KindPlan> kinds,
            List<SchedulePlan> schedules,
            SchedulePlan.@Nullable Reader setSchedules,
            List<Consumer<JobEvent>> listeners,
            Limits limits) {
        this(name, queues, kinds, schedules, setSchedules, listeners, limits, List.of(), LogLevel.TRACE, Map.of());
    }

    /** What it handles, as it tells it: each kind with the newest version that it reads. */
    public List<String> kindsTold() {
        return kinds.values().stream().map(KindPlan::told).sorted().toList();
    }

    /** What it reads, as it tells it: each kind in each version. */
    public List<String> readsTold() {
        return kinds.values().stream()
                .sorted(Comparator.comparing(KindPlan::kind))
                .flatMap(KindPlan::reads)
                .toList();
    }

    /** One without schedules. */
    public NodePlan(
            String name,
            List<String> queues,
            Map<String, KindPlan> kinds,
            List<Consumer<JobEvent>> listeners,
            Limits limits) {
        this(name, queues, kinds, List.of(), null, listeners, limits);
    }

    /**
     * The bounds of a node.
     *
     * @param slots attempts that run at once, all kinds together
     * @param claimBatch most deliveries in one claim; half of it, if not so many slots are free
     * @param buffer most deliveries claimed ahead of a free slot; used only as far as jobs turn out to be short
     * @param inLine most deliveries of a keyed shard that wait in lines; what has to wait behind them longer is parked
     * @param flushBatch most outcomes in one flush
     * @param readBytes most bytes of payload read in one step
     * @param lease a peer whose beat stands still so long is deposed
     * @param beat rest between two beats
     * @param idlePoll longest rest between two looks for work
     * @param manifest rest between two manifests
     * @param handBackAfter a claimed delivery that found no slot for so long goes back
     * @param grace how long a closing node waits for running handlers before it interrupts them
     * @param youth how long a marked start is young: if its node dies then, the start is charged with the death
     */
    public record Limits(
            int slots,
            int claimBatch,
            int buffer,
            int inLine,
            int flushBatch,
            long readBytes,
            Duration lease,
            Duration beat,
            Duration idlePoll,
            Duration manifest,
            Duration handBackAfter,
            Duration grace,
            Duration youth) {

        /** So many deliveries that are charged with a death may be young at once: one of them is to blame if the node dies. */
        public static final int YOUNG_TOGETHER = 8;

        /** How long a handler whose job was cancelled is left alone before it is interrupted. */
        public static final Duration CANCEL_GRACE = Duration.ofSeconds(2);

        /** How long an attempt that has written its outcome in its own transaction may go on past its deadline to commit it. */
        public static final Duration COMMIT_GRACE = Duration.ofSeconds(2);

        /** How long a closing node waits for handlers that it interrupted, and then for its last flush. */
        public static final Duration LAST_WORDS = Duration.ofSeconds(2);

        /** What waits this long to be flushed is flushed, however little it is; many do not wait at all. */
        public static final Duration LINGER = Duration.ofMillis(2);

        /** Log lines of one attempt; the last one says that it was cut. */
        public static final int LOG_LINES = 1_000;

        /** Characters of one log line. */
        public static final int LOG_LINE = 2_000;

        /** Log lines and progress that wait to be written; beyond that they are dropped and counted. */
        public static final int NOTES = 10_000;

        /** Events that wait for the listeners; beyond that they are dropped and counted. */
        public static final int EVENTS = 10_000;

        public Limits {
            require("slots", slots, slots >= 1, "1 or more");
            require("claimBatch", claimBatch, claimBatch >= 1, "1 or more");
            require("buffer", buffer, buffer >= 0, "0 or more");
            require("inLine", inLine, inLine >= 1, "1 or more");
            require("flushBatch", flushBatch, flushBatch >= 1, "1 or more");
            require("readBytes", readBytes, readBytes >= 1, "1 or more");
            for (var span : List.of(beat, idlePoll, manifest, handBackAfter))
                require("a rest", span, span.isPositive(), "longer than zero");
            for (var span : List.of(grace, youth)) require("a wait", span, !span.isNegative(), "zero or longer");
            require(
                    "lease",
                    lease,
                    lease.compareTo(beat.multipliedBy(3)) >= 0,
                    "three beats (" + beat.multipliedBy(3) + ") or more: one late beat must not cost a node its life");
        }

        private static void require(String name, Object value, boolean holds, String range) {
            if (!holds)
                throw new MillraceException("The limit \"%s\" is %s; it must be %s.".formatted(name, value, range));
        }

        /** The defaults, argued in {@code docs/guides/operations.md}. */
        public static final Limits DEFAULT = new Limits(
                100,
                1_000,
                500,
                500,
                2_000,
                8L * 1024 * 1024,
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                Duration.ofMillis(500));

        public Limits withSlots(int slots) {
            return new Limits(
                    slots,
                    claimBatch,
                    buffer,
                    inLine,
                    flushBatch,
                    readBytes,
                    lease,
                    beat,
                    idlePoll,
                    manifest,
                    handBackAfter,
                    grace,
                    youth);
        }

        public Limits withLease(Duration lease, Duration beat) {
            return new Limits(
                    slots,
                    claimBatch,
                    buffer,
                    inLine,
                    flushBatch,
                    readBytes,
                    lease,
                    beat,
                    idlePoll,
                    manifest,
                    handBackAfter,
                    grace,
                    youth);
        }

        public Limits withGrace(Duration grace) {
            return new Limits(
                    slots,
                    claimBatch,
                    buffer,
                    inLine,
                    flushBatch,
                    readBytes,
                    lease,
                    beat,
                    idlePoll,
                    manifest,
                    handBackAfter,
                    grace,
                    youth);
        }
    }
}
