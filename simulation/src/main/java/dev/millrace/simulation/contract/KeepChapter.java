package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.store.Delivery;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Housekeeping goes on beside everything else, and nothing that is still needed goes with it. */
abstract class KeepChapter extends Chapter {

    KeepChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void keeping_leaves_every_job_as_it_is() {
        var node = given.node();
        var jobs = new ArrayList<JobId>();
        for (var stage : Stage.values()) jobs.add(stage.job(given, node));
        var before = jobs.stream().map(given.store::history).toList();

        for (int turn = 0; turn < 5; turn++) given.store.keep(node.lease);

        assertThat(jobs.stream().map(given.store::history).toList()).isEqualTo(before);
        assertThat(node.claimAll()).hasSize(1);
        assertThat(node.releases(10)).isEqualTo(1);
    }

    @Test
    void two_may_keep_at_once_while_others_work() {
        var racers = new ArrayList<Callable<Integer>>();
        for (int i = 0; i < 2; i++) {
            var node = given.node();
            racers.add(() -> {
                for (int turn = 0; turn < 5; turn++) given.store.keep(node.lease);
                return 0;
            });
        }
        var worker = given.node();
        racers.add(() -> {
            int ended = 0;
            for (int turn = 0; turn < 10; turn++) {
                given.bulk(20, as -> as.spread(null));
                var claimed = worker.claimAll();
                worker.endsAll(claimed, Ends.done());
                ended += claimed.size();
            }
            return ended;
        });

        int ended = Races.run(racers).getLast();

        assertThat(ended
                        + given.node().claimAll().stream()
                                .map(Delivery::job)
                                .distinct()
                                .count())
                .isEqualTo(200);
    }

    @Test
    void a_void_token_stays_void_while_its_node_lives() {
        given.jobs(2);
        var node = given.node();
        var stream = given.streams(given.queue).stream()
                .filter(one -> !given.store.poll(List.of(one.id())).isEmpty())
                .findFirst()
                .orElseThrow();
        var token = TestNode.token();
        given.store.resolve(node.lease, stream.id(), 1, token);

        given.store.keep(node.lease);

        assertThatThrownBy(() -> node.take(stream, 2, token)).isInstanceOf(MillraceException.class);
    }
}
