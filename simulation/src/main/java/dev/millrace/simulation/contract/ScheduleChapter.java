package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.LATER;
import static dev.millrace.simulation.contract.Given.SOON;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.store.Control;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.Owned;
import dev.millrace.store.Timetable.Run;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.Standing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** A schedule has one node at a time, and a slot is fired once, whoever tries. */
abstract class ScheduleChapter extends Chapter {

    ScheduleChapter(StoreContract contract) {
        super(contract);
    }

    private ScheduleCard card() {
        return new ScheduleCard("schedule-of-" + given.queue, "every=PT1M", "missed=once");
    }

    private ScheduleCard otherTimes() {
        return new ScheduleCard(card().name(), "every=PT2M", card().policy());
    }

    private ScheduleCard otherPolicy() {
        return new ScheduleCard(card().name(), card().times(), "missed=all");
    }

    private Owned own(TestNode node, ScheduleCard... cards) {
        return given.store.own(node.lease, List.of(cards));
    }

    private Optional<Standing> standing(TestNode node, ScheduleCard card) {
        return own(node, card).schedules().stream().findFirst();
    }

    private Standing owned(TestNode node) {
        return standing(node, card()).orElseThrow(() -> new AssertionError("node " + node.id() + " has no schedule"));
    }

    /** Soon after the last one: {@code letSoonPass} outlasts all of a test. */
    private static Instant slot(Standing standing, int n) {
        return standing.upto().plusMillis(n);
    }

    private Run run(Instant slot) {
        return new Run(slot, false, given.newJob(draft -> draft));
    }

    private Kept kept() {
        return given.store.schedules().stream()
                .filter(kept -> kept.card().name().equals(card().name()))
                .findFirst()
                .orElseThrow();
    }

    private List<JobId> waiting(TestNode node) {
        var all = new ArrayList<JobId>();
        for (var delivery : node.claimAll()) all.add(delivery.job());
        return all;
    }

    // ---- whose it is

    @Test
    void who_brings_a_schedule_first_has_it_from_now_on() {
        var first = given.node();
        var second = given.node();

        var owned = own(first, card());

        assertThat(owned.schedules()).extracting(Standing::name).containsExactly(card().name());
        assertThat(owned.schedules().getFirst().upto())
                .as("nothing before it was known is missed")
                .isBetween(owned.now().minusSeconds(10), owned.now());
        assertThat(standing(second, card())).isEmpty();
        assertThat(own(first, card()).schedules()).as("and keeps it").hasSize(1);
    }

    @Test
    void a_node_has_as_many_as_nobody_else_has() {
        var first = given.node();
        var second = given.node();
        var third = new ScheduleCard(card().name() + "-b", "every=PT1M", "missed=once");
        own(first, card());

        assertThat(own(second, card(), third).schedules())
                .extracting(Standing::name)
                .containsExactly(third.name());
    }

    @Test
    void a_dead_nodes_schedule_goes_on_where_it_was() {
        var first = given.node();
        var standing = owned(first);
        given.store.fire(first.lease, card().name(), standing.term(), List.of(run(slot(standing, 1))));
        given.letSoonPass();
        var second = given.node();
        second.takesOver(first);

        var taken = owned(second);

        assertThat(taken.upto()).isEqualTo(slot(standing, 1));
        assertThat(taken.term()).isGreaterThan(standing.term());
    }

    @Test
    void a_schedule_of_a_node_that_left_is_free_at_once() {
        var first = given.node();
        owned(first);
        given.store.leave(first.lease);

        assertThat(standing(given.node(), card())).isPresent();
    }

    @Test
    void where_two_builds_define_it_otherwise_the_node_that_joined_last_is_right() {
        var older = given.node();
        var before = owned(older);
        given.letSoonPass();
        var newer = given.node();

        var taken = standing(newer, otherTimes()).orElseThrow();

        assertThat(taken.upto()).as("other times hold from now on").isAfter(before.upto());
        assertThat(kept().since()).isEqualTo(taken.upto());
        assertThat(kept().card()).isEqualTo(otherTimes());
        assertThat(standing(older, card()))
                .as("the older build does not take it back")
                .isEmpty();
    }

    @Test
    void another_policy_goes_on_where_the_schedule_was() {
        var older = given.node();
        var before = owned(older);
        given.letSoonPass();
        var newer = given.node();

        var taken = standing(newer, otherPolicy()).orElseThrow();

        assertThat(taken.upto()).isEqualTo(before.upto());
        assertThat(kept().card()).isEqualTo(otherPolicy());
    }

    @Test
    void if_a_newer_build_dies_one_like_it_goes_on_at_once_and_an_older_one_waits() {
        var older = given.node();
        owned(older);
        given.letSoonPass();
        var newer = given.node();
        var held = standing(newer, otherTimes()).orElseThrow();
        older.takesOver(newer);

        assertThat(standing(older, card())).as("its restart may be on its way").isEmpty();

        var restarted = given.node();
        assertThat(standing(restarted, otherTimes()).orElseThrow().upto())
                .as("and loses nothing")
                .isEqualTo(held.upto());
    }

    // ---- firing

    @Test
    void a_slot_that_is_fired_is_a_job() {
        var node = given.node();
        var standing = owned(node);
        var run = run(slot(standing, 1));

        assertThat(given.store.fire(node.lease, card().name(), standing.term(), List.of(run)))
                .hasValue(1);

        given.letSoonPass();
        assertThat(run.job().id()).isAvailable();
        assertThat(owned(node).upto()).isEqualTo(run.slot());
        assertThat(kept().lastSlot()).isEqualTo(run.slot());
        assertThat(kept()).extracting(Kept::lastJob).isEqualTo(run.job().id());
        assertThat(waiting(node)).containsExactly(run.job().id());
    }

    @Test
    void a_job_of_a_slot_may_have_a_delay() {
        var node = given.node();
        var standing = owned(node);
        var soon = new Run(slot(standing, 1), false, given.newJob(draft -> draft.in(SOON)));
        var later = new Run(slot(standing, 2), false, given.newJob(draft -> draft.in(LATER)));

        given.store.fire(node.lease, card().name(), standing.term(), List.of(soon, later));

        assertThat(soon.job().id()).isScheduled();
        given.letSoonPass();
        node.promotes();
        assertThat(soon.job().id()).isAvailable();
        assertThat(later.job().id()).isScheduled();
    }

    @Test
    void a_slot_is_fired_once_however_often_it_is_tried() {
        var node = given.node();
        var standing = owned(node);
        var slot = slot(standing, 1);
        var first = run(slot);

        given.store.fire(node.lease, card().name(), standing.term(), List.of(first));
        var again = given.store.fire(
                node.lease, card().name(), standing.term(), List.of(run(slot), run(slot.plusMillis(1))));

        assertThat(again).as("only the slot after it is new").hasValue(1);
        assertThat(waiting(node)).hasSize(2).contains(first.job().id());
    }

    @Test
    void who_no_longer_has_a_schedule_fires_nothing() {
        var older = given.node();
        var before = owned(older);
        given.letSoonPass();
        var newer = given.node();
        standing(newer, otherTimes());

        assertThat(given.store.fire(older.lease, card().name(), before.term(), List.of(run(slot(before, 1)))))
                .isEmpty();
        assertThat(waiting(newer)).isEmpty();
    }

    @Test
    void a_step_of_an_earlier_term_fires_nothing() {
        var first = given.node();
        var early = owned(first);
        given.letSoonPass();
        var second = given.node();
        standing(second, otherTimes());
        first.takesOver(second);
        var late = standing(first, otherTimes()).orElseThrow();

        assertThat(given.store.fire(first.lease, card().name(), early.term(), List.of(run(slot(late, 1)))))
                .isEmpty();
        assertThat(given.store.fire(first.lease, card().name(), late.term(), List.of(run(slot(late, 1)))))
                .hasValue(1);
    }

    @Test
    void a_schedule_that_nobody_brought_is_not_fired() {
        var node = given.node();

        assertThat(given.store.fire(node.lease, card().name(), 1, List.of(run(Instant.parse("2027-01-01T00:00:00Z")))))
                .isEmpty();
    }

    @Test
    void of_many_tries_of_the_same_slots_each_slot_has_one_job() {
        var node = given.node();
        var standing = owned(node);
        var slots = new ArrayList<Instant>();
        for (int minute = 1; minute <= 20; minute++) slots.add(slot(standing, minute));
        var tries = new ArrayList<Callable<Boolean>>();
        for (int i = 0; i < 4; i++)
            tries.add(() -> {
                for (var slot : slots) given.store.fire(node.lease, card().name(), standing.term(), List.of(run(slot)));
                return true;
            });

        Races.run(tries);

        assertThat(waiting(node)).hasSize(slots.size());
    }

    @Test
    void a_slot_that_lies_ahead_was_fired_by_a_clock_that_is_set_back_and_does_not_hold_up_the_next() {
        var node = given.node();
        var standing = owned(node);
        var ahead = standing.upto().plusSeconds(3_600);
        given.store.fire(node.lease, card().name(), standing.term(), List.of(run(ahead)));

        assertThat(owned(node).upto()).isBefore(ahead);
        assertThat(given.store.fire(node.lease, card().name(), standing.term(), List.of(run(ahead))))
                .as("and is not fired again when its time comes")
                .hasValue(0);
    }

    // ---- people

    @Test
    void a_run_that_somebody_asks_for_is_told_to_the_node_until_it_is_fired() {
        var node = given.node();
        var standing = owned(node);

        assertThat(given.store.ask(card().name(), "mara")).isTrue();

        var asked = owned(node).asked();
        assertThat(asked).hasSize(1);
        var run = new Run(asked.getFirst(), true, given.newJob(draft -> draft));
        assertThat(given.store.fire(node.lease, card().name(), standing.term(), List.of(run)))
                .hasValue(1);
        assertThat(owned(node).asked()).isEmpty();
        assertThat(owned(node).upto()).as("it is no slot").isEqualTo(standing.upto());
        assertThat(run.job().id()).isAvailable();
    }

    @Test
    void a_run_that_nobody_asks_for_any_more_is_not_enqueued() {
        var node = given.node();
        var standing = owned(node);
        given.store.ask(card().name(), "mara");
        var asked = owned(node).asked().getFirst();
        var first = new Run(asked, true, given.newJob(draft -> draft));
        given.store.fire(node.lease, card().name(), standing.term(), List.of(first));

        var again = new Run(asked, true, given.newJob(draft -> draft));
        var never = new Run(asked.plusSeconds(1), true, given.newJob(draft -> draft));

        assertThat(given.store.fire(node.lease, card().name(), standing.term(), List.of(again, never)))
                .hasValue(0);
        assertThat(waiting(node)).containsExactly(first.job().id());
    }

    @Test
    void each_of_several_who_ask_at_once_gets_a_run() {
        var node = given.node();
        owned(node);

        for (int i = 0; i < 5; i++) given.store.ask(card().name(), "mara");

        assertThat(owned(node).asked()).hasSize(5).doesNotHaveDuplicates();
    }

    @Test
    void of_a_schedule_that_nobody_brought_no_run_can_be_asked_for() {
        assertThat(given.store.ask(card().name(), "mara")).isFalse();
    }

    @Test
    void a_schedule_can_be_paused_and_says_why() {
        var node = given.node();
        owned(node);
        var scope = Scope.schedule(card().name());

        given.store.pause(scope, "the books are being audited", "mara");

        assertThat(kept().pausedBecause()).isEqualTo("the books are being audited");
        assertThat(given.store.control(node.lease, Control.START).paused()).contains(scope);
        assertThat(given.store.pauses())
                .filteredOn(pause -> pause.scope().equals(scope))
                .extracting(Pause::reason)
                .containsExactly("the books are being audited");
        given.store.resume(scope, "mara");
        assertThat(kept().pausedBecause()).isNull();
    }

    @Test
    void a_paused_schedule_fires_nothing_but_what_somebody_asks_for() {
        var node = given.node();
        var standing = owned(node);
        given.store.pause(Scope.schedule(card().name()), "the books are being audited", "mara");
        given.store.ask(card().name(), "mara");
        var asked = new Run(owned(node).asked().getFirst(), true, given.newJob(draft -> draft));

        assertThat(given.store.fire(node.lease, card().name(), standing.term(), List.of(asked, run(slot(standing, 1)))))
                .hasValue(1);

        assertThat(waiting(node)).containsExactly(asked.job().id());
        given.store.resume(Scope.schedule(card().name()), "mara");
    }

    @Test
    void a_schedule_says_whose_it_is_and_whether_that_one_lives() {
        var node = given.node();
        owned(node);
        assertThat(kept().node()).isEqualTo(node.id().value());
        assertThat(kept().nodeAlive()).isTrue();

        given.store.leave(node.lease);

        assertThat(kept().nodeAlive()).isFalse();
        assertThat(kept().lastSlot()).isNull();
    }
}
