package dev.millrace.simulation.fleet;

import dev.millrace.LogLevel;
import dev.millrace.node.Attempts;
import dev.millrace.node.Held;
import dev.millrace.simulation.store.HandlerTransaction;
import dev.millrace.simulation.time.Strand;
import dev.millrace.store.Delivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A handler under way: a strand that rests as its script says, hears interrupts if it obeys them, and dies with its process. */
final class Played implements Attempts.Running {

    /** How soon a server notices that a process is gone whose connections were closed for it. */
    private static final Duration NOTICED = Duration.ofMillis(200);

    private final SimulatedNode node;
    private final Delivery delivery;
    private final Runnable attempt;
    private final Script script;
    private final List<HandlerTransaction> transactions = new ArrayList<>();
    private @Nullable Strand strand;
    private boolean resting;
    private boolean interrupted;

    Played(SimulatedNode node, Delivery delivery, Runnable attempt) {
        this.node = node;
        this.delivery = delivery;
        this.attempt = attempt;
        this.script = node.fleet().scriptOf(delivery.job());
    }

    Delivery delivery() {
        return delivery;
    }

    Script script() {
        return script;
    }

    void begin(Consumer<Runnable> soon) {
        soon.accept(() -> node.fleet().timeline().start(node.name() + " runs " + delivery.job(), this::play));
    }

    private void play() {
        strand = node.fleet().timeline().current();
        try {
            attempt.run();
        } finally {
            node.handlerEnded(this);
        }
    }

    @Override
    public void interrupt() {
        interrupted = true;
        var own = strand;
        if (resting && script.obeys() && own != null) own.wake();
    }

    /** What its script says that it does, up to its end; or to its node's. */
    void work(Held held) throws InterruptedException {
        if (script.poison()) {
            rest(Duration.ofNanos(
                    node.world().random().nextLong(Math.max(1, script.length().toNanos()))));
            node.poisonedBy(delivery);
            node.awake();
        }
        rest(hangs() && !delivery.kind().equals("exact") ? Duration.ofSeconds(40) : script.length());
        held.log(LogLevel.INFO, "attempt " + delivery.attempt());
        held.progress(1, 1);
    }

    /** Whether this attempt does not come to its end by itself. */
    boolean hangs() {
        return script.hangs(delivery);
    }

    void rest(Duration time) throws InterruptedException {
        var timeline = node.fleet().timeline();
        long end = timeline.now() + time.toNanos();
        while (timeline.now() < end) {
            if (interrupted && script.obeys()) throw new InterruptedException("by its node");
            resting = true;
            timeline.pause(Duration.ofNanos(end - timeline.now()));
            resting = false;
            node.awake();
        }
        if (interrupted && script.obeys()) throw new InterruptedException("by its node");
    }

    void opened(HandlerTransaction transaction) {
        transactions.add(transaction);
    }

    /** The server closes what the process had open, a moment later. */
    void processDied() {
        var timeline = node.fleet().timeline();
        for (var transaction : transactions) if (!transaction.over()) timeline.in(NOTICED, transaction::abandon);
    }
}
