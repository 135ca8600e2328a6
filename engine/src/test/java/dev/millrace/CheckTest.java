package dev.millrace;

import static java.time.Duration.ofDays;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Before a deploy: would this build read what waits? */
class CheckTest {

    @Kind(value = "pay", version = 3)
    record Pay(long order, String currency) implements Job<String> {
        @Kind(value = "pay", version = 2)
        record V2(long order) implements Job<String> {}

        @Kind("pay")
        record V1(int order) implements Job<String> {}
    }

    @Kind("note")
    record Note(String text) implements Job<Void> {}

    private final Millrace millrace = Millrace.on(new MemoryStore());

    private NodeBuilder payments() {
        return millrace.node()
                .handle(Pay.class, job -> "paid " + job.order())
                .upcast(Pay.V2.class, Pay.class, v2 -> new Pay(v2.order(), "EUR"));
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    @Test
    void what_waits_is_read_as_the_node_would_and_stays_where_it_is() {
        var now = millrace.enqueue(new Pay(1, "USD"));
        var later = millrace.enqueue(new Pay.V2(2), o -> o.in(ofDays(1)));

        var check = payments().check();

        assertThat(check.passed()).isTrue();
        assertThat(check.complete()).isTrue();
        assertThat(check.orThrow()).hasToString("""
                pay version 2: 1 of 1 can be read
                pay version 3: 1 of 1 can be read""");
        assertThat(now.state()).isEqualTo(State.AVAILABLE);
        assertThat(later.state()).isEqualTo(State.SCHEDULED);
        assertThat(millrace.operations("mara").nodes()).isEmpty();
    }

    @Test
    void a_version_without_a_way_up_is_counted_and_named_with_one_of_its_jobs() {
        var old = millrace.enqueue(new Pay.V1(1));
        millrace.enqueue(new Pay.V1(2));
        millrace.enqueue(new Pay(3, "USD"));

        var check = payments().check();

        assertThat(check.refused()).isEqualTo(2);
        assertThat(check.kinds().getFirst())
                .isEqualTo(
                        new Check.OfKind(
                                "pay",
                                1,
                                2,
                                2,
                                old.id(),
                                "The job is of kind pay version 1, and this node reads versions 2, 3. Register the way up: upcast(V1.class, …)."));
        assertThatThrownBy(check::orThrow)
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("This build could not read 2 of the jobs that wait")
                .hasMessageContaining("pay version 1: 0 of 2 can be read. Job " + old.id());
    }

    @Test
    void an_upcast_that_throws_is_told_by_what_it_said() {
        millrace.enqueue(new Pay.V1(-1));
        var broken = payments().upcast(Pay.V1.class, Pay.V2.class, v1 -> {
            throw new IllegalArgumentException("order " + v1.order() + " is no order");
        });

        assertThat(broken.check().kinds().getFirst().why()).contains("order -1 is no order");
    }

    @Test
    void a_kind_without_a_handler_is_refused_in_the_queues_of_the_node_and_nobodys_business_in_others() {
        millrace.enqueue(new Note("here"));
        millrace.enqueue(new Note("there"), o -> o.queue("elsewhere"));

        assertThat(payments().check().kinds())
                .singleElement()
                .satisfies(kind -> assertThat(kind.why()).startsWith("This node has no handler for kind note."));
        assertThat(payments().queue("third").check()).hasToString("No jobs wait.");
    }

    @Test
    void what_ended_and_what_runs_is_past_being_checked_and_what_is_parked_is_not() {
        millrace.node().handle(Note.class, note -> {}).start();
        var parked = millrace.enqueue(new Pay.V1(1));
        millrace.enqueue(new Note("done"));
        var ops = millrace.operations("mara");
        await().until(() -> ops.list(f -> f.state(State.COMPLETED)).size() == 1
                && ops.find(parked.id()).orElseThrow().reason() != null);

        assertThat(payments().check().kinds()).extracting(Check.OfKind::kind).containsExactly("pay");
    }

    @Test
    void many_are_sampled_and_the_check_says_so() {
        for (int i = 0; i < 300; i++) millrace.enqueue(new Pay(i, "EUR"));

        var check = payments().check();

        assertThat(check.complete()).isFalse();
        assertThat(check.kinds().getFirst().looked()).isBetween(100, 299);
        assertThat(check.toString()).endsWith("More wait than were looked at.");
    }

    @Test
    void a_node_that_could_not_be_started_can_not_be_checked() {
        assertThatThrownBy(() -> millrace.node().check()).hasMessageContaining("no handlers");
        assertThatThrownBy(() -> millrace.node()
                        .handle(Note.class, note -> {})
                        .upcast(Pay.V1.class, Pay.class, v1 -> new Pay(v1.order(), "EUR"))
                        .check())
                .hasMessageContaining("leads to no handler");
    }
}
