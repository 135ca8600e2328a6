package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.store.NewJob;
import dev.millrace.store.PartOf;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Batches, on their way in: parts by COPY, and the job that follows them. {@code migration/V030__batches.sql}. */
final class BatchIntake {

    /** Ids of parts that are written at once. */
    private static final int IDS = 10_000;

    private final Pool pool;
    private final JobSql sql;
    private final Streams streams;
    private final ShardChoice shards;
    private final Json json;
    private final Notifier notifier;
    private final BulkIntake bulks;

    BatchIntake(
            Pool pool,
            JobSql sql,
            Streams streams,
            ShardChoice shards,
            Json json,
            Notifier notifier,
            BulkIntake bulks) {
        this.pool = pool;
        this.sql = sql;
        this.streams = streams;
        this.shards = shards;
        this.json = json;
        this.notifier = notifier;
        this.bulks = bulks;
    }

    /** Whether it was taken: not if it is a part of a batch that takes none any more. */
    boolean enqueue(NewJob then, Iterator<NewJob> parts) {
        var outer = PartOf.batch(then.headers());
        try {
            pool.transaction("enqueue a batch", connection -> {
                put(connection, then, parts, Hint.IN_TRANSACTION);
                if (outer != null) {
                    var one = new Piece(connection);
                    one.accept(then.id().value());
                    grow(outer, one);
                }
                return true;
            });
            return true;
        } catch (TakesNone over) {
            return false;
        }
    }

    /** Whether they were taken: not if the batch takes none any more. */
    boolean grow(JobId batch, Iterator<NewJob> parts) {
        try {
            pool.transaction("enqueue parts of a batch", connection -> {
                var piece = new Piece(connection);
                copy(connection, parts, piece, Hint.IN_TRANSACTION);
                grow(batch, piece);
                return true;
            });
            return true;
        } catch (TakesNone over) {
            return false;
        }
    }

    /** A batch takes no parts any more: nothing of the transaction may stay. */
    private static final class TakesNone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TakesNone() {
            super("a batch takes no parts any more", null, false, false);
        }
    }

    /** The last word of its transaction: from now on it holds up others. */
    private void grow(JobId batch, Piece piece) throws SQLException {
        piece.send();
        try (var call = Session.prepare(piece.connection, sql.growBatch, batch.value(), piece.sent, piece.name);
                var rows = call.executeQuery()) {
            rows.next();
            if (!rows.getBoolean(1)) throw new TakesNone();
        }
    }

    /** The parts, and the job that follows them; in a transaction that somebody else commits. */
    void put(Connection connection, NewJob then, Iterator<NewJob> parts, Hint hint) throws SQLException {
        var piece = new Piece(connection);
        copy(connection, parts, piece, hint);
        piece.send();
        var stream = streams.in(connection, then.queue(), then.priority(), shards.forJob(then));
        try (var call = Session.prepare(
                connection,
                sql.beginBatch,
                piece.sent,
                piece.name,
                then.id().value(),
                stream.id(),
                then.kind(),
                then.kindVersion(),
                PostgresIntake.text(then),
                json.write(then.headers()),
                PostgresIntake.millis(then.expiresAfter()))) {
            call.execute();
        }
        bulks.refuseStrangers(connection, Set.of(stream));
        if (piece.sent == 0) hint.tell(notifier, connection, then.queue());
    }

    private void copy(Connection connection, Iterator<NewJob> parts, Piece piece, Hint hint) throws SQLException {
        try {
            bulks.copy(connection, noted(parts, piece), new JobId[1], hint);
        } catch (Carried failed) {
            throw failed.cause;
        }
    }

    private static Iterator<NewJob> noted(Iterator<NewJob> parts, Piece piece) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return parts.hasNext();
            }

            @Override
            public NewJob next() {
                var part = parts.next();
                piece.accept(part.id().value());
                return part;
            }
        };
    }

    /** An exception of the database on its way through an iterator. */
    private static final class Carried extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final SQLException cause;

        Carried(SQLException cause) {
            super(cause);
            this.cause = cause;
        }
    }

    /** Parts that come together: their ids are written while they are read. */
    private final class Piece {

        private final Connection connection;
        private final List<UUID> ids = new ArrayList<>();
        private @Nullable UUID name;
        private long sent;

        Piece(Connection connection) {
            this.connection = connection;
        }

        void accept(UUID id) {
            if (name == null) name = id;
            ids.add(id);
            if (ids.size() < IDS) return;
            try {
                send();
            } catch (SQLException failed) {
                throw new Carried(failed);
            }
        }

        void send() throws SQLException {
            if (ids.isEmpty()) return;
            try (var call = Session.prepare(connection, sql.putParts, name, sent, ids.toArray(new UUID[0]))) {
                call.execute();
            }
            sent += ids.size();
            ids.clear();
        }
    }
}
