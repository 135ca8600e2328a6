package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Accepted;
import dev.millrace.store.NewJob;
import dev.millrace.store.Storage;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** What a test starts from: the store, and a queue and a kind that no other test uses. */
final class Given implements AutoCloseable {

    /** A delay that {@link #letSoonPass} outlasts. */
    static final Duration SOON = Duration.ofMillis(40);

    /** A delay that no test outlasts. */
    static final Duration LATER = Duration.ofHours(1);

    /** Ids of version 7, one per millisecond from now on: in the order in which they were made. */
    private static final AtomicLong MILLIS = new AtomicLong(System.currentTimeMillis());

    private static final AtomicLong TESTS = new AtomicLong(MILLIS.get());

    final StoreContract contract;
    final Storage store;
    final Recorder recorder;
    final String queue;
    final String kind;
    private final List<TestNode> nodes = new ArrayList<>();

    Given(StoreContract contract) {
        this.contract = contract;
        this.store = contract.storage();
        this.recorder = new Recorder(store);
        long test = TESTS.incrementAndGet();
        this.queue = "queue-" + test;
        this.kind = "kind-" + test;
    }

    static JobId newId() {
        return new JobId(new UUID(
                (MILLIS.incrementAndGet() << 16) | 0x7000, UUID.randomUUID().getLeastSignificantBits()));
    }

    // ---- jobs

    /** The plainest job. All jobs of a test that say nothing else go to one shard, so that their order is known. */
    JobId job() {
        return job(draft -> draft);
    }

    JobId job(UnaryOperator<Draft> as) {
        return accepted(as).job();
    }

    Accepted accepted(UnaryOperator<Draft> as) {
        var accepted = store.enqueue(newJob(as));
        recorder.watch(accepted.job());
        return accepted;
    }

    NewJob newJob(UnaryOperator<Draft> as) {
        return as.apply(new Draft(queue, kind)).job(newId());
    }

    List<JobId> jobs(int count) {
        return jobs(count, draft -> draft);
    }

    List<JobId> jobs(int count, UnaryOperator<Draft> as) {
        return IntStream.range(0, count).mapToObj(i -> job(as)).toList();
    }

    /** Many at once, by one call. */
    List<JobId> bulk(int count, UnaryOperator<Draft> as) {
        var all = IntStream.range(0, count).mapToObj(i -> newJob(as)).toList();
        store.enqueueAll(all.iterator());
        return all.stream().map(NewJob::id).toList();
    }

    JobView view(JobId job) {
        return store.find(job).orElseThrow(() -> new AssertionError("The store does not know job " + job + "."));
    }

    // ---- others

    TestNode node() {
        return nodeOf(queue);
    }

    /** A node that serves this queue. */
    TestNode nodeOf(String queue) {
        var node = new TestNode(this, queue);
        nodes.add(node);
        return node;
    }

    /** A node that knows another kind than that of the test's jobs. */
    TestNode nodeThatKnows(String kind) {
        var node = new TestNode(this, queue, kind);
        nodes.add(node);
        return node;
    }

    /** The streams of a queue in the order in which a node claims: by priority, the front first. */
    List<StreamInfo> streams(String ofQueue) {
        return store.streams(List.of(ofQueue)).stream()
                .sorted(Comparator.comparing(StreamInfo::priority).thenComparingInt(StreamInfo::shard))
                .toList();
    }

    Optional<State> cancel(JobId job) {
        var state = store.cancel(job, "not wanted any more", "a test");
        recorder.look();
        return state;
    }

    Optional<State> requeue(JobId job) {
        var state = store.requeue(job, "it is to run again", "a test");
        recorder.look();
        return state;
    }

    void letSoonPass() {
        contract.letPass(SOON);
    }

    @Override
    public void close() {
        nodes.forEach(TestNode::leaveIfAlive);
    }
}
