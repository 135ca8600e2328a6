package dev.millrace;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Something that a {@link Checkup} found: what it is, why it matters to jobs, and what mends it. Immutable.
 *
 * @param object what it is about, by the name that it has where one would look for it: {@code pid 4711}, {@code slot standby_2}, {@code queue mail}
 * @param text what was seen, in whole sentences
 * @param why what it does to Millrace, or will do, in whole sentences
 * @param remedies what mends it, the best first; may be empty if nothing can be done but wait
 * @param facts what was seen, for programs, in a fixed order: each a {@code String}, {@code Long}, {@code Double} or {@code Boolean}. What is not
 *     known is absent, never zero. Spans of time are in milliseconds, moments as ISO-8601
 */
public record Finding(
        Type type,
        Severity severity,
        String object,
        String text,
        String why,
        List<Remedy> remedies,
        Map<String, Object> facts) {

    public Finding {
        remedies = List.copyOf(remedies);
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /** How bad it is. The order is that of weight. */
    public enum Severity {
        /** No job runs, or what was promised does not hold, or the server is about to refuse work. */
        CRITICAL,
        /** It costs something already, or will become critical if nobody does anything. */
        WARNING,
        /** It could not be looked at, and may be anything. Never taken for fine. */
        UNKNOWN,
        /** Worth knowing; may well be meant so. */
        NOTICE;

        /** A name for programs: {@code critical}. It never changes its meaning. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What mends it.
     *
     * @param text what it does, or when to choose it, as a sentence
     * @param command what to type: SQL, which ends in a semicolon, or a command line; empty if there is none
     */
    public record Remedy(String text, String command) {

        /** One that is done elsewhere than at a prompt. */
        public static Remedy of(String text) {
            return new Remedy(text, "");
        }
    }

    /** What is looked at. Further types may come; none changes its meaning. */
    public enum Type {
        /** A transaction that is open for long and works, or waits for a lock. */
        LONG_TRANSACTION("transactions that are open for long"),
        /** A transaction that is open and does nothing. */
        IDLE_TRANSACTION("transactions that are open and idle"),
        /** The first half of a two-phase commit without its second. */
        PREPARED_TRANSACTION("prepared transactions"),
        /** A replication slot that keeps rows or log, or has lost its log. */
        REPLICATION_SLOT("replication slots"),
        /** A standby whose queries hold the horizon, by {@code hot_standby_feedback}. */
        STANDBY("standbys"),
        /** Transaction ids that run out. */
        WRAPAROUND("transaction ids"),
        /** A small table of Millrace's with more dead rows than living ones. */
        VACUUM("dead rows in Millrace's tables"),
        /** A setting of the server that hurts. */
        SETTING("settings of the server"),
        /** A version of the server that is not supported, or not for long. */
        SERVER_VERSION("version of the server"),
        /** The schema is not that of this build. */
        SCHEMA("version of the schema"),
        /** Connections run out. */
        CONNECTIONS("connections"),
        /** The write-ahead log piles up, or is not archived. */
        WRITE_AHEAD_LOG("write-ahead log"),
        /** Room on the disk. */
        DISK("room on the disk"),
        /** No node does the housekeeping. */
        HOUSEKEEPING("housekeeping"),
        /** A partition that is late in its life. */
        PARTITION("partitions"),
        /** No node is alive. */
        NO_NODE("nodes that are alive"),
        /** A node whose beat stands still. */
        SILENT_NODE("beats of nodes"),
        /** Handlers that were told to end and have not, in this process. */
        STUCK_HANDLER("handlers that were told to end and have not"),
        /** A delivery that a node has held for long. */
        LONG_RUN("jobs that nodes hold for long"),
        /** Nodes of differing builds. */
        BUILDS("builds of the nodes"),
        /** A clock that is not the database's. */
        CLOCK("clocks"),
        /** A queue in which jobs wait and which no node serves. */
        UNSERVED_QUEUE("queues that nobody serves"),
        /** Jobs that were put aside since no node can run them. */
        PARKED("parked jobs"),
        /** A pause. */
        PAUSE("pauses"),
        /** A schedule that nobody fires. */
        SCHEDULE("schedules"),
        /** A change of many jobs that was begun, and is not done. */
        OPERATION("changes of many jobs");

        private final String looksAt;

        Type(String looksAt) {
            this.looksAt = looksAt;
        }

        /** A name for programs: {@code long-transaction}. It never changes its meaning. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** What is looked at, for people: {@code replication slots}. */
        public String looksAt() {
            return looksAt;
        }
    }
}
