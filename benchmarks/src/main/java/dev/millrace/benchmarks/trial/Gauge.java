package dev.millrace.benchmarks.trial;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.MillraceException;
import java.util.Arrays;
import java.util.Optional;

/** What is read again and again while something goes on, by the name that it has in reports; a name never changes its meaning. */
public enum Gauge {
    ENQUEUED("enqueuedPerSecond", "jobs/s", "enqueued"),
    RUN("runPerSecond", "jobs/s", "run"),
    BACKLOG("backlogJobs", "jobs", "enqueued and not run yet"),
    PICK_UP_P50("pickUpP50Millis", "ms", "pick-up, median"),
    PICK_UP_P99("pickUpP99Millis", "ms", "pick-up, 99 of 100"),
    STREAM_BYTES("streamBytes", "bytes", "the job stream"),
    OTHER_BYTES("otherBytes", "bytes", "all other relations"),
    DEAD_ROWS("deadRows", "rows", "dead rows"),
    WAL_BYTES("walBytesPerJob", "bytes", "write-ahead log per job run"),
    HEAP("heapAfterCollectionBytes", "bytes", "heap after the last collection"),
    RESIDENT("residentBytes", "bytes", "resident memory"),
    CPU("engineCpuPercent", "% of a core", "processor time of the engine's process");

    private final String wireName;
    private final String unit;
    private final String words;

    Gauge(String wireName, String unit, String words) {
        this.wireName = wireName;
        this.unit = unit;
        this.words = words;
    }

    /** Its name in JSON. */
    @JsonValue
    public String wireName() {
        return wireName;
    }

    public String unit() {
        return unit;
    }

    /** What it is, for people. */
    public String words() {
        return words;
    }

    /** The one of this name, if this build knows it. */
    public static Optional<Gauge> named(String wireName) {
        return Arrays.stream(values())
                .filter(gauge -> gauge.wireName.equals(wireName))
                .findFirst();
    }

    /** The one of this name. */
    @JsonCreator
    public static Gauge of(String wireName) {
        return named(wireName)
                .orElseThrow(() -> new MillraceException("There is no gauge \"%s\".".formatted(wireName)));
    }
}
