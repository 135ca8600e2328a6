package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.store.Look;
import dev.millrace.store.Observations.Prepared;
import dev.millrace.store.Observations.Session;
import dev.millrace.store.Observations.Sessions;
import dev.millrace.store.Observations.Settings;
import dev.millrace.store.Observations.Slot;
import dev.millrace.store.Observations.Standby;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What holds the horizon: the oldest transaction that somebody may still have to see. Behind it no vacuum takes a dead row away, and no frozen id is won.
 * The stream of jobs has no rows that die, so that it stays fast; timers, beats and everybody's own tables do not.
 */
final class HorizonDoctor {

    /** The deadline that an attempt has if nothing else was said: nobody thinks for so long between two statements. */
    private static final Duration IDLE = Duration.ofMinutes(5);

    /** For so long a held horizon was measured: jobs do not get slower. So long, too, a partition waits before it is sealed. */
    private static final Duration LONG = Duration.ofHours(1);

    /** What it has enqueued is seen by nobody meanwhile, and its partition can't be sealed: twice the deadline of an attempt. */
    private static final Duration PRODUCING = Duration.ofMinutes(10);

    /** Between the halves of a commit lie seconds, or its coordinator is dead. */
    private static final Duration HALF_COMMITTED = Duration.ofMinutes(10);

    /** A quarter of an hour at a thousand transactions a second: how far back a horizon counts as old where nobody knows its time. */
    private static final long OLD = 1_000_000;

    /** A restart of a standby, or of who reads a slot, is over by then. */
    private static final Duration AWAY = Duration.ofHours(1);

    private static final long MUCH = 1L << 30;
    private static final long VERY_MUCH = 10L << 30;

    /** They hold no horizon, belong to somebody who is told of, or are vacuum itself. */
    private static final Set<String> LEFT_OUT = Set.of("autovacuum worker", "parallel worker", "walsender");

    private HorizonDoctor() {}

    // ---- transactions

    static List<Finding> transactions(Sessions sessions, String database, Instant now) {
        return sessions.oldest().stream()
                .filter(session -> session.type() == null || !LEFT_OUT.contains(session.type()))
                .flatMap(session -> transaction(session, database, now).stream())
                .toList();
    }

    private static Optional<Finding> transaction(Session session, String database, Instant now) {
        if (session.hidden()) return unseen(session);
        var since = session.transactionSince();
        if (since == null) return Optional.empty();
        var open = Duration.between(since, now);
        boolean here = database.equals(session.database());
        var idle = idleFor(session, now);
        if (!session.partitions().isEmpty() && open.compareTo(PRODUCING) >= 0)
            return Optional.of(producer(session, open, idle));
        if (idle != null && idle.compareTo(IDLE) >= 0) return Optional.of(idle(session, open, idle, here));
        if (open.compareTo(LONG) >= 0) return Optional.of(working(session, open, here));
        return Optional.empty();
    }

    /** How long it has done nothing; null if it works. */
    private static @Nullable Duration idleFor(Session session, Instant now) {
        var state = session.state();
        return state != null && state.startsWith("idle in transaction") && session.stateSince() != null
                ? Duration.between(session.stateSince(), now)
                : null;
    }

    private static Finding producer(Session session, Duration open, @Nullable Duration idle) {
        return about(
                        session,
                        idle == null ? Finding.Type.LONG_TRANSACTION : Finding.Type.IDLE_TRANSACTION,
                        Severity.WARNING,
                        open,
                        idle)
                .says("%s has a transaction open for %s that has enqueued jobs%s.%s"
                        .formatted(
                                who(session),
                                Found.span(open),
                                idle == null ? "" : ", and has been idle in it for " + Found.span(idle),
                                query(session, idle != null)))
                .matters(
                        "Nobody sees those jobs until it commits. It delays no other job, but partition %s can't be sealed, settled or dropped meanwhile, and no vacuum removes what died since."
                                .formatted(session.partitions().stream()
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(", "))))
                .mend("Let it commit: enqueue near the end of a transaction, and call nobody from within.")
                .mend("End it; what it has written is rolled back, its jobs included.", terminate(session))
                .made();
    }

    private static Finding idle(Session session, Duration open, Duration idle, boolean here) {
        return about(session, Finding.Type.IDLE_TRANSACTION, here ? Severity.WARNING : Severity.NOTICE, open, idle)
                .says("%s has been idle in a transaction for %s, which is open for %s.%s"
                        .formatted(who(session), Found.span(idle), Found.span(open), query(session, true)))
                .matters(here ? HELD : HELD_ELSEWHERE)
                .mend("End it; what it has written is rolled back.", terminate(session))
                .mend(
                        "Mend the program that forgets it, and let the server end the next one.",
                        "ALTER ROLE %s SET idle_in_transaction_session_timeout = '5min';"
                                .formatted(Found.name(session.user() == null ? "…" : session.user())))
                .made();
    }

    private static Finding working(Session session, Duration open, boolean here) {
        return about(session, Finding.Type.LONG_TRANSACTION, here ? Severity.WARNING : Severity.NOTICE, open, null)
                .says("%s has a transaction open for %s.%s"
                        .formatted(who(session), Found.span(open), query(session, false)))
                .matters(here ? HELD : HELD_ELSEWHERE)
                .mend("If it is a report or a dump, let it read from a standby, or by pieces.")
                .mend("Stop what it does now; or end it.", "SELECT pg_cancel_backend(%d);".formatted(session.pid()))
                .mend("End it; what it has written is rolled back.", terminate(session))
                .made();
    }

    private static final String HELD =
            "No vacuum removes what died since, in no table of this database: timers, beats and your own tables grow. Partitions that are to be dropped may have to wait for it. The stream of jobs itself does not get slower.";

    private static final String HELD_ELSEWHERE =
            "It is in another database: here it holds up neither jobs nor vacuum, but transaction ids can't be frozen past it.";

    /** Who may not see the time of others' transactions sees how old their snapshots are. */
    private static Optional<Finding> unseen(Session session) {
        if (session.horizonAge() == null || session.horizonAge() < OLD) return Optional.empty();
        return Optional.of(about(session, Finding.Type.LONG_TRANSACTION, Severity.WARNING, null, null)
                .says("%s holds the horizon %,d transactions back. Since when, and with what, this role may not see."
                        .formatted(who(session), session.horizonAge()))
                .matters(HELD)
                .mend("End it, with the right to.", terminate(session))
                .made());
    }

    static List<Finding> hidden(Sessions sessions, String role) {
        if (sessions.hidden() == 0) return List.of();
        var because = sessions.hidden() == 1
                ? "a session of another role"
                : "%d sessions of other roles".formatted(sessions.hidden());
        return List.of(Found.a(Finding.Type.IDLE_TRANSACTION, Severity.UNKNOWN, because)
                .says("Not known, because %s may not look into %s: whether their transactions are long, or idle."
                        .formatted(role, because))
                .matters(
                        "Any of them may hold the horizon. Only how old their snapshots are could be seen, and none is older than %,d transactions that is not told of here."
                                .formatted(OLD))
                .mend(
                        "Let this role look; it may change nothing by that.",
                        "GRANT pg_monitor TO %s;".formatted(Found.name(role)))
                .fact("hiddenSessions", sessions.hidden())
                .made());
    }

    private static Found about(
            Session session, Finding.Type type, Severity severity, @Nullable Duration open, @Nullable Duration idle) {
        return Found.a(type, severity, "pid " + session.pid())
                .fact("pid", session.pid())
                .fact("user", session.user())
                .fact("database", session.database())
                .fact("application", session.application().isEmpty() ? null : session.application())
                .fact("client", session.client())
                .fact("state", session.state())
                .fact("since", session.transactionSince())
                .fact("openMillis", open)
                .fact("idleMillis", idle)
                .fact("horizonAge", session.horizonAge())
                .fact("partitions", session.partitions().isEmpty() ? null : numbers(session, " "))
                .fact("query", session.query());
    }

    /** {@code Session 4711 (report of user anna, from 10.0.0.7)}. */
    static String who(Session session) {
        return "Session %d (%sof user %s in database %s%s)"
                .formatted(
                        session.pid(),
                        session.application().isEmpty() ? "" : session.application() + " ",
                        session.user() == null ? "unknown" : session.user(),
                        session.database() == null ? "unknown" : session.database(),
                        session.client() == null ? "" : ", from " + session.client());
    }

    private static String numbers(Session session, String between) {
        return session.partitions().stream().map(String::valueOf).collect(Collectors.joining(between));
    }

    private static String query(Session session, boolean last) {
        var query = session.query();
        if (query == null || query.isBlank()) return "";
        return " Its %squery: %s".formatted(last ? "last " : "", Found.line(query, 200));
    }

    private static String terminate(Session session) {
        return "SELECT pg_terminate_backend(%d);".formatted(session.pid());
    }

    // ---- half-committed ones

    static List<Finding> prepared(List<Prepared> prepared, String database, Instant now) {
        return prepared.stream()
                .filter(one -> Duration.between(one.since(), now).compareTo(HALF_COMMITTED) >= 0)
                .map(one -> prepared(one, database.equals(one.database()), Duration.between(one.since(), now)))
                .toList();
    }

    private static Finding prepared(Prepared one, boolean here, Duration since) {
        return Found.a(
                        Finding.Type.PREPARED_TRANSACTION,
                        here ? Severity.WARNING : Severity.NOTICE,
                        "transaction " + one.gid())
                .says(
                        "The transaction %s, of user %s in database %s, was prepared %s ago and neither committed nor rolled back."
                                .formatted(Found.literal(one.gid()), one.owner(), one.database(), Found.span(since)))
                .matters(
                        "It outlives restarts, and keeps its locks, its jobs unseen and the horizon where it was until somebody decides.")
                .mend(
                        "Ask its coordinator what was decided; then, in database %s, commit it."
                                .formatted(one.database()),
                        "COMMIT PREPARED %s;".formatted(Found.literal(one.gid())))
                .mend("Or roll it back.", "ROLLBACK PREPARED %s;".formatted(Found.literal(one.gid())))
                .fact("gid", one.gid())
                .fact("user", one.owner())
                .fact("database", one.database())
                .fact("since", one.since())
                .fact("preparedMillis", since)
                .fact("horizonAge", one.age())
                .made();
    }

    // ---- replication

    static List<Finding> slots(List<Slot> slots, Look<Settings> settings, Instant now) {
        var limit = ServerDoctor.setting(settings, "max_slot_wal_keep_size").orElse("");
        var found = new ArrayList<Finding>();
        for (var slot : slots) slot(slot, limit.equals("-1"), now).ifPresent(found::add);
        return found;
    }

    private static Optional<Finding> slot(Slot slot, boolean unlimited, Instant now) {
        var name = "Slot %s (%s%s)"
                .formatted(
                        Found.literal(slot.name()),
                        slot.type(),
                        slot.database() == null ? "" : ", database " + slot.database());
        long kept = slot.retainedBytes() == null ? 0 : slot.retainedBytes();
        if ("lost".equals(slot.walStatus()))
            return Optional.of(about(slot, Severity.WARNING, now)
                    .says("%s has lost log that its reader needs: it can't go on.".formatted(name))
                    .matters("Whoever reads it, a standby or a stream of changes, has stopped, and must be built anew.")
                    .mend("Drop it, and set its reader up again.", drop(slot))
                    .made());
        if ("unreserved".equals(slot.walStatus()))
            return Optional.of(about(slot, Severity.WARNING, now)
                    .says(
                            "%s is so far behind that the server may remove the log it needs at the next checkpoint; it keeps %s."
                                    .formatted(name, Found.size(kept)))
                    .matters("Then its reader can't go on, and must be built anew.")
                    .mend(
                            "Let its reader catch up now, or give it more room.",
                            "ALTER SYSTEM SET max_slot_wal_keep_size = '…GB'; SELECT pg_reload_conf();")
                    .made());
        boolean keeps = slot.retainedBytes() != null || slot.horizonAge() != null;
        if (!slot.active() && keeps) return Optional.of(inactive(slot, name, kept, unlimited, now));
        if (slot.active() && kept >= VERY_MUCH)
            return Optional.of(about(slot, Severity.WARNING, now)
                    .says("%s is read, and %s behind.".formatted(name, Found.size(kept)))
                    .matters("So much log stays on the disk, and its reader shows what was long ago.")
                    .mend("Look at its reader: it is too slow, or waits for something.")
                    .made());
        if (slot.horizonAge() != null && slot.horizonAge() >= OLD)
            return Optional.of(about(slot, Severity.WARNING, now)
                    .says("%s holds the horizon %,d transactions back.".formatted(name, slot.horizonAge()))
                    .matters(HELD)
                    .mend("Look at its reader: it is too slow, or its standby runs a long query.")
                    .made());
        return Optional.empty();
    }

    private static Finding inactive(Slot slot, String name, long kept, boolean unlimited, Instant now) {
        var since = slot.inactiveSince() == null ? null : Duration.between(slot.inactiveSince(), now);
        boolean grave = kept >= MUCH
                || (since != null && since.compareTo(AWAY) >= 0)
                || (slot.horizonAge() != null && slot.horizonAge() >= OLD);
        return about(slot, grave ? Severity.WARNING : Severity.NOTICE, now)
                .says("%s is read by nobody%s, and keeps %s of log%s."
                        .formatted(
                                name,
                                since == null ? "" : ", for " + Found.span(since),
                                Found.size(kept),
                                slot.horizonAge() == null
                                        ? ""
                                        : " and the rows of the last %,d transactions".formatted(slot.horizonAge())))
                .matters(
                        unlimited
                                ? "The log grows until the disk is full, and then the server stops, and all nodes with it: max_slot_wal_keep_size sets no limit."
                                : "The log grows up to max_slot_wal_keep_size, and then its reader can't go on.")
                .mend("Start its reader again.")
                .mend("If nobody reads it any more, drop it.", drop(slot))
                .made();
    }

    private static Found about(Slot slot, Severity severity, Instant now) {
        return Found.a(Finding.Type.REPLICATION_SLOT, severity, "slot " + slot.name())
                .fact("slot", slot.name())
                .fact("slotType", slot.type())
                .fact("database", slot.database())
                .fact("active", slot.active())
                .fact("retainedBytes", slot.retainedBytes())
                .fact("walStatus", slot.walStatus())
                .fact("horizonAge", slot.horizonAge())
                .fact("inactiveSince", slot.inactiveSince())
                .fact(
                        "inactiveMillis",
                        slot.inactiveSince() == null ? null : Duration.between(slot.inactiveSince(), now));
    }

    private static String drop(Slot slot) {
        return "SELECT pg_drop_replication_slot(%s);".formatted(Found.literal(slot.name()));
    }

    static List<Finding> standbys(List<Standby> standbys) {
        return standbys.stream()
                .filter(standby -> standby.horizonAge() != null && standby.horizonAge() >= OLD)
                .map(standby -> Found.a(Finding.Type.STANDBY, Severity.WARNING, "standby " + name(standby))
                        .says(
                                "The standby %s%s holds the horizon %,d transactions back, by hot_standby_feedback: one of its queries is that old."
                                        .formatted(
                                                name(standby),
                                                standby.client() == null ? "" : " at " + standby.client(),
                                                standby.horizonAge()))
                        .matters(HELD)
                        .mend(
                                "Find and end the query, on the standby.",
                                "SELECT pid, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start;")
                        .mend(
                                "Or let such queries be cancelled instead, on the standby.",
                                "ALTER SYSTEM SET hot_standby_feedback = off; SELECT pg_reload_conf();")
                        .fact("standby", name(standby))
                        .fact("pid", standby.pid())
                        .fact("client", standby.client())
                        .fact("horizonAge", standby.horizonAge())
                        .made())
                .toList();
    }

    private static String name(Standby standby) {
        return standby.application().isEmpty() ? "pid " + standby.pid() : standby.application();
    }
}
