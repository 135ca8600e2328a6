package dev.millrace.node;

import dev.millrace.world.World;
import java.time.Duration;

/**
 * Ends a closing node in order. The claimer has stopped, and what never started is on its way back; here the running handlers get
 * their grace, then the interrupt and a moment for last words; then everything is flushed, and the node leaves. It never hangs: what
 * can't be said in time is left to the others, who rescue it.
 */
final class Closer implements Loop {

    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMillis(10);

    /** How long a flush that does not come through is waited for. */
    private static final Duration FLUSH = Duration.ofSeconds(10);

    private final Incarnation node;
    private final World world;

    private enum Phase {
        GRACE,
        INTERRUPTED,
        GIVEN_UP
    }

    private Phase phase = Phase.GRACE;
    private long phaseEnd;
    private boolean interrupted;

    Closer(Incarnation node) {
        this.node = node;
        this.world = node.world();
    }

    @Override
    public Duration turn() {
        if (!node.closing() || node.over()) return IDLE;
        boolean ended = running() == 0;
        long now = world.nanoTime();
        switch (phase) {
            case GRACE -> {
                if (!ended && now - node.graceEnd() < 0) return LOOK;
                interrupted = !ended;
                for (var held : node.seated()) {
                    held.tell(HeldDelivery.Stop.SHUTDOWN, now);
                    if (held.is(HeldDelivery.Stage.RUNNING)) held.interrupt();
                }
                next(Phase.INTERRUPTED, NodePlan.Limits.LAST_WORDS);
            }
            case INTERRUPTED -> {
                if (!ended && now - phaseEnd < 0) return LOOK;
                for (var held : node.seated()) held.giveUp();
                node.reportBell().ring();
                next(Phase.GIVEN_UP, FLUSH);
            }
            case GIVEN_UP -> {
                boolean flushed = node.open() == 0
                        && node.finisher().awaiting() == 0
                        && node.reporter().idle();
                if (!flushed && now - phaseEnd < 0) return LOOK;
                leave(flushed && !interrupted);
            }
        }
        return Duration.ZERO;
    }

    private int running() {
        int running = 0;
        for (var held : node.seated()) if (!held.ended()) running++;
        return running;
    }

    private void next(Phase next, Duration length) {
        phase = next;
        phaseEnd = world.nanoTime() + length.toNanos();
    }

    /** Tried once: a node that can't say good-bye is missed after a lease. */
    private void leave(boolean clean) {
        boolean said = false;
        node.leaving();
        try {
            node.storage().leave(node.lease());
            said = true;
        } finally {
            node.left(clean && said);
        }
    }
}
