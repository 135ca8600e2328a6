package dev.millrace.simulation;

import dev.millrace.Codec;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.QueueView;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Accepted;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Lease;
import dev.millrace.store.NewJob;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Payload;
import dev.millrace.store.Peer;
import dev.millrace.store.Place;
import dev.millrace.store.Promoted;
import dev.millrace.store.Rescued;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A store as one node reaches it: behind a network that fails. What may go wrong with each step is {@link Dangers}' affair; what the
 * step did is shown to the {@link Checks} at the moment it did it. Bugs are planted here too, between the two.
 */
final class FlakyStorage implements Storage {

    private final Storage real;
    private final Dangers dangers;
    private final Checks checks;
    private final Planted planted;
    private final Simulation simulation;

    FlakyStorage(Storage real, Dangers dangers, Checks checks, Planted planted, Simulation simulation) {
        this.real = real;
        this.dangers = dangers;
        this.checks = checks;
        this.planted = planted;
        this.simulation = simulation;
    }

    private <T> T step(String name, Supplier<T> effect) {
        return dangers.step(name, effect, planted == Planted.UNKNOWN_TAKEN_FOR_ROLLED_BACK);
    }

    private <T> T proved(String name, Lease lease, Supplier<T> effect) {
        return step(name, () -> {
            var answer = effect.get();
            checks.proved(lease, name);
            return answer;
        });
    }

    private void does(String name, Lease lease, Runnable effect) {
        proved(name, lease, () -> {
            effect.run();
            return true;
        });
    }

    // ---- life of a node

    @Override
    public Lease join(NodeCard card) {
        return step("join", () -> real.join(card));
    }

    @Override
    public void beat(Lease lease) {
        does("beat", lease, () -> real.beat(lease));
        dangers.beatHeard();
    }

    @Override
    public void leave(Lease lease) {
        step("leave", () -> {
            real.leave(lease);
            checks.left(lease);
            return true;
        });
    }

    @Override
    public List<Peer> census(Lease lease) {
        return proved("census", lease, () -> real.census(lease));
    }

    @Override
    public void witness(Lease by, Peer silent, Duration watched) {
        does("witness", by, () -> real.witness(by, silent, watched));
    }

    @Override
    public boolean depose(Lease by, Peer dead) {
        return proved("depose", by, () -> {
            boolean deposed = real.depose(by, dead);
            if (deposed) checks.deposed(dead, simulation.mayBeDead(dead.id()));
            return deposed;
        });
    }

    @Override
    public List<Rescued> rescue(Lease by, NodeId dead, int limit) {
        return proved("rescue", by, () -> real.rescue(by, dead, limit));
    }

    // ---- claim

    @Override
    public List<StreamInfo> streams(Collection<String> queues) {
        return step("streams", () -> real.streams(queues));
    }

    @Override
    public Set<Integer> poll(Collection<Integer> streams) {
        return step("poll", () -> real.poll(streams));
    }

    @Override
    public Claim take(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        return step("take", () -> {
            var claim = takeFrom(lease, stream, want, ordinal, token);
            checks.took(lease, want, claim);
            return claim;
        });
    }

    private Claim takeFrom(Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        try {
            return real.take(lease, stream, want, ordinal, token);
        } catch (StoreException.Fenced fenced) {
            if (planted != Planted.ZOMBIE_CLAIM) throw fenced;
            return real.take(simulation.ghost(), stream, want, ordinal, token);
        }
    }

    @Override
    public Claim resolve(Lease lease, int stream, long ordinal, ClaimToken token) {
        return proved("resolve", lease, () -> real.resolve(lease, stream, ordinal, token));
    }

    @Override
    public List<Delivery> read(ClaimToken token, List<Place> places, long maxBytes) {
        return step("read", () -> {
            var deliveries = real.read(token, places, maxBytes);
            checks.read(deliveries);
            return deliveries;
        });
    }

    @Override
    public void mark(Lease lease, List<Place> places) {
        does("mark", lease, () -> real.mark(lease, planted == Planted.MARKS_FORGOTTEN ? List.of() : places));
    }

    @Override
    public void outlived(Lease lease, List<Place> places) {
        does("outlived", lease, () -> real.outlived(lease, places));
    }

    @Override
    public void manifest(Lease lease, long no, long upto, Collection<Place> open) {
        does("manifest", lease, () -> {
            real.manifest(lease, no, upto, open);
            checks.manifest(lease, upto, open);
        });
    }

    // ---- end

    @Override
    public List<Settled> flush(Lease lease, List<Ended> ended) {
        var answers = step("flush", () -> {
            var settled = flushInto(lease, ended);
            checks.flushed(lease, ended, settled);
            return settled;
        });
        checks.acknowledgedTo(lease, ended);
        return answers;
    }

    private List<Settled> flushInto(Lease lease, List<Ended> ended) {
        if (planted == Planted.ACKNOWLEDGED_BEFORE_DURABLE) {
            dangers.later(() -> real.flush(lease, ended));
            return Collections.nCopies(ended.size(), Settled.WON);
        }
        try {
            return real.flush(lease, ended);
        } catch (StoreException.Fenced fenced) {
            if (planted != Planted.FLUSH_WITHOUT_FENCE) throw fenced;
            return Collections.nCopies(ended.size(), Settled.WON);
        }
    }

    @Override
    public void complete(Connection tx, Lease lease, Ended ended) {
        real.complete(tx, lease, ended);
    }

    // ---- waiting

    @Override
    public Promoted promote(Lease lease, int limit) {
        return proved("promote", lease, () -> real.promote(lease, limit));
    }

    @Override
    public int release(Lease lease, Map<String, Integer> room, int limit) {
        return proved("release", lease, () -> real.release(lease, room, limit));
    }

    @Override
    public Control control(Lease lease, String cursor) {
        var control = proved("control", lease, () -> real.control(lease, cursor));
        checks.cancelsHeard(control.cancelled());
        return control;
    }

    // ---- handlers

    @Override
    public void note(Lease lease, List<Note> notes) {
        does("note", lease, () -> real.note(lease, notes));
    }

    @Override
    public void checkpoint(Lease lease, Delivery delivery, Payload value) {
        does("checkpoint", lease, () -> real.checkpoint(lease, delivery, value));
    }

    @Override
    public void checkpoint(Connection tx, Lease lease, Delivery delivery, Payload value) {
        real.checkpoint(tx, lease, delivery, value);
    }

    @Override
    public Optional<Payload> checkpointOf(Lease lease, Delivery delivery) {
        return proved("checkpointOf", lease, () -> real.checkpointOf(lease, delivery));
    }

    @Override
    public void keep(Lease lease) {
        does("keep", lease, () -> real.keep(lease));
    }

    // ---- what no node calls is passed on as it is

    @Override
    public Accepted enqueue(NewJob job) {
        return real.enqueue(job);
    }

    @Override
    public Accepted enqueue(Connection tx, NewJob job) {
        return real.enqueue(tx, job);
    }

    @Override
    public void enqueueAll(Iterator<NewJob> jobs) {
        real.enqueueAll(jobs);
    }

    @Override
    public void enqueueAll(Connection tx, Iterator<NewJob> jobs) {
        real.enqueueAll(tx, jobs);
    }

    @Override
    public Map<JobId, Conclusion> conclusions(Collection<JobId> jobs) {
        return real.conclusions(jobs);
    }

    @Override
    public Optional<JobView> find(JobId job) {
        return real.find(job);
    }

    @Override
    public Optional<JobHistory> history(JobId job) {
        return real.history(job);
    }

    @Override
    public List<JobView> list(Query query) {
        return real.list(query);
    }

    @Override
    public Sample sample(Collection<String> queues, int most) {
        return real.sample(queues, most);
    }

    @Override
    public List<QueueView> queues() {
        return real.queues();
    }

    @Override
    public Map<Scope, String> pauses() {
        return real.pauses();
    }

    @Override
    public List<NodeView> nodes() {
        return real.nodes();
    }

    @Override
    public Optional<State> cancel(JobId job, String reason, String by) {
        return real.cancel(job, reason, by);
    }

    @Override
    public Optional<State> requeue(JobId job, String reason, String by) {
        return real.requeue(job, reason, by);
    }

    @Override
    public void pause(Scope scope, String reason, String by) {
        real.pause(scope, reason, by);
    }

    @Override
    public void resume(Scope scope, String by) {
        real.resume(scope, by);
    }

    @Override
    public @Nullable Codec codec() {
        return real.codec();
    }

    @Override
    public String describe() {
        return "flaky " + real.describe();
    }

    @Override
    public void reserveNode() {
        real.reserveNode();
    }

    @Override
    public Connection connection() {
        return real.connection();
    }

    @Override
    public Listening listen(Consumer<Wakeup> listener) {
        return real.listen(listener);
    }

    @Override
    public void close() {
        real.close();
    }
}
