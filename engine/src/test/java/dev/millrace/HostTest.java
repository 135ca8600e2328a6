package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.node.Host;
import dev.millrace.node.Hosted;
import dev.millrace.node.NodePlan;
import dev.millrace.node.NodeShell;
import dev.millrace.node.NodeStatus;
import dev.millrace.store.NodeId;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A world that hosts its nodes. */
class HostTest {

    @Kind("ping")
    record Ping() implements Job<String> {}

    /** Turns nothing; time passes in steps of a second. */
    private static final class Inn extends StillWorld implements Host {
        final List<String> guests = new ArrayList<>();
        final List<String> said = new ArrayList<>();
        Runnable eachSecond = () -> {};

        @Override
        public Hosted start(Storage storage, NodePlan plan, Set<NodeId> dead) {
            guests.add(plan.name() + " runs " + plan.kinds().keySet() + " after " + dead);
            var never = new NodeShell(storage, this, plan).status();
            return new Hosted() {
                @Override
                public NodeStatus status() {
                    return never;
                }

                @Override
                public void atMost(int slots) {
                    said.add("at most " + slots);
                }

                @Override
                public void deposeAtOnce(NodeId dead) {
                    said.add("depose " + dead);
                }

                @Override
                public @Nullable NodeId abandon() {
                    said.add("abandon");
                    return null;
                }

                @Override
                public boolean drain(Duration atMost) {
                    said.add("drain " + atMost);
                    return true;
                }

                @Override
                public void close() {
                    said.add("close");
                }
            };
        }

        @Override
        public void pass(Duration atMost, BooleanSupplier end) {
            for (long i = 0; i < atMost.toSeconds() && !end.getAsBoolean(); i++) {
                advance(ofSeconds(1));
                eachSecond.run();
            }
        }
    }

    private final Inn inn = new Inn();

    @Test
    void it_is_given_each_node_with_what_it_runs() {
        var dead = new UUID(0, 1);
        try (var millrace = Millrace.on(new MemoryStore(), inn)) {
            var node = millrace.node()
                    .name("one")
                    .handle(Ping.class, job -> "pong")
                    .takeOver(dead)
                    .start();

            assertThat(inn.guests).containsExactly("one runs [ping] after [" + new NodeId(dead) + "]");
            assertThat(node.status().slots()).isEqualTo(100);
            assertThat(node.drain(ofSeconds(1))).isTrue();
        }
        assertThat(inn.said).containsExactly("drain PT1S");
    }

    @Test
    void a_node_that_is_still_up_is_closed_with_its_millrace() {
        try (var millrace = Millrace.on(new MemoryStore(), inn)) {
            millrace.node().handle(Ping.class, job -> "pong").start();
        }

        assertThat(inn.said).containsExactly("close");
    }

    @Test
    void who_waits_lets_its_time_pass_until_the_job_has_ended() {
        try (var millrace = Millrace.on(new MemoryStore(), inn)) {
            var start = inn.now();
            var ping = millrace.enqueue(new Ping());

            assertThatThrownBy(() -> ping.get(ofSeconds(10))).isInstanceOf(NotEnded.class);
            assertThat(inn.now()).isEqualTo(start.plusSeconds(10));

            inn.eachSecond = () -> {
                if (inn.now().isAfter(start.plusSeconds(60))) ping.cancel("enough");
            };
            assertThat(ping.await(ofDays(1))).isEqualTo(new Result.Cancelled<>("enough"));
            assertThat(inn.now()).isEqualTo(start.plusSeconds(61));
        }
    }
}
