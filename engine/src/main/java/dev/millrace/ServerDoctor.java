package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.store.Look;
import dev.millrace.store.Observations.Age;
import dev.millrace.store.Observations.Archiver;
import dev.millrace.store.Observations.Schema;
import dev.millrace.store.Observations.Sessions;
import dev.millrace.store.Observations.Settings;
import dev.millrace.store.Observations.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

/** What is wrong with the server as such. */
final class ServerDoctor {

    /** When PostgreSQL ends the support of each version, as it has announced. */
    private static final Map<Integer, Instant> SUPPORTED_UNTIL = Map.of(
            15, Instant.parse("2027-11-11T00:00:00Z"),
            16, Instant.parse("2028-11-09T00:00:00Z"),
            17, Instant.parse("2029-11-08T00:00:00Z"),
            18, Instant.parse("2030-11-14T00:00:00Z"));

    private static final int NEWEST_TESTED = 18;
    private static final Duration SOON = Duration.ofDays(180);

    /** A node needs seven at once, and a hundred slots of transact handlers a hundred more. */
    private static final double FULL = 0.95;

    private static final double FILLING = 0.80;

    /** Where PostgreSQL drops everything else to freeze; and the usual threshold of autovacuum, which may be passed while it works. */
    private static final long FAILSAFE = 1_600_000_000;

    private static final long LATE_FREEZE = 500_000_000;

    /** Autovacuum comes when a fifth of a table is dead, each minute: so many, and twice as many as are alive, it has not been able to take away. */
    private static final long DEAD = 50_000;

    private ServerDoctor() {}

    // ---- settings

    static Optional<String> setting(Look<Settings> settings, String name) {
        return settings instanceof Look.Seen<Settings>(var seen)
                ? Optional.ofNullable(seen.values().get(name))
                : Optional.empty();
    }

    private static Optional<Long> number(Settings settings, String name) {
        var value = settings.values().get(name);
        return value == null || !value.matches("-?\\d+") ? Optional.empty() : Optional.of(Long.valueOf(value));
    }

    private static boolean is(Settings settings, String name, String value) {
        return value.equals(settings.values().get(name));
    }

    static List<Finding> settings(Settings settings, String role) {
        var found = new ArrayList<Finding>();
        if (is(settings, "fsync", "off"))
            found.add(setting(
                    Severity.CRITICAL,
                    "fsync",
                    "off",
                    "After a crash of the machine the database may be damaged beyond repair, and every promise about jobs with it.",
                    "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();"));
        if (is(settings, "full_page_writes", "off"))
            found.add(setting(
                    Severity.WARNING,
                    "full_page_writes",
                    "off",
                    "A page that was half written in a crash stays damaged, unless the file system writes pages whole.",
                    "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf();"));
        if (is(settings, "synchronous_commit", "off"))
            found.add(setting(
                    Severity.WARNING,
                    "synchronous_commit",
                    "off",
                    "A job whose enqueue has returned may be gone after a crash of the server. What nodes write is durable nevertheless: they set it for their own steps.",
                    "ALTER ROLE %s SET synchronous_commit = on;".formatted(Found.name(role))));
        if (is(settings, "autovacuum", "off"))
            found.add(setting(
                    Severity.WARNING,
                    "autovacuum",
                    "off",
                    "Dead rows of timers, beats and all other tables stay, which slows each look for due timers down; and transaction ids run out.",
                    "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();"));
        if (is(settings, "track_counts", "off"))
            found.add(setting(
                    Severity.WARNING,
                    "track_counts",
                    "off",
                    "Autovacuum does not know where it is needed, and comes nowhere.",
                    "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();"));
        if (is(settings, "idle_in_transaction_session_timeout", "0"))
            found.add(setting(
                    Severity.NOTICE,
                    "idle_in_transaction_session_timeout",
                    "0",
                    "Whoever forgets a transaction holds vacuum back for everybody, for as long as its connection lives.",
                    "ALTER ROLE %s SET idle_in_transaction_session_timeout = '5min';".formatted(Found.name(role))));
        if (number(settings, "max_wal_size").orElse(1_024L) < 1_024)
            found.add(setting(
                    Severity.NOTICE,
                    "max_wal_size",
                    settings.values().get("max_wal_size") + "MB",
                    "With little room there is a checkpoint every few seconds, and each writes whole pages anew: half as much log again, measured.",
                    "ALTER SYSTEM SET max_wal_size = '2GB'; SELECT pg_reload_conf();"));
        return found;
    }

    private static Finding setting(Severity severity, String name, String value, String why, String sql) {
        return Found.a(Finding.Type.SETTING, severity, name)
                .says("%s is %s.".formatted(name, value))
                .matters(why)
                .mend("Set it.", sql)
                .fact("setting", name)
                .fact("value", value)
                .made();
    }

    static List<Finding> version(Settings settings, Instant now) {
        int major = settings.versionNumber() / 10_000;
        var until = SUPPORTED_UNTIL.get(major);
        if (major > NEWEST_TESTED)
            return List.of(version(settings, Severity.NOTICE)
                    .says("This is PostgreSQL %s. Millrace was tested with 15 to %d."
                            .formatted(settings.version(), NEWEST_TESTED))
                    .matters("It may behave in a way that nobody has seen yet.")
                    .mend("Look for a newer version of Millrace.")
                    .made());
        if (until == null || now.plus(SOON).isBefore(until)) return List.of();
        boolean over = !now.isBefore(until);
        return List.of(version(settings, over ? Severity.WARNING : Severity.NOTICE)
                .says("PostgreSQL %d %s supported %s %s."
                        .formatted(
                                major,
                                over ? "is not" : "is",
                                over ? "since" : "until",
                                until.toString().substring(0, 10)))
                .matters("After that it gets no more corrections, of errors or of what is unsafe.")
                .mend("Upgrade the server, such as to %d. A dump or pg_upgrade is noticed, and nothing is lost."
                        .formatted(NEWEST_TESTED))
                .fact("supportedUntil", until)
                .made());
    }

    private static Found version(Settings settings, Severity severity) {
        return Found.a(Finding.Type.SERVER_VERSION, severity, "PostgreSQL " + settings.version())
                .fact("version", settings.version())
                .fact("versionNumber", settings.versionNumber());
    }

    static List<Finding> schema(Schema schema, String name) {
        if (!schema.missing().isEmpty())
            return List.of(Found.a(Finding.Type.SCHEMA, Severity.CRITICAL, "schema " + name)
                    .says("The schema %s is at version %s, and this build needs %s."
                            .formatted(name, schema.installed(), String.join(", ", schema.missing())))
                    .matters("Steps of nodes of this build fail.")
                    .mend(
                            "Leave out withoutMigration(), or run the numbered SQL files as the schema's owner, from dev/millrace/postgres/migration in the jar.")
                    .fact("installed", schema.installed())
                    .fact("missing", String.join(" ", schema.missing()))
                    .made());
        if (!schema.newer().isEmpty())
            return List.of(Found.a(Finding.Type.SCHEMA, Severity.NOTICE, "schema " + name)
                    .says("The schema %s is at version %s, which is newer than this build."
                            .formatted(name, schema.installed()))
                    .matters(
                            "While a deploy rolls out that is as it should be: older builds go on with a newer schema.")
                    .mend("Bring this build up to date.")
                    .fact("installed", schema.installed())
                    .fact("newer", String.join(" ", schema.newer()))
                    .made());
        return List.of();
    }

    // ---- connections

    /** How many connections roles without privileges can have together; empty if that is not known. */
    static Optional<Long> connectionsAllowed(Settings settings) {
        return number(settings, "max_connections")
                .map(most -> most
                        - number(settings, "superuser_reserved_connections").orElse(0L)
                        - number(settings, "reserved_connections").orElse(0L));
    }

    static List<Finding> connections(Sessions sessions, Look<Settings> settings) {
        if (!(settings instanceof Look.Seen<Settings>(var seen))) return List.of();
        long most = connectionsAllowed(seen).orElse(0L);
        double share = most <= 0 ? 0 : sessions.connections() / (double) most;
        if (share < FILLING) return List.of();
        return List.of(Found.a(
                        Finding.Type.CONNECTIONS,
                        share >= FULL ? Severity.CRITICAL : Severity.WARNING,
                        "max_connections")
                .says("%d of %d connections are in use: %s."
                        .formatted(
                                sessions.connections(),
                                most,
                                sessions.shares().stream()
                                        .map(s -> "%d by %s"
                                                .formatted(
                                                        s.connections(),
                                                        s.application().isEmpty()
                                                                ? "programs without a name"
                                                                : s.application()))
                                        .collect(Collectors.joining(", "))))
                .matters(
                        "When there are no more, no node can start (it needs seven), none comes back after a failover, and producers are refused.")
                .mend("Make the pools smaller that have the most; or put a pooler before the server.")
                .mend(
                        "Allow more; that needs a restart of the server.",
                        "ALTER SYSTEM SET max_connections = %d;".formatted(2 * most))
                .fact("connections", sessions.connections())
                .fact("allowed", most)
                .made());
    }

    // ---- what grows

    static List<Finding> wraparound(List<Age> ages, Look<Settings> settings) {
        var found = new ArrayList<Finding>();
        for (var age : ages) {
            wraparound(
                            age.database(),
                            age.transactions(),
                            "transactions",
                            threshold(settings, "autovacuum_freeze_max_age"))
                    .ifPresent(found::add);
            wraparound(
                            age.database(),
                            age.multixacts(),
                            "multixacts",
                            threshold(settings, "autovacuum_multixact_freeze_max_age"))
                    .ifPresent(found::add);
        }
        return found;
    }

    /** Half as old again as autovacuum lets them become, and never as soon as that is usual. */
    private static long threshold(Look<Settings> settings, String name) {
        return settings instanceof Look.Seen<Settings>(var seen)
                ? Math.min(FAILSAFE, Math.max(LATE_FREEZE, number(seen, name).orElse(0L) / 2 * 3))
                : LATE_FREEZE;
    }

    private static Optional<Finding> wraparound(String database, long age, String of, long late) {
        if (age < late) return Optional.empty();
        return Optional.of(Found.a(
                        Finding.Type.WRAPAROUND,
                        age >= FAILSAFE ? Severity.CRITICAL : Severity.WARNING,
                        "database " + database)
                .says("The oldest of the %s that database %s has not frozen is %,d ids old."
                        .formatted(of, database, age))
                .matters("At 2,100,000,000 the server refuses to write anything, and nodes stand still.")
                .mend(
                        "Find what holds the horizon (see the other findings), then freeze; in that database.",
                        "VACUUM (FREEZE, VERBOSE);")
                .fact("database", database)
                .fact("age", age)
                .fact("of", of)
                .made());
    }

    static List<Finding> tables(List<Table> tables, String schema, Instant now) {
        var found = new ArrayList<Finding>();
        for (var table : tables) {
            var name = schema + "." + table.name();
            var vacuumed = table.vacuumedAt() == null
                    ? "it was never vacuumed"
                    : "it was vacuumed %s ago".formatted(Found.span(Duration.between(table.vacuumedAt(), now)));
            if (table.dead() >= DEAD && table.dead() > 2 * table.live())
                found.add(Found.a(Finding.Type.VACUUM, Severity.WARNING, "table " + name)
                        .says("%s has about %,d dead rows beside %,d living ones, and %s; %s on the disk."
                                .formatted(name, table.dead(), table.live(), vacuumed, Found.size(table.bytes())))
                        .matters("Each look walks past the dead ones: due timers and beats get slower.")
                        .mend(
                                "Find what holds the horizon (see the other findings), then vacuum it.",
                                "VACUUM (VERBOSE) %s;".formatted(name))
                        .fact("table", name)
                        .fact("dead", table.dead())
                        .fact("live", table.live())
                        .fact("bytes", table.bytes())
                        .fact("vacuumedAt", table.vacuumedAt())
                        .made());
            else if (!table.autovacuum())
                found.add(Found.a(Finding.Type.VACUUM, Severity.NOTICE, "table " + name)
                        .says("Autovacuum is switched off for %s, and %s.".formatted(name, vacuumed))
                        .matters("Its dead rows stay, unless somebody vacuums it by hand.")
                        .mend("Switch it on.", "ALTER TABLE %s RESET (autovacuum_enabled);".formatted(name))
                        .fact("table", name)
                        .fact("dead", table.dead())
                        .fact("live", table.live())
                        .made());
        }
        return found;
    }

    // ---- the log

    static List<Finding> log(long bytes, Look<Settings> settings) {
        if (!(settings instanceof Look.Seen<Settings>(var seen))) return List.of();
        var meant = number(seen, "max_wal_size").map(mb -> mb << 20);
        if (meant.isEmpty() || bytes < 3 * meant.get() || bytes < 2L << 30) return List.of();
        return List.of(Found.a(Finding.Type.WRITE_AHEAD_LOG, Severity.WARNING, "pg_wal")
                .says("The write-ahead log has %s, and was meant to stay within %s (max_wal_size)."
                        .formatted(Found.size(bytes), Found.size(meant.get())))
                .matters(
                        "Something keeps it: a replication slot, an archive that fails, or checkpoints that don't come after. It grows until the disk is full, and then everything stands still.")
                .mend(
                        "See which slot keeps how much.",
                        "SELECT slot_name, active, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots;")
                .mend("See whether the archive works.", "SELECT * FROM pg_stat_archiver;")
                .fact("bytes", bytes)
                .fact("maxWalSizeBytes", meant.get())
                .made());
    }

    static List<Finding> archiver(Archiver archiver, Look<Settings> settings) {
        if (setting(settings, "archive_mode").orElse("off").equals("off")) return List.of();
        var failed = archiver.failedAt();
        var archived = archiver.archivedAt();
        if (failed == null || (archived != null && !failed.isAfter(archived))) return List.of();
        return List.of(Found.a(Finding.Type.WRITE_AHEAD_LOG, Severity.WARNING, "archive")
                .says("The log is not archived: the last try, at %s with %s, failed%s."
                        .formatted(
                                failed,
                                archiver.failedFile(),
                                archived == null
                                        ? ", and none has succeeded"
                                        : "; the last success was at " + archived))
                .matters(
                        "The log stays on the disk until it is archived, and a backup that needs it can't be restored.")
                .mend("Read the server's log for what archive_command says.")
                .fact("failedAt", failed)
                .fact("failedFile", archiver.failedFile())
                .fact("failures", archiver.failed())
                .fact("archivedAt", archived)
                .made());
    }

    // ---- clocks

    /**
     * The clock of this process.
     *
     * @param ahead of the server's
     * @param error how far that may be wrong
     */
    static List<Finding> ownClock(Duration ahead, Duration error) {
        if (ahead.abs().minus(error).compareTo(FleetDoctor.SKEW) < 0) return List.of();
        LongFunction<String> word = millis -> millis > 0 ? "ahead of" : "behind";
        return List.of(Found.a(Finding.Type.CLOCK, Severity.WARNING, "this process")
                .says("The clock of this machine is %s %s the database's."
                        .formatted(Found.span(ahead.abs()), word.apply(ahead.toMillis())))
                .matters(FleetDoctor.OF_CLOCKS)
                .mend("Let both machines set their clocks, by NTP or chrony.", "timedatectl set-ntp true")
                .fact("aheadMillis", ahead)
                .fact("errorMillis", error)
                .made());
    }
}
