package dev.millrace.store;

import dev.millrace.Codec;
import dev.millrace.NodeView;
import dev.millrace.QueueView;
import java.sql.Connection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An open store: all that the engine asks of it, by duty. */
public interface Storage
        extends Intake,
                Records,
                Observing,
                Steering,
                Bulk,
                Protocol,
                Ownership,
                FleetShares,
                Timetable,
                Catalogue,
                AutoCloseable {

    /** How values become text; null if this store keeps the values themselves. */
    @Nullable
    Codec codec();

    // ---- what a doctor asks for beside observe(), within the bounds of that

    /** As {@link #queues}; where that can't be told within seconds, why not. */
    default Look<List<QueueView>> seeQueues() {
        return Look.seen(queues());
    }

    /** As {@link #nodes}; where that can't be told within seconds, why not. */
    default Look<List<NodeView>> seeNodes() {
        return Look.seen(nodes());
    }

    /** As {@link #schedules}; where that can't be told within seconds, why not. */
    default Look<List<Kept>> seeSchedules() {
        return Look.seen(schedules());
    }

    /** As {@link #unfinished}; where that can't be told within seconds, why not. */
    default Look<List<KeptChange>> seeUnfinished(int limit) {
        return Look.seen(unfinished(limit));
    }

    /** A short name for people: {@code memory}, or the database's address without credentials. */
    String describe();

    /**
     * Checks that there are enough connections for a node, and keeps them.
     *
     * @throws dev.millrace.MillraceException if not; the message says how many it needs and what for
     */
    void reserveNode();

    /** A connection for the transaction of a handler; closing it gives it back. */
    Connection connection();

    /**
     * Hears of new work and of operators' words, sooner than a poll would. Hints only: they may come twice, late, or never. The
     * listener must not block.
     *
     * @return closing it ends the hearing
     */
    Listening listen(Consumer<Wakeup> listener);

    /** An ongoing {@link #listen}. */
    interface Listening extends AutoCloseable {
        @Override
        void close();
    }

    /** A hint. */
    sealed interface Wakeup {
        /** A queue has new work. */
        record Work(String queue) implements Wakeup {}

        /** A queue has streams that it had not: a list of its streams is out of date. */
        record Streams(String queue) implements Wakeup {}

        /** Somebody cancelled, paused or resumed something. */
        record Command() implements Wakeup {}
    }

    @Override
    void close();
}
