package dev.millrace;

import dev.millrace.Finding.Severity;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Timetable.Kept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is wrong with what waits. */
final class QueueDoctor {

    /** A node fetches what was parked within seconds: what one could run and is parked for longer is not fetched. */
    private static final Duration FETCHED = Duration.ofMinutes(5);

    /** Parked for want of room: it waits for a turn that does not come. */
    private static final Duration NO_TURN = Duration.ofHours(1);

    /** A pause is for an outage, a deploy, a look: by then somebody should have thought of it again. */
    private static final Duration FORGOTTEN = Duration.ofDays(1);

    private static final Duration HOLDING_UP = Duration.ofHours(1);

    private QueueDoctor() {}

    /** With no node at all that is said once, elsewhere. */
    static List<Finding> unserved(List<QueueView> queues, List<NodeView> alive, Instant now) {
        var found = new ArrayList<Finding>();
        if (alive.isEmpty()) return found;
        for (var queue : queues) {
            long ready = queue.available().count() + queue.parked().count();
            long later = queue.scheduled().count() + queue.retryable().count();
            if (ready + later == 0
                    || alive.stream().anyMatch(node -> node.queues().contains(queue.name()))) continue;
            found.add(unserved(queue, ready > 0, now));
        }
        return found;
    }

    private static Finding unserved(QueueView queue, boolean ready, Instant now) {
        var oldest = queue.oldestAvailable();
        var paused = queue.pausedBecause();
        return Found.a(Finding.Type.UNSERVED_QUEUE, ready ? Severity.WARNING : Severity.NOTICE, "queue " + queue.name())
                .says(
                        "No node that is alive serves queue %s, in which jobs wait: %s available%s, %s scheduled, %s retryable, %s parked.%s"
                                .formatted(
                                        queue.name(),
                                        queue.available(),
                                        oldest == null
                                                ? ""
                                                : ", the oldest for " + Found.span(Duration.between(oldest, now)),
                                        queue.scheduled(),
                                        queue.retryable(),
                                        queue.parked(),
                                        paused == null
                                                ? ""
                                                : " It is paused as well: %s.".formatted(Found.line(paused, 200))))
                .matters(
                        ready
                                ? "They wait for ever, and are moved from partition to partition meanwhile."
                                : "When their time comes they will wait for ever.")
                .mend(
                        "Start a node that serves it; in your own program with queue(%s)."
                                .formatted(quoted(queue.name())),
                        "millrace up --queue " + queue.name())
                .mend(
                        "If nobody wants them any more, or the name is a slip, withdraw them.",
                        "millrace bulk cancel --state available --queue " + queue.name())
                .fact("queue", queue.name())
                .fact("available", queue.available().count())
                .fact("scheduled", queue.scheduled().count())
                .fact("retryable", queue.retryable().count())
                .fact("parked", queue.parked().count())
                .fact(
                        "exact",
                        queue.available().exact()
                                && queue.scheduled().exact()
                                && queue.retryable().exact()
                                && queue.parked().exact())
                .fact("oldestAvailable", oldest)
                .made();
    }

    private static String quoted(String name) {
        return "\"" + name + "\"";
    }

    // ---- parked

    static List<Finding> parked(List<ParkedJobs> parked, List<NodeView> alive, Instant now) {
        return parked.stream()
                .flatMap(jobs ->
                        parked(jobs, alive, jobs.oldest() == null ? null : Duration.between(jobs.oldest(), now))
                                .stream())
                .toList();
    }

    private static Optional<Finding> parked(ParkedJobs jobs, List<NodeView> alive, @Nullable Duration since) {
        return switch (jobs.parking()) {
            case UNKNOWN_KIND -> unknownKind(jobs, alive, since);
            case UNDECODABLE ->
                UnknownEncryptionKey.tells(jobs.detail())
                        ? Optional.of(keyless(jobs, since))
                        : Optional.of(about(jobs, Severity.WARNING, since)
                                .says(
                                        "%s of kind %s version %d in queue %s can't be read by the handler that is there%s. Its node said: %s"
                                                .formatted(
                                                        Found.count(jobs.jobs()),
                                                        jobs.kind(),
                                                        jobs.kindVersion(),
                                                        jobs.queue(),
                                                        longest(since),
                                                        sentence(jobs.detail())))
                                .matters(
                                        "They keep their attempts, and wait for a build that reads them. Each node that starts tries again.")
                                .mend(
                                        "Deploy one that does: give the changed payload a new version, and lead the old one up with upcast.")
                                .mend("See one of them.", "millrace job " + jobs.example())
                                .made());
            case LIMIT ->
                since != null && since.compareTo(NO_TURN) >= 0
                        ? Optional.of(about(jobs, Severity.NOTICE, since)
                                .says(
                                        "%s of kind %s in queue %s wait for room%s: the kind runs as often as its nodes allow."
                                                .formatted(
                                                        Found.count(jobs.jobs()),
                                                        jobs.kind(),
                                                        jobs.queue(),
                                                        longest(since)))
                                .matters("More of them come than run, or those that run do not end.")
                                .mend("Raise the kind's concurrency, or start more nodes.")
                                .made())
                        : Optional.empty();
            case PAUSED -> Optional.empty(); // its pause is told of
            case BEHIND ->
                since != null && since.compareTo(NO_TURN) >= 0
                        ? Optional.of(about(jobs, Severity.NOTICE, since)
                                .says("%s of kind %s in queue %s wait behind others of their order or their limit%s."
                                        .formatted(Found.count(jobs.jobs()), jobs.kind(), jobs.queue(), longest(since)))
                                .matters(
                                        "More of one key come than it lets run one after the other, or the first of them does not end.")
                                .mend("See what one of them waits for.", "millrace why " + jobs.example())
                                .made())
                        : Optional.empty();
        };
    }

    /** Another build would read them no better. */
    private static Finding keyless(ParkedJobs jobs, @Nullable Duration since) {
        return about(jobs, Severity.WARNING, since)
                .says("%s of kind %s version %d in queue %s wait for a key%s. A node said: %s"
                        .formatted(
                                Found.count(jobs.jobs()),
                                jobs.kind(),
                                jobs.kindVersion(),
                                jobs.queue(),
                                longest(since),
                                sentence(jobs.detail())))
                .matters(
                        "They keep their attempts, and wait for a node that has the key. Each node that starts tries again; one that has no key parks them again.")
                .mend(
                        "Give the nodes of that queue the key, and start them again: in your own program with alsoReading(…), with millrace up by --payload-key-file.")
                .mend("See one of them.", "millrace job " + jobs.example())
                .made();
    }

    private static Optional<Finding> unknownKind(ParkedJobs jobs, List<NodeView> alive, @Nullable Duration since) {
        boolean known = alive.stream()
                .anyMatch(
                        node -> node.queues().contains(jobs.queue()) && node.canRead(jobs.kind(), jobs.kindVersion()));
        if (known && (since == null || since.compareTo(FETCHED) < 0)) return Optional.empty();
        var found = about(jobs, known ? Severity.NOTICE : Severity.WARNING, since);
        var what = "%s of kind %s version %d in queue %s %s parked%s"
                .formatted(
                        Found.count(jobs.jobs()),
                        jobs.kind(),
                        jobs.kindVersion(),
                        jobs.queue(),
                        jobs.jobs().exact() && jobs.jobs().count() == 1 ? "is" : "are",
                        longest(since));
        return Optional.of(
                known
                        ? found.says(what + ", though a node that is alive handles it.")
                                .matters("It should have fetched them within seconds; it may have no room for them.")
                                .mend("See why.", "millrace why " + jobs.example())
                                .made()
                        : found.says(what + ": no node that is alive and serves that queue handles it.")
                                .matters("They wait until one does, and keep their attempts.")
                                .mend("Deploy a node with a handler for it, or with a newer version of the kind.")
                                .mend(
                                        "If nobody wants them any more, withdraw them.",
                                        "millrace bulk cancel --state available --queue %s --kind %s"
                                                .formatted(jobs.queue(), jobs.kind()))
                                .made());
    }

    private static Found about(ParkedJobs jobs, Severity severity, @Nullable Duration since) {
        return Found.a(Finding.Type.PARKED, severity, "kind %s in queue %s".formatted(jobs.kind(), jobs.queue()))
                .fact("queue", jobs.queue())
                .fact("kind", jobs.kind())
                .fact("kindVersion", jobs.kindVersion())
                .fact(
                        "parking",
                        jobs.parking().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))
                .fact("jobs", jobs.jobs().count())
                .fact("exact", jobs.jobs().exact())
                .fact("oldest", jobs.oldest())
                .fact("oldestMillis", since)
                .fact("example", jobs.example());
    }

    private static String longest(@Nullable Duration since) {
        return since == null ? "" : ", the oldest for " + Found.span(since);
    }

    private static String sentence(String text) {
        var line = Found.line(text, 300);
        return line.endsWith(".") ? line : line + ".";
    }

    // ---- pauses

    /** What changes many jobs goes on by itself for as long as its process lives: hours, if it is told to be slow. */
    static List<Finding> operations(List<KeptChange> unfinished, Instant now) {
        return unfinished.stream()
                .filter(kept -> Duration.between(kept.at(), now).compareTo(FORGOTTEN) >= 0)
                .map(kept -> operation(OperationView.of(kept), Duration.between(kept.at(), now)))
                .toList();
    }

    private static Finding operation(OperationView view, Duration since) {
        return Found.a(Finding.Type.OPERATION, Severity.NOTICE, "operation " + view.id())
                .says(
                        "The operation %s (%s, planned for %,d jobs) was begun %s ago by %s, has met %,d, and is not done: %s"
                                .formatted(
                                        view.id(),
                                        view.what(),
                                        view.planned(),
                                        Found.span(since),
                                        view.by(),
                                        view.matched(),
                                        sentence(view.reason())))
                .matters(
                        "Who did it may have died, or works slowly. Until it ends, all that it has noted is kept beyond retention; of an edit that is payloads.")
                .mend("Go on with it.", "millrace bulk resume " + view.id())
                .mend("Or end it where it is.", "millrace bulk stop %s --reason 'why'".formatted(view.id()))
                .fact("operation", view.id())
                .fact("what", view.what())
                .fact("by", view.by())
                .fact("reason", view.reason())
                .fact("at", view.at())
                .fact("planned", view.planned())
                .fact("matched", view.matched())
                .fact("sinceMillis", since)
                .made();
    }

    static List<Finding> pauses(List<Pause> pauses, List<QueueView> queues, Instant now) {
        var found = new ArrayList<Finding>();
        for (var pause : pauses) {
            var since = pause.since() == null ? null : Duration.between(pause.since(), now);
            boolean holdsUp = pause.scope() instanceof Scope.Queue(var name)
                    && queues.stream()
                            .anyMatch(queue -> queue.name().equals(name)
                                    && queue.available().count()
                                                    + queue.parked().count()
                                            > 0);
            if (pause.until() != null && !holdsUp) continue; // it can't be forgotten
            if (since != null && since.compareTo(holdsUp ? HOLDING_UP : FORGOTTEN) >= 0)
                found.add(pause(pause, since, holdsUp));
        }
        return found;
    }

    private static Finding pause(Pause pause, Duration since, boolean holdsUp) {
        var what = what(pause.scope());
        return Found.a(Finding.Type.PAUSE, Severity.NOTICE, what)
                .says("%s has been paused for %s%s: %s"
                        .formatted(
                                Character.toUpperCase(what.charAt(0)) + what.substring(1),
                                Found.span(since),
                                pause.by() == null ? "" : ", by " + pause.by(),
                                sentence(pause.reason())))
                .matters((holdsUp ? "Jobs wait for it to end." : "Whatever comes will wait for it to end.")
                        + (pause.until() == null ? "" : " It ends by itself at " + pause.until() + "."))
                .mend(
                        "End it, if it is not meant any more.",
                        "millrace resume %s %s"
                                .formatted(
                                        pause.scope().type(),
                                        inOneWord(pause.scope().name())))
                .fact("paused", what)
                .fact("reason", pause.reason())
                .fact("by", pause.by())
                .fact("since", pause.since())
                .fact("until", pause.until())
                .fact("pausedMillis", since)
                .made();
    }

    /** As a shell takes it for one word. */
    private static String inOneWord(String name) {
        return name.matches("[A-Za-z0-9_.:@/-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }

    private static String what(Scope scope) {
        return scope.type() + " " + scope.name();
    }

    // ---- schedules

    static List<Finding> schedules(List<Kept> schedules) {
        return schedules.stream()
                .filter(schedule -> !schedule.nodeAlive())
                .map(schedule -> Found.a(
                                Finding.Type.SCHEDULE,
                                schedule.pausedBecause() == null ? Severity.WARNING : Severity.NOTICE,
                                "schedule " + schedule.card().name())
                        .says("No node that is alive fires schedule %s%s."
                                .formatted(
                                        schedule.card().name(),
                                        schedule.lastSlot() == null
                                                ? ", and it has never fired"
                                                : "; its last slot was " + schedule.lastSlot()))
                        .matters(
                                "Its slots go by. %s takes it over within two seconds, and does with those that were missed as the schedule says."
                                        .formatted(schedule.setting() == null ? "A node that brings it" : "Any node"))
                        .mend(
                                schedule.setting() == null
                                        ? "Start a node of the program that defines it."
                                        : "It was set at run time: start any node.")
                        .mend(
                                schedule.setting() == null
                                        ? "If it was removed from the program, have it forgotten."
                                        : "If it is not needed any more, remove it.",
                                "millrace schedule remove %s --reason '…'"
                                        .formatted(schedule.card().name()))
                        .fact("schedule", schedule.card().name())
                        .fact("lastSlot", schedule.lastSlot())
                        .fact("lastJob", schedule.lastJob())
                        .made())
                .toList();
    }
}
