package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.Priority;
import dev.millrace.Scope;
import dev.millrace.store.Control;
import dev.millrace.store.JobTemplate;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.RemoveAnswer;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetAnswer;
import dev.millrace.store.Timetable.SetSchedule;
import dev.millrace.store.Timetable.Standing;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A schedule that is set at run time belongs to no code; from when a change of it was answered, nothing is fired by what it said before. */
abstract class SetScheduleChapter extends Chapter {

    SetScheduleChapter(StoreContract contract) {
        super(contract);
    }

    /** What is set is kept for good, and all tests may share a store. */
    @AfterEach
    void remove() {
        given.store.remove(name(), "mara", "the test is over");
    }

    private String name() {
        return "set-in-" + given.queue;
    }

    private ScheduleCard card() {
        return new ScheduleCard(name(), "every=PT1M", "missed=once");
    }

    private SetSchedule schedule() {
        return new SetSchedule(card(), template("1"));
    }

    private SetSchedule otherTimes() {
        return new SetSchedule(new ScheduleCard(name(), "every=PT2M", "missed=once"), template("1"));
    }

    private SetSchedule otherJob() {
        return new SetSchedule(card(), template("2"));
    }

    private JobTemplate template(String payload) {
        return new JobTemplate(
                given.queue, Priority.NORMAL, null, given.kind, 1, new Payload.Text(payload), Map.of(), null, null);
    }

    private SetAnswer set(SetSchedule schedule) {
        return given.store.set(schedule, "mara", "a customer asks for it");
    }

    private RemoveAnswer removed() {
        return given.store.remove(name(), "mara", "the customer has left");
    }

    private Optional<Standing> standing(TestNode node, Map<String, Long> held) {
        return given.store.own(node.lease, List.of(), held).schedules().stream()
                .filter(standing -> standing.name().equals(name()))
                .findFirst();
    }

    private Standing owned(TestNode node) {
        return standing(node, Map.of()).orElseThrow(() -> new AssertionError("node " + node.id() + " has no schedule"));
    }

    private Optional<Kept> kept() {
        return given.store.schedules().stream()
                .filter(kept -> kept.card().name().equals(name()))
                .findFirst();
    }

    private static Instant slot(Standing standing, int n) {
        return standing.upto().plusMillis(n);
    }

    private Run run(Instant slot) {
        return new Run(slot, false, given.newJob(draft -> draft));
    }

    private List<JobId> waiting(TestNode node) {
        var all = new ArrayList<JobId>();
        for (var delivery : node.claimAll()) all.add(delivery.job());
        return all;
    }

    // ---- what is set

    @Test
    void every_look_tells_whether_any_schedule_is_set() {
        var node = given.node();
        set(schedule());
        assertThat(given.store.control(node.lease, Control.START).setSchedules())
                .isTrue();

        removed();
        boolean others = given.store.schedules().stream().anyMatch(kept -> kept.setting() != null);
        assertThat(given.store.control(node.lease, Control.START).setSchedules())
                .isEqualTo(others);
    }

    @Test
    void what_was_set_is_kept_with_who_set_it_and_why() {
        var full = new SetSchedule(
                card(),
                new JobTemplate(
                        given.queue,
                        Priority.HIGH,
                        "acme",
                        given.kind,
                        3,
                        new Payload.Text("{\"a\":1}"),
                        Map.of("tenant", "acme", "tags", "a,b"),
                        Duration.ofHours(1),
                        new UniqueKey("close:acme", new UniqueKey.Within(Duration.ofDays(1)))));

        assertThat(set(full)).isEqualTo(SetAnswer.CREATED);

        var kept = kept().orElseThrow();
        assertThat(kept.card()).isEqualTo(card());
        assertThat(kept.node()).as("no node has had it").isNull();
        assertThat(kept.nodeAlive()).isFalse();
        assertThat(kept.setting()).satisfies(setting -> {
            assertThat(setting.job()).isEqualTo(full.job());
            assertThat(setting.by()).isEqualTo("mara");
            assertThat(setting.reason()).isEqualTo("a customer asks for it");
            assertThat(setting.at())
                    .isBetween(kept.since().minusSeconds(10), kept.since().plusSeconds(10));
        });
        assertThat(owned(given.node()).definition()).isEqualTo(full);
    }

    @Test
    void to_set_it_to_what_it_is_changes_nothing() {
        set(schedule());
        var node = given.node();
        long term = owned(node).term();

        assertThat(given.store.set(schedule(), "jonas", "again")).isEqualTo(SetAnswer.UNCHANGED);

        assertThat(owned(node).term()).isEqualTo(term);
        assertThat(kept().orElseThrow().setting())
                .satisfies(setting -> assertThat(setting.by()).isEqualTo("mara"));
    }

    @Test
    void other_times_hold_from_now_on() {
        set(schedule());
        var node = given.node();
        var before = owned(node);
        given.letSoonPass();

        assertThat(set(otherTimes())).isEqualTo(SetAnswer.CHANGED);

        var after = owned(node);
        assertThat(after.upto()).isAfter(before.upto());
        assertThat(after.definition()).isEqualTo(otherTimes());
        assertThat(after.term()).isNotEqualTo(before.term());
    }

    @Test
    void with_the_same_times_it_goes_on_where_it_was() {
        set(schedule());
        var node = given.node();
        var before = owned(node);
        given.letSoonPass();

        assertThat(set(otherJob())).isEqualTo(SetAnswer.CHANGED);

        assertThat(owned(node).upto()).isEqualTo(before.upto());
        assertThat(owned(node).definition()).isEqualTo(otherJob());
    }

    @Test
    void of_several_who_set_it_at_once_one_makes_it() {
        var tries = new ArrayList<Callable<Boolean>>();
        var answers = Collections.synchronizedList(new ArrayList<SetAnswer>());
        for (int i = 0; i < 4; i++) tries.add(() -> answers.add(set(schedule())));

        Races.run(tries);

        assertThat(answers).containsOnlyOnce(SetAnswer.CREATED).contains(SetAnswer.UNCHANGED);
    }

    // ---- whose it is

    @Test
    void a_node_that_brings_nothing_has_it_and_no_other() {
        set(schedule());
        var first = given.node();
        var second = given.node();

        var standing = owned(first);

        assertThat(standing.set()).isTrue();
        assertThat(standing.definition()).isEqualTo(schedule());
        assertThat(standing(second, Map.of())).isEmpty();
        assertThat(kept().orElseThrow().node()).isEqualTo(first.id().value());
        assertThat(kept().orElseThrow().nodeAlive()).isTrue();
    }

    @Test
    void a_node_that_fires_only_what_its_code_brings_leaves_it_alone() {
        set(schedule());

        assertThat(given.store.own(given.node().lease, List.of()).schedules()).isEmpty();
        assertThat(kept().orElseThrow().node()).isNull();
    }

    @Test
    void a_definition_is_told_once_and_again_when_it_is_another_one() {
        set(schedule());
        var node = given.node();
        var held = Map.of(name(), owned(node).term());

        assertThat(standing(node, held).orElseThrow().definition()).isNull();

        set(otherJob());

        assertThat(standing(node, held).orElseThrow().definition()).isEqualTo(otherJob());
    }

    @Test
    void when_its_node_has_died_another_one_goes_on_where_it_was() {
        set(schedule());
        var first = given.node();
        var standing = owned(first);
        given.store.fire(first.lease, name(), standing.term(), List.of(run(slot(standing, 1))));
        given.letSoonPass();
        var second = given.node();
        second.takesOver(first);

        var taken = owned(second);

        assertThat(taken.upto()).isEqualTo(slot(standing, 1));
        assertThat(taken.term()).isNotEqualTo(standing.term());
        assertThat(taken.definition()).isEqualTo(schedule());
    }

    @Test
    void it_stays_while_no_node_is_there() {
        set(schedule());
        var node = given.node();
        owned(node);
        given.store.keep(node.lease);
        given.store.leave(node.lease);

        assertThat(kept()).isPresent();
        assertThat(standing(given.node(), Map.of())).isPresent();
    }

    // ---- firing

    @Test
    void a_slot_is_fired_as_of_any_other_schedule() {
        set(schedule());
        var node = given.node();
        var standing = owned(node);
        var run = run(slot(standing, 1));

        assertThat(given.store.fire(node.lease, name(), standing.term(), List.of(run)))
                .hasValue(1);
        assertThat(given.store.fire(node.lease, name(), standing.term(), List.of(run(slot(standing, 1)))))
                .as("once")
                .hasValue(0);

        given.letSoonPass();
        assertThat(waiting(node)).containsExactly(run.job().id());
        assertThat(owned(node).upto()).isEqualTo(run.slot());
        assertThat(kept().orElseThrow())
                .extracting(Kept::lastJob)
                .isEqualTo(run.job().id());
    }

    @Test
    void once_a_change_was_answered_nothing_is_fired_by_what_it_said_before() {
        set(schedule());
        var frozen = given.node();
        var before = owned(frozen);

        set(otherJob());

        assertThat(given.store.fire(frozen.lease, name(), before.term(), List.of(run(slot(before, 1)))))
                .isEmpty();
        assertThat(waiting(frozen)).isEmpty();
        var after = owned(frozen);
        assertThat(given.store.fire(frozen.lease, name(), after.term(), List.of(run(slot(before, 1)))))
                .as("and the slot runs by what it says now")
                .hasValue(1);
    }

    @Test
    void once_a_removal_was_answered_nothing_is_fired() {
        set(schedule());
        var frozen = given.node();
        var before = owned(frozen);

        assertThat(removed()).isEqualTo(RemoveAnswer.REMOVED);

        assertThat(given.store.fire(frozen.lease, name(), before.term(), List.of(run(slot(before, 1)))))
                .isEmpty();
        assertThat(waiting(frozen)).isEmpty();
        assertThat(kept()).isEmpty();
        assertThat(standing(frozen, Map.of())).isEmpty();
    }

    @Test
    void a_late_step_of_one_that_was_removed_is_none_of_the_one_that_was_made_anew() {
        set(schedule());
        var node = given.node();
        var before = owned(node);
        removed();
        set(schedule());
        var after = owned(node);

        assertThat(after.term()).isNotEqualTo(before.term());
        assertThat(given.store.fire(node.lease, name(), before.term(), List.of(run(slot(after, 1)))))
                .isEmpty();
        assertThat(given.store.fire(node.lease, name(), after.term(), List.of(run(slot(after, 1)))))
                .hasValue(1);
    }

    @Test
    void whoever_changes_it_while_it_fires_waits_or_is_waited_for() {
        set(schedule());
        var node = given.node();
        var standing = owned(node);
        var fired = new ArrayList<NewJob>();
        var tries = new ArrayList<Callable<Boolean>>();
        tries.add(() -> {
            for (int i = 1; i <= 20; i++) {
                var run = run(slot(standing, i));
                if (given.store
                        .fire(node.lease, name(), standing.term(), List.of(run))
                        .isPresent()) fired.add(run.job());
            }
            return true;
        });
        tries.add(() -> set(otherJob()) == SetAnswer.CHANGED);

        Races.run(tries);

        assertThat(waiting(node))
                .containsExactlyInAnyOrderElementsOf(
                        fired.stream().map(NewJob::id).toList());
    }

    // ---- people

    @Test
    void a_run_can_be_asked_for_and_it_can_be_paused() {
        set(schedule());
        var node = given.node();
        owned(node);
        given.store.pause(Scope.schedule(name()), "the books are being audited", "mara");

        assertThat(given.store.ask(name(), "mara")).isTrue();

        var standing = owned(node);
        assertThat(standing.asked()).hasSize(1);
        assertThat(kept().orElseThrow().pausedBecause()).isEqualTo("the books are being audited");
        var asked = new Run(standing.asked().getFirst(), true, given.newJob(draft -> draft));
        assertThat(given.store.fire(node.lease, name(), standing.term(), List.of(asked, run(slot(standing, 1)))))
                .hasValue(1);
    }

    @Test
    void with_it_go_its_pause_and_what_was_asked_for() {
        set(schedule());
        given.store.pause(Scope.schedule(name()), "the books are being audited", "mara");
        given.store.ask(name(), "mara");
        removed();

        set(schedule());

        assertThat(kept().orElseThrow().pausedBecause()).isNull();
        assertThat(owned(given.node()).asked()).isEmpty();
    }

    @Test
    void what_is_not_there_can_not_be_removed() {
        assertThat(removed()).isEqualTo(RemoveAnswer.UNKNOWN);
    }

    // ---- one name

    @Test
    void a_name_that_code_brings_is_neither_set_nor_removed() {
        var node = given.node();
        given.store.own(node.lease, List.of(card()), Map.of());

        assertThat(set(schedule())).isEqualTo(SetAnswer.BROUGHT);
        assertThat(removed()).isEqualTo(RemoveAnswer.BROUGHT);

        assertThat(kept().orElseThrow().setting()).isNull();
    }

    @Test
    void one_that_no_living_node_brings_can_be_removed_and_then_be_set() {
        var node = given.node();
        given.store.own(node.lease, List.of(card()), Map.of());
        given.store.leave(node.lease);

        assertThat(set(schedule())).as("its node may come back").isEqualTo(SetAnswer.BROUGHT);
        assertThat(removed()).isEqualTo(RemoveAnswer.REMOVED);
        assertThat(set(schedule())).isEqualTo(SetAnswer.CREATED);
    }

    @Test
    void a_name_that_was_set_is_not_codes_to_bring_until_it_is_removed() {
        set(schedule());
        var node = given.node();

        var owned = given.store.own(node.lease, List.of(card()), Map.of());

        assertThat(owned.clashes()).containsExactly(name());
        assertThat(owned.schedules().stream().filter(one -> one.name().equals(name())))
                .as("it is fired as it was set")
                .allMatch(Standing::set)
                .hasSize(1);
        removed();
        var after = given.store.own(node.lease, List.of(card()), Map.of());
        assertThat(after.clashes()).isEmpty();
        assertThat(after.schedules().stream().filter(one -> one.name().equals(name())))
                .noneMatch(Standing::set)
                .hasSize(1);
    }

    @Test
    void nor_is_it_that_of_a_build_that_knows_no_such_schedules() {
        set(schedule());
        var node = given.node();
        var older = given.node();
        owned(node);

        given.letSoonPass();
        older.takesOver(node);

        assertThat(given.store.own(older.lease, List.of(card())).schedules()).isEmpty();
        assertThat(kept().orElseThrow().setting()).isNotNull();
    }
}
