package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.NodeView.Life;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.NodeClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/** What is wrong with nodes. */
final class FleetDoctor {

    /** Twenty times what it takes to take over from a dead node. */
    private static final Duration UNCLEARED = Duration.ofMinutes(5);

    /** Who is interrupted ends within milliseconds, and some clean up first. */
    private static final Duration STUCK = Duration.ofSeconds(10);

    private static final String OF_STUCK_HANDLERS =
            "It ignores interrupts. Its slot is free and its job goes on elsewhere; its thread, its memory and its connections are not free.";

    /** Twelve times the deadline that an attempt has if nothing else was said. */
    private static final Duration LONG_HELD = Duration.ofHours(1);

    /** The longest deadline that there is: beyond it a heartbeat keeps the attempt alive, or nothing ends it. */
    private static final Duration BEYOND_DEADLINES = Duration.ofDays(7);

    /** A clock that somebody sets, by NTP, is right to some hundredths of a second; certificates and tokens bear some seconds. */
    static final Duration SKEW = Duration.ofSeconds(5);

    /** An outcome waits for its flush, and for the database if that is away: a node's clock is suspected only if every one of many came later. */
    private static final Duration LATE = Duration.ofMinutes(1);

    private static final int MANY = 20;

    private FleetDoctor() {}

    // ---- whether they live

    static List<Finding> nobody(List<NodeView> alive, List<QueueView> queues) {
        if (!alive.isEmpty()) return List.of();
        var ready = queues.stream().filter(q -> q.available().count() > 0).toList();
        var later = queues.stream()
                .filter(q -> q.scheduled().count() + q.retryable().count() > 0)
                .toList();
        var severity = !ready.isEmpty() ? Severity.CRITICAL : !later.isEmpty() ? Severity.WARNING : Severity.NOTICE;
        var waits = !ready.isEmpty()
                ? "Jobs wait to be run: %s.".formatted(depths(ready))
                : !later.isEmpty()
                        ? "Jobs wait for their time in %s, which nobody will notice.".formatted(names(later))
                        : "Nothing waits now.";
        return List.of(Found.a(Finding.Type.NO_NODE, severity, "all nodes")
                .says("No node is alive. " + waits)
                .matters(
                        "Nothing runs, no delayed job becomes available, no schedule fires, and no partition is made or dropped.")
                .mend(
                        "Start one that serves %s."
                                .formatted(
                                        ready.isEmpty() && later.isEmpty()
                                                ? "your queues"
                                                : names(ready.isEmpty() ? later : ready)),
                        "millrace up")
                .fact("queuesWithJobs", (long) (ready.isEmpty() ? later : ready).size())
                .made());
    }

    private static String depths(List<QueueView> queues) {
        return queues.stream()
                .limit(5)
                .map(queue -> "%s in queue %s".formatted(queue.available(), queue.name()))
                .collect(Collectors.joining(", "));
    }

    private static String names(List<QueueView> queues) {
        return (queues.size() == 1 ? "queue " : "queues ")
                + queues.stream().limit(5).map(QueueView::name).collect(Collectors.joining(", "));
    }

    static List<Finding> silent(List<NodeView> nodes, List<NodeView> alive, List<Node.Status> own) {
        var found = new ArrayList<Finding>();
        for (var node : nodes) {
            boolean silent = node.life() == Life.ALIVE && !Doctor.beats(node);
            boolean uncleared = node.life() == Life.DEPOSED && node.sinceBeat().compareTo(UNCLEARED) >= 0;
            if (silent) found.add(silent(node, !alive.isEmpty()));
            else if (uncleared && !alive.isEmpty()) found.add(uncleared(node));
        }
        for (var node : own)
            if (!node.trusted())
                found.add(Found.a(Finding.Type.SILENT_NODE, Severity.WARNING, "node " + node.name())
                        .says("This process' own node %s does not trust itself: its beats do not go through%s."
                                .formatted(
                                        node.name(),
                                        node.sinceBeat() == null
                                                ? ", and it has not joined"
                                                : ", the last one %s ago".formatted(Found.span(node.sinceBeat()))))
                        .matters(
                                "It starts nothing until they do; what it runs goes on, and is taken over if it takes longer than a lease.")
                        .mend("Look at the process' log and at its way to the database; it goes on by itself.")
                        .fact("node", node.name())
                        .fact("sinceBeatMillis", node.sinceBeat())
                        .made());
        return found;
    }

    private static Found about(Finding.Type type, Severity severity, NodeView node) {
        return Found.a(type, severity, "node " + node.name())
                .fact("node", node.name())
                .fact("nodeId", node.id())
                .fact("host", node.host())
                .fact("processId", node.pid());
    }

    private static Finding silent(NodeView node, boolean others) {
        return about(Finding.Type.SILENT_NODE, Severity.WARNING, node)
                .says("Node %s (process %d on %s) gave its last sign of life %s ago, and nobody has deposed it."
                        .formatted(node.name(), node.pid(), node.host(), Found.span(node.sinceBeat())))
                .matters(
                        others
                                ? "The other nodes should have taken its jobs over within 15 s: it may have died a moment ago, or they can't."
                                : "What it held stays with it, since no other node is alive to take it over.")
                .mend(
                        others
                                ? "Look again in half a minute. If it is still so, read the logs of the other nodes."
                                : "Start a node: it takes over within 15 s. If the process still lives, it joins again by itself.",
                        others ? "" : "millrace up")
                .fact("sinceBeatMillis", node.sinceBeat())
                .made();
    }

    private static Finding uncleared(NodeView node) {
        return about(Finding.Type.SILENT_NODE, Severity.WARNING, node)
                .says(
                        "Node %s (process %d on %s) was deposed, and its work is not cleared; its last sign of life was %s ago."
                                .formatted(node.name(), node.pid(), node.host(), Found.span(node.sinceBeat())))
                .matters("Some of its jobs wait to be taken over.")
                .mend("Read the logs of the other nodes: their rescues fail, or wait for a lock.")
                .fact("sinceBeatMillis", node.sinceBeat())
                .made();
    }

    // ---- what they run

    static List<Finding> stuck(List<Node.Status> own) {
        return own.stream()
                .filter(node -> node.stuckThreads() > 0)
                .map(node -> Found.a(Finding.Type.STUCK_HANDLER, Severity.WARNING, "node " + node.name())
                        .says("%s of node %s, in this process, %s told to end and %s not."
                                .formatted(
                                        node.stuckThreads() == 1 ? "A handler" : node.stuckThreads() + " handlers",
                                        node.name(),
                                        node.stuckThreads() == 1 ? "was" : "were",
                                        node.stuckThreads() == 1 ? "has" : "have"))
                        .matters(OF_STUCK_HANDLERS)
                        .mend("See where it stands.", "jcmd PID Thread.dump_to_file threads.txt")
                        .mend("Give its calls timeouts, and restart the process when convenient.")
                        .fact("node", node.name())
                        .fact("stuckThreads", node.stuckThreads())
                        .made())
                .toList();
    }

    /** Of other processes, as their nodes say it; of this one its own nodes are asked. */
    static List<Finding> stuckElsewhere(List<NodeView> alive, List<Node.Status> own, Instant now) {
        var ours = own.stream().map(Node.Status::id).collect(Collectors.toSet());
        var found = new ArrayList<Finding>();
        for (var node : alive) {
            var stuck = node.stuck();
            if (stuck != null && !ours.contains(node.id()) && stuck.lasts().compareTo(STUCK) >= 0)
                found.add(stuck(node, stuck, now));
        }
        return found;
    }

    private static Finding stuck(NodeView node, NodeView.Stuck stuck, Instant now) {
        var since = now.minus(stuck.lasts());
        return about(Finding.Type.STUCK_HANDLER, Severity.WARNING, node)
                .says(
                        stuck.handlers() == 1
                                ? "A handler of node %s (process %d on %s) was told to end %s ago, and has not: that of job %s."
                                        .formatted(
                                                node.name(),
                                                node.pid(),
                                                node.host(),
                                                Found.span(stuck.lasts()),
                                                stuck.oldest())
                                : "%,d handlers of node %s (process %d on %s) were told to end and have not, the first %s ago: that of job %s."
                                        .formatted(
                                                stuck.handlers(),
                                                node.name(),
                                                node.pid(),
                                                node.host(),
                                                Found.span(stuck.lasts()),
                                                stuck.oldest()))
                .matters(OF_STUCK_HANDLERS)
                .mend(
                        "See where it stands, on %s.".formatted(node.host()),
                        "jcmd %d Thread.dump_to_file threads.txt".formatted(node.pid()))
                .mend("See what job it is, and what has become of it.", "millrace job " + stuck.oldest())
                .mend("Give its calls timeouts, and restart the process when convenient.")
                .fact("stuckThreads", stuck.handlers())
                .fact("job", stuck.oldest())
                .fact("since", since)
                .fact("stuckMillis", stuck.lasts())
                .made();
    }

    static List<Finding> longRuns(List<Held> held, List<NodeView> alive, Instant now) {
        var names = alive.stream().collect(Collectors.toMap(NodeView::id, NodeView::name, (one, other) -> one));
        return held.stream()
                .filter(one -> names.containsKey(one.node()))
                .filter(one -> Duration.between(one.since(), now).compareTo(LONG_HELD) >= 0)
                .map(one -> longRun(one, names.getOrDefault(one.node(), ""), Duration.between(one.since(), now)))
                .toList();
    }

    private static Finding longRun(Held held, String node, Duration since) {
        boolean beyond = since.compareTo(BEYOND_DEADLINES) > 0;
        return Found.a(Finding.Type.LONG_RUN, beyond ? Severity.WARNING : Severity.NOTICE, "job " + held.job())
                .says("Node %s has held job %s (kind %s, queue %s) for %s%s."
                        .formatted(
                                node,
                                held.job(),
                                held.kind(),
                                held.queue(),
                                Found.span(since),
                                held.keyed() ? ", where it runs or waits in line for others of its key" : ""))
                .matters(
                        beyond
                                ? "That is longer than any deadline: it keeps itself alive with heartbeats, or something is wrong. Its partition can't be dropped meanwhile."
                                : "That may be meant so: a deadline can be set up to 7 days. It may also hang.")
                .mend("See what it says of itself.", "millrace job " + held.job())
                .mend("End it.", "millrace cancel " + held.job())
                .fact("job", held.job())
                .fact("kind", held.kind())
                .fact("queue", held.queue())
                .fact("node", node)
                .fact("since", held.since())
                .fact("heldMillis", since)
                .made();
    }

    // ---- whether they agree

    static List<Finding> builds(List<NodeView> alive) {
        var found = new ArrayList<Finding>();
        var versions = new TreeMap<String, List<String>>();
        for (var node : alive)
            versions.computeIfAbsent(node.version(), version -> new ArrayList<>())
                    .add(node.name());
        if (versions.size() > 1)
            found.add(Found.a(Finding.Type.BUILDS, Severity.NOTICE, "versions " + String.join(", ", versions.keySet()))
                    .says("Nodes of %d versions of Millrace run side by side: %s."
                            .formatted(
                                    versions.size(),
                                    versions.entrySet().stream()
                                            .map(v -> "%s (%s)".formatted(v.getKey(), some(v.getValue())))
                                            .collect(Collectors.joining(", "))))
                    .matters(
                            "While a deploy rolls out that is as it should be. For long it means that what is new holds for some of the nodes only.")
                    .mend("Bring the others up to date.")
                    .fact("versions", String.join(" ", versions.keySet()))
                    .made());
        lacking(alive)
                .forEach((kind, who) -> found.add(Found.a(Finding.Type.BUILDS, Severity.NOTICE, "kind " + kind)
                        .says(
                                "Of the nodes that serve queue %s, some know kind %s and some do not, or not in that version: %s."
                                        .formatted(who.queue(), kind, some(who.nodes())))
                        .matters(
                                "What those claim of it is put aside and fetched by others: it runs, some seconds later.")
                        .mend("Let all nodes of a queue have the same handlers, or give the kind a queue of its own.")
                        .fact("kind", kind)
                        .fact("queue", who.queue())
                        .fact("without", String.join(" ", who.nodes()))
                        .made()));
        return found;
    }

    private record Without(String queue, List<String> nodes) {}

    /** Kinds, in the newest version that any node of a queue reads, that others of that queue do not read. */
    private static Map<String, Without> lacking(List<NodeView> alive) {
        var found = new LinkedHashMap<String, Without>();
        var queues = new TreeSet<String>();
        for (var node : alive) queues.addAll(node.queues());
        for (var queue : queues) {
            var serving =
                    alive.stream().filter(node -> node.queues().contains(queue)).toList();
            var newest = new TreeMap<String, Integer>();
            for (var node : serving)
                for (var kind : node.kinds()) newest.merge(NodeView.nameOf(kind), NodeView.versionOf(kind), Math::max);
            newest.forEach((name, version) -> {
                var without = serving.stream()
                        .filter(node -> !node.canRead(name, version))
                        .map(NodeView::name)
                        .toList();
                if (!without.isEmpty()) found.putIfAbsent(name + ":" + version, new Without(queue, without));
            });
        }
        return found;
    }

    private static String some(List<String> names) {
        return names.size() <= 5
                ? String.join(", ", names)
                : "%s and %d more".formatted(String.join(", ", names.subList(0, 5)), names.size() - 5);
    }

    static List<Finding> clocks(List<NodeClock> clocks, List<NodeView> alive) {
        var found = new ArrayList<Finding>();
        for (var clock : clocks)
            named(clock.node(), alive).flatMap(node -> clock(node, clock)).ifPresent(found::add);
        return found;
    }

    private static Optional<NodeView> named(UUID id, List<NodeView> alive) {
        return alive.stream().filter(node -> node.id().equals(id)).findFirst();
    }

    private static Optional<Finding> clock(NodeView node, NodeClock clock) {
        var ahead = clock.leastLag().negated();
        if (ahead.compareTo(SKEW) >= 0)
            return Optional.of(about(Finding.Type.CLOCK, Severity.WARNING, node)
                    .says("The clock of node %s on %s is ahead of the database's, by %s at least."
                            .formatted(node.name(), node.host(), Found.span(ahead)))
                    .matters(OF_CLOCKS)
                    .mend("Let the machine set its clock, by NTP or chrony.", "timedatectl set-ntp true")
                    .fact("aheadMillis", ahead)
                    .fact("samples", clock.samples())
                    .made());
        if (clock.samples() >= MANY && clock.leastLag().compareTo(LATE) >= 0)
            return Optional.of(about(Finding.Type.CLOCK, Severity.NOTICE, node)
                    .says(
                            "The clock of node %s on %s is behind the database's, by up to %s, or each of its last %d outcomes took so long to be written."
                                    .formatted(node.name(), node.host(), Found.span(clock.leastLag()), clock.samples()))
                    .matters(OF_CLOCKS)
                    .mend(
                            "Compare the clocks; let the machine set its own, by NTP or chrony.",
                            "timedatectl set-ntp true")
                    .fact("behindAtMostMillis", clock.leastLag())
                    .fact("samples", clock.samples())
                    .made());
        return Optional.empty();
    }

    /** Why clocks matter at all. */
    static final String OF_CLOCKS =
            "No clock decides who is alive or what is claimed, but the times that are shown are wrong, what is enqueued there for a moment comes early or late, and a handler's tokens and certificates may not hold.";
}
