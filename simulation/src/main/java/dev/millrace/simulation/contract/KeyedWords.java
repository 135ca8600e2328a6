package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.Selection;
import dev.millrace.store.Delivery;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.Ownership.Shard;
import dev.millrace.store.StreamInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Words of the chapters about keyed shards: jobs with a line, the shard that they go to, and who owns it. */
abstract class KeyedWords extends Chapter {

    static final Line ACCOUNT = new Line("account 7", null);
    static final Limited CALLS = new Limited("calls", 2, "shop 1");

    KeyedWords(StoreContract contract) {
        super(contract);
    }

    static Draft inLine(Draft draft) {
        return draft.line(ACCOUNT);
    }

    JobId jobInLine() {
        return given.job(KeyedWords::inLine);
    }

    List<Shard> shards(TestNode by) {
        return given.store.shards(by.lease, List.of(given.queue)).shards();
    }

    /** Those in which something waits. */
    List<Shard> filled(TestNode by) {
        var all = shards(by);
        var some = given.store.poll(all.stream()
                .flatMap(shard -> Stream.of(shard.stream(), shard.front()))
                .toList());
        return all.stream()
                .filter(shard -> some.contains(shard.stream()) || some.contains(shard.front()))
                .toList();
    }

    Shard onlyFilled(TestNode by) {
        var filled = filled(by);
        assertThat(filled).as("shards in which something waits").hasSize(1);
        return filled.getFirst();
    }

    boolean takesOver(TestNode node, Shard shard) {
        return given.store.takeOver(node.lease, shard.stream());
    }

    /** The node takes over the shard in which something waits. */
    Shard ownedBy(TestNode node) {
        var shard = onlyFilled(node);
        assertThat(takesOver(node, shard)).as("takes over %s", shard).isTrue();
        return shard;
    }

    StreamInfo stream(int id) {
        return given.streams(given.queue).stream()
                .filter(stream -> stream.id() == id)
                .findFirst()
                .orElseThrow(() -> new AssertionError("There is no stream " + id + " of " + given.queue + "."));
    }

    /** All that waits in a shard, its front first. */
    List<Delivery> claims(TestNode node, Shard shard) {
        given.recorder.look();
        var all = new ArrayList<>(node.claim(stream(shard.front()), 100));
        all.addAll(node.claim(stream(shard.stream()), 100));
        return all;
    }

    Delivery claimsOne(TestNode node, Shard shard) {
        var claimed = claims(node, shard);
        assertThat(claimed)
                .as("what node %s could claim of %s", node.id(), shard)
                .hasSize(1);
        return claimed.getFirst();
    }

    UUID changed(Action action, @Nullable UUID undoes, @Nullable State selected, @Nullable Priority priority) {
        return changed(action, undoes, selected, Details.priority(priority));
    }

    UUID changed(Action action, @Nullable UUID undoes, @Nullable State selected, Details details) {
        var id = UUID.randomUUID();
        var selection = selected == null
                ? null
                : new Selection(selected, given.queue, null, null, null, null, null, null, null, null);
        given.store.begin(new Change(id, action, undoes, selection, details, 0, 0, "the wrong shop", "mara"));
        var progress = given.store.goOn(id, 1_000).orElseThrow();
        while (!progress.done()) progress = given.store.goOn(id, 1_000).orElseThrow();
        given.recorder.look();
        return id;
    }
}
