package dev.millrace;

import dev.millrace.NodeView.Life;
import dev.millrace.Why.Reason;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.Records.Blockers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds out why a job is not running, from pictures of it, of the queues, of the pauses, of the nodes, of the batch that it follows, of the jobs that it runs after and of its line; each is
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

    /** What is known of lines. */
    interface InLines {

        /** How the job stands in line; empty if it does not, or that can't be told. */
        Optional<PlaceInLine> of(JobId job);

        /** A job that stands before it. */
        Optional<JobView> find(JobId job);

        /** What an operator has set for a limit. */
        Optional<Adjustment> adjusted(String limit);

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
        var reasons = new ArrayList<>(linePaused(pauses.get()));
        var stands = lines.of(job.id()).orElse(null);
        if (stands != null && stands.first() != null) {
            reasons.add(behind(line, stands, stands.first(), ""));
            return reasons;
        }
        var node = job.node();
        var since = "%s holds it since %s, attempt %d".formatted(told(node), job.startedAt(), job.attempt());
        if (stands == null || !stands.exact()) {
            reasons.add(new Why.Running(
                    "%s, and runs it, or lets it wait for others of %s.".formatted(since, keys(line)), node, null));
            return reasons;
        }
        var first = line.order() == null
                ? ""
                : ", and none stands before it in the line of order key %s".formatted(line.order());
        var limit = stands.limit();
        if (limit == null) {
            var then = reasons.isEmpty() ? "it runs, or is about to" : "it runs, if it had started before the pause";
            reasons.add(new Why.Running("%s%s: %s.".formatted(since, first, then), node, null));
        } else reasons.add(new Why.Running(since + first + ". " + limited(limit, stands), node, null));
        return reasons;
    }

    /** What its limit lets run and start, and how many there are. */
    private String limited(Line.Limited said, PlaceInLine stands) {
        var adjusted = lines.adjusted(said.name()).orElse(null);
        var setAtOnce = adjusted == null ? null : adjusted.atOnce();
        var setRate = adjusted == null ? null : adjusted.rate();
        int atOnce = setAtOnce == null ? said.atOnce() : setAtOnce;
        var rate = setRate != null
                ? setRate
                : said.rate() == null ? null : said.rate().rate();
        var whose = "limit %s of %s".formatted(said.name(), said.key());
        var by = adjusted == null ? "" : ", as an operator has set it";
        if (stands.held() > atOnce)
            return "It runs, or waits for %s, of which %,d may run at once%s: the node holds %,d."
                    .formatted(whose, atOnce, by, stands.held());
        if (rate == null)
            return "It runs, or is about to: of %s %,d may run at once%s, and the node holds %,d."
                    .formatted(whose, atOnce, by, stands.held());
        return "It runs, or waits for the rate of %s, of which %s%s; %s"
                .formatted(whose, said(rate), by, when(rate, said, stands));
    }

    private static String said(Line.Rate rate) {
        var burst = rate.burst() > 1 ? ", %,d at once after a pause".formatted(rate.burst()) : "";
        return "%,d may start in %s%s".formatted(rate.count(), Words.duration(rate.period()), burst);
    }

    /** About when: those before it take an interval each, or have had it; a slow one the store counts. */
    private static String when(Line.Rate rate, Line.Limited said, PlaceInLine stands) {
        int weight = said.rate() == null ? 1 : said.rate().weight();
        var owed = stands.fullIn();
        long wait = owed == null ? rate.costNanos(weight) : rate.waitNanos(owed.toNanos(), weight);
        long others = Math.min(stands.heldAhead(), 100_000) * rate.intervalNanos();
        var most = Duration.ofMillis((wait + others) / 1_000_000);
        return stands.heldAhead() == 0
                ? "none that the node holds stands before it: it starts in about %s at the latest, if nothing else holds it up."
                        .formatted(Words.duration(most))
                : "of those that the node holds %,d stand before it: it starts in about %s at the latest, if nothing else holds them up."
                        .formatted(stands.heldAhead(), Words.duration(most));
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
        var limited = "limit %s%s, of which %d may run at once".formatted(limit.name(), limit.key(), limit.atOnce());
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
        if (reasons.isEmpty()) reasons.add(behind());
        return reasons;
    }

    private Reason parked(String reason) {
        var line = Line.of(job.headers());
        if (line == null || !Ending.Parked.tellsOfBehind(reason))
            return new Why.Parked(sentence("It is parked: " + reason));
        var stands = lines.of(job.id()).orElse(null);
        return stands != null && stands.first() != null
                ? behind(line, stands, stands.first(), "It is parked meanwhile, since %s. ".formatted(reason))
                : new Why.Parked("It is parked, since %s: it comes back when its turn does. It counts for %s."
                        .formatted(reason, keys(line)));
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
                    new Why.NoNode("No node is alive. Start one that serves queue %s.".formatted(job.queue())));
        if (alive.stream().noneMatch(serves))
            return Optional.of(new Why.NoNode("No node that is alive serves queue %s. Start one with queue(\"%s\")."
                    .formatted(job.queue(), job.queue())));
        if (alive.stream().filter(serves).noneMatch(this::handles))
            return Optional.of(
                    new Why.NoNode("No node that serves queue %s handles kind %s version %d. Deploy one that does."
                            .formatted(job.queue(), job.kind(), job.kindVersion())));
        return Optional.empty();
    }

    /** A node tells kinds as {@code name:version}, the newest it reads. */
    private boolean handles(NodeView node) {
        return node.kinds().stream().anyMatch(told -> {
            int colon = told.lastIndexOf(':');
            if (colon < 0) return told.equals(job.kind());
            return told.substring(0, colon).equals(job.kind())
                    && Integer.parseInt(told, colon + 1, told.length(), 10) >= job.kindVersion();
        });
    }

    private Reason behind() {
        var queue = queue().orElse(null);
        if (queue == null)
            return new Why.Unknown("It is available, and nothing is known of its queue, %s.".formatted(job.queue()));
        var line = Line.of(job.headers());
        var others = new QueueView.Depth(
                Math.max(0, queue.available().count() - 1), queue.available().exact());
        var stands = line == null ? null : lines.of(job.id()).orElse(null);
        if (line != null && stands != null && stands.first() != null)
            return behind(line, stands, stands.first(), "It is available, and not claimed. ");
        if (line != null)
            return new Why.Behind(
                    "It is available, and gets in line for %s when the node that owns its shard claims it; %s others are available in queue %s."
                            .formatted(keys(line), others, job.queue()),
                    others);
        if (others.count() == 0)
            return new Why.Behind(
                    "It is the only one available in queue %s, and will be claimed next.".formatted(job.queue()),
                    others);
        var text = others.exact()
                ? "It is available; at most %s others in queue %s are before it."
                : "It is available; %s others in queue %s may be before it.";
        return new Why.Behind(text.formatted(others, job.queue()), others);
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
