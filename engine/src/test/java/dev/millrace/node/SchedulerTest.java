package dev.millrace.node;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Priority;
import dev.millrace.store.JobTemplate;
import dev.millrace.store.Payload;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetSchedule;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What schedules cost a node that has none. */
class SchedulerTest {

    private final OneNode node = new OneNode(definition -> null);

    private long asked() {
        return node.wire.asked("own");
    }

    private void set() {
        var template = new JobTemplate(
                "default", Priority.NORMAL, null, "work", 1, new Payload.Text("{}"), Map.of(), null, null);
        node.store.set(
                new SetSchedule(new ScheduleCard("tick", "every=PT1M", "missed=once"), template),
                "mara",
                "a customer asks for it");
    }

    @Test
    void nobody_asks_for_schedules_while_none_is_set_and_the_code_brings_none() {
        node.pass(ofSeconds(30));

        assertThat(asked()).isZero();
    }

    @Test
    void one_that_is_set_is_heard_of_within_two_seconds_and_asked_for_until_it_is_removed() {
        node.pass(ofSeconds(10));
        set();
        node.pass(ofSeconds(2));
        assertThat(asked()).isPositive();

        long before = asked();
        node.pass(ofSeconds(10));
        assertThat(asked() - before).isBetween(4L, 6L);

        node.store.remove("tick", "mara", "the customer has left");
        node.pass(ofSeconds(4));
        before = asked();
        node.pass(ofSeconds(30));
        assertThat(asked()).isEqualTo(before);
    }
}
