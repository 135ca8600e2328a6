package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.NodeView;
import dev.millrace.State;
import dev.millrace.simulation.database.Snapshot;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Stopped;
import dev.millrace.store.Catalogue.Published;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Setting;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rows of the tables, as {@code V001__tables.sql} has them, and their keys. */
final class Rows {

    private Rows() {}

    /** Which partitions new rows go to, and from which one on claims look. */
    record Meta(int currentPart, int livePart) {}

    /** The life of a partition; a time that is null has not come. */
    record Part(
            int no,
            Instant attachedAt,
            @Nullable Instant currentAt,
            @Nullable Instant closedAt,
            @Nullable Instant sealedAt,
            boolean settled) {}

    /** One row of the log. */
    record Logged(Place place, Asked asked, Turn turn) {}

    // Orders are written out, not composed: they are most of what a simulation does.

    /** In the order in which a stream is claimed. */
    static final Comparator<Place> LOG_ORDER = (a, b) -> {
        if (a.stream() != b.stream()) return Integer.compare(a.stream(), b.stream());
        if (a.xid() != b.xid()) return Long.compare(a.xid(), b.xid());
        if (a.seq() != b.seq()) return Long.compare(a.seq(), b.seq());
        return Integer.compare(a.part(), b.part());
    };

    /** A position in a stream: everything up to it has been handed out. */
    record Position(long xid, long seq) {
        static final Position START = new Position(0, 0);
    }

    /** A delivery, wherever it stands: all that an outcome is keyed by. */
    record DeliveryKey(int part, long seq) {
        static final Comparator<DeliveryKey> ORDER =
                (a, b) -> a.part != b.part ? Integer.compare(a.part, b.part) : Long.compare(a.seq, b.seq);

        static DeliveryKey of(Place place) {
            return new DeliveryKey(place.part(), place.seq());
        }
    }

    /** In the table's order: the newest claim of a stream is its last. */
    record ClaimKey(int stream, long no, int part) {
        static final Comparator<ClaimKey> ORDER = (a, b) -> {
            if (a.stream != b.stream) return Integer.compare(a.stream, b.stream);
            return a.no != b.no ? Long.compare(a.no, b.no) : Integer.compare(a.part, b.part);
        };
    }

    /**
     * A claimed batch; or, without an owner, an anchor: the window and position that the next claim goes on from.
     *
     * @param from null if it has no rows
     * @param upto null only if its window is exhausted
     */
    record Claimed(
            ClaimKey key,
            ClaimToken token,
            @Nullable Lease lease,
            long ordinal,
            Snapshot prev,
            Snapshot snap,
            @Nullable Position from,
            @Nullable Position upto,
            boolean exhausted,
            int n,
            int lowPart,
            int highPart,
            Instant at) {

        static Claimed anchor(
                ClaimKey key,
                ClaimToken token,
                Snapshot prev,
                Snapshot snap,
                @Nullable Position upto,
                boolean exhausted,
                Instant at) {
            return new Claimed(key, token, null, -1, prev, snap, null, upto, exhausted, 0, 0, 0, at);
        }
    }

    /** How a delivery ended. */
    record Outcome(
            DeliveryKey key,
            JobId job,
            String word,
            Instant at,
            @Nullable ClaimToken token,
            @Nullable NodeId node,
            @Nullable Instant startedAt,
            @Nullable Duration took,
            @Nullable String reason,
            @Nullable Failure failure,
            @Nullable Payload result) {

        boolean last() {
            return switch (word) {
                case "done", "cancelled", "discarded" -> true;
                default -> false;
            };
        }

        State state() {
            return switch (word) {
                case "done" -> State.COMPLETED;
                case "cancelled" -> State.CANCELLED;
                case "discarded" -> State.DISCARDED;
                default -> State.AVAILABLE;
            };
        }
    }

    /** When a job runs that follows a batch, or runs after others, as long as any of these are open: {@code infinity}. */
    static final Instant NO_TIME = Instant.MAX;

    /** A job that waits for a time. */
    record Timer(
            long id,
            Instant runAt,
            boolean retry,
            @Nullable String reason,
            @Nullable Failure failure,
            Asked asked,
            Turn turn) {

        boolean forNoTime() {
            return runAt.equals(NO_TIME);
        }

        Timer at(Instant moment) {
            return new Timer(id, moment, retry, reason, failure, asked, turn);
        }

        Timer saying(String other) {
            return new Timer(id, runAt, retry, other, failure, asked, turn);
        }
    }

    /** A job that waits for a node that can run it. */
    record Parked(long id, Parking parking, String reason, Instant since, Asked asked, Turn turn) {

        Parked withAsked(Asked other) {
            return new Parked(id, parking, reason, since, other, turn);
        }
    }

    /**
     * Who fires a schedule.
     *
     * @param owner null if it was set at run time, and nobody has had it; then so is {@code joinedAt}
     * @param setting null if nodes bring it
     */
    record ScheduleRow(
            ScheduleCard card,
            Instant since,
            @Nullable Lease owner,
            @Nullable Instant joinedAt,
            long term,
            @Nullable Instant orphanedAt,
            @Nullable Setting setting) {

        boolean of(NodeId node) {
            return owner != null && owner.node().equals(node);
        }

        ScheduleRow orphaned(Instant at) {
            return new ScheduleRow(card, since, owner, joinedAt, term, at, setting);
        }
    }

    /** One version of a kind. */
    record SchemaKey(String kind, int version) {}

    static final Comparator<SchemaKey> SCHEMA_ORDER =
            Comparator.comparing(SchemaKey::kind).thenComparingInt(SchemaKey::version);

    /** What its payloads look like, and since when the one is a node that said it. */
    record SchemaRow(Published published, Instant joinedAt) {}

    /** A slot of a schedule, or a moment at which somebody asked for a run. */
    record SlotKey(String schedule, boolean asked, Instant slot) {
        static final Comparator<SlotKey> ORDER = Comparator.comparing(SlotKey::schedule)
                .thenComparing(SlotKey::asked)
                .thenComparing(SlotKey::slot);
    }

    /** A slot that was fired. */
    record SlotRow(SlotKey key, JobId job, long term) {}

    /** A process that runs handlers. */
    record Node(
            NodeCard card,
            int lockNo,
            int timeline,
            int epoch,
            Life life,
            Instant startedAt,
            @Nullable Instant goneAt) {

        enum Life {
            ALIVE,
            DEPOSED,
            GONE
        }

        boolean is(int epochNow) {
            return life == Life.ALIVE && epoch == epochNow;
        }

        Node as(Life next, int nextEpoch, @Nullable Instant gone) {
            return new Node(card, lockNo, timeline, nextEpoch, next, startedAt, gone);
        }
    }

    /** A node's sign of life; apart from its row, which a handler's transaction may hold. */
    record Beat(long n, Instant at, NodeView.@Nullable Stuck stuck) {}

    /** How long a beat has been seen to stand still. */
    record Silence(long beat, Duration watched) {}

    record ManifestKey(NodeId node, long no) {
        static final Comparator<ManifestKey> ORDER = (a, b) -> {
            int byNode = a.node.value().compareTo(b.node.value());
            return byNode != 0 ? byNode : Long.compare(a.no, b.no);
        };
    }

    /** What a node said it holds, up to one of its claims. */
    record Manifest(ManifestKey key, long upto, List<Place> open) {}

    /** A delivery that was cancelled before it was claimed, or while it was held. */
    record CancelMark(Place place, long marked) {}

    record IdempotencyKey(String request, JobId job, Instant at) {}

    /** Who has a unique key, since when, and until when if for a window. */
    record KeyHolder(JobId job, Instant since, @Nullable Instant until) {}

    /** A change of many jobs, and how far it is. */
    record BulkRow(
            Change change,
            Instant at,
            @Nullable JobId cursor,
            long matched,
            long changed,
            @Nullable Instant endedAt,
            @Nullable Stopped stopped) {

        BulkRow ended(Instant now) {
            return new BulkRow(change, at, cursor, matched, changed, now, null);
        }

        BulkRow stopped(Stopped by, Instant now) {
            return new BulkRow(change, at, cursor, matched, changed, now, by);
        }

        BulkRow upTo(JobId job, int more, int moreChanged) {
            return new BulkRow(change, at, job, matched + more, changed + moreChanged, endedAt, stopped);
        }
    }

    record BulkJobKey(UUID change, JobId job) {
        static final Comparator<BulkJobKey> ORDER =
                Comparator.comparing(BulkJobKey::change).thenComparing(key -> key.job.value());
    }

    /**
     * What became of a job, or why it was left.
     *
     * @param run it was in
     * @param begun whether another one was begun
     * @param runAt the time it waited for
     * @param became the delivery that it is since, or becomes when its wait is over; null where that is not asked
     * @param setTo the time it waits for since
     * @param payload what it was asked for, if that was edited
     * @param edited what it is asked for since
     */
    record BulkJob(
            BulkJobKey key,
            int run,
            boolean begun,
            @Nullable Instant runAt,
            @Nullable Turn became,
            @Nullable Instant setTo,
            @Nullable Payload payload,
            @Nullable Payload edited,
            Instant at,
            @Nullable String leftBecause) {}

    /** An ended job that is not told of; a later run of it is. */
    record DeletedRow(JobId job, int run, UUID change, Instant at) {}

    /**
     * A batch.
     *
     * @param id the job that follows
     * @param followedAt when all parts had ended
     */
    record BatchRow(JobId id, long parts, @Nullable Instant followedAt) {

        BatchRow with(int more) {
            return new BatchRow(id, parts + more, followedAt);
        }

        BatchRow followed(@Nullable Instant at) {
            return new BatchRow(id, parts, at);
        }
    }

    /** Where the first of some parts stands in its batch, from 0. */
    record PartsKey(JobId batch, long no) {
        static final Comparator<PartsKey> ORDER = (a, b) -> {
            int byBatch = a.batch.compareTo(b.batch);
            return byBatch != 0 ? byBatch : Long.compare(a.no, b.no);
        };
    }

    record PartsRow(PartsKey key, List<JobId> jobs) {}

    /**
     * A job that runs after others.
     *
     * @param runs whether though one of them failed
     * @param notBefore the time that it waits for besides
     * @param text what it says while it waits
     * @param why why it is cancelled, once that is known
     */
    record Dependent(
            JobId job,
            boolean runs,
            @Nullable Instant notBefore,
            String text,
            @Nullable String why,
            Wait waits) {

        enum Wait {
            OPEN,
            OVER,
            WITHDRAWN
        }

        Dependent failed(String reason) {
            return new Dependent(job, runs, notBefore, text, reason, waits);
        }

        Dependent as(Wait other) {
            return new Dependent(job, runs, notBefore, text, why, other);
        }
    }

    /** Of which end nothing has come yet. */
    record Dependency(JobId blocker, JobId job) {
        static final Comparator<Dependency> ORDER = (a, b) -> {
            int byBlocker = a.blocker.compareTo(b.blocker);
            return byBlocker != 0 ? byBlocker : a.job.compareTo(b.job);
        };
    }

    /** Behind which blocker the next look goes on; null for the first. */
    record LookAfter(@Nullable JobId blocker) {}

    /** How many parts have ended, and how. */
    record Tally(long completed, long discarded, long cancelled) {
        static final Tally NONE = new Tally(0, 0, 0);

        /** One that has ended so; others than these three are counted only where that is planted. */
        static Tally of(State state) {
            return switch (state) {
                case DISCARDED -> new Tally(0, 1, 0);
                case CANCELLED -> new Tally(0, 0, 1);
                default -> new Tally(1, 0, 0);
            };
        }

        Tally plus(Tally other) {
            return new Tally(completed + other.completed, discarded + other.discarded, cancelled + other.cancelled);
        }

        long all() {
            return completed + discarded + cancelled;
        }
    }

    /**
     * What one transaction has ended of a batch.
     *
     * @param looked whether it has looked if these were the last
     */
    record Count(long id, JobId batch, Tally ended, boolean looked) {}

    record Progress(Turn turn, long done, long total, Instant at) {}

    /** A later delivery of the run takes it over. */
    record Checkpoint(Turn turn, @Nullable Payload value) {}

    record Line(JobId job, int attempt, Instant at, LogLevel level, String text) {}
}
