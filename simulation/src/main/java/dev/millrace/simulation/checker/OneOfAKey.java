package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Records;
import dev.millrace.store.UniqueKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Of a unique key there is one job at a time, and whoever is answered with another one's job is answered rightly: that job held the key at some moment
 * between question and answer, and, where the newest is right, became what was asked for.
 */
public final class OneOfAKey implements Checker {

    /**
     * A job that is about to be sent.
     *
     * @param before how the jobs of its key stood
     * @param asked on the store's clock
     * @param at in virtual time
     * @param failovers how many there had been
     */
    public record Question(UniqueKey key, JobId job, Map<JobId, Sight> before, Instant asked, long at, int failovers) {}

    /**
     * A job as all see it now: what is committed, seen without letting time pass.
     *
     * @param state scheduled only while it waits for its first time to run
     */
    public record Sight(State state, Instant enqueuedAt, String payload) {}

    private final Function<JobId, Optional<Sight>> sight;
    private final BooleanSupplier clockSetBack;
    private final Predicate<JobId> requeued;
    private final Map<UniqueKey, Set<JobId>> sent = new LinkedHashMap<>();
    private final Map<JobId, JobView> seen = new HashMap<>();
    private final Map<JobId, Long> returned = new HashMap<>();
    private int failovers;

    /**
     * @param sight a job as it is now; empty if it is not there
     * @param clockSetBack whether times in the store tell what came first
     * @param requeued whether a job was brought to life again by hand, which asks no key
     */
    public OneOfAKey(Function<JobId, Optional<Sight>> sight, BooleanSupplier clockSetBack, Predicate<JobId> requeued) {
        this.sight = sight;
        this.clockSetBack = clockSetBack;
        this.requeued = requeued;
    }

    @Override
    public String invariant() {
        return "of a unique key there is one job at a time";
    }

    /** A job is about to be sent with this key; its payload is its id. */
    public Question asking(UniqueKey key, JobId job, Instant now, long at) {
        var jobs = sent.computeIfAbsent(key, first -> new LinkedHashSet<>());
        var before = new HashMap<JobId, Sight>();
        for (var one : jobs) sight.apply(one).ifPresent(seenNow -> before.put(one, seenNow));
        jobs.add(job);
        return new Question(key, job, before, now, at, failovers);
    }

    /** Which job was answered: the one that was sent, or another one. */
    public void answered(Question question, JobId holder, long at) {
        returned.put(question.job(), at);
        if (question.failovers() < failovers || holder.equals(question.job()) || requeued.test(holder)) return;
        require(
                Objects.requireNonNull(sent.get(question.key())).contains(holder),
                "of %s job %s was answered, which never had it",
                question.key().key(),
                holder);
        var before = question.before().get(holder);
        require(
                before == null || mayHold(question, before),
                "of %s job %s was answered to a question of %s; it was %s then, enqueued at %s",
                question.key().key(),
                holder,
                question.asked(),
                before == null ? "not there" : before.state().wireName(),
                before == null ? "" : before.enqueuedAt());
        if (isChanged(question.key())) sight.apply(holder).ifPresent(now -> isPartOf(question, holder, now));
    }

    private boolean mayHold(Question question, Sight before) {
        return switch (question.key().policy()) {
            case UniqueKey.UntilEnded until -> !before.state().ended();
            case UniqueKey.Within(var window) ->
                clockSetBack.getAsBoolean() || before.enqueuedAt().plus(window).isAfter(question.asked());
            case UniqueKey.Replace replace -> before.state() == State.SCHEDULED;
            case UniqueKey.Debounce debounce -> before.state() == State.SCHEDULED;
        };
    }

    private static boolean isChanged(UniqueKey key) {
        return switch (key.policy()) {
            case UniqueKey.UntilEnded until -> false;
            case UniqueKey.Within within -> false;
            case UniqueKey.Replace replace -> true;
            case UniqueKey.Debounce debounce -> true;
        };
    }

    /** What was asked for is what runs, or what was asked for by somebody who was answered later. */
    private void isPartOf(Question question, JobId holder, Sight now) {
        var payload = new JobId(UUID.fromString(now.payload()));
        require(
                payload.equals(question.job()) || returned.getOrDefault(payload, Long.MAX_VALUE) >= question.at(),
                "of %s job %s was answered to job %s, and has what job %s asked for before",
                question.key().key(),
                holder,
                question.job(),
                payload);
    }

    @Override
    public void forget() {
        failovers++;
    }

    @Override
    public void look(Records records) {
        sent.forEach((key, jobs) -> {
            var there = found(jobs, records);
            for (var view : there) seen.put(view.id(), view);
            var counted = there.stream()
                    .filter(view -> counts(key, view))
                    .map(JobView::id)
                    .toList();
            require(counted.size() <= 1, "of %s there are %d jobs at once: %s", key.key(), counted.size(), counted);
        });
    }

    private List<JobView> found(Set<JobId> jobs, Records records) {
        var found = new ArrayList<JobView>();
        for (var job : jobs) if (!requeued.test(job)) records.find(job).ifPresent(found::add);
        return found;
    }

    /** Of these there is at most one. */
    private boolean counts(UniqueKey key, JobView view) {
        return switch (key.policy()) {
            case UniqueKey.UntilEnded until -> !view.state().ended();
            case UniqueKey.Within within -> false;
            case UniqueKey.Replace replace -> waitsForItsTime(view);
            case UniqueKey.Debounce debounce -> waitsForItsTime(view);
        };
    }

    /** One that has run, and was put off by a node that closes, is scheduled as well; it holds no key any more. */
    private boolean waitsForItsTime(JobView view) {
        return view.state() == State.SCHEDULED
                && sight.apply(view.id())
                        .map(now -> now.state() == State.SCHEDULED)
                        .orElse(false);
    }

    /** Those that ended and went before are known by the last look at them. */
    @Override
    public void end(Records records) {
        if (clockSetBack.getAsBoolean() || failovers > 0) return;
        look(records);
        sent.forEach((key, jobs) -> {
            var inOrder = new ArrayList<JobView>();
            for (var job : jobs) {
                var view = seen.get(job);
                if (view != null) inOrder.add(view);
            }
            inOrder.sort(Comparator.comparing(JobView::enqueuedAt));
            for (int i = 1; i < inOrder.size(); i++) oneBehindTheOther(key, inOrder.get(i - 1), inOrder.get(i));
        });
    }

    private void oneBehindTheOther(UniqueKey key, JobView first, JobView second) {
        boolean apart = switch (key.policy()) {
            case UniqueKey.UntilEnded until ->
                first.endedAt() == null || !first.endedAt().isAfter(second.enqueuedAt());
            case UniqueKey.Within(var window) ->
                !first.enqueuedAt()
                        .plus(window)
                        .minusSeconds(1)
                        .isAfter(second.enqueuedAt()); // it counts from a moment before
            case UniqueKey.Replace replace -> true;
            case UniqueKey.Debounce debounce -> true;
        };
        require(
                apart,
                "of %s job %s was taken at %s though job %s of %s, which ended at %s, had it",
                key.key(),
                second.id(),
                second.enqueuedAt(),
                first.id(),
                first.enqueuedAt(),
                String.valueOf(first.endedAt()));
    }
}
