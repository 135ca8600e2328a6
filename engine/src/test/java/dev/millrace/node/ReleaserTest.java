package dev.millrace.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.ClaimToken;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ended;
import dev.millrace.store.Ending;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeCard;
import dev.millrace.store.NodeId;
import dev.millrace.store.StoreException;
import dev.millrace.store.StreamInfo;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReleaserTest {

    private final OneNode node = new OneNode();
    private final Lease older = node.store.join(
            new NodeCard(new NodeId(new UUID(3, 3)), "older", "there", 1, "test", 4, List.of("default"), List.of()));
    private long claims;

    @Test
    void what_another_node_parks_again_and_again_is_released_ever_more_seldom() {
        node.settle();
        node.wire.isDown("take", new StoreException.Unavailable("the other one is always faster"));
        node.send();
        int parked = 0;
        var streams = node.store.streams(List.of("default")).stream()
                .map(StreamInfo::id)
                .toList();
        for (int look = 0; look < 6_000; look++) {
            boolean released = !node.store.poll(streams).isEmpty();
            node.pass(Duration.ofMillis(50)); // long enough for another look of the releaser
            if (released) parked += otherParks();
            node.store.beat(older);
        }

        assertThat(parked).as("in five minutes").isBetween(10, 30);

        node.wire.isUp("take");
        node.pass(Duration.ofSeconds(60));
        assertThat(node.handlers).as("in the end it runs here").hasSize(1);
    }

    @Test
    void what_runs_once_it_was_released_is_released_at_once() {
        node.settle();
        node.wire.isDown("take", new StoreException.Unavailable("not yet"));
        var jobs = node.send(20);
        assertThat(otherParks()).isEqualTo(20);
        node.wire.isUp("take");

        for (int tenths = 0; tenths < 100; tenths++) {
            node.pass(Duration.ofMillis(100));
            node.store.beat(older);
            for (var job : jobs) if (node.runs(job)) node.done(job);
        }

        assertThat(node.handlers).hasSize(20);
    }

    @Test
    void what_is_on_its_way_back_is_waited_for_and_not_called_in_vain() {
        node.settle();
        node.wire.isDown("take", new StoreException.Unavailable("slow"));
        var jobs = node.send(20);
        otherParks();
        for (int looks = 0; looks < 1_000 && !somethingIsBack(); looks++) node.pass(Duration.ofMillis(5));
        long released = node.wire.asked("release");

        node.pass(Duration.ofMillis(300));
        assertThat(node.wire.asked("release")).as("before it could start").isEqualTo(released);

        node.wire.isUp("take");
        for (int looks = 0; looks < 30 && node.handlers.size() < 20; looks++) {
            node.pass(Duration.ofMillis(100));
            for (var job : jobs) if (node.runs(job)) node.done(job);
        }
        assertThat(node.handlers).as("within some seconds").hasSize(20);
    }

    private boolean somethingIsBack() {
        var streams = node.store.streams(List.of("default")).stream()
                .map(StreamInfo::id)
                .toList();
        return !node.store.poll(streams).isEmpty();
    }

    private int otherParks() {
        int parked = 0;
        for (var stream : node.store.streams(List.of("default"))) {
            var claim = node.store.take(older, stream.id(), 100, ++claims, new ClaimToken(new UUID(4, claims)));
            if (claim.places().isEmpty()) continue;
            var parkings = node.store.read(claim.token(), claim.places(), Long.MAX_VALUE).stream()
                    .map(ReleaserTest::parked)
                    .toList();
            parked += node.store.flush(older, parkings).size();
        }
        return parked;
    }

    private static Ended parked(Delivery delivery) {
        return new Ended(
                delivery, new Ending.Parked(Ending.Parking.UNKNOWN_KIND, "an older build"), null, Duration.ZERO);
    }
}
