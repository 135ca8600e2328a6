package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Look;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Server;
import dev.millrace.store.Observations.Sessions;
import dev.millrace.store.Timetable.Kept;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Judges what a store saw of itself. Every threshold, severity and sentence is in the five beside it, and each is a pure function of what was seen:
 * {@link FleetDoctor}, {@link QueueDoctor}, {@link HorizonDoctor}, {@link ServerDoctor}, {@link PartitionDoctor}. Here is what follows from a look that
 * failed, and the order in which it is told.
 */
final class Doctor {

    /**
     * A beat comes every 2 s, and a node's work is taken over within a lease of 10 s and 5 s more: who is silent for longer is no help. Here the store's
     * clock may tell, since nothing but a sentence hangs on it.
     */
    static final Duration SILENT = Duration.ofSeconds(15);

    /** Of one type. A server where more of the same is wrong is told what is worst. */
    private static final int MOST = 20;

    /** Unfinished changes of many jobs that are looked at, the oldest. */
    static final int OPERATIONS = 200;

    /** They are seen in Millrace's own tables: what is missing is a right to these. */
    private static final Set<Finding.Type> OF_THE_SCHEMA = Set.of(
            Finding.Type.NO_NODE,
            Finding.Type.SILENT_NODE,
            Finding.Type.STUCK_HANDLER,
            Finding.Type.BUILDS,
            Finding.Type.UNSERVED_QUEUE,
            Finding.Type.SCHEDULE,
            Finding.Type.OPERATION,
            Finding.Type.PARKED,
            Finding.Type.PAUSE,
            Finding.Type.LONG_RUN,
            Finding.Type.CLOCK,
            Finding.Type.PARTITION,
            Finding.Type.HOUSEKEEPING,
            Finding.Type.SCHEMA);

    private final List<Finding> findings = new ArrayList<>();
    private final Set<Finding.Type> looked = EnumSet.noneOf(Finding.Type.class);
    private final String role;
    private final String schema;

    private Doctor(String role, String schema) {
        this.role = role;
        this.schema = schema;
    }

    /**
     * What is wrong.
     *
     * @param own how the nodes of this process stand
     */
    static Checkup checkup(
            Observations seen,
            Look<List<QueueView>> queues,
            Look<List<NodeView>> nodes,
            Look<List<Kept>> schedules,
            Look<List<KeptChange>> operations,
            List<Node.Status> own) {
        var server = seen.server();
        var alive = of(nodes, all -> all.stream().filter(Doctor::beats).toList());
        var doctor = server == null ? new Doctor("", "") : new Doctor(server.role(), server.schema());
        doctor.about(Finding.Type.NO_NODE, both(alive, queues, FleetDoctor::nobody));
        doctor.about(Finding.Type.SILENT_NODE, both(nodes, alive, (all, some) -> FleetDoctor.silent(all, some, own)));
        doctor.found(Finding.Type.STUCK_HANDLER, FleetDoctor.stuck(own));
        doctor.about(Finding.Type.STUCK_HANDLER, of(alive, some -> FleetDoctor.stuckElsewhere(some, own, seen.now())));
        doctor.about(Finding.Type.BUILDS, of(alive, FleetDoctor::builds));
        doctor.about(
                Finding.Type.UNSERVED_QUEUE,
                both(queues, alive, (all, some) -> QueueDoctor.unserved(all, some, seen.now())));
        doctor.about(Finding.Type.SCHEDULE, of(schedules, QueueDoctor::schedules));
        doctor.about(Finding.Type.OPERATION, of(operations, some -> QueueDoctor.operations(some, seen.now())));
        doctor.about(
                Finding.Type.LONG_RUN,
                both(seen.held(), alive, (held, some) -> FleetDoctor.longRuns(held, some, seen.now())));
        doctor.about(
                Finding.Type.PARKED,
                both(seen.parked(), alive, (parked, some) -> QueueDoctor.parked(parked, some, seen.now())));
        doctor.about(
                Finding.Type.PAUSE,
                both(seen.pauses(), queues, (pauses, all) -> QueueDoctor.pauses(pauses, all, seen.now())));
        if (server != null) doctor.judge(server, seen, alive);
        doctor.findings.sort(Comparator.comparing(Finding::severity));
        return new Checkup(
                seen.now(), doctor.findings, List.copyOf(doctor.looked), figures(server, queues, nodes, alive));
    }

    /** What follows from what was seen; from what was not, nothing. */
    private static <A, R> Look<R> of(Look<A> look, Function<A, R> judged) {
        return switch (look) {
            case Look.Seen<A>(var what) -> Look.seen(judged.apply(what));
            case Look.Unseen<A>(var because, var privilege) -> new Look.Unseen<>(because, privilege);
        };
    }

    private static <A, B, R> Look<R> both(Look<A> one, Look<B> other, BiFunction<A, B, R> judged) {
        return switch (one) {
            case Look.Seen<A>(var what) -> of(other, more -> judged.apply(what, more));
            case Look.Unseen<A>(var because, var privilege) -> new Look.Unseen<>(because, privilege);
        };
    }

    static boolean beats(NodeView node) {
        return node.life() == NodeView.Life.ALIVE && node.sinceBeat().compareTo(SILENT) <= 0;
    }

    private void judge(Server server, Observations seen, Look<List<NodeView>> alive) {
        var now = seen.now();
        var settings = server.settings();
        found(Finding.Type.CLOCK, ServerDoctor.ownClock(server.clock(), server.clockError()));
        about(Finding.Type.CLOCK, both(server.nodeClocks(), alive, FleetDoctor::clocks));
        about(
                Finding.Type.LONG_TRANSACTION,
                server.sessions(),
                s -> HorizonDoctor.transactions(s, server.database(), now));
        about(Finding.Type.IDLE_TRANSACTION, server.sessions(), s -> HorizonDoctor.hidden(s, server.role()));
        about(
                Finding.Type.PREPARED_TRANSACTION,
                server.prepared(),
                p -> HorizonDoctor.prepared(p, server.database(), now));
        about(Finding.Type.REPLICATION_SLOT, server.slots(), slots -> HorizonDoctor.slots(slots, settings, now));
        about(Finding.Type.STANDBY, server.standbys(), HorizonDoctor::standbys);
        about(Finding.Type.WRAPAROUND, server.ages(), ages -> ServerDoctor.wraparound(ages, settings));
        about(Finding.Type.VACUUM, server.tables(), tables -> ServerDoctor.tables(tables, server.schema(), now));
        about(Finding.Type.SETTING, settings, s -> ServerDoctor.settings(s, server.role()));
        about(Finding.Type.SERVER_VERSION, settings, s -> ServerDoctor.version(s, now));
        about(Finding.Type.SCHEMA, server.schemaVersion(), s -> ServerDoctor.schema(s, server.schema()));
        about(Finding.Type.CONNECTIONS, server.sessions(), s -> ServerDoctor.connections(s, settings));
        about(Finding.Type.WRITE_AHEAD_LOG, server.walBytes(), bytes -> ServerDoctor.log(bytes, settings));
        about(Finding.Type.WRITE_AHEAD_LOG, server.archiver(), a -> ServerDoctor.archiver(a, settings));
        var open =
                server.sessions() instanceof Look.Seen<Sessions>(var s) ? s.oldest() : List.<Observations.Session>of();
        about(
                Finding.Type.PARTITION,
                both(server.partitions(), alive, (p, some) -> PartitionDoctor.partitions(p, open, some, now)));
        about(
                Finding.Type.HOUSEKEEPING,
                both(server.partitions(), alive, (p, some) -> PartitionDoctor.housekeeping(p, some, now)));
    }

    private void found(Finding.Type type, List<Finding> more) {
        looked.add(type);
        findings.addAll(worst(type, more));
    }

    private static List<Finding> worst(Finding.Type type, List<Finding> all) {
        if (all.size() <= MOST) return all;
        var sorted =
                all.stream().sorted(Comparator.comparing(Finding::severity)).toList();
        var told = new ArrayList<>(sorted.subList(0, MOST));
        int others = all.size() - MOST;
        told.add(Found.a(type, sorted.get(MOST).severity(), others + " more")
                .says("%d more of this sort were found and are not told one by one.".formatted(others))
                .matters("They are no weightier than those before.")
                .mend("Mend those, and look again.")
                .fact("leftOut", others)
                .made());
        return told;
    }

    /** What could not be looked at is a finding, and says so. */
    private <T> void about(Finding.Type type, Look<T> look, Function<T, List<Finding>> judged) {
        about(type, of(look, judged));
    }

    private void about(Finding.Type type, Look<List<Finding>> judged) {
        switch (judged) {
            case Look.Seen<List<Finding>>(var more) -> found(type, more);
            case Look.Unseen<List<Finding>>(var because, var privilege) ->
                findings.add(unknown(type, because, privilege));
        }
    }

    private Finding unknown(Finding.Type type, String because, boolean privilege) {
        var found = Found.a(type, Severity.UNKNOWN, type.looksAt())
                .says("Not known, because it could not be looked at: %s.".formatted(because))
                .matters("What nobody can see may be in order, or not.")
                .fact("because", because);
        if (!privilege)
            return found.mend("Look again; if it stays so, tell us with this message.")
                    .made();
        return OF_THE_SCHEMA.contains(type)
                ? found.mend(
                                "Let this role look into Millrace's tables.",
                                "GRANT USAGE ON SCHEMA %1$s TO %2$s; GRANT SELECT ON ALL TABLES IN SCHEMA %1$s TO %2$s; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %1$s TO %2$s;"
                                        .formatted(Found.name(schema), Found.name(role)))
                        .made()
                : found.mend(
                                "Let this role look; it may change nothing by that.",
                                "GRANT pg_monitor TO %s;".formatted(Found.name(role)))
                        .made();
    }

    private static Map<String, Object> figures(
            @Nullable Server server,
            Look<List<QueueView>> queues,
            Look<List<NodeView>> nodes,
            Look<List<NodeView>> alive) {
        var figures = new LinkedHashMap<String, Object>();
        count(figures, "queues", queues);
        count(figures, "nodesAlive", alive);
        count(figures, "nodes", nodes);
        if (server == null) return figures;
        if (server.settings() instanceof Look.Seen<Observations.Settings>(var settings)) {
            figures.put("postgresVersion", settings.version());
            ServerDoctor.connectionsAllowed(settings).ifPresent(most -> figures.put("connectionsAllowed", most));
        }
        if (server.sessions() instanceof Look.Seen<Sessions>(var sessions))
            figures.put("connections", (long) sessions.connections());
        if (server.databaseBytes() instanceof Look.Seen<Long>(var bytes)) figures.put("databaseBytes", bytes);
        if (server.walBytes() instanceof Look.Seen<Long>(var bytes)) figures.put("walBytes", bytes);
        if (server.partitions() instanceof Look.Seen<Observations.Partitions>(var partitions)) {
            figures.put("partitions", (long) partitions.parts().size());
            figures.put(
                    "partitionBytes",
                    partitions.parts().stream()
                            .mapToLong(Observations.Part::bytes)
                            .sum());
        }
        if (server.schemaVersion() instanceof Look.Seen<Observations.Schema>(var schema))
            figures.put("schemaVersion", schema.installed());
        figures.put("clockAheadMillis", server.clock().toMillis());
        return figures;
    }

    private static <T> void count(Map<String, Object> figures, String name, Look<List<T>> look) {
        if (look instanceof Look.Seen<List<T>>(var all)) figures.put(name, (long) all.size());
    }
}
