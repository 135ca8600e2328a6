package dev.millrace.postgres;

import dev.millrace.Failure;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Payload;
import dev.millrace.store.Settled;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A flush as parallel arrays: successes without a result that stand close together as {@linkplain FlushBatches batches}, all else in rows. Columns
 * that no row uses are left out.
 */
final class FlushRows {

    private final List<Ended> ended;
    private final UUID[] tokens;
    private final FlushBatches batches;

    /** Which of the flush each row is. */
    private final int[] which;

    private final int n;
    private final int[] claim;
    private final int[] part;
    private final long[] xid;
    private final long[] seq;
    private final UUID[] job;
    private final String[] outcome;
    private final @Nullable Instant[] started;
    private final long[] took;
    private long @Nullable [] delay;
    private @Nullable String @Nullable [] reason;
    private @Nullable String @Nullable [] failure;
    private @Nullable String @Nullable [] result;

    FlushRows(List<Ended> ended, Json json) {
        this.ended = ended;
        var numbers = new HashMap<ClaimToken, Integer>();
        var distinct = new ArrayList<UUID>();
        var claims = new int[ended.size()];
        for (int i = 0; i < claims.length; i++) {
            claims[i] = numbers.computeIfAbsent(ended.get(i).delivery().token(), token -> {
                distinct.add(token.value());
                return distinct.size();
            });
        }
        tokens = distinct.toArray(new UUID[0]);
        batches = FlushBatches.of(ended, claims);
        which = batches.others();
        n = which.length;
        claim = new int[n];
        part = new int[n];
        xid = new long[n];
        seq = new long[n];
        job = new UUID[n];
        outcome = new String[n];
        started = new @Nullable Instant[n];
        took = new long[n];
        for (int i = 0; i < n; i++) {
            var entry = ended.get(which[i]);
            var delivery = entry.delivery();
            claim[i] = claims[which[i]];
            part[i] = delivery.place().part();
            xid[i] = delivery.place().xid();
            seq[i] = delivery.place().seq();
            job[i] = delivery.job().value();
            started[i] = entry.startedAt();
            took[i] = entry.took().toNanos() / 1_000;
            ending(i, entry.ending(), json);
        }
    }

    private void ending(int i, Ending ending, Json json) {
        switch (ending) {
            case Ending.Done(var value) -> {
                outcome[i] = "done";
                if (value != null) result()[i] = text(value);
            }
            case Ending.Retry(var why, var in) -> {
                outcome[i] = "retry";
                delay()[i] = in.toMillis();
                failed(i, why, json);
            }
            case Ending.TimedOut(var why, var in) -> {
                outcome[i] = "timed_out";
                delay()[i] = in.toMillis();
                failed(i, why, json);
            }
            case Ending.Snoozed(var in, var why) -> {
                outcome[i] = "snooze";
                delay()[i] = in.toMillis();
                reason()[i] = why;
            }
            case Ending.Cancelled(var why) -> {
                outcome[i] = "cancelled";
                reason()[i] = why;
            }
            case Ending.Discarded(var why) -> {
                outcome[i] = "discarded";
                failed(i, why, json);
            }
            case Ending.HandedBack back -> outcome[i] = "handed_back";
            case Ending.Parked(var parking, var detail) -> {
                outcome[i] = "parked";
                reason()[i] = parking.name().toLowerCase(Locale.ROOT) + ": " + detail;
            }
        }
    }

    private void failed(int i, Failure why, Json json) {
        if (failure == null) failure = new @Nullable String[n];
        failure[i] = json.write(why);
    }

    private long[] delay() {
        if (delay == null) delay = new long[n];
        return delay;
    }

    private @Nullable String[] reason() {
        if (reason == null) reason = new @Nullable String[n];
        return reason;
    }

    private @Nullable String[] result() {
        if (result == null) result = new @Nullable String[n];
        return result;
    }

    private static String text(Payload value) {
        if (value instanceof Payload.Text(var text)) return text;
        throw new IllegalStateException("PostgreSQL keeps text, not values");
    }

    /** The statement for it: another one if it ends parts of batches. */
    PreparedStatement prepare(Connection c, JobSql sql, UUID node, int epoch, long waitMillis) throws SQLException {
        var parts = FlushParts.of(ended, which, batches);
        var plain = parameters(node, epoch, waitMillis);
        return parts == null
                ? Session.prepare(c, sql.flush, plain)
                : Session.prepare(c, sql.flushParts, parts.behind(plain));
    }

    private @Nullable Object[] parameters(UUID node, int epoch, long waitMillis) {
        return new @Nullable Object[] {
            node,
            epoch,
            tokens,
            claim,
            part,
            xid,
            seq,
            job,
            outcome,
            started,
            took,
            delay,
            reason,
            failure,
            result,
            Math.toIntExact(waitMillis),
            batches.claim(),
            batches.part(),
            batches.bucket(),
            batches.bits(),
            batches.upto(),
            batches.base(),
            batches.started(),
            batches.took()
        };
    }

    /** The only row, as plain values; with another statement if it ends a part of a batch. */
    PreparedStatement prepareOne(Connection c, JobSql sql, UUID node, int epoch) throws SQLException {
        var row = new @Nullable Object[] {
            node,
            epoch,
            tokens[0],
            part[0],
            xid[0],
            seq[0],
            job[0],
            outcome[0],
            started[0],
            took[0],
            delay == null ? null : (Object) delay[0],
            reason == null ? null : reason[0],
            failure == null ? null : failure[0],
            result == null ? null : result[0]
        };
        var batch = ended.getFirst().partOf();
        if (batch == null) return Session.prepare(c, sql.complete, row);
        var more = Arrays.copyOf(row, row.length + 1);
        more[row.length] = batch.value();
        return Session.prepare(c, sql.completePart, more);
    }

    /** The answer names only what this flush did not write: rows by number, deliveries of batches by negative number. */
    List<Settled> verdicts(ResultSet answers) throws SQLException {
        var verdicts = new ArrayList<>(Collections.nCopies(ended.size(), Settled.WON));
        while (answers.next()) {
            int number = Math.toIntExact(answers.getLong(1));
            verdicts.set(
                    number > 0 ? which[number - 1] : batches.entry(-number - 1),
                    answers.getString(2).equals("repeated") ? Settled.REPEATED : Settled.LOST);
        }
        return verdicts;
    }
}
