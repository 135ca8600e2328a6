package dev.millrace.simulation.store;

import dev.millrace.Failure;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.QueueView.Depth;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.Why.Band;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.Claimed;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.ManifestKey;
import dev.millrace.simulation.store.Rows.Outcome;
import dev.millrace.simulation.store.Rows.Parked;
import dev.millrace.simulation.store.Rows.Timer;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import dev.millrace.store.Look;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Payload;
import dev.millrace.store.Place;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Records.Sample;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Looking: each answer from one snapshot. {@code V004__looking.sql}. */
final class Looking {

    private static final Duration GONE_FOR = Duration.ofDays(1);

    private final Tables tables;
    private final Claiming claiming;
    private final Sending sending;
    private final Remembered<JobId, Optional<JobView>> found;

    Looking(Tables tables, Claiming claiming, Sending sending) {
        this.tables = tables;
        this.claiming = claiming;
        this.sending = sending;
        this.found = new Remembered<>(
                tables.meta,
                tables.claims,
                tables.log,
                tables.outcomes,
                tables.batched,
                tables.timers,
                tables.parked,
                tables.deleted,
                tables.progress);
    }

    // ---- one job

    /** Where a job stands: a timer, a parking, or a row of the log with or without outcome. */
    private record Standing(
            @Nullable Timer timer,
            @Nullable Parked parked,
            @Nullable Logged row,
            @Nullable Outcome outcome,
            @Nullable Claimed claim,
            State state) {

        Asked asked() {
            if (timer != null) return timer.asked();
            return parked != null ? parked.asked() : Objects.requireNonNull(row).asked();
        }

        Turn turn() {
            if (timer != null) return timer.turn();
            return parked != null ? parked.turn() : Objects.requireNonNull(row).turn();
        }
    }

    private @Nullable Standing standing(Transaction tx, JobId job) {
        var timers = tables.timers.by(tx, tables.timersByJob, job);
        if (!timers.isEmpty()) {
            var timer = timers.getFirst();
            return new Standing(timer, null, null, null, null, timer.retry() ? State.RETRYABLE : State.SCHEDULED);
        }
        var parked = tables.parked.by(tx, tables.parkedByJob, job);
        if (!parked.isEmpty()) return new Standing(null, parked.getFirst(), null, null, null, State.AVAILABLE);
        var rows = deliveries(tx, job);
        if (rows.isEmpty()) return null;
        var row = rows.getLast();
        var outcome = tables.ending(tx, DeliveryKey.of(row.place()));
        if (outcome != null) {
            var deleted = outcome.last() ? tables.deleted.get(tx, job) : null;
            if (deleted != null && deleted.run() == row.turn().run()) return null; // it is not told of
            return new Standing(null, null, row, outcome, null, outcome.state());
        }
        boolean running = claiming.claimed(tx, row.place());
        return new Standing(
                null,
                null,
                row,
                null,
                running ? claiming.claimOf(tx, row.place()) : null,
                running ? State.RUNNING : State.AVAILABLE);
    }

    private List<Logged> deliveries(Transaction tx, JobId job) {
        var rows = new ArrayList<>(tables.log.by(tx, tables.logByJob, job));
        rows.sort(Comparator.comparingInt((Logged row) -> row.turn().run())
                .thenComparingInt(row -> row.turn().no()));
        return rows;
    }

    Map<JobId, Conclusion> conclusions(Transaction tx, Collection<JobId> jobs) {
        tx.statement();
        var all = new HashMap<JobId, Conclusion>();
        for (var job : jobs) {
            var standing = standing(tx, job);
            if (standing == null || !standing.state.ended()) continue;
            var outcome = Objects.requireNonNull(standing.outcome);
            all.put(
                    job,
                    new Conclusion(
                            standing.state,
                            outcome.result(),
                            standing.state == State.DISCARDED ? outcome.failure() : null,
                            standing.state == State.CANCELLED ? outcome.reason() : null));
        }
        return all;
    }

    Optional<JobView> find(Transaction tx, JobId job) {
        tx.statement();
        return found.of(tx, job, () -> Optional.ofNullable(standing(tx, job)).map(standing -> view(tx, standing)));
    }

    private JobView view(Transaction tx, Standing standing) {
        var asked = standing.asked();
        var turn = standing.turn();
        var outcome = standing.outcome;
        boolean ended = standing.state.ended();
        var claim = standing.claim;
        var progress = tables.progress.get(tx, asked.job());
        return new JobView(
                asked.job(),
                asked.kind(),
                asked.kindVersion(),
                asked.queue(),
                asked.priority(),
                standing.state,
                turn.run(),
                turn.attempt(),
                turn.rescues(),
                text(asked.payload()),
                asked.headers(),
                asked.enqueuedAt(),
                asked.expiresAt(),
                standing.timer == null || standing.timer.forNoTime() ? null : standing.timer.runAt(),
                outcome != null ? outcome.startedAt() : claim == null ? null : claim.at(),
                ended && outcome != null ? outcome.at() : null,
                node(outcome, claim),
                reason(standing),
                outcome == null || outcome.result() == null ? null : text(outcome.result()),
                failure(tx, standing),
                progress == null || progress.turn().run() != turn.run()
                        ? null
                        : new JobView.Progress(progress.done(), progress.total(), progress.at()));
    }

    private static @Nullable String node(@Nullable Outcome outcome, @Nullable Claimed claim) {
        if (outcome != null)
            return outcome.node() == null ? null : outcome.node().toString();
        return claim == null || claim.lease() == null
                ? null
                : claim.lease().node().toString();
    }

    private static @Nullable String reason(Standing standing) {
        if (standing.timer != null) return standing.timer.reason();
        if (standing.parked != null) return standing.parked.reason();
        return standing.outcome == null ? null : standing.outcome.reason();
    }

    private @Nullable Failure failure(Transaction tx, Standing standing) {
        if (standing.outcome != null && standing.outcome.failure() != null) return standing.outcome.failure();
        if (standing.timer != null && standing.timer.failure() != null) return standing.timer.failure();
        if (standing.turn().attempt() < 2) return null;
        return deliveries(tx, standing.asked().job()).reversed().stream()
                .filter(row -> row.turn().run() == standing.turn().run())
                .map(row -> tables.ending(tx, DeliveryKey.of(row.place())))
                .filter(outcome -> outcome != null && outcome.failure() != null)
                .map(outcome -> Objects.requireNonNull(outcome).failure())
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String text(Payload payload) {
        return payload instanceof Payload.Text(var text) ? text : null;
    }

    Optional<JobHistory> history(Transaction tx, JobId job) {
        tx.statement();
        var standing = standing(tx, job);
        if (standing == null) return Optional.empty();
        var steps = deliveries(tx, job).stream().map(row -> step(tx, row)).toList();
        var view = view(tx, standing);
        var trace = view.traceId().orElse(null);
        var lines = tables.lines.by(tx, tables.linesByJob, job).stream()
                .map(line -> new JobHistory.LogLine(line.attempt(), line.at(), line.level(), line.text(), trace))
                .toList();
        return Optional.of(new JobHistory(view, steps, lines, changes(tx, job)));
    }

    private List<JobHistory.Change> changes(Transaction tx, JobId job) {
        var all = new ArrayList<JobHistory.Change>();
        for (var note : tables.bulkJobs.all(tx)) {
            var row = note.key().job().equals(job) && note.leftBecause() == null
                    ? tables.bulkChanges.get(tx, note.key().change())
                    : null;
            if (row != null) all.add(row.change().told(note.at()));
        }
        all.sort(Comparator.comparing(JobHistory.Change::at));
        return List.copyOf(all);
    }

    private JobHistory.Step step(Transaction tx, Logged row) {
        var outcome = tables.ending(tx, DeliveryKey.of(row.place()));
        var claim = outcome == null && claiming.claimed(tx, row.place()) ? claiming.claimOf(tx, row.place()) : null;
        return new JobHistory.Step(
                row.turn().run(),
                row.turn().attempt(),
                row.asked().enqueuedAt(),
                outcome != null ? outcome.startedAt() : claim == null ? null : claim.at(),
                outcome == null ? null : outcome.at(),
                outcome == null ? null : outcome.took(),
                outcome == null ? null : outcome.word(),
                node(outcome, claim),
                outcome == null ? null : outcome.reason(),
                outcome == null ? null : outcome.failure());
    }

    // ---- many

    private List<Standing> everything(Transaction tx, Predicate<Asked> which) {
        var jobs = new TreeSet<JobId>(Comparator.comparing(JobId::value).reversed());
        Consumer<Asked> add = asked -> {
            if (which.test(asked)) jobs.add(asked.job());
        };
        tables.log.all(tx).forEach(row -> add.accept(row.asked()));
        tables.timers.all(tx).forEach(row -> add.accept(row.asked()));
        tables.parked.all(tx).forEach(row -> add.accept(row.asked()));
        return jobs.stream()
                .map(job -> standing(tx, job))
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
    }

    List<JobView> list(Transaction tx, Query query) {
        tx.statement();
        var before = query.before();
        Predicate<Asked> asked = one -> (before == null || one.job().compareTo(before) < 0)
                && (query.queue() == null || query.queue().equals(one.queue()))
                && (query.kind() == null || query.kind().equals(one.kind()));
        return everything(tx, asked).stream()
                .filter(one -> query.state() == null || query.state() == one.state)
                .limit(query.limit())
                .map(one -> view(tx, one))
                .toList();
    }

    Sample sample(Transaction tx, Collection<String> queues, int most, int reach) {
        tx.statement();
        var waiting = everything(tx, asked -> queues.contains(asked.queue())).reversed().stream()
                .filter(one -> !one.state.ended() && one.state != State.RUNNING)
                .map(Standing::asked)
                .map(asked -> new Records.Waiting(asked.job(), asked.kind(), asked.kindVersion(), asked.payload()))
                .limit(reach + 1L)
                .toList();
        return Sample.of(waiting.subList(0, Math.min(reach, waiting.size())), most, waiting.size() <= reach);
    }

    // ---- lines

    Optional<PlaceInLine> inLine(Transaction tx, JobId job) {
        tx.statement();
        var own = standing(tx, job);
        var line = own == null ? null : Line.of(own.asked().headers());
        if (own == null || line == null) return Optional.empty();
        var queue = own.asked().queue();
        var all = new ArrayList<PlaceInLine.Stand>();
        for (var other : everything(tx, asked -> asked.queue().equals(queue))) {
            if (other.state.ended()) continue;
            var stand = stand(tx, other);
            if (stand != null && line.home().equals(stand.line().home())) all.add(stand);
        }
        var limit = line.limit();
        var fullAt = limit == null ? null : tables.allowances.get(tx, queue + "\n" + limit.group());
        return PlaceInLine.of(job, all, true, true, fullAt == null ? null : Duration.between(tables.now(), fullAt));
    }

    private PlaceInLine.@Nullable Stand stand(Transaction tx, Standing one) {
        var headers = one.asked().headers();
        var line = Line.of(headers);
        var row = one.row;
        if (line == null || (row == null && one.turn().no() == 1)) return null; // it waits for its first time
        boolean again = headers.containsKey(Line.FIRST);
        var own = row == null
                ? new Line.Position(0, 0)
                : new Line.Position(row.place().xid(), row.place().seq());
        var where = row == null
                ? one.parked != null && one.parked.parking() == Ending.Parking.BEHIND
                        ? PlaceInLine.Where.BEHIND
                        : PlaceInLine.Where.ABSENT
                : one.state == State.RUNNING
                        ? PlaceInLine.Where.HELD
                        : again ? PlaceInLine.Where.BACK : PlaceInLine.Where.ENQUEUED;
        return new PlaceInLine.Stand(
                one.asked().job(), line, Line.first(headers, own), where, row == null || again ? 0 : nr(tx, one, row));
    }

    /** In which order they are claimed: by claim, and what is not claimed by window. */
    private long nr(Transaction tx, Standing one, Logged row) {
        if (one.state == State.RUNNING)
            return one.claim == null ? -1 : one.claim.key().no();
        return claiming.inOpenWindow(tx, row.place())
                ? row.place().seq()
                : (1L << 40) + row.place().seq();
    }

    // ---- queues

    Optional<PlaceInQueue> inQueue(Transaction tx, JobId job) {
        tx.statement();
        var own = standing(tx, job);
        if (own == null || !waits(own)) return Optional.empty();
        var row = Objects.requireNonNull(own.row);
        var stream = stream(tx, row);
        if (stream.keyed()) return Optional.empty();
        long ahead = 0;
        long front = 0;
        long shards = 0;
        var higher = new EnumMap<Priority, Long>(Priority.class);
        for (var other : everything(tx, asked -> asked.queue().equals(stream.queue()))) {
            if (!waits(other)) continue;
            var its = Objects.requireNonNull(other.row);
            var info = stream(tx, its);
            if (info.keyed() || (stream.front() && !info.front())) continue;
            if (info.priority().rank() < stream.priority().rank()) higher.merge(info.priority(), 1L, Long::sum);
            if (info.equals(stream)) {
                if (isBefore(tx, its.place(), row.place())) ahead++;
                continue;
            }
            if (info.priority() != stream.priority() || info.aside()) continue;
            if (info.front()) front++;
            else shards++;
        }
        var bands = higher.entrySet().stream()
                .map(band -> new Band(band.getKey(), depth(band.getValue())))
                .toList();
        return Optional.of(new PlaceInQueue(stream, depth(ahead), depth(front), depth(shards), bands));
    }

    /** Whether it is available, and a node could claim it. */
    private static boolean waits(Standing one) {
        return one.state == State.AVAILABLE && one.row != null;
    }

    private StreamInfo stream(Transaction tx, Logged row) {
        return Objects.requireNonNull(tables.streams.get(tx, row.place().stream()));
    }

    /** Of two that are not claimed: the window that the last claim has opened goes before all others, and in a window the order of the log holds. */
    private boolean isBefore(Transaction tx, Place one, Place other) {
        boolean open = claiming.inOpenWindow(tx, one);
        if (open != claiming.inOpenWindow(tx, other)) return open;
        return one.xid() != other.xid() ? one.xid() < other.xid() : one.seq() < other.seq();
    }

    List<Pause> pauses(Transaction tx) {
        tx.statement();
        if (tables.planted(Bug.PAUSES_NOT_TOLD)) return List.of();
        var now = tables.now();
        return tables.pauses.all(tx).stream()
                .filter(pause -> !pause.isOver(now))
                .sorted(Comparator.comparing((Pause pause) -> pause.scope().type())
                        .thenComparing(pause -> pause.scope().name()))
                .toList();
    }

    List<QueueView> queues(Transaction tx) {
        tx.statement();
        var all = everything(tx, any -> true);
        var names = new TreeSet<String>();
        tables.streams.all(tx).forEach(stream -> names.add(stream.queue()));
        return names.stream().map(name -> queue(tx, name, all)).toList();
    }

    private QueueView queue(Transaction tx, String name, List<Standing> all) {
        var own = all.stream().filter(one -> one.asked().queue().equals(name)).toList();
        return new QueueView(
                name,
                depth(own, State.AVAILABLE),
                depth(own, State.RUNNING),
                depth(own, State.SCHEDULED),
                depth(own, State.RETRYABLE),
                depth(own.stream().filter(one -> one.parked != null).count()),
                own.stream()
                        .filter(one -> one.state == State.AVAILABLE && one.parked == null)
                        .map(one -> one.asked().enqueuedAt())
                        .min(Instant::compareTo)
                        .orElse(null),
                tables.planted(Bug.PAUSES_NOT_TOLD) ? null : tables.pausedBecause(tx, Scope.queue(name)),
                sending.asides(name));
    }

    private static Depth depth(List<Standing> own, State state) {
        return depth(own.stream()
                .filter(one -> one.state == state && one.parked == null)
                .count());
    }

    private static Depth depth(long count) {
        return new Depth(Math.min(count, QueueView.EXACT_UP_TO), count <= QueueView.EXACT_UP_TO);
    }

    List<NodeView> nodes(Transaction tx) {
        tx.statement();
        var now = tables.now();
        return tables.nodes.all(tx).stream()
                .filter(node ->
                        node.goneAt() == null || !node.goneAt().plus(GONE_FOR).isBefore(now))
                .map(node -> node(tx, node, now))
                .toList();
    }

    private NodeView node(Transaction tx, Rows.Node node, Instant now) {
        var card = node.card();
        var beat = Objects.requireNonNull(tables.beats.get(tx, card.id()));
        var sinceBeat = Duration.between(beat.at(), now);
        var stuck = beat.stuck();
        var manifest = tables.manifests.last(
                tx, new ManifestKey(card.id(), 0), new ManifestKey(card.id(), Long.MAX_VALUE), any -> true);
        return new NodeView(
                card.id().value(),
                card.name(),
                card.host(),
                card.pid(),
                card.version(),
                switch (node.life()) {
                    case ALIVE -> NodeView.Life.ALIVE;
                    case DEPOSED -> NodeView.Life.DEPOSED;
                    case GONE -> NodeView.Life.GONE;
                },
                card.slots(),
                manifest == null ? 0 : manifest.open().size(),
                card.queues(),
                card.kinds(),
                node.startedAt(),
                sinceBeat,
                card.reads(),
                stuck == null ? null : stuck.after(sinceBeat));
    }

    // ---- for a doctor

    /** Deliveries of a node that are told. */
    private static final int HELD = 5;

    /** It has no server: what belongs to one is not told. */
    Observations observe(Transaction tx) {
        tx.statement();
        return new Observations(tables.now(), Look.seen(parked(tx)), Look.seen(pauses(tx)), Look.seen(held(tx)), null);
    }

    private List<ParkedJobs> parked(Transaction tx) {
        record Group(String queue, String kind, int version, Ending.Parking parking) {}
        var groups = new LinkedHashMap<Group, List<Parked>>();
        for (var row : tables.parked.all(tx))
            groups.computeIfAbsent(
                            new Group(
                                    row.asked().queue(),
                                    row.asked().kind(),
                                    row.asked().kindVersion(),
                                    row.parking()),
                            group -> new ArrayList<>())
                    .add(row);
        return groups.entrySet().stream()
                .map(entry -> {
                    var group = entry.getKey();
                    var oldest = Collections.min(entry.getValue(), Comparator.comparing(Parked::since));
                    return new ParkedJobs(
                            group.queue(),
                            group.kind(),
                            group.version(),
                            group.parking(),
                            depth(entry.getValue().size()),
                            oldest.since(),
                            oldest.asked().job(),
                            oldest.reason());
                })
                .toList();
    }

    private List<Held> held(Transaction tx) {
        var told = new HashMap<UUID, Integer>();
        return everything(tx, any -> true).stream()
                .filter(one -> one.state == State.RUNNING && one.claim != null && one.claim.lease() != null)
                .map(one -> {
                    var claim = Objects.requireNonNull(one.claim);
                    var asked = one.asked();
                    return new Held(
                            Objects.requireNonNull(claim.lease()).node().value(),
                            asked.job(),
                            asked.queue(),
                            asked.kind(),
                            Line.of(asked.headers()) != null,
                            claim.at());
                })
                .sorted(Comparator.comparing(Held::since))
                .filter(held -> told.merge(held.node(), 1, Integer::sum) <= HELD)
                .toList();
    }
}
