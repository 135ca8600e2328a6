package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.store.Observations.Open;
import dev.millrace.store.Observations.Part;
import dev.millrace.store.Observations.Partitions;
import dev.millrace.store.Observations.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is wrong with partitions: which of them is late in its life, and who is in its way. */
final class PartitionDoctor {

    /** A turn comes every 20 s, and takes at most five minutes. */
    private static final Duration UNKEPT = Duration.ofMinutes(15);

    /** The longest time that a partition can be set to take deliveries, and the longest that one can be attached ahead. */
    private static final Duration LONGEST = Duration.ofDays(8);

    /** The longest time that can be set from closing to sealing, and an hour. How it is set is known to the nodes alone. */
    private static final Duration UNSEALED = Duration.ofHours(25);

    /** Past retention all that nobody claimed is moved, and what is settled is dropped, at the next turn: a day is long for that. */
    private static final Duration GRACE = Duration.ofDays(1);

    /** Detaching waits for who looks into the table: a moment, or as long as the oldest of them. */
    private static final Duration WAITED_FOR = Duration.ofMinutes(5);

    /** A partition is six tables, and whoever looks for a job by its id looks into each of them. */
    private static final int MANY = 200;

    private PartitionDoctor() {}

    static List<Finding> housekeeping(Partitions partitions, List<NodeView> alive, Instant now) {
        var kept = partitions.keptAt();
        boolean longThere = alive.stream()
                .anyMatch(node -> Duration.between(node.startedAt(), now).compareTo(UNKEPT) >= 0);
        if (!longThere || (kept != null && Duration.between(kept, now).compareTo(UNKEPT) < 0)) return List.of();
        return List.of(Found.a(Finding.Type.HOUSEKEEPING, Severity.WARNING, "housekeeping")
                .says(
                        kept == null
                                ? "No node has ever done the housekeeping."
                                : "No node has done the housekeeping for %s, though some are alive."
                                        .formatted(Found.span(Duration.between(kept, now))))
                .matters(
                        "No partition is made, sealed or dropped: the one that is there takes all, and the disk fills.")
                .mend("Read the nodes' logs for \"Housekeeping\": it fails, or waits for a lock.")
                .mend(
                        "See who has a lock on Millrace's tables.",
                        "SELECT l.pid, l.mode, l.relation::regclass, a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.granted AND l.mode IN ('ShareLock', 'ExclusiveLock', 'AccessExclusiveLock') AND l.relation IS NOT NULL;")
                .fact("keptAt", kept)
                .made());
    }

    static List<Finding> partitions(Partitions partitions, List<Session> open, List<NodeView> alive, Instant now) {
        var found = new ArrayList<Finding>();
        boolean kept = !alive.isEmpty()
                && partitions.keptAt() != null
                && Duration.between(partitions.keptAt(), now).compareTo(UNKEPT) < 0;
        if (kept) { // else that is what is wrong
            ahead(partitions, now).ifPresent(found::add);
            current(partitions, now).ifPresent(found::add);
            for (var part : partitions.parts()) unsealed(part, open, now).ifPresent(found::add);
            unsettled(partitions, now).ifPresent(found::add);
            undropped(partitions, now).ifPresent(found::add);
            detaching(partitions, open, now).ifPresent(found::add);
        }
        if (partitions.parts().size() >= MANY) found.add(many(partitions));
        return found;
    }

    private static Found about(int part, Severity severity) {
        return Found.a(Finding.Type.PARTITION, severity, "partition " + part).fact("partition", part);
    }

    private static Optional<Finding> ahead(Partitions partitions, Instant now) {
        boolean next = partitions.parts().stream().anyMatch(part -> part.no() > partitions.current());
        var since = partitions.parts().stream()
                .filter(part -> part.no() == partitions.current())
                .map(part -> age(part.currentAt(), now))
                .findFirst()
                .orElse(Duration.ZERO);
        if (next || since.compareTo(UNKEPT) < 0) return Optional.empty();
        return Optional.of(about(partitions.current() + 1, Severity.WARNING)
                .says("No partition is attached ahead of the current one, %d.".formatted(partitions.current()))
                .matters("Enqueues go on, but that one can't be closed, and so never be dropped.")
                .mend(
                        "Read the nodes' logs for \"attach partition\": the role may not create tables in the schema, or waits for a lock.")
                .made());
    }

    private static Optional<Finding> current(Partitions partitions, Instant now) {
        return partitions.parts().stream()
                .filter(part -> part.no() == partitions.current()
                        && age(part.currentAt(), now).compareTo(LONGEST) > 0)
                .findFirst()
                .map(part -> about(part.no(), Severity.WARNING)
                        .says("Partition %d has taken all new jobs for %s, longer than any can be set to."
                                .formatted(part.no(), Found.span(age(part.currentAt(), now))))
                        .matters("It can't be dropped before it is closed: the disk fills.")
                        .mend("Read the nodes' logs for \"switch partition\": it fails, or waits for a lock.")
                        .fact("currentAt", part.currentAt())
                        .fact("bytes", part.bytes())
                        .made());
    }

    /** Who has written to it keeps it from being sealed. */
    private static Optional<Finding> unsealed(Part part, List<Session> open, Instant now) {
        if (part.closedAt() == null || part.sealedAt() != null) return Optional.empty();
        var closed = age(part.closedAt(), now);
        var holders = open.stream()
                .filter(session -> session.partitions().contains(part.no()))
                .toList();
        boolean held = !holders.isEmpty() && closed.compareTo(Duration.ofHours(1)) >= 0;
        if (!held && closed.compareTo(UNSEALED) < 0) return Optional.empty();
        var found = about(part.no(), Severity.WARNING)
                .says("Partition %d was closed %s ago and is not sealed%s."
                        .formatted(
                                part.no(),
                                Found.span(closed),
                                holders.isEmpty()
                                        ? ""
                                        : ", since transactions that have enqueued into it are open: "
                                                + holders.stream()
                                                        .limit(5)
                                                        .map(HorizonDoctor::who)
                                                        .collect(Collectors.joining(", "))))
                .matters("Until it is, it can't be settled or dropped, nor any that came after it.")
                .fact("closedAt", part.closedAt())
                .fact("bytes", part.bytes())
                .fact(
                        "pids",
                        holders.isEmpty()
                                ? null
                                : holders.stream()
                                        .map(s -> String.valueOf(s.pid()))
                                        .collect(Collectors.joining(" ")));
        if (holders.isEmpty())
            found.mend(
                    "Read the nodes' logs for \"seal partition\": it fails, or a prepared transaction has written to it.");
        for (var holder : holders.stream().limit(5).toList())
            found.mend(
                    "End session %d; what it has written is rolled back, its jobs included.".formatted(holder.pid()),
                    "SELECT pg_terminate_backend(%d);".formatted(holder.pid()));
        return Optional.of(found.made());
    }

    private static Optional<Finding> unsettled(Partitions partitions, Instant now) {
        var limit = kept(partitions).plus(GRACE);
        return partitions.parts().stream()
                .filter(part -> part.sealedAt() != null
                        && part.settledAt() == null
                        && age(part.closedAt(), now).compareTo(limit) > 0)
                .min(Comparator.comparingInt(Part::no))
                .map(part -> unsettled(part, partitions, now));
    }

    private static Finding unsettled(Part part, Partitions partitions, Instant now) {
        var open = partitions.open().stream()
                .filter(one -> one.part() == part.no())
                .toList();
        var found = about(part.no(), Severity.WARNING)
                .says("Partition %d was closed %s ago, past retention, and is not settled: %s."
                        .formatted(
                                part.no(),
                                Found.span(age(part.closedAt(), now)),
                                open.isEmpty()
                                        ? "what keeps it was not found"
                                        : "what keeps it is "
                                                + open.stream()
                                                        .limit(5)
                                                        .map(PartitionDoctor::job)
                                                        .collect(Collectors.joining("; "))))
                .matters("Neither it nor any later one can be dropped: %s since then."
                        .formatted(Found.size(partitions.parts().stream()
                                .filter(other -> other.no() >= part.no() && other.closedAt() != null)
                                .mapToLong(Part::bytes)
                                .sum())))
                .fact("closedAt", part.closedAt())
                .fact("bytes", part.bytes())
                .fact(
                        "jobs",
                        open.isEmpty()
                                ? null
                                : open.stream().map(one -> one.job().toString()).collect(Collectors.joining(" ")));
        if (open.isEmpty())
            found.mend(
                    "Look again: it may be settled with the next turn. Else read the nodes' logs for \"settle partition\".");
        for (var one : open.stream().limit(5).toList())
            found.mend(
                    "See why job %s has not ended; or withdraw it.".formatted(one.job()),
                    "millrace cancel " + one.job());
        return found.made();
    }

    private static String job(Open open) {
        return "job %s (kind %s, queue %s), which is %s%s%s"
                .formatted(
                        open.job(),
                        open.kind(),
                        open.queue(),
                        open.state().wireName(),
                        open.node() == null ? "" : " on node " + open.node(),
                        open.startedAt() == null ? "" : " since " + open.startedAt());
    }

    private static Optional<Finding> undropped(Partitions partitions, Instant now) {
        var limit = kept(partitions).plus(GRACE);
        return partitions.parts().stream()
                .filter(part ->
                        part.settledAt() != null && age(part.closedAt(), now).compareTo(limit) > 0)
                .min(Comparator.comparingInt(Part::no))
                .map(part -> about(part.no(), Severity.WARNING)
                        .says(
                                "Partition %d is settled, was closed %s ago, past retention, and is not dropped; %s on the disk."
                                        .formatted(
                                                part.no(),
                                                Found.span(age(part.closedAt(), now)),
                                                Found.size(part.bytes())))
                        .matters("The disk fills with what nobody needs.")
                        .mend(
                                "Read the nodes' logs for \"detach partition\" and \"drop partition\": they wait for a lock, or the role is not the owner of the tables. If your nodes keep ended jobs longer than %s, all is well."
                                        .formatted(Found.span(kept(partitions))))
                        .fact("closedAt", part.closedAt())
                        .fact("settledAt", part.settledAt())
                        .fact("bytes", part.bytes())
                        .made());
    }

    /** The nodes may keep for longer than this process would: the one that was dropped last tells. */
    private static Duration kept(Partitions partitions) {
        var told = partitions.droppedAfter();
        return told != null && told.compareTo(partitions.retention()) > 0 ? told : partitions.retention();
    }

    private static Optional<Finding> detaching(Partitions partitions, List<Session> open, Instant now) {
        if (partitions.detaching().isEmpty()) return Optional.empty();
        var oldest = open.stream()
                .filter(session -> session.transactionSince() != null
                        && age(session.transactionSince(), now).compareTo(WAITED_FOR) >= 0)
                .min(Comparator.comparing(
                        session -> age(session.transactionSince(), now).negated()));
        if (oldest.isEmpty()) return Optional.empty();
        return Optional.of(Found.a(
                        Finding.Type.PARTITION,
                        Severity.WARNING,
                        "table " + partitions.detaching().getFirst())
                .says("%s is being detached, and waits for transactions that began before. The oldest: %s, open for %s."
                        .formatted(
                                String.join(", ", partitions.detaching()),
                                HorizonDoctor.who(oldest.get()),
                                Found.span(age(oldest.get().transactionSince(), now))))
                .matters(
                        "The housekeeping goes on with other things after five minutes, and tries again; until then nothing is dropped.")
                .mend(
                        "End it; what it has written is rolled back.",
                        "SELECT pg_terminate_backend(%d);"
                                .formatted(oldest.get().pid()))
                .fact("tables", String.join(" ", partitions.detaching()))
                .fact("pid", oldest.get().pid())
                .made());
    }

    private static Finding many(Partitions partitions) {
        return Found.a(
                        Finding.Type.PARTITION,
                        Severity.NOTICE,
                        "%d partitions".formatted(partitions.parts().size()))
                .says("There are %d partitions, with %s."
                        .formatted(
                                partitions.parts().size(),
                                Found.size(partitions.parts().stream()
                                        .mapToLong(Part::bytes)
                                        .sum())))
                .matters("A look for a job by its id goes through each of them, and takes a lock on each.")
                .mend("Let a partition take longer, or keep ended jobs less long: withPartitions and withRetention.")
                .fact("partitions", partitions.parts().size())
                .made();
    }

    private static Duration age(@Nullable Instant at, Instant now) {
        return at == null ? Duration.ZERO : Duration.between(at, now);
    }
}
