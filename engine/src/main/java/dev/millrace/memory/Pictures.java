package dev.millrace.memory;

import dev.millrace.JobHistory;
import dev.millrace.JobHistory.LogLine;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.Priority;
import dev.millrace.QueueView;
import dev.millrace.QueueView.Depth;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.Why.Band;
import dev.millrace.memory.Standing.Parked;
import dev.millrace.memory.Standing.Timer;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Line;
import dev.millrace.store.Look;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Payload;
import dev.millrace.store.PlaceInLine;
import dev.millrace.store.PlaceInQueue;
import dev.millrace.store.Records.Conclusion;
import dev.millrace.store.Records.Query;
import dev.millrace.store.Records.Sample;
import dev.millrace.store.Records.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Looking at jobs, queues and nodes; changes nothing. Guarded by the lock of {@link Memory}. */
final class Pictures {

    private final Ledger ledger;
    private final Members members;

    Pictures(Ledger ledger, Members members) {
        this.ledger = ledger;
        this.members = members;
    }

    // ---- jobs

    Map<JobId, Conclusion> conclusions(Collection<JobId> ids) {
        var all = new HashMap<JobId, Conclusion>();
        for (var id : ids) {
            var job = ledger.jobs.get(id);
            if (job != null && job.state().ended() && !job.isDeleted()) all.put(id, conclusion(job));
        }
        return all;
    }

    private static Conclusion conclusion(KeptJob job) {
        var outcome = Objects.requireNonNull(((Row) job.standing()).outcome);
        return new Conclusion(
                job.state(),
                outcome.result(),
                job.state() == State.DISCARDED ? outcome.failure() : null,
                job.state() == State.CANCELLED ? outcome.reason() : null);
    }

    Optional<JobView> find(JobId id) {
        return told(id).map(Pictures::view);
    }

    private Optional<KeptJob> told(JobId id) {
        return Optional.ofNullable(ledger.jobs.get(id)).filter(job -> !job.isDeleted());
    }

    Optional<JobHistory> history(JobId id, List<JobHistory.Change> changes) {
        return told(id).map(job ->
                new JobHistory(view(job), job.rows.stream().map(Pictures::step).toList(), log(job), changes));
    }

    private static List<LogLine> log(KeptJob job) {
        var trace = view(job).traceId().orElse(null);
        return job.lines.stream()
                .map(line -> new LogLine(line.attempt(), line.at(), line.level(), line.text(), trace))
                .toList();
    }

    List<JobView> list(Query query) {
        var older = query.before() == null ? ledger.jobs : ledger.jobs.headMap(query.before(), false);
        return older.descendingMap().values().stream()
                .filter(job -> !job.isDeleted())
                .filter(job -> query.state() == null || query.state() == job.state())
                .filter(job -> query.queue() == null || query.queue().equals(job.queue.name))
                .filter(job -> query.kind() == null || query.kind().equals(job.kind))
                .limit(query.limit())
                .map(Pictures::view)
                .map(view -> query.brief() ? view.brief() : view)
                .toList();
    }

    Sample sample(Collection<String> names, int most, int reach) {
        var waiting = ledger.jobs.values().stream()
                .filter(job -> !job.state().ended() && job.state() != State.RUNNING && names.contains(job.queue.name))
                .map(job -> new Waiting(job.id, job.kind, job.kindVersion, job.payload))
                .limit(reach + 1L)
                .toList();
        return Sample.of(waiting.subList(0, Math.min(reach, waiting.size())), most, waiting.size() <= reach);
    }

    private static JobView view(KeptJob job) {
        var standing = job.standing();
        var turn = standing.turn();
        var row = standing instanceof Row inLog ? inLog : null;
        var outcome = row == null ? null : row.outcome;
        return new JobView(
                job.id,
                job.kind,
                job.kindVersion,
                job.queue.name,
                job.priority,
                job.state(),
                turn.run(),
                turn.attempt(),
                turn.rescues(),
                text(job.payload),
                job.headers,
                job.enqueuedAt,
                job.expiresAt,
                standing instanceof Timer timer && !timer.runAt().equals(Ledger.NO_TIME) ? timer.runAt() : null,
                row == null ? null : startedAt(row),
                outcome == null ? null : outcome.at(),
                row == null ? null : node(row),
                reason(standing),
                outcome == null || outcome.result() == null ? null : text(outcome.result()),
                job.failure,
                job.progress);
    }

    private static JobHistory.Step step(Row row) {
        var outcome = row.outcome;
        return new JobHistory.Step(
                row.turn().run(),
                row.turn().attempt(),
                row.at,
                startedAt(row),
                outcome == null ? null : outcome.at(),
                outcome == null ? null : outcome.took(),
                outcome == null ? null : outcome.word(),
                node(row),
                outcome == null ? null : outcome.reason(),
                outcome == null ? null : outcome.failure());
    }

    /** While its node holds it, nobody else knows when the handler started: the claim is the best guess. */
    private static @Nullable Instant startedAt(Row row) {
        if (row.outcome != null) return row.outcome.startedAt();
        return row.claim == null ? null : row.claim.at;
    }

    private static @Nullable String node(Row row) {
        if (row.outcome == null)
            return row.claim == null ? null : row.claim.lease.node().toString();
        return row.outcome.node() == null ? null : row.outcome.node().toString();
    }

    private static @Nullable String reason(Standing standing) {
        return switch (standing) {
            case Timer timer -> timer.reason();
            case Parked parked -> parked.detail();
            case Row row -> row.outcome == null ? null : row.outcome.reason();
        };
    }

    private static @Nullable String text(Payload payload) {
        return payload instanceof Payload.Text(var text) ? text : null;
    }

    // ---- lines

    /** @param fullIn how long until an allowance is full again, by queue and limit */
    Optional<PlaceInLine> inLine(JobId job, BiFunction<String, Line.Limited, @Nullable Duration> fullIn) {
        var own = ledger.jobs.get(job);
        var line = own == null ? null : Line.of(own.headers);
        if (own == null || line == null) return Optional.empty();
        var all = new ArrayList<PlaceInLine.Stand>();
        for (var other : ledger.jobs.values()) {
            if (!other.queue.equals(own.queue) || other.state().ended()) continue;
            var stand = stand(other);
            if (stand != null && line.home().equals(stand.line().home())) all.add(stand);
        }
        var limit = line.limit();
        return PlaceInLine.of(job, all, true, true, limit == null ? null : fullIn.apply(own.queue.name, limit));
    }

    private static PlaceInLine.Where away(Standing standing) {
        return standing instanceof Standing.Parked parked && parked.parking() == Parking.BEHIND
                ? PlaceInLine.Where.BEHIND
                : PlaceInLine.Where.ABSENT;
    }

    private static PlaceInLine.@Nullable Stand stand(KeptJob job) {
        var line = Line.of(job.headers);
        if (line == null) return null;
        var standing = job.standing();
        boolean again = standing.turn().no() > 1;
        if (!(standing instanceof Row row))
            return again && job.first != null
                    ? new PlaceInLine.Stand(job.id, line, job.first, away(standing), 0)
                    : null;
        var at = job.first == null ? new Line.Position(row.place.xid(), row.place.seq()) : job.first;
        if (row.claim != null) return new PlaceInLine.Stand(job.id, line, at, PlaceInLine.Where.HELD, again ? 0 : 1);
        return again
                ? new PlaceInLine.Stand(job.id, line, at, PlaceInLine.Where.BACK, 0)
                : new PlaceInLine.Stand(job.id, line, at, PlaceInLine.Where.ENQUEUED, row.place.seq());
    }

    // ---- queues

    Optional<PlaceInQueue> inQueue(JobId id) {
        var job = ledger.jobs.get(id);
        if (job == null || !(job.standing() instanceof Row row) || row.claim != null || row.outcome != null)
            return Optional.empty();
        var own = ledger.stream(row.place.stream());
        if (own.info.keyed()) return Optional.empty();
        long front = 0;
        long shards = 0;
        var higher = new EnumMap<Priority, Long>(Priority.class);
        for (var stream : job.queue.streams()) {
            var info = stream.info;
            if (info.keyed() || stream.equals(own) || (own.info.front() && !info.front())) continue;
            long waiting = stream.waiting().count();
            if (info.priority().rank() < own.info.priority().rank()) higher.merge(info.priority(), waiting, Long::sum);
            if (info.priority() != own.info.priority() || info.aside()) continue;
            if (info.front()) front += waiting;
            else shards += waiting;
        }
        var bands = higher.entrySet().stream()
                .filter(band -> band.getValue() > 0)
                .map(band -> new Band(band.getKey(), depth(band.getValue())))
                .toList();
        long ahead = own.waiting().takeWhile(other -> !other.equals(row)).count();
        return Optional.of(new PlaceInQueue(own.info, depth(ahead), depth(front), depth(shards), bands));
    }

    List<QueueView> queues(Instant now) {
        return ledger.queues.values().stream()
                .map(queue -> new QueueView(
                        queue.name,
                        depth(queue.count(State.AVAILABLE)),
                        depth(queue.count(State.RUNNING)),
                        depth(queue.count(State.SCHEDULED)),
                        depth(queue.count(State.RETRYABLE)),
                        depth(queue.parked()),
                        oldestAvailable(queue),
                        ledger.pausedBecause(Scope.queue(queue.name)),
                        queue.asides(now)))
                .toList();
    }

    private static Depth depth(long count) {
        return new Depth(Math.min(count, QueueView.EXACT_UP_TO), count <= QueueView.EXACT_UP_TO);
    }

    private static @Nullable Instant oldestAvailable(KeptQueue queue) {
        return queue.streams().stream()
                .flatMap(stream -> stream.waiting().limit(1))
                .map(row -> row.at)
                .min(Instant::compareTo)
                .orElse(null);
    }

    // ---- nodes

    List<NodeView> nodes(Instant now) {
        return members.all().stream()
                .filter(member -> !members.forgotten(member, now))
                .map(member -> view(member, now))
                .toList();
    }

    private static NodeView view(Member member, Instant now) {
        var card = member.card;
        var sinceBeat = Duration.between(member.beatAt, now);
        var stuck = member.stuck;
        return new NodeView(
                card.id().value(),
                card.name(),
                card.host(),
                card.pid(),
                card.version(),
                member.life,
                card.slots(),
                member.openAtManifest,
                card.queues(),
                card.kinds(),
                member.joinedAt,
                sinceBeat,
                card.reads(),
                stuck == null ? null : stuck.after(sinceBeat));
    }

    // ---- for a doctor

    /** Deliveries of a node that are told. */
    private static final int HELD = 5;

    Observations observe(Instant now) {
        return new Observations(
                now,
                Look.seen(parked()),
                Look.seen(pauses()),
                Look.seen(members.all().stream()
                        .filter(member -> member.life != NodeView.Life.GONE)
                        .flatMap(Pictures::held)
                        .toList()),
                null);
    }

    List<Pause> pauses() {
        return ledger.pauses.values().stream()
                .sorted(Comparator.comparing((Pause pause) -> pause.scope().type())
                        .thenComparing(pause -> pause.scope().name()))
                .toList();
    }

    private List<ParkedJobs> parked() {
        record Group(String queue, String kind, int version, Parking parking) {}
        var groups = new LinkedHashMap<Group, List<Parked>>();
        for (var one : ledger.parked.values())
            groups.computeIfAbsent(
                            new Group(one.job().queue.name, one.job().kind, one.job().kindVersion, one.parking()),
                            group -> new ArrayList<>())
                    .add(one);
        return groups.entrySet().stream()
                .map(entry -> {
                    var group = entry.getKey();
                    var oldest = entry.getValue().getFirst();
                    return new ParkedJobs(
                            group.queue(),
                            group.kind(),
                            group.version(),
                            group.parking(),
                            depth(entry.getValue().size()),
                            oldest.since(),
                            oldest.job().id,
                            oldest.detail());
                })
                .toList();
    }

    private static Stream<Held> held(Member member) {
        return member.open.values().stream()
                .map(row -> new Held(
                        member.card.id().value(),
                        row.job().id,
                        row.job().queue.name,
                        row.job().kind,
                        Line.of(row.job().headers) != null,
                        Objects.requireNonNull(row.claim).at))
                .sorted(Comparator.comparing(Held::since))
                .limit(HELD);
    }
}
