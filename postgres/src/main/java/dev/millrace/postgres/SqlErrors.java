package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.UnknownBlocker;
import dev.millrace.store.StoreException.Blocked;
import dev.millrace.store.StoreException.Busy;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Exhausted;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StoreException.NotOwner;
import dev.millrace.store.StoreException.Refused;
import dev.millrace.store.StoreException.Unavailable;
import java.sql.SQLException;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a failed statement means. An error that the server answered means that nothing was written; a connection that broke under a
 * statement means that nobody knows.
 */
final class SqlErrors {

    private static final Set<String> FENCED = Set.of("MR001", "MR003", "MR008");
    private static final Set<String> TORN = Set.of("57P01", "57P02", "57P05", "25P03");
    private static final Set<String> FULL = Set.of("53100", "53200", "53300", "58030");
    private static final Set<String> SCHEMA = Set.of("3F000", "42P01", "42883", "42703", "42704");

    private static final String LOCKED = "55P03";

    /** A lock that concerns all of a step. */
    private static final String BUSY = "MR010";

    /** A claim from a keyed shard of which the claimer is not the owner. */
    private static final String NOT_OWNER = "MR011";

    /** A claim that somebody repeated on the way: the first one may have taken effect. */
    private static final String TOKEN_USED = "MR006";

    /** A job that another one was to run after; the message names it. */
    private static final String UNKNOWN_BLOCKER = "MR012";

    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private SqlErrors() {}

    /** Whether the connection can't be used any more, and whether its last statement was committed is not known. */
    static boolean torn(SQLException e) {
        var state = state(e);
        return state.isEmpty() || state.startsWith("08") || TORN.contains(state);
    }

    /** What the caller of a step must be told. */
    static MillraceException explain(String step, SQLException e) {
        var state = state(e);
        if (torn(e)) {
            return new CommitUnknown(
                    "The connection broke during \"%s\": %s. Whether it took effect is not known yet."
                            .formatted(step, first(e)),
                    e);
        }
        if (FENCED.contains(state)) return new Fenced(first(e));
        if (state.equals(TOKEN_USED)) {
            return new CommitUnknown(
                    "\"%s\" has been carried out before: %s. What became of it is asked for.".formatted(step, first(e)),
                    e);
        }
        if (state.equals("42501")) {
            return new MillraceException(
                    "The database role may not do \"%s\": %s. Grant it the use of the schema, its tables, sequences and functions, or let it own them."
                            .formatted(step, first(e)),
                    e);
        }
        if (SCHEMA.contains(state)) {
            return new MillraceException(
                    "The schema does not fit this version: %s. Let Millrace bring it up to date (leave out withoutMigration()), or run the numbered SQL files."
                            .formatted(first(e)),
                    e);
        }
        if (FULL.contains(state)) {
            return new Exhausted(
                    "The database is at a limit: %s. Nothing of \"%s\" was written; make room and it goes on by itself."
                            .formatted(first(e), step),
                    e);
        }
        if (state.equals(LOCKED)) {
            return new Blocked(
                    "\"%s\" waited for a lock that another transaction holds: %s. Nothing was written."
                            .formatted(step, first(e)),
                    e);
        }
        if (state.equals(BUSY)) {
            return new Busy("\"%s\" can't be done now: %s. Nothing was written.".formatted(step, first(e)), e);
        }
        if (state.equals(NOT_OWNER)) {
            return new NotOwner(
                    "\"%s\" was refused: %s. Nothing was written; take the shard over first.".formatted(step, first(e)),
                    e);
        }
        if (state.equals(UNKNOWN_BLOCKER)) {
            var named = ID.matcher(first(e));
            if (named.find()) return new UnknownBlocker(JobId.of(named.group()));
        }
        var refused = "The database refused \"%s\": %s (%s). Nothing was written.".formatted(step, first(e), state);
        // Data exceptions and violated constraints are about the values; another try would meet them again.
        return state.startsWith("22") || state.startsWith("23") ? new Refused(refused, e) : new Unavailable(refused, e);
    }

    /** No connection: nothing was sent. */
    static MillraceException unreachable(String step, SQLException e) {
        var state = state(e);
        if (state.startsWith("28")) {
            return new MillraceException(
                    "The database refused the login for \"%s\": %s. Check user and password.".formatted(step, first(e)),
                    e);
        }
        if (state.equals("3D000")) {
            return new MillraceException("There is no such database: %s. Create it first.".formatted(first(e)), e);
        }
        return new Unavailable(
                "The database can't be reached for \"%s\": %s. Nothing was sent.".formatted(step, first(e)), e);
    }

    /** Whether a server was asked for a connection, and broke it or refused it. A pool that has none left says so without a code. */
    static boolean toldByTheServer(Unavailable away) {
        return away.getCause() instanceof SQLException cause && !state(cause).isEmpty();
    }

    /** The code of the innermost SQL error; empty if it has none. */
    static String state(SQLException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql
                    && sql.getSQLState() != null
                    && !sql.getSQLState().isEmpty()) return sql.getSQLState();
        }
        return "";
    }

    private static String first(SQLException e) {
        var message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        var line = end < 0 ? message : message.substring(0, end);
        return line.startsWith("ERROR: ") ? line.substring(7) : line;
    }
}
