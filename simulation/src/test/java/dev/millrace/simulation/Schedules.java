package dev.millrace.simulation;

import dev.millrace.Priority;
import dev.millrace.simulation.Simulation.Failure;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.store.Bug;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Line;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Moments that a fleet comes to too rarely to wait for them, and what a node would do that had lost its wits. Each says what was broken. */
final class Schedules {

    private static final Line ORDERED = new Line("one after the other", null);

    private Schedules() {}

    /** A schedule: which seed, and what is planted. */
    interface Schedule {
        @Nullable
        Failure play(long seed, Set<Bug> bugs);
    }

    /** A handler's transaction looked at the world before its node was deposed, and ends after that. */
    static @Nullable Failure anOldSnapshotEndsALostDelivery(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("frozen");
            var other = on.join("other");
            var job = on.enqueue();
            var held = on.claim(node).getFirst();
            var tx = on.transaction(Isolation.REPEATABLE_READ);
            tx.effect(job);
            on.depose(other, node);
            on.beside("wakes up", () -> {
                on.steps.complete(tx.connection(), node, Stage.done(held));
                tx.commit();
            });
            on.pass(Duration.ofSeconds(1));
        });
    }

    /** A node that was deposed rescues what another held. */
    static @Nullable Failure theDeposedRescue(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var dead = on.join("dead");
            var frozen = on.join("frozen");
            var other = on.join("other");
            on.enqueue();
            on.claim(dead);
            on.depose(other, dead);
            on.depose(other, frozen);
            on.beside("wakes up", () -> on.steps.rescue(frozen, dead.node(), 10));
            on.pass(Duration.ofSeconds(1));
        });
    }

    /** The beat of a node arrives just before it is deposed for not having beaten. */
    static @Nullable Failure aBeatComesInTime(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var slow = on.join("slow");
            var other = on.join("other");
            var seen = on.peer(other, slow);
            on.steps.beat(slow);
            on.pass(Duration.ofMillis(1));
            on.steps.depose(other, seen);
        });
    }

    /** Two nodes take each other for dead. */
    static @Nullable Failure twoDeposeEachOther(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var one = on.join("one");
            var other = on.join("other");
            on.beside("one", () -> on.depose(one, other));
            on.beside("other", () -> on.depose(other, one));
            on.pass(Duration.ofMinutes(1));
        });
    }

    /** A flush that nobody waited for any more is carried out beside its repetition. */
    static @Nullable Failure aFlushMeetsItsRepetition(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            for (int i = 0; i < 6; i++) on.enqueue();
            var ended = on.claim(node).stream().map(Stage::done).toList();
            on.beside("a flush", () -> on.steps.flush(node, ended));
            on.beside("its repetition", () -> on.steps.flush(node, ended));
            on.pass(Duration.ofMinutes(1));
        });
    }

    /** A flush is repeated: all of it, and then one of it alone. */
    static @Nullable Failure aFlushIsRepeatedInPieces(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            for (int i = 0; i < 12; i++) on.enqueue();
            var ended = on.claim(node).stream().map(Stage::done).toList();
            on.steps.flush(node, ended);
            on.steps.flush(node, ended);
            for (var one : ended) on.steps.flush(node, List.of(one));
            on.steps.flush(node, ended);
        });
    }

    /** A handler wrote its ending into a transaction of its own, which is still open when its node flushes. */
    static @Nullable Failure aHandlersOwnEndingIsFlushed(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            for (int i = 0; i < 12; i++) on.enqueue();
            var ended = on.claim(node).stream()
                    .map(held -> new Ended(held, new Ending.Done(null), null, Duration.ZERO, true))
                    .toList();
            var tx = on.transaction(Isolation.READ_COMMITTED);
            on.steps.complete(tx.connection(), node, ended.getFirst());
            on.beside("flushes", () -> on.steps.flush(node, ended));
            on.pass(Duration.ofMillis(1));
            tx.commit();
            on.pass(Duration.ofSeconds(5));
        });
    }

    /** Jobs are cancelled while the node that holds them flushes them. */
    static @Nullable Failure aCancelMeetsAFlush(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            for (int i = 0; i < 12; i++) on.enqueue();
            var held = on.claim(node);
            on.beside(
                    "flushes",
                    () -> on.steps.flush(node, held.stream().map(Stage::done).toList()));
            for (var one : held) on.beside("cancels", () -> on.cancel(one.job()));
            on.pass(Duration.ofMinutes(1));
        });
    }

    /** Jobs are cancelled while a node claims and flushes them. */
    static @Nullable Failure aCancelMeetsAClaim(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            on.beside("claims", () -> {
                var streams = on.steps.streams(List.of(Stage.QUEUE)).stream()
                        .filter(stream -> stream.priority() == Priority.NORMAL && !stream.front())
                        .toList();
                for (int turn = 0; turn < 400; turn++)
                    for (var stream : streams) {
                        var held = on.claim(node, stream);
                        if (!held.isEmpty())
                            on.steps.flush(node, held.stream().map(Stage::done).toList());
                    }
            });
            for (int i = 0; i < 100; i++) {
                on.beside("sends", () -> {
                    for (int more = 0; more < 6; more++) {
                        var job = on.enqueue();
                        on.beside("cancels", () -> on.cancel(job));
                    }
                });
                on.pass(Duration.ofMillis(5));
            }
            on.pass(Duration.ofMinutes(1));
        });
    }

    /** A claim from a keyed shard arrives when its node has given the shard up, and another one has taken it over. */
    static @Nullable Failure aClaimComesAfterItsShardWasGivenUp(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var one = on.join("one");
            var other = on.join("other");
            for (int i = 0; i < 2; i++) on.enqueue(ORDERED);
            var shard = on.keyed();
            on.steps.takeOver(one, shard.id());
            on.steps.giveUp(one, shard.id());
            on.steps.takeOver(other, shard.id());
            on.beside("claims late", () -> on.claim(one, shard, 1));
            on.pass(Duration.ofSeconds(1));
            on.start(other, on.claim(other, shard).getFirst());
        });
    }

    /** A node gives a keyed shard up while a job of it runs, and another one takes it over. */
    static @Nullable Failure aShardIsGivenUpWhileItsJobRuns(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var one = on.join("one");
            var other = on.join("other");
            for (int i = 0; i < 2; i++) on.enqueue(ORDERED);
            var shard = on.keyed();
            on.steps.takeOver(one, shard.id());
            on.start(one, on.claim(one, shard, 1).getFirst());
            on.steps.giveUp(one, shard.id());
            if (on.steps.takeOver(other, shard.id()))
                on.start(other, on.claim(other, shard, 1).getFirst());
        });
    }

    /** A step that fires arrives when its schedule has been removed and made anew, and its node has the new one as well. */
    static @Nullable Failure aSlotIsFiredAfterItsScheduleWasMadeAnew(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("one");
            on.set("before");
            var believed = on.standing(node);
            on.remove();
            on.set("after");
            on.standing(node);
            on.beside("fires late", () -> on.fire(node, believed));
            on.pass(Duration.ofSeconds(1));
            on.fire(node, on.standing(node));
        });
    }

    /** A node ends what another one has claimed. */
    static @Nullable Failure anothersDeliveryIsEnded(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs, false);
        return on.played(() -> {
            var one = on.join("one");
            var other = on.join("other");
            on.enqueue();
            var others = on.claim(other).stream().map(Stage::done).toList();
            on.beside("flushes", () -> on.steps.flush(one, others));
            on.pass(Duration.ofSeconds(1));
        });
    }

    /** A delivery is held while its partition grows old. */
    static @Nullable Failure aDeliveryOutlivesRetention(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("patient");
            on.enqueue();
            var held = on.claim(node).getFirst();
            for (int second = 0; second < 40; second++) {
                on.pass(Duration.ofSeconds(1));
                on.steps.keep(node);
            }
            on.steps.flush(node, List.of(Stage.done(held)));
        });
    }

    /** Jobs are claimed at the moment at which partitions are switched, held for long, and ended. */
    static @Nullable Failure aClaimReachesIntoTheNextPartition(long seed, Set<Bug> bugs) {
        var on = new Stage(seed, bugs);
        return on.played(() -> {
            var node = on.join("patient");
            var held = new ArrayList<Delivery>();
            for (int second = 0; second < 40; second++) {
                on.beside("keeps", () -> on.steps.keep(node));
                for (int i = 0; i < 8; i++) {
                    on.beside("sends", on::enqueue);
                    on.beside("claims", () -> held.addAll(on.claim(node)));
                }
                on.pass(Duration.ofSeconds(1));
                var old = held.stream().filter(one -> one.place().part() == 1).toList();
                held.removeAll(old); // so that their partition settles
                on.steps.flush(node, old.stream().map(Stage::done).toList());
            }
            on.steps.flush(node, held.stream().map(Stage::done).toList());
        });
    }
}
