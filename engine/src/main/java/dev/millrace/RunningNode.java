package dev.millrace;

import dev.millrace.node.Hosted;
import dev.millrace.store.NodeId;
import dev.millrace.store.Payload;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A node of this process, as its starter sees it. */
final class RunningNode implements Node {

    private final String name;
    private final Hosted node;
    private final List<Decoder> decoders;
    private final Consumer<RunningNode> whenClosed;
    private final Consumer<NodeId> takeOver;

    /** @param takeOver has what an abandoned node held taken over, by its id */
    RunningNode(
            String name,
            Hosted node,
            List<Decoder> decoders,
            Consumer<RunningNode> whenClosed,
            Consumer<NodeId> takeOver) {
        this.name = name;
        this.node = node;
        this.decoders = decoders;
        this.whenClosed = whenClosed;
        this.takeOver = takeOver;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Status status() {
        var now = node.status();
        @Nullable NodeId id = now.id();
        var counters = now.counters();
        return new Status(
                id == null ? null : id.value(),
                name,
                now.trusted(),
                now.slots(),
                now.running(),
                now.buffered() + now.inLine(),
                now.awaitingFlush(),
                now.stuckThreads(),
                now.oldestRunning(),
                now.sinceBeat(),
                new Counts(
                        counters.claimed(),
                        counters.started(),
                        counters.completed(),
                        counters.failed(),
                        counters.rescued(),
                        counters.deposed(),
                        counters.refusedWrites(),
                        counters.lostOutcomes(),
                        counters.eventsDropped(),
                        counters.notesDropped(),
                        counters.loopFailures()));
    }

    /** Refuses a payload that this node could not read. */
    void refuse(KindName kind, Payload payload) {
        for (var decoder : decoders) decoder.refuse(kind, payload);
    }

    /** Another node of this process has ended for certain: this one takes over what it held. */
    void deposeAtOnce(NodeId dead) {
        node.deposeAtOnce(dead);
    }

    @Override
    public void atMost(int slots) {
        int most = node.status().slots();
        if (slots < 0 || slots > most)
            throw new MillraceException(
                    "Node %s can't run at most %,d attempts at once: it was started with %,d slots. Say 0 to that."
                            .formatted(name, slots, most));
        node.atMost(slots);
    }

    @Override
    public void abandon() {
        @Nullable NodeId last;
        try {
            last = node.abandon();
        } finally {
            whenClosed.accept(this);
        }
        if (last != null) takeOver.accept(last);
    }

    @Override
    public boolean drain(Duration patience) {
        Bounds.timeout(patience);
        try {
            return node.drain(patience);
        } finally {
            whenClosed.accept(this);
        }
    }

    @Override
    public void close() {
        try {
            node.close();
        } finally {
            whenClosed.accept(this);
        }
    }
}
