package dev.millrace.simulation;

import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Claim;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.Protocol;
import dev.millrace.store.Records;
import dev.millrace.store.Settled;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The invariants. Each effect on the store is shown to them at the moment it happens, so that a broken promise is found where it is
 * broken; what can only be seen at the end (nothing lost, nothing stuck) is looked at there.
 */
final class Checks {

    /** Deaths that one job may cause which kills at once: the first is nobody's fault yet, and then three are charged. */
    private static final int DEATHS_BY_ONE_JOB = 1 + Protocol.YOUNG_DEATHS;

    /** Deliveries of one job, over all its rescues, hand-backs and parkings: more would be going in circles. */
    private static final int DELIVERIES = 40;

    private final Records records;

    private final Set<NodeId> deposed = new HashSet<>();
    private final Set<Place> claimed = new HashSet<>();
    private final Map<Lease, Map<Long, List<Place>>> claims = new HashMap<>();
    private final Set<Place> ended = new HashSet<>();
    private final Set<Place> won = new HashSet<>();
    private final Set<Place> started = new HashSet<>();
    private final Map<JobId, State> stateOf = new HashMap<>();
    private final Map<JobId, Integer> deathsBy = new HashMap<>();
    private final Map<Lease, Set<Place>> inFlight = new HashMap<>();

    private @Nullable Broken broken;

    private final Map<JobId, Script> acknowledged = new LinkedHashMap<>();
    private final Set<JobId> perhaps = new HashSet<>();
    private final Set<JobId> cancelled = new HashSet<>();
    private final Set<JobId> mayExpire = new HashSet<>();

    Checks(Records records) {
        this.records = records;
    }

    /** A broken promise. */
    static final class Broken extends AssertionError {
        private static final long serialVersionUID = 1L;

        Broken(String message) {
            super(message);
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    void require(boolean holds, String message, @Nullable Object... details) {
        if (holds) return;
        var found = new Broken(message.formatted(details));
        if (broken == null) broken = found;
        throw found;
    }

    /** A loop's edge catches everything, also a broken promise: so it is kept, and thrown again where nobody catches it. */
    void throwIfBroken() {
        var found = broken;
        if (found != null) throw found;
    }

    // ---- producers and operators

    void acknowledged(JobId job, Script script, boolean mayExpire) {
        acknowledged.put(job, script);
        if (mayExpire) this.mayExpire.add(job);
    }

    /** Nobody knows whether it was taken; if it was, it must end like the others. */
    void enqueueUnknown(JobId job, Script script, boolean mayExpire) {
        perhaps.add(job);
        acknowledged(job, script, mayExpire);
    }

    void cancelled(JobId job, State answered) {
        if (answered == State.CANCELLED) cancelled.add(job);
    }

    // ---- the life of nodes

    /** A step that proves a lease went through. */
    void proved(Lease lease, String step) {
        require(
                !deposed.contains(lease.node()),
                "%s of node %s was accepted after it had been deposed",
                step,
                lease.node());
    }

    void deposed(Peer dead, boolean mayBeDead) {
        require(mayBeDead, "node %s was deposed, though it lived and its beats went through", dead.id());
        deposed.add(dead.id());
    }

    void left(Lease lease) {
        deposed.add(lease.node());
    }

    // ---- claims

    void took(Lease lease, int want, Claim claim) {
        proved(lease, "a claim");
        require(
                claim.places().size() <= want,
                "a claim of %d got %d",
                want,
                claim.places().size());
        if (claim.places().isEmpty()) return;
        for (var place : claim.places()) require(claimed.add(place), "%s was claimed twice", place);
        claims.computeIfAbsent(lease, node -> new HashMap<>()).put(claim.ordinal(), claim.places());
    }

    void read(List<Delivery> deliveries) {
        for (var delivery : deliveries) {
            if (delivery.cancelled()) ended.add(delivery.place());
            require(
                    delivery.charged() < Protocol.YOUNG_DEATHS,
                    "job %s was charged %d deaths and runs on",
                    delivery.job(),
                    delivery.charged());
            var script = acknowledged.get(delivery.job());
            require(
                    script == null || delivery.attempt() <= script.attempts(),
                    "job %s is at attempt %d",
                    delivery.job(),
                    delivery.attempt());
        }
    }

    void manifest(Lease lease, long upto, Collection<Place> open) {
        proved(lease, "a manifest");
        var named = new HashSet<>(open);
        claims.getOrDefault(lease, Map.of()).forEach((ordinal, places) -> {
            if (ordinal > upto) return;
            for (var place : places)
                require(
                        named.contains(place) || ended.contains(place),
                        "a manifest up to claim %d does not name %s, which is open",
                        upto,
                        place);
        });
    }

    void cancelsHeard(Collection<Place> places) {
        ended.addAll(places);
    }

    // ---- attempts

    void starts(Lease lease, Delivery delivery, int slots) {
        var place = delivery.place();
        require(
                !deposed.contains(lease.node()),
                "node %s started job %s after it had been deposed",
                lease.node(),
                delivery.job());
        require(started.add(place), "the delivery at %s of job %s was started twice", place, delivery.job());
        var busy = inFlight.computeIfAbsent(lease, node -> new HashSet<>());
        busy.add(place);
        require(
                busy.size() <= slots,
                "node %s has %d slots, and %d started deliveries whose outcome is not acknowledged",
                lease.node(),
                slots,
                busy.size());
    }

    /**
     * A job has killed its node.
     *
     * @param soon whether it does so while its start is young
     */
    void died(JobId job, boolean soon) {
        int deaths = deathsBy.merge(job, 1, Integer::sum);
        require(
                deaths <= (soon ? DEATHS_BY_ONE_JOB : 1 + Protocol.LATE_DEATHS),
                "job %s has killed %d nodes, and still runs",
                job,
                deaths);
    }

    // ---- outcomes

    /** At the moment of the effect, whether or not the node ever hears of it. */
    void flushed(Lease lease, List<Ended> entries, List<Settled> answers) {
        proved(lease, "a flush");
        for (int i = 0; i < entries.size(); i++) {
            var place = entries.get(i).delivery().place();
            ended.add(place);
            switch (answers.get(i)) {
                case WON -> {
                    require(won.add(place), "two outcomes won at %s", place);
                    recorded(entries.get(i));
                }
                case REPEATED ->
                    require(won.contains(place), "the outcome at %s is called a repetition, but none had won", place);
                case LOST -> require(!won.contains(place), "the outcome at %s is called lost, but it had won", place);
            }
        }
    }

    private void recorded(Ended entry) {
        var job = entry.delivery().job();
        var found = records.find(job);
        require(found.isPresent(), "job %s ended, and is not known", job);
        var state = found.orElseThrow().state();
        require(
                state == entry.ending().leadsTo(),
                "the outcome %s of job %s was acknowledged, but the job is %s",
                entry.ending(),
                job,
                state);
    }

    /** The node has heard of it: slots may be free now. */
    void acknowledgedTo(Lease lease, List<Ended> entries) {
        var busy = inFlight.get(lease);
        if (busy == null) return;
        for (var entry : entries) busy.remove(entry.delivery().place());
    }

    /** Whoever has ended stays ended. */
    void endedStayEnded() {
        for (var job : acknowledged.keySet()) {
            var view = records.find(job).orElse(null);
            if (view == null) continue;
            var before = stateOf.put(job, view.state());
            require(
                    before == null || !before.ended() || before == view.state(),
                    "job %s had ended as %s and is %s",
                    job,
                    before,
                    view.state());
        }
    }

    // ---- the end

    boolean allEnded() {
        for (var job : acknowledged.keySet()) if (unfinished(job)) return false;
        return true;
    }

    private boolean unfinished(JobId job) {
        var view = records.find(job);
        return view.isEmpty() ? !perhaps.contains(job) : !view.get().state().ended();
    }

    void quiescent() {
        for (var job : acknowledged.keySet()) {
            var history = records.history(job).orElse(null);
            if (history == null && perhaps.contains(job)) continue;
            require(history != null, "job %s was acknowledged, and is gone", job);
            if (history != null) endedOnce(job, history);
        }
    }

    private void endedOnce(JobId job, JobHistory history) {
        var state = history.job().state();
        require(state.ended(), "job %s is stuck: %s", job, story(history));
        long terminal = history.steps().stream()
                .map(JobHistory.Step::outcome)
                .filter(outcome -> outcome == null
                        || Set.of("done", "cancelled", "discarded").contains(outcome))
                .count();
        require(
                history.steps().size() <= DELIVERIES,
                "job %s was handed around %d times: %s",
                job,
                history.steps().size(),
                story(history));
        require(terminal == 1, "job %s ended %d times in one run: %s", job, terminal, story(history));
        if (cancelled.contains(job)) {
            require(state == State.CANCELLED, "job %s was withdrawn, and ended as %s", job, state);
            return;
        }
        var script = acknowledged.get(job);
        var failure = history.job().failure();
        // A node that freezes makes its handlers late, and one that dies often enough makes an innocent look guilty.
        boolean elsewise = failure != null
                && switch (failure.type()) {
                    case "worker died", "timed out" -> true;
                    case "expired" -> mayExpire.contains(job);
                    default -> false;
                };
        require(
                script == null || state == script.leadsTo() || (state == State.DISCARDED && elsewise),
                "job %s must end as %s by its script, and ended as %s: %s",
                job,
                script == null ? null : script.leadsTo(),
                state,
                story(history));
    }

    private static String story(JobHistory history) {
        var steps = history.steps().stream()
                .map(step -> "%s of attempt %d on %s (%s)"
                        .formatted(step.outcome(), step.attempt(), step.node(), step.reason()))
                .toList();
        return "%s, %s: %s".formatted(history.job().state(), history.job().reason(), steps);
    }
}
