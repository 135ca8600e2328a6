package dev.millrace.test;

import dev.millrace.MillraceException;
import dev.millrace.node.Hosted;
import dev.millrace.node.NodePlan;
import dev.millrace.node.NodeStatus;
import dev.millrace.store.NodeId;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A node of the test: one process after the other. When one dies, another is started after a moment, as whoever watches over the
 * processes of a real fleet would do.
 */
final class TestNode implements Hosted {

    /** How long it takes until a process that died is replaced. */
    private static final Duration RESTART = Duration.ofSeconds(1);

    /** On top of what a closing node is given to end in order. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(15);

    private static final NodeStatus.Counters NOTHING_YET = new NodeStatus.Counters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private final Stage stage;
    private final NodePlan plan;
    private final Set<NodeId> dead;
    private @Nullable TestProcess process;
    private int most;
    private boolean closing;
    private boolean gone;
    private boolean clean;

    TestNode(Stage stage, NodePlan plan, Set<NodeId> dead) {
        this.stage = stage;
        this.plan = plan;
        this.dead = dead;
        this.most = plan.limits().slots();
    }

    void boot() {
        if (closing) return;
        var begun = new TestProcess(stage, this, plan, stage.nextPid());
        process = begun;
        begun.incarnation().atMost(most);
        begun.begin(dead);
    }

    NodePlan plan() {
        return plan;
    }

    /** Its process that is alive; null between two of them. */
    @Nullable
    TestProcess process() {
        return process;
    }

    /** Whether it has none now, and will have one. */
    boolean restarts() {
        return process == null && !gone;
    }

    // ---- the end of a process

    void died() {
        process = null;
        if (closing) leftFor(false);
        else stage.timeline().in(RESTART.toNanos(), this::boot);
    }

    /** Its incarnation is over: it has left as it was told to, or others took it for dead. */
    void left() {
        var last = process;
        process = null;
        if (closing) leftFor(last != null && last.incarnation().leftClean());
        else stage.timeline().in(RESTART.toNanos(), this::boot);
    }

    private void leftFor(boolean good) {
        clean = good;
        gone = true;
        stage.left(this);
    }

    // ---- for who started it

    @Override
    public NodeStatus status() {
        var living = process;
        if (living != null) return living.incarnation().status(0);
        return new NodeStatus(null, null, false, plan.limits().slots(), 0, 0, 0, 0, 0, null, null, NOTHING_YET);
    }

    @Override
    public void atMost(int slots) {
        most = slots;
        var living = process;
        if (living != null) living.incarnation().atMost(slots);
    }

    @Override
    public void deposeAtOnce(NodeId other) {
        var living = process;
        if (living != null) living.incarnation().deposeAtOnce(other);
    }

    @Override
    public @Nullable NodeId abandon() {
        if (closing || gone || stage.closed()) return null;
        closing = true;
        var living = process;
        if (living == null) {
            leftFor(false);
            return null;
        }
        living.incarnation().end("abandoned");
        stage.pass(LAST_WORDS, () -> gone);
        return living.incarnation().lease().node();
    }

    @Override
    public boolean drain(Duration atMost) {
        if (gone || stage.closed()) return clean;
        if (stage.inHandler())
            throw new MillraceException(
                    "A handler can't close the node on which it runs: each would wait for the other. Close it from the test.");
        if (!closing) {
            closing = true;
            var living = process;
            if (living == null) leftFor(true);
            else living.incarnation().close(atMost);
        }
        stage.pass(atMost.plus(LAST_WORDS), () -> gone);
        return clean;
    }

    @Override
    public void close() {
        drain(plan.limits().grace());
    }
}
