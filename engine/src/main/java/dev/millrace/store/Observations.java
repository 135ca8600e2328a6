package dev.millrace.store;

import dev.millrace.JobId;
import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Ending.Parking;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a store sees of itself, beside what {@link Records} and {@link Timetable} tell. Nothing in it is judged.
 *
 * @param now the store's clock
 * @param parked what no node can run now
 * @param pauses all that is paused
 * @param held of each node that is not gone some of what it has held longest
 * @param server the server behind it; null if there is none
 */
public record Observations(
        Instant now,
        Look<List<ParkedJobs>> parked,
        Look<List<Pause>> pauses,
        Look<List<Held>> held,
        @Nullable Server server) {

    /**
     * Parked jobs of one queue and kind, for one reason.
     *
     * @param jobs how many; counted as the depths of a queue are, and less far where there are many kinds
     * @param oldest since when the oldest is parked; null if it is not kept
     * @param example one of them
     * @param detail what its node said
     */
    public record ParkedJobs(
            String queue,
            String kind,
            int kindVersion,
            Parking parking,
            QueueView.Depth jobs,
            @Nullable Instant oldest,
            JobId example,
            String detail) {}

    /**
     * A pause.
     *
     * @param by who said it; null if it is not kept
     * @param since when it was said last; null if it is not kept
     * @param until when it ends by itself; null if it is to be resumed
     */
    public record Pause(
            Scope scope,
            String reason,
            @Nullable String by,
            @Nullable Instant since,
            @Nullable Instant until) {

        /** Until it is resumed. */
        public Pause(Scope scope, String reason, @Nullable String by, @Nullable Instant since) {
            this(scope, reason, by, since, null);
        }

        /** Whether it has ended by itself. */
        public boolean isOver(Instant now) {
            return until != null && !until.isAfter(now);
        }
    }

    /**
     * A delivery that a node has claimed, and that has not ended.
     *
     * @param keyed whether it may wait in line for others of its key
     * @param since when it was claimed
     */
    public record Held(UUID node, JobId job, String queue, String kind, boolean keyed, Instant since) {}

    /**
     * The server behind a store.
     *
     * @param role as whom it was asked: whom a right would be granted to
     * @param database the database that the store is in
     * @param schema the schema that it is in
     * @param clock how far this process' clock is ahead of the server's; negative if it is behind
     * @param clockError how far that may be wrong: half of the way to the server and back
     * @param nodeClocks what recent outcomes tell of the clocks of the nodes that wrote them
     * @param walBytes the size of the write-ahead log
     */
    public record Server(
            String role,
            String database,
            String schema,
            Duration clock,
            Duration clockError,
            Look<List<NodeClock>> nodeClocks,
            Look<Settings> settings,
            Look<Sessions> sessions,
            Look<List<Prepared>> prepared,
            Look<List<Slot>> slots,
            Look<List<Standby>> standbys,
            Look<Partitions> partitions,
            Look<List<Table>> tables,
            Look<List<Age>> ages,
            Look<Long> databaseBytes,
            Look<Long> walBytes,
            Look<Archiver> archiver,
            Look<Schema> schemaVersion) {}

    /**
     * How a node's clock stands to the server's: an outcome tells when its handler ended by the node's clock, and when it was written by the server's.
     *
     * @param samples how many outcomes were looked at
     * @param leastLag the shortest time from the one to the other; negative if the node's clock is ahead of the server's by at least so much
     */
    public record NodeClock(UUID node, int samples, Duration leastLag) {}

    /**
     * How the server is set up.
     *
     * @param version for people: {@code 18.1}
     * @param versionNumber {@code 180001}
     * @param values settings by name, as the server writes them; one that this server has not is absent
     */
    public record Settings(String version, int versionNumber, Map<String, String> values) {}

    /**
     * Who is connected.
     *
     * @param oldest those with an open transaction or a snapshot, the oldest first; not this one, and not those of standbys
     * @param connections of clients, in all databases
     * @param hidden how many sessions of others this role may not look into
     * @param shares how many connections each program has, the most first
     */
    public record Sessions(List<Session> oldest, int connections, int hidden, List<Share> shares) {}

    /** Connections of one program, by the name that it gave itself. */
    public record Share(String application, int connections) {}

    /**
     * A session with an open transaction.
     *
     * @param type what PostgreSQL calls its backend type; null if it is hidden
     * @param state as PostgreSQL says it: {@code active}, {@code idle in transaction}; null if it is hidden, or has none
     * @param transactionSince when its transaction began; null if it is hidden, or has none
     * @param stateSince since when it is in that state
     * @param horizonAge how many transaction ids ago its oldest snapshot is; null if it has none now
     * @param query what it does, or did last; null if it is hidden
     * @param partitions of the job log that it has written to
     * @param hidden whether this role may not look into it
     */
    public record Session(
            int pid,
            @Nullable String user,
            @Nullable String database,
            String application,
            @Nullable String client,
            @Nullable String type,
            @Nullable String state,
            @Nullable Instant transactionSince,
            @Nullable Instant stateSince,
            @Nullable Long horizonAge,
            @Nullable String query,
            List<Integer> partitions,
            boolean hidden) {}

    /** The first half of a two-phase commit. */
    public record Prepared(String gid, Instant since, String owner, String database, long age) {}

    /**
     * A replication slot.
     *
     * @param horizonAge how many transaction ids ago is the oldest that it keeps rows for, in tables or catalogs; null if it keeps none
     * @param retainedBytes how much log it keeps; null if none
     * @param walStatus what PostgreSQL says of that log: {@code reserved}, {@code extended}, {@code unreserved}, {@code lost}; null if there is none
     * @param inactiveSince null if it is active, or the server does not tell (before 17)
     */
    public record Slot(
            String name,
            String type,
            @Nullable String database,
            boolean active,
            @Nullable Long horizonAge,
            @Nullable Long retainedBytes,
            @Nullable String walStatus,
            @Nullable Instant inactiveSince) {}

    /** A standby that is connected, and how far back its queries hold the horizon. */
    public record Standby(
            int pid,
            String application,
            @Nullable String client,
            @Nullable Long horizonAge) {}

    /**
     * The partitions of the job log.
     *
     * @param keptAt when a node did the housekeeping last; null if none did
     * @param parts those that are not dropped, by number
     * @param retention how long this process would keep them, from when they were closed
     * @param droppedAfter how long the one that was dropped last had been closed; null if none was
     * @param detaching tables that are being detached
     * @param open some of what has not ended in the oldest sealed partition that is not settled
     */
    public record Partitions(
            int current,
            @Nullable Instant keptAt,
            List<Part> parts,
            Duration retention,
            @Nullable Duration droppedAfter,
            List<String> detaching,
            List<Open> open) {}

    /**
     * A partition. A time that is null has not come.
     *
     * @param bytes on the disk, with its indexes and all that belongs to it
     */
    public record Part(
            int no,
            Instant attachedAt,
            @Nullable Instant currentAt,
            @Nullable Instant closedAt,
            @Nullable Instant sealedAt,
            @Nullable Instant settledAt,
            long bytes) {}

    /** A job that keeps a partition. */
    public record Open(
            int part,
            JobId job,
            String queue,
            String kind,
            State state,
            @Nullable String node,
            @Nullable Instant startedAt) {}

    /**
     * A table of Millrace's whose rows change.
     *
     * @param dead rows that are dead, as the server estimates
     * @param vacuumedAt when it was vacuumed last, by anybody; null if never
     * @param autovacuum whether autovacuum may come to it
     */
    public record Table(
            String name,
            long live,
            long dead,
            long bytes,
            @Nullable Instant vacuumedAt,
            boolean autovacuum) {}

    /** How many ids ago are the oldest transaction, and the oldest multixact, that a database has not frozen. */
    public record Age(String database, long transactions, long multixacts) {}

    /**
     * What became of the log that was to be archived.
     *
     * @param failed how often it failed
     * @param failedFile what failed last; null if nothing did
     */
    public record Archiver(
            @Nullable Instant archivedAt,
            @Nullable Instant failedAt,
            long failed,
            @Nullable String failedFile) {}

    /**
     * The schema beside that of this build.
     *
     * @param installed the newest version that was carried out
     * @param missing versions that this build needs and that were not
     * @param newer versions that were carried out and that this build does not know
     */
    public record Schema(String installed, List<String> missing, List<String> newer) {}
}
