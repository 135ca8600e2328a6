package dev.millrace.simulation.sketch;

import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.sketch.KeyedShardSketch.Delivery;
import dev.millrace.simulation.sketch.KeyedShardSketch.Job;
import dev.millrace.simulation.sketch.KeyedShardSketch.Mistake;
import dev.millrace.simulation.sketch.KeyedShardSketch.NotOwner;
import dev.millrace.simulation.sketch.KeyedShardSketch.Place;
import dev.millrace.simulation.sketch.KeyedShardSketch.Word;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A node that would own the shard of a {@link KeyedShardSketch}: what it keeps in its memory while it does. It dies, stands still, gives the shard
 * up, and is followed by another, which reads from the tables what it must know.
 *
 * <p>A model, not production code: a node that does not know whether it has claimed ends its life, where the engine asks.
 */
final class ShardOwner implements Sketch.Node {

    private final KeyedShardSketch shard;
    private final int self;
    private boolean owns;

    /** What it holds of each key, in the order in which the jobs came into the log. */
    private final Map<Integer, TreeMap<Place, Delivery>> lines = new TreeMap<>();

    /** By key, the job that waits for its next attempt. */
    private final Map<Integer, Job> waiting = new TreeMap<>();

    ShardOwner(KeyedShardSketch shard, int self) {
        this.shard = shard;
        this.self = self;
    }

    @Override
    public Duration turn() {
        try {
            boolean owned = owns;
            if (!owned && !takeOver()) return shard.millis(2_000);
            claim(KeyedShardSketch.FRONT);
            if (!owned) shard.timeline.pause(shard.millis(2_000)); // payloads are read
            if (!owned && shard.planted(Mistake.TIMERS_LOADED_LAST)) load();
            if (shard.random.nextBoolean()) claim(KeyedShardSketch.STREAM); // else it has no room
            ask();
            if (calm() || shard.random.nextInt(8) > 0) return shard.millis(run() ? 20 : 1_000);
            handBack();
            return shard.millis(2_000); // so that it can be given up
        } catch (NotOwner lost) {
            owns = false;
        } catch (Sketch.AnswerLost unknown) {
            throw new Sketch.Died();
        }
        return Duration.ZERO;
    }

    /** For a while the shard is given up again and again. Later who owns it keeps it, and what it has not heard it never hears. */
    private boolean calm() {
        return shard.timeline.now() > Duration.ofSeconds(30).toNanos();
    }

    /** Another loop of the node, which does not ask what the first is about to do. */
    void upkeep() {
        try {
            while (!shard.dead(self)) {
                shard.timeline.pause(shard.millis(1_000));
                shard.answered(tx -> shard.promote(tx, self));
                if (!calm() && shard.random.nextBoolean()) shard.answered(tx -> shard.giveUp(tx, self));
            }
        } catch (Sketch.Fenced over) {
            return;
        }
    }

    // ---- what it learns

    /** What waits is looked at before the front is claimed: it moves from there to here, and is seen twice, not never. */
    private boolean takeOver() {
        if (!shard.answered(tx -> shard.free(tx, self)) || !shard.answered(tx -> shard.own(tx, self))) return false;
        lines.clear();
        waiting.clear();
        if (!shard.planted(Mistake.TIMERS_NOT_LOADED) && !shard.planted(Mistake.TIMERS_LOADED_LAST)) load();
        owns = true;
        return true;
    }

    private void load() {
        for (var job : shard.answered(shard::waiting)) waiting.put(job.key(), job);
    }

    /** All there is, before anything of it starts. */
    private void claim(int stream) {
        while (true) {
            try {
                shard.step(tx -> claim(tx, stream)).forEach(this::add);
                return;
            } catch (Refusal blocked) {
                shard.timeline.pause(shard.millis(100));
            }
        }
    }

    private Map<Place, Delivery> claim(Transaction tx, int stream) {
        var places = new TreeMap<Place, Delivery>();
        var taken = shard.take(tx, self, stream);
        tx.statement();
        for (var row : taken) places.put(shard.firstPlace(tx, row), row);
        return places;
    }

    private void add(Place first, Delivery row) {
        lines.computeIfAbsent(row.job().key(), key -> new TreeMap<>()).put(first, row);
        waiting.remove(row.job().key(), row.job());
    }

    /** A cancel of what waits tells nobody. */
    private void ask() {
        if (!waiting.isEmpty() && !shard.planted(Mistake.CANCEL_NOT_HEARD))
            waiting.values().removeIf(shard.answered(shard::ended)::contains);
    }

    // ---- what it does

    /** The first of each key that nothing blocks; the next one when the flush is answered. */
    private boolean run() {
        int most = shard.planted(Mistake.NEXT_BEFORE_THE_FLUSH) ? 2 : 1;
        var entries = new ArrayList<Delivery>();
        lines.forEach((key, line) -> {
            if (!waiting.containsKey(key) || shard.planted(Mistake.RETRY_DOES_NOT_BLOCK))
                line.values().stream().limit(most).forEach(entries::add);
        });
        if (entries.isEmpty()) return false;
        for (var delivery : entries) shard.starts(self, delivery.job());
        shard.timeline.pause(shard.millis(30));
        for (var delivery : entries) shard.stops(self, delivery.job());
        end(entries, () -> shard.random.nextInt(3) == 0 ? Word.RETRY : Word.DONE);
        return true;
    }

    /** All of it: nothing has started. */
    private void handBack() {
        var entries = new ArrayList<Delivery>();
        for (var line : lines.values()) entries.addAll(line.values());
        end(entries, () -> Word.HANDED_BACK);
    }

    private void end(List<Delivery> deliveries, Supplier<Word> word) {
        var words = new TreeMap<Delivery, Word>(
                Comparator.comparingLong(delivery -> delivery.place().seq()));
        for (var delivery : deliveries) words.put(delivery, word.get());
        shard.answered(tx -> shard.flush(tx, self, words)).forEach(this::ended);
    }

    private void ended(Delivery delivery, Word word) {
        int key = delivery.job().key();
        var line = Objects.requireNonNull(lines.get(key));
        line.values().remove(delivery);
        if (line.isEmpty()) lines.remove(key);
        if (word == Word.RETRY) waiting.put(key, delivery.job());
    }
}
