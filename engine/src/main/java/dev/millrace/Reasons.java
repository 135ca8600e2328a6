package dev.millrace;

import dev.millrace.NodeView.Life;
import dev.millrace.QueueView.Depth;
import dev.millrace.Why.NoNode.Missing;
import dev.millrace.Why.Reason;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records.Blockers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds out why a job is not running, from pictures of it, of the queues, of the pauses, of the nodes, of the batch that it follows, of the jobs that it runs after, of its line and of what goes before it; each is
 * asked for at most once, and only if the answer needs it. Pure: what it can't see there it calls unknown.
 */
record Reasons(
        JobView job,
        Supplier<List<QueueView>> queues,
        Supplier<Map<Scope, String>> pauses,
        Supplier<List<NodeView>> nodes,
        Supplier<Optional<BatchView>> batch,
        Supplier<Blockers> blockers,
        InLines lines) {

    /** What is known of where jobs stand among others. */
    interface InLines {

        /** How the job stands in line; empty if it does not, or that can't be told. */
        Optional<PlaceInLine> of(JobId job);

        /** A job that stands before it. */
        Optional<JobView> find(JobId job);

        /** What an operator has set for a limit. */
        Optional<Adjustment> adjusted(String limit);

        /** Where the job stands in its queue; empty if it is in a line, or that can't be told. */
        Optional<PlaceInQueue> among(JobId job);

        /** How often queues and kinds may run over the whole fleet. */
        default List<FleetConcurrencyView> fleet() {
            return List.of();
        }

        /** Nothing is known. */
        InLines NONE = new InLines() {
            @Override
            public Optional<PlaceInLine> of(JobId job) {
                return Optional.empty();
            }

            @Override
            public Optional<JobView> find(JobId job) {
                return Optional.empty();
            }

            @Override
            public Optional<Adjustment> adjusted(String limit) {
                return Optional.empty();
            }

            @Override
            public Optional<PlaceInQueue> among(JobId job) {
                return Optional.empty();
            }
        };
    }

    static Why notKnown(JobId job) {
        return new Why(
                job,
                null,
                List.of(new Why.Unknown(
                        "Job %s is not known here: the transaction that enqueued it has not committed, or it ended so long ago that it is no longer kept, or it was enqueued elsewhere."
                                .formatted(job))));
    }

    static Why deleted(JobId job, Deletion deletion) {
        return new Why(job, null, List.of(new Why.Unknown("Job %s %s".formatted(job, deletion.inWords()))));
    }

    Why why() {
        return new Why(job.id(), job.state(), reasons());
    }

    private List<Reason> reasons() {
        return switch (job.state()) {
            case RUNNING -> running();
            case SCHEDULED -> List.of(scheduled());
            case RETRYABLE -> List.of(retryable());
            case AVAILABLE -> available();
            case COMPLETED, CANCELLED, DISCARDED -> List.of(ended());
        };
    }

    private List<Reason> running() {
        var line = Line.of(job.headers());
        return line == null ? List.of(runs()) : held(line);
    }

    /** It is held by the node that has its shard: what that lets run, it alone knows, but nobody starts before those that are before him. */
    private List<Reason> held(Line line) {
        if (hasProgressed())
            return List.of(new Why.Running(
                    "%s holds it since %s, attempt %d, and runs it.%s"
                            .formatted(told(job.node()), job.startedAt(), job.attempt(), progress()),
                    job.node(),
                    null));
        var reasons = new ArrayList<>(linePaused(pauses.get()));
        var stands = lines.of(job.id()).orElse(null);
        if (stands != null && stands.first() != null) {
            reasons.add(behind(line, stands, stands.first(), ""));
            return reasons;
        }
        var node = job.node();
        var since = "%s holds it since %s, attempt %d".formatted(told(node), job.startedAt(), job.attempt());
        if (stands == null) {
            reasons.add(new Why.Running(
                    "%s, and runs it, or lets it wait for others of %s.".formatted(since, keys(line)), node, null));
            return reasons;
        }
        var order = line.order();
        boolean sure = order == null || stands.exact();
        if (!sure) {
            reasons.add(new Why.Running(
                    "%s, and runs it, or lets it wait for others of order key %s.".formatted(since, order),
                    node,
                    null));
        } else if (order != null) {
            since += ", and none stands before it in the line of order key " + order;
        }
        var limit = LimitedBy.of(line, stands, lines::adjusted);
        if (limit.isPresent() && limit.get().mayHold(true)) {
            reasons.add(limit.get().mayRun(sure ? since + ". " : "", node));
        } else if (sure) {
            var then = reasons.isEmpty() ? "it runs, or is about to" : "it runs, if it had started before the pause";
            var room = limit.map(LimitedBy::hasRoom).orElse("");
            reasons.add(new Why.Running("%s: %s.%s".formatted(since, then, room), node, null));
        }
        return reasons;
    }

    private Reason behind(Line line, PlaceInLine stands, JobId front, String prefix) {
        var ahead = new QueueView.Depth(stands.ahead(), stands.exact());
        var between = stands.ahead() < 2
                ? ""
                : "; %s others stand between them".formatted(new QueueView.Depth(stands.ahead() - 1, stands.exact()));
        var text = "%sIt waits in line for order key %s of queue %s%s: job %s is in front%s%s."
                .formatted(
                        prefix,
                        line.order(),
                        job.queue(),
                        line.limit() == null
                                ? ""
                                : " and limit %s of %s"
                                        .formatted(
                                                line.limit().name(),
                                                line.limit().key()),
                        front,
                        lines.find(front).map(this::state).orElse(""),
                        between);
        return new Why.InLine(text, front, ahead);
    }

    private String state(JobView front) {
        var because = front.reason() == null ? "" : ": " + front.reason();
        return switch (front.state()) {
            case RUNNING -> ", which %s holds".formatted(told(front.node()));
            case RETRYABLE -> ", which waits for its next attempt at " + front.runAt();
            case SCHEDULED -> ", which is scheduled for %s%s".formatted(front.runAt(), because);
            case AVAILABLE -> front.reason() == null ? ", which is about to be claimed" : ", which is parked" + because;
            case COMPLETED, CANCELLED, DISCARDED -> ", which has ended just now";
        };
    }

    private Reason runs() {
        var node = job.node();
        if (job.startedAt() == null)
            return new Why.Running("%s holds it, and has not started it yet.".formatted(told(node)), node, null);
        var text = "It runs since %s, attempt %d. %s holds it.%s"
                .formatted(job.startedAt(), job.attempt(), told(node), progress());
        return new Why.Running(text, node, job.startedAt());
    }

    private static String keys(Line line) {
        var limit = line.limit();
        var order = line.order() == null ? "" : "order key " + line.order();
        if (limit == null) return order;
        var limited = "limit %s of %s".formatted(limit.name(), limit.key());
        return order.isEmpty() ? limited : order + " and of " + limited;
    }

    /** A node by its name, as far as it is known. */
    private String told(@Nullable String id) {
        if (id == null) return "A node that is not known";
        return nodes.get().stream()
                .filter(node -> node.id().toString().equals(id))
                .findFirst()
                .map(node -> "Node %s (%s)".formatted(node.name(), id))
                .orElse("Node " + id);
    }

    /** Whether its handler has told of progress since it was claimed. */
    private boolean hasProgressed() {
        var progress = job.progress();
        var claimedAt = job.startedAt();
        return progress != null && claimedAt != null && progress.at().isAfter(claimedAt);
    }

    private String progress() {
        var progress = job.progress();
        return progress == null ? "" : " It is at %,d of %,d.".formatted(progress.done(), progress.total());
    }

    private Reason scheduled() {
        if (job.runAt() == null)
            return batch.get().<Reason>map(Reasons::follows).orElseGet(this::after);
        return new Why.NotYet(
                sentence("It is scheduled for %s%s".formatted(job.runAt(), because())), job.runAt(), null);
    }

    private static Reason follows(BatchView batch) {
        var text = batch.open() == 0
                ? "It follows a batch of %,d parts, which have all ended: it is about to be let go."
                        .formatted(batch.parts())
                : "It follows a batch, of which %,d of %,d parts have not ended."
                        .formatted(batch.open(), batch.parts());
        return new Why.PartsOpen(text, batch);
    }

    private Reason after() {
        var waitsFor = blockers.get();
        if (!waitsFor.known()) return new Why.Unknown("It waits for a time that is unknown.");
        long open = waitsFor.open();
        if (open == 0)
            return new Why.BlockersOpen(
                    "It runs after jobs that have all ended: it is about to be let go.", 0, List.of());
        var told = waitsFor.some().stream()
                .map(one -> "%s (%s)"
                        .formatted(
                                one.job(),
                                one.state() == null ? "not known" : one.state().wireName()))
                .collect(Collectors.joining(", "));
        long more = open - waitsFor.some().size();
        var text = "It runs after %s that %s not ended, or not been looked at since: %s%s."
                .formatted(
                        open == 1 ? "a job" : "%,d jobs".formatted(open),
                        open == 1 ? "has" : "have",
                        told,
                        more == 0 ? "" : ", and %,d more".formatted(more));
        return new Why.BlockersOpen(text, open, waitsFor.some());
    }

    private Reason retryable() {
        var failure = job.failure();
        var last = failure == null
                ? "Its last failure is unknown."
                : "Attempt %d failed: %s: %s".formatted(failure.attempt(), failure.type(), failure.message());
        var next = job.runAt() == null
                ? "It waits for its next attempt, at a time that is unknown."
                : "It waits for its next attempt at %s.".formatted(job.runAt());
        return new Why.NotYet(next + " " + last, job.runAt(), failure);
    }

    private List<Reason> available() {
        var reasons = new ArrayList<Reason>();
        if (job.reason() != null) reasons.add(parked(job.reason()));
        var paused = pauses.get();
        paused(paused, "Queue " + job.queue(), Scope.queue(job.queue())).ifPresent(reasons::add);
        paused(paused, "Kind " + job.kind(), Scope.kind(job.kind())).ifPresent(reasons::add);
        reasons.addAll(pausedFor(paused));
        nobody().ifPresent(reasons::add);
        reasons.addAll(fleetIsFull());
        if (reasons.isEmpty()) reasons.addAll(behind());
        return reasons;
    }

    private Reason parked(String reason) {
        var line = Line.of(job.headers());
        if (line == null || !Ending.Parked.tellsOfBehind(reason))
            return parked(sentence("It is parked: " + reason), reason);
        var meanwhile = "It is parked meanwhile, since %s. ".formatted(reason);
        var stands = lines.of(job.id()).orElse(null);
        if (stands != null && stands.first() != null) return behind(line, stands, stands.first(), meanwhile);
        var limit = stands == null
                ? null
                : LimitedBy.of(line, stands, lines::adjusted).orElse(null);
        return limit != null
                ? limit.parked(meanwhile)
                : parked(
                        meanwhile + "It comes back when it can go on. It counts for %s.".formatted(keys(line)), reason);
    }

    private Reason parked(String text, String reason) {
        return new Why.Parked(text, job.queue(), job.kind(), job.kindVersion(), reason);
    }

    /** What of it runs as often as it may on all nodes together. */
    private List<Reason> fleetIsFull() {
        var reasons = new ArrayList<Reason>();
        for (var number : lines.fleet()) {
            if (!number.scope().equals(Scope.queue(job.queue()))
                    && !number.scope().equals(Scope.kind(job.kind()))) continue;
            int running = number.running();
            if (running < number.concurrency()) continue;
            var holders = number.shares().stream()
                    .filter(share -> share.running() > 0)
                    .map(share -> "%,d on %s".formatted(share.running(), share.name()))
                    .collect(Collectors.joining(", "));
            reasons.add(new Why.FleetFull(
                    "%s %s runs as often as it may on all nodes together, %,d times at once, as %s says: %s. It starts when some of these have ended."
                            .formatted(
                                    number.scope() instanceof Scope.Queue ? "Queue" : "Kind",
                                    number.scope().name(),
                                    number.concurrency(),
                                    number.coded() ? "code" : "an operator",
                                    holders),
                    number.scope(),
                    number.concurrency(),
                    running,
                    number.shares()));
        }
        return reasons;
    }

    /** What is paused of what its headers say: whose it is, and where it stands in line. */
    private List<Reason> pausedFor(Map<Scope, String> paused) {
        if (paused.isEmpty()) return List.of();
        var reasons = new ArrayList<Reason>();
        var tenant = job.headers().get(JobOptions.TENANT);
        if (tenant != null)
            paused(paused, "Tenant " + tenant, Scope.tenant(tenant)).ifPresent(reasons::add);
        reasons.addAll(linePaused(paused));
        return reasons;
    }

    private List<Reason> linePaused(Map<Scope, String> paused) {
        var line = Line.of(job.headers());
        if (line == null || paused.isEmpty()) return List.of();
        var reasons = new ArrayList<Reason>();
        var order = line.order();
        if (order != null)
            paused(paused, "The key %s of queue %s".formatted(order, job.queue()), new Scope.Key(job.queue(), order))
                    .ifPresent(reasons::add);
        var limit = line.limit();
        if (limit != null) {
            paused(paused, "Limit " + limit.name(), new Scope.OfLimit(limit.name(), null))
                    .ifPresent(reasons::add);
            paused(
                            paused,
                            "Limit %s of %s".formatted(limit.name(), limit.key()),
                            new Scope.OfLimit(limit.name(), limit.key()))
                    .ifPresent(reasons::add);
        }
        return reasons;
    }

    private static Optional<Reason> paused(Map<Scope, String> all, String what, Scope scope) {
        return Optional.ofNullable(all.get(scope))
                .map(reason -> new Why.Paused(sentence("%s is paused: %s".formatted(what, reason)), scope));
    }

    /** Why no node that is alive could run it, if so. */
    private Optional<Reason> nobody() {
        Predicate<NodeView> serves = node -> node.queues().contains(job.queue());
        var alive =
                nodes.get().stream().filter(node -> node.life() == Life.ALIVE).toList();
        if (alive.isEmpty())
            return Optional.of(
                    noNode(Missing.NODE, "No node is alive. Start one that serves queue %s.".formatted(job.queue())));
        var serving = alive.stream().filter(serves).toList();
        if (serving.isEmpty())
            return Optional.of(noNode(
                    Missing.QUEUE,
                    "No node that is alive serves queue %s. Start one with queue(\"%s\")."
                            .formatted(job.queue(), job.queue())));
        if (serving.stream().anyMatch(node -> node.canRead(job.kind(), job.kindVersion()))) return Optional.empty();
        var others = serving.stream()
                .flatMap(node -> node.versions(job.kind()).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        var text = "No node that serves queue %s handles kind %s version %d. "
                .formatted(job.queue(), job.kind(), job.kindVersion());
        return Optional.of(
                others.isEmpty()
                        ? noNode(Missing.KIND, text + "Deploy one that does.")
                        : noNode(Missing.VERSION, text + otherVersions(others)));
    }

    /** A newer version comes with a newer build; an older one needs the way up from it. */
    private String otherVersions(SortedSet<Integer> told) {
        var reads = "They read version%s %s. "
                .formatted(
                        told.size() == 1 ? "" : "s",
                        told.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        return reads
                + (told.last() < job.kindVersion()
                        ? "Deploy one that does."
                        : "Deploy one that has the way up from it: upcast(…).");
    }

    private Reason noNode(Missing missing, String text) {
        return new Why.NoNode(text, job.queue(), job.kind(), job.kindVersion(), missing);
    }

    /** What goes before it: others of its key, or others of its queue. */
    private List<Reason> behind() {
        var line = Line.of(job.headers());
        if (line != null) return List.of(behind(line));
        var place = lines.among(job.id()).orElse(null);
        if (place == null) return List.of(behindSome());
        var reasons = new ArrayList<Reason>();
        if (!place.higher().isEmpty()) reasons.add(outranked(place));
        if (place.stream().aside()) reasons.add(setAside(place));
        if (reasons.isEmpty()) reasons.add(behindOthers(place));
        return reasons;
    }

    private Reason behind(Line line) {
        var stands = lines.of(job.id()).orElse(null);
        if (stands != null && stands.first() != null)
            return behind(line, stands, stands.first(), "It is available, and not claimed. ");
        var limit = stands == null ? Optional.<LimitedBy>empty() : LimitedBy.of(line, stands, lines::adjusted);
        if (limit.isPresent() && limit.get().mayHold(false)) return limit.get().waits();
        var others = availableOthers().orElse(null);
        if (others == null) return nothingKnownOfQueue();
        return new Why.Behind(
                "It is available, and gets in line for %s when the node that owns its shard claims it; %s others are available in queue %s.%s"
                        .formatted(
                                keys(line),
                                others,
                                job.queue(),
                                limit.map(LimitedBy::hasRoom).orElse("")),
                others);
    }

    private Reason outranked(PlaceInQueue place) {
        var bands = place.higher().stream()
                .map(band -> "%s of priority %s"
                        .formatted(words(band.available()), band.priority().wireName()))
                .collect(Collectors.joining(" and "));
        var text =
                "It is available at priority %s of queue %s, where jobs of a higher priority go first, nine times out of ten: %s %s available. In its own %s, %s."
                        .formatted(
                                place.stream().priority().wireName(),
                                job.queue(),
                                bands,
                                isOne(place.higher()) ? "is" : "are",
                                place.stream().front() ? "front" : "shard",
                                standBefore(place.ahead()));
        return new Why.Outranked(text, place.higher(), place.ahead());
    }

    private static boolean isOne(List<Why.Band> bands) {
        return bands.size() == 1
                && bands.getFirst().available().count() == 1
                && bands.getFirst().available().exact();
    }

    private Reason setAside(PlaceInQueue place) {
        var tenant = job.headers().get(JobOptions.TENANT);
        var others = sum(place.front(), place.shards());
        boolean alone = place.stream().alone();
        var text =
                "%s has asked for more than a few jobs of queue %s, and was set aside: it is available in a side shard %s, where %s. What others have goes first, three times out of four: %s of their jobs %s available at priority %s."
                        .formatted(
                                tenant == null ? "Its tenant" : "Tenant " + tenant,
                                job.queue(),
                                alone ? "of its own" : "that such tenants share",
                                standBefore(place.ahead()),
                                others.count() == 0 && others.exact() ? "none" : words(others),
                                others.count() == 1 && others.exact() ? "is" : "are",
                                place.stream().priority().wireName());
        return new Why.SetAside(text, tenant, alone, place.ahead(), others);
    }

    private Reason behindOthers(PlaceInQueue place) {
        var others = sum(place.ahead(), sum(place.front(), place.shards()));
        if (others.count() == 0 && others.exact())
            return new Why.Behind(
                    "It is available, and none stands before it in queue %s: it will be claimed next."
                            .formatted(job.queue()),
                    others);
        if (place.stream().front())
            return new Why.Behind(
                    "It has come back, and is available in the front of priority %s of queue %s, which goes first: %s."
                            .formatted(place.stream().priority().wireName(), job.queue(), standBefore(place.ahead())),
                    others);
        var elsewhere = sum(place.front(), place.shards());
        var text = "It is available at priority %s of queue %s: %s in its shard%s."
                .formatted(
                        place.stream().priority().wireName(),
                        job.queue(),
                        standBefore(place.ahead()),
                        elsewhere.count() == 0 && elsewhere.exact()
                                ? ""
                                : ", and %s in others may be before it".formatted(words(elsewhere)));
        return new Why.Behind(text, others);
    }

    private static String standBefore(Depth ahead) {
        if (ahead.count() == 0 && ahead.exact()) return "none stands before it";
        return "%s %s before it".formatted(words(ahead), ahead.count() == 1 && ahead.exact() ? "stands" : "stand");
    }

    private static String words(Depth depth) {
        return "%s%,d".formatted(depth.exact() ? "" : "at least ", depth.count());
    }

    private static Depth sum(Depth one, Depth other) {
        return new Depth(one.count() + other.count(), one.exact() && other.exact());
    }

    /** It was claimed, or moved, since it was looked at. */
    private Reason behindSome() {
        var others = availableOthers().orElse(null);
        if (others == null) return nothingKnownOfQueue();
        if (others.count() == 0)
            return new Why.Behind(
                    "It is the only one available in queue %s, and will be claimed next.".formatted(job.queue()),
                    others);
        var text = others.exact()
                ? "It is available; at most %s others in queue %s are before it."
                : "It is available; %s others in queue %s may be before it.";
        return new Why.Behind(text.formatted(others, job.queue()), others);
    }

    private Reason nothingKnownOfQueue() {
        return new Why.Unknown("It is available, and nothing is known of its queue, %s.".formatted(job.queue()));
    }

    private Optional<Depth> availableOthers() {
        return queue().map(QueueView::available)
                .map(available -> new Depth(Math.max(0, available.count() - 1), available.exact()));
    }

    private Reason ended() {
        var failure = job.failure();
        var text = "It was %s%s%s"
                .formatted(job.state().wireName(), job.endedAt() == null ? "" : " at " + job.endedAt(), because());
        if (job.state() == State.DISCARDED && failure != null)
            text = "%s. Its last failure: %s: %s".formatted(text, failure.type(), failure.message());
        return new Why.Ended(sentence(text), job.state() == State.COMPLETED ? null : failure);
    }

    private String because() {
        return job.reason() == null ? "" : ": " + job.reason();
    }

    private Optional<QueueView> queue() {
        return queues.get().stream()
                .filter(queue -> queue.name().equals(job.queue()))
                .findFirst();
    }

    private static String sentence(String text) {
        return text.endsWith(".") ? text : text + ".";
    }
}
