package dev.millrace.benchmarks.trial;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.MillraceException;
import java.util.Arrays;

/** What is measured, by the name that it has in reports; a name never changes its meaning. */
public enum Metric {
    // burn-down, and its database's and process's costs
    ENQUEUE("enqueuePerSecond", "jobs/s", Better.MORE, "enqueued in bulk"),
    RUN("runPerSecond", "jobs/s", Better.MORE, "run"),
    RAW_COPY("rawCopyPerSecond", "rows/s", Better.MORE, "raw COPY in"),
    RAW_READ_AND_COPY("rawLimitPerSecond", "rows/s", Better.MORE, "raw read and COPY, best of 1, 2, 4 connections"),
    RAW_COMMITS("rawCommitsPerSecond", "rows/s", Better.MORE, "raw INSERT, one row a commit, from each caller"),
    WAL_BYTES("walBytesPerJob", "bytes", Better.LESS, "write-ahead log per job"),
    FULL_PAGES("fullPageImagesPerJob", "pages", Better.LESS, "whole pages in it, per job"),
    COMMITS("commitsPerJob", "", Better.LESS, "commits per job"),
    CPU("engineCpuMicrosPerJob", "µs", Better.LESS, "processor time of engine and handlers per job"),
    ALLOCATED("allocatedBytesPerJob", "bytes", Better.LESS, "allocated per job"),
    DEAD_TUPLES("deadTuples", "rows", Better.LESS, "dead rows"),
    TAKEN("jobsTaken", "jobs", Better.NEITHER, "jobs taken"),
    DONE("jobsDone", "jobs", Better.NEITHER, "jobs done"),

    // sustained
    END_TO_END("endToEndPerSecond", "jobs/s", Better.MORE, "enqueued and done, over the whole time"),
    BEST_SECOND("bestSecondPerSecond", "jobs/s", Better.MORE, "run in the best second"),
    ACKNOWLEDGED("acknowledgedPerSecond", "jobs/s", Better.MORE, "acknowledged, over the whole time"),
    CALL_P50("callP50Millis", "ms", Better.LESS, "call, median"),
    CALL_P99("callP99Millis", "ms", Better.LESS, "call, 99 of 100"),
    CALL_MAX("callMaxMillis", "ms", Better.LESS, "call, longest"),
    BACKLOG_AT_END("backlogAtEnd", "jobs", Better.LESS, "not done at the end"),

    // transactional
    WITH_JOB("withJobPerSecond", "tx/s", Better.MORE, "transactions with a job"),
    WITH_ROW("withPlainRowPerSecond", "tx/s", Better.MORE, "the same with a plain row instead"),
    TRANSACTION_RATIO("transactionRatio", "", Better.MORE, "the first over the second"),

    // idle
    PICK_UP_P50("pickUpP50Millis", "ms", Better.LESS, "pick-up, median"),
    PICK_UP_P99("pickUpP99Millis", "ms", Better.LESS, "pick-up, 99 of 100"),
    PICK_UP_MAX("pickUpMaxMillis", "ms", Better.LESS, "pick-up, longest"),
    IDLE_ENGINE("idleEngineCpuPercent", "% of a core", Better.LESS, "engine process, idle"),
    IDLE_DATABASE("idleDatabaseCpuPercent", "% of a core", Better.LESS, "database processes, idle"),
    IDLE_STATEMENTS("idleStatementsPerSecond", "1/s", Better.LESS, "statements of an idle node"),

    // handlers
    BUSY_1MS("busyPercent1ms", "%", Better.MORE, "slot time busy, 1 ms handlers"),
    BUSY_50MS("busyPercent50ms", "%", Better.MORE, "slot time busy, 50 ms handlers"),
    RUN_1MS("runPerSecond1ms", "jobs/s", Better.MORE, "run, 1 ms handlers"),
    RUN_50MS("runPerSecond50ms", "jobs/s", Better.MORE, "run, 50 ms handlers"),

    // held-horizon, by thirds: the snapshot is held in the second
    FIRST_RUN("firstPerSecond", "jobs/s", Better.MORE, "first third, done"),
    HELD_RUN("heldPerSecond", "jobs/s", Better.MORE, "held third, done"),
    LAST_RUN("lastPerSecond", "jobs/s", Better.MORE, "last third, done"),
    FIRST_P50("firstPickUpP50Millis", "ms", Better.LESS, "first third, pick-up, median"),
    HELD_P50("heldPickUpP50Millis", "ms", Better.LESS, "held third, pick-up, median"),
    LAST_P50("lastPickUpP50Millis", "ms", Better.LESS, "last third, pick-up, median"),
    FIRST_P99("firstPickUpP99Millis", "ms", Better.LESS, "first third, pick-up, 99 of 100"),
    HELD_P99("heldPickUpP99Millis", "ms", Better.LESS, "held third, pick-up, 99 of 100"),
    LAST_P99("lastPickUpP99Millis", "ms", Better.LESS, "last third, pick-up, 99 of 100"),
    FIRST_STREAM("firstStreamBytesPerJob", "bytes", Better.LESS, "first third, growth of the job stream per job"),
    HELD_STREAM("heldStreamBytesPerJob", "bytes", Better.LESS, "held third, growth of the job stream per job"),
    LAST_STREAM("lastStreamBytesPerJob", "bytes", Better.LESS, "last third, growth of the job stream per job"),
    FIRST_OTHER("firstOtherKilobytes", "KB", Better.LESS, "first third, all other relations at its end"),
    HELD_OTHER("heldOtherKilobytes", "KB", Better.LESS, "held third, all other relations at its end"),
    LAST_OTHER("lastOtherKilobytes", "KB", Better.LESS, "last third, all other relations at its end"),

    // backlog
    SMALL_RUN("smallRunPerSecond", "jobs/s", Better.MORE, "run, small"),
    BACKLOG_RUN("backlogRunPerSecond", "jobs/s", Better.MORE, "run, from the backlog"),
    HISTORY_RUN("historyRunPerSecond", "jobs/s", Better.MORE, "run, with history"),
    SMALL_P50("smallPickUpP50Millis", "ms", Better.LESS, "pick-up, small, median"),
    BACKLOG_P50("backlogPickUpP50Millis", "ms", Better.LESS, "pick-up, with the backlog, median"),
    HISTORY_P50("historyPickUpP50Millis", "ms", Better.LESS, "pick-up, with history, median"),
    SMALL_P99("smallPickUpP99Millis", "ms", Better.LESS, "pick-up, small, 99 of 100"),
    BACKLOG_P99("backlogPickUpP99Millis", "ms", Better.LESS, "pick-up, with the backlog, 99 of 100"),
    HISTORY_P99("historyPickUpP99Millis", "ms", Better.LESS, "pick-up, with history, 99 of 100"),
    BACKLOG_JOBS("backlogJobs", "jobs", Better.NEITHER, "that waited"),
    HISTORY_JOBS("historyJobs", "jobs", Better.NEITHER, "that had ended"),

    // timers
    TIMERS("timersPerSecond", "jobs/s", Better.MORE, "delayed by a second, enqueued and done"),

    // nodes
    TOTAL_RUN("totalRunPerSecond", "jobs/s", Better.MORE, "run, all nodes together"),
    LOCK_WAITS("lockWaits", "sessions", Better.LESS, "that wait for a lock, on average"),
    CLAIMS("claimsPerThousandJobs", "", Better.LESS, "claims per 1,000 jobs"),

    // features: enqueued in bulk and done, one slice after the other; each ratio is over plain
    PLAIN_DONE("plainPerSecond", "jobs/s", Better.MORE, "plain"),
    LABELLED_DONE("labelledPerSecond", "jobs/s", Better.MORE, "with a tenant and two tags"),
    LABELLED_RATIO("labelledOverPlain", "", Better.MORE, "with a tenant and two tags, over plain"),
    TENANTS_DONE("tenantsPerSecond", "jobs/s", Better.MORE, "of 10,000 tenants"),
    TENANTS_RATIO("tenantsOverPlain", "", Better.MORE, "of 10,000 tenants, over plain"),
    RESULT_DONE("withResultPerSecond", "jobs/s", Better.MORE, "with a result of 100 characters"),
    RESULT_RATIO("withResultOverPlain", "", Better.MORE, "with a result of 100 characters, over plain"),
    UNIQUE_DONE("uniquePerSecond", "jobs/s", Better.MORE, "with a unique key each"),
    UNIQUE_RATIO("uniqueOverPlain", "", Better.MORE, "with a unique key each, over plain"),
    ORDERED_DONE("inOrderPerSecond", "jobs/s", Better.MORE, "in order, of 10,000 keys"),
    ORDERED_RATIO("inOrderOverPlain", "", Better.MORE, "in order, of 10,000 keys, over plain"),
    LIMITED_DONE("limitedPerSecond", "jobs/s", Better.MORE, "with a limit, of 10,000 keys"),
    LIMITED_RATIO("limitedOverPlain", "", Better.MORE, "with a limit, of 10,000 keys, over plain"),
    RATED_DONE("ratedPerSecond", "jobs/s", Better.MORE, "with a rate, of 10,000 keys"),
    RATED_RATIO("ratedOverPlain", "", Better.MORE, "with a rate, of 10,000 keys, over plain"),
    BATCH_DONE("batchPartsPerSecond", "jobs/s", Better.MORE, "in batches of 1,000 parts"),
    BATCH_RATIO("batchPartsOverPlain", "", Better.MORE, "in batches of 1,000 parts, over plain"),
    DELAYED_DONE("delayedPerSecond", "jobs/s", Better.MORE, "delayed by a millisecond, through timers"),
    DELAYED_RATIO("delayedOverPlain", "", Better.MORE, "delayed by a millisecond, over plain"),
    TRANSACT_DONE("transactPerSecond", "jobs/s", Better.MORE, "with an outcome in the handler's own transaction"),
    TRANSACT_RATIO(
            "transactOverPlain", "", Better.MORE, "with an outcome in the handler's own transaction, over plain"),

    // seats: from a request to its answer
    QUIET_P50("quietPickUpP50Millis", "ms", Better.LESS, "pick-up before the flood, median"),
    QUIET_P99("quietPickUpP99Millis", "ms", Better.LESS, "pick-up before the flood, 99 of 100"),
    FLOODED_P50("floodedPickUpP50Millis", "ms", Better.LESS, "pick-up of others beside the flood, median"),
    FLOODED_P99("floodedPickUpP99Millis", "ms", Better.LESS, "pick-up of others beside the flood, 99 of 100"),
    FLOODED_RATIO("floodedOverQuietP99", "", Better.LESS, "the last over that before the flood"),
    QUIET_WORST_P50(
            "quietWorstTenantP50Millis", "ms", Better.LESS, "the tenant that waits longest, before, its median"),
    FLOODED_WORST_P50(
            "floodedWorstTenantP50Millis",
            "ms",
            Better.LESS,
            "the tenant that waits longest beside the flood, its median"),
    FLOOD_RUN("floodPerSecond", "jobs/s", Better.MORE, "of the flood, run beside them"),
    SHOWS("shows", "", Better.NEITHER, "shows that were sold in each way"),
    SOLD_TWICE("seatsSoldTwice", "", Better.LESS, "seats sold twice"),
    IN_LINE_P50("inLineP50Millis", "ms", Better.LESS, "in order by seat, median"),
    IN_LINE_P99("inLineP99Millis", "ms", Better.LESS, "in order by seat, 99 of 100"),
    VERSIONED_P50("versionedP50Millis", "ms", Better.LESS, "by a version, median"),
    VERSIONED_P99("versionedP99Millis", "ms", Better.LESS, "by a version, 99 of 100"),
    CONFLICTS("conflictsPerShow", "", Better.LESS, "conflicts of versions in a show"),

    // soak: medians of the samples of before, while and after a snapshot is held; each ratio is while over before
    BEFORE_RUN("beforeRunPerSecond", "jobs/s", Better.MORE, "before, run"),
    WHILE_RUN("whileHeldRunPerSecond", "jobs/s", Better.MORE, "while held, run"),
    AFTER_RUN("afterRunPerSecond", "jobs/s", Better.MORE, "after, run"),
    RUN_RATIO("heldOverBeforeRun", "", Better.MORE, "while held over before, run"),
    BEFORE_P99("beforePickUpP99Millis", "ms", Better.LESS, "before, pick-up, 99 of 100"),
    WHILE_P99("whileHeldPickUpP99Millis", "ms", Better.LESS, "while held, pick-up, 99 of 100"),
    AFTER_P99("afterPickUpP99Millis", "ms", Better.LESS, "after, pick-up, 99 of 100"),
    P99_RATIO("heldOverBeforePickUpP99", "", Better.LESS, "while held over before, pick-up, 99 of 100"),
    BEFORE_OTHER("beforeOtherBytes", "bytes", Better.LESS, "before, all relations but the stream"),
    WHILE_OTHER("whileHeldOtherBytes", "bytes", Better.LESS, "while held, all relations but the stream"),
    AFTER_OTHER("afterOtherBytes", "bytes", Better.LESS, "after, all relations but the stream"),
    OTHER_RATIO("heldOverBeforeOther", "", Better.LESS, "while held over before, all relations but the stream"),
    BEFORE_HEAP("beforeHeapBytes", "bytes", Better.LESS, "before, heap after a collection"),
    WHILE_HEAP("whileHeldHeapBytes", "bytes", Better.LESS, "while held, heap after a collection"),
    AFTER_HEAP("afterHeapBytes", "bytes", Better.LESS, "after, heap after a collection"),
    HEAP_RATIO("heldOverBeforeHeap", "", Better.LESS, "while held over before, heap after a collection");

    /** Which of two values one would rather have. */
    public enum Better {
        MORE,
        LESS,
        NEITHER
    }

    private final String wireName;
    private final String unit;
    private final Better better;
    private final String words;

    Metric(String wireName, String unit, Better better, String words) {
        this.wireName = wireName;
        this.unit = unit;
        this.better = better;
        this.words = words;
    }

    /** Its name in JSON. */
    @JsonValue
    public String wireName() {
        return wireName;
    }

    /** Empty if it has none. */
    public String unit() {
        return unit;
    }

    public Better better() {
        return better;
    }

    /** What it is, for people. */
    public String words() {
        return words;
    }

    /** The one of this name. */
    @JsonCreator
    public static Metric of(String wireName) {
        return Arrays.stream(values())
                .filter(metric -> metric.wireName.equals(wireName))
                .findFirst()
                .orElseThrow(() -> new MillraceException("There is no measure \"%s\".".formatted(wireName)));
    }
}
