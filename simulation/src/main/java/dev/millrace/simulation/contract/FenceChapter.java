package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.LogLevel;
import dev.millrace.NodeView;
import dev.millrace.store.Catalogue;
import dev.millrace.store.Control;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Epoch;
import dev.millrace.store.FleetShares;
import dev.millrace.store.Lease;
import dev.millrace.store.NodeId;
import dev.millrace.store.Note;
import dev.millrace.store.Ownership;
import dev.millrace.store.Payload;
import dev.millrace.store.Protocol;
import dev.millrace.store.StoreException.Fenced;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.Timetable;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A node that was deposed changes nothing any more, not one row, by no step. */
abstract class FenceChapter extends Chapter {

    FenceChapter(StoreContract contract) {
        super(contract);
    }

    /** Everything that a step of the deposed node could get hold of. */
    record Scene(Given given, TestNode deposed, TestNode alive, Delivery held, StreamInfo stream, List<JobId> jobs) {

        Lease lease() {
            return deposed.lease;
        }

        /** All that can be seen of the jobs. */
        List<JobHistory> picture() {
            return jobs.stream()
                    .map(job -> given.store.history(job).orElseThrow())
                    .toList();
        }
    }

    record Step(String name, Consumer<Scene> act) {

        void by(Scene scene) {
            act.accept(scene);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Step> steps() {
        return List.of(
                new Step("beat", on -> on.given.store.beat(on.lease())),
                new Step(
                        "beat",
                        on -> on.given.store.beat(
                                on.lease(), new NodeView.Stuck(1, on.held.job(), Duration.ofMinutes(1)))),
                new Step("leave", on -> on.given.store.leave(on.lease())),
                new Step("census", on -> on.given.store.census(on.lease())),
                new Step(
                        "witness",
                        on -> on.given.store.witness(on.lease(), on.alive.peer(on.alive), Duration.ofSeconds(3))),
                new Step("depose", on -> on.given.store.depose(on.lease(), on.alive.peer(on.alive))),
                new Step("rescue", on -> on.given.store.rescue(on.lease(), on.deposed.id(), 10)),
                new Step("take", on -> on.given.store.take(on.lease(), on.stream.id(), 10, 7, TestNode.token())),
                new Step("resolve", on -> on.given.store.resolve(on.lease(), on.stream.id(), 7, TestNode.token())),
                new Step("mark", on -> on.given.store.mark(on.lease(), List.of(on.held.place()))),
                new Step("outlived", on -> on.given.store.outlived(on.lease(), List.of(on.held.place()))),
                new Step("manifest", on -> on.given.store.manifest(on.lease(), 9, 9, List.of())),
                new Step("flush", on -> on.given.store.flush(on.lease(), List.of(TestNode.ended(on.held, done())))),
                new Step("promote", on -> on.given.store.promote(on.lease(), 1_000)),
                new Step("release", on -> on.given.store.release(on.lease(), Map.of(on.given.kind + ":1", 10), 10)),
                new Step(
                        "release",
                        on -> on.given.store.release(
                                on.lease(), Map.of(on.given.kind + ":1", 10), Map.of(on.given.queue, 10), 10)),
                new Step("share", on -> on.given.store.share(on.lease(), 9, List.of())),
                new Step("control", on -> on.given.store.control(on.lease(), Control.START)),
                new Step(
                        "note",
                        on -> on.given.store.note(
                                on.lease(),
                                List.of(
                                        new Note.Line(on.held, TestNode.STARTED, LogLevel.INFO, "from beyond"),
                                        new Note.Progress(on.held, TestNode.STARTED, 1, 2)))),
                new Step("checkpoint", on -> on.given.store.checkpoint(on.lease(), on.held, new Payload.Text("1"))),
                new Step("checkpointOf", on -> on.given.store.checkpointOf(on.lease(), on.held)),
                new Step(
                        "own",
                        on -> on.given.store.own(
                                on.lease(),
                                List.of(new Timetable.ScheduleCard(on.given.kind, "every=PT1M", "missed=once")))),
                new Step("own", on -> on.given.store.own(on.lease(), List.of(), Map.of())),
                new Step(
                        "fire",
                        on -> on.given.store.fire(
                                on.lease(),
                                on.given.kind,
                                1,
                                List.of(new Timetable.Run(TestNode.STARTED, false, on.given.newJob(draft -> draft))))),
                new Step("shards", on -> on.given.store.shards(on.lease(), List.of(on.given.queue))),
                new Step("takeOver", on -> on.given.store.takeOver(on.lease(), on.stream.id())),
                new Step("absent", on -> on.given.store.absent(on.lease(), on.stream.id())),
                new Step("behind", on -> on.given.store.behind(on.lease(), on.stream.id())),
                new Step("recall", on -> on.given.store.recall(on.lease(), on.stream.id(), List.of())),
                new Step("grant", on -> on.given.store.grant(on.lease(), List.of())),
                new Step("over", on -> on.given.store.over(on.lease(), List.of())),
                new Step("giveUp", on -> on.given.store.giveUp(on.lease(), on.stream.id())),
                new Step(
                        "publish",
                        on -> on.given.store.publish(
                                on.lease(), List.of(new Catalogue.KindSchema(on.given.kind, 1, "{}")))),
                new Step("keep", on -> on.given.store.keep(on.lease())));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void a_deposed_node_is_refused_and_writes_nothing(Step step) {
        var scene = scene();
        scene.alive.deposes(scene.deposed);
        var before = scene.picture();

        assertThatThrownBy(() -> step.by(scene)).isInstanceOf(Fenced.class);

        assertThat(scene.picture()).isEqualTo(before);
        assertThat(scene.alive.peer(scene.alive).deposed()).isFalse();
        assertThat(scene.alive.peer(scene.deposed).deposed()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("steps")
    void so_is_one_that_was_rescued_and_is_gone(Step step) {
        var scene = scene();
        scene.alive.takesOver(scene.deposed);
        var before = scene.picture();

        assertThatThrownBy(() -> step.by(scene)).isInstanceOf(Fenced.class);

        assertThat(scene.picture()).isEqualTo(before);
    }

    @Test
    void so_is_one_that_has_left() {
        var node = given.node();
        given.store.leave(node.lease);

        assertThatThrownBy(() -> given.store.beat(node.lease)).isInstanceOf(Fenced.class);
        assertThatThrownBy(() -> given.store.leave(node.lease)).isInstanceOf(Fenced.class);
    }

    @Test
    void what_a_deposed_node_said_too_late_changes_nothing_of_its_rescue() {
        var scene = scene();
        scene.alive.deposes(scene.deposed);
        for (var step : steps()) assertThatThrownBy(() -> step.by(scene)).isInstanceOf(Fenced.class);

        var rescued = scene.alive.rescues(scene.deposed);

        assertThat(rescued).hasSize(1).allMatch(one -> one.job().equals(scene.held.job()) && one.charged() == 0);
        assertThat(scene.alive.claimAll().stream().filter(one -> one.job().equals(scene.held.job())))
                .hasSize(1)
                .allMatch(
                        one -> given.store.checkpointOf(scene.alive.lease, one).isEmpty());
    }

    @Test
    void a_node_that_nobody_knows_is_refused() {
        var stranger = new Lease(new NodeId(UUID.randomUUID()), new Epoch(1));

        assertThatThrownBy(() -> given.store.beat(stranger)).isInstanceOf(Fenced.class);
        assertThatThrownBy(() -> given.store.promote(stranger, 1)).isInstanceOf(Fenced.class);
    }

    @Test
    void each_step_that_proves_a_lease_is_tried_here() {
        var all = Stream.of(Protocol.class, Ownership.class, FleetShares.class, Timetable.class, Catalogue.class)
                .flatMap(side -> Arrays.stream(side.getMethods()))
                .filter(method -> List.of(method.getParameterTypes()).contains(Lease.class))
                .filter(method -> !List.of(method.getParameterTypes()).contains(Connection.class))
                .map(Method::getName)
                .toList();

        assertThat(steps()).extracting(Step::name).containsExactlyInAnyOrderElementsOf(all);
    }

    /** One job held, one parked, one due, one available: something to get wrong for each step. */
    private Scene scene() {
        var deposed = given.node();
        var alive = given.node();
        var held = given.job();
        var delivery = deposed.claimOne();
        var waiting = given.job();
        deposed.runs(waiting, parked(Parking.LIMIT));
        var due = given.job(as -> as.in(SOON));
        var available = given.job();
        given.letSoonPass();
        var stream = given.streams(given.queue).stream()
                .filter(one -> one.id() == delivery.place().stream())
                .findFirst()
                .orElseThrow();
        return new Scene(given, deposed, alive, delivery, stream, List.of(held, waiting, due, available));
    }
}
