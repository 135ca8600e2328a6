package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
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
                The only waiting job of kind "pay" version 2 decodes with this build.
                The only waiting job of kind "pay" version 3 decodes with this build.""");
        assertThat(now.state()).isEqualTo(State.AVAILABLE);
        assertThat(later.state()).isEqualTo(State.SCHEDULED);
        assertThat(millrace.operations("mara").nodes()).isEmpty();
    }

    @Test
    void a_node_tells_from_which_versions_it_has_the_way_up_and_why_uses_that() {
        var old = millrace.enqueue(new Pay.V1(1));

        payments().start();

        var ops = millrace.operations("mara");
        assertThat(ops.nodes().getFirst().reads()).containsExactly("pay:2", "pay:3");
        await().until(() -> ops.find(old.id()).orElseThrow().reason() != null); // it was put aside
        assertThat(ops.why(old.id()).reasons())
                .filteredOn(Why.NoNode.class::isInstance)
                .singleElement()
                .satisfies(reason -> {
                    assertThat(reason.text()).contains("pay version 1. They read versions 2, 3.");
                    assertThat(((Why.NoNode) reason).missing()).isEqualTo(Why.NoNode.Missing.VERSION);
                });
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
                                new QueueView.Depth(2, true),
                                2,
                                2,
                                true,
                                old.id(),
                                "The job is of kind pay version 1, and this node reads versions 2, 3. Register the way up: upcast(V1.class, …)."));
        assertThatThrownBy(check::orThrow)
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("This build could not read 2 of the jobs that wait")
                .hasMessageContaining(
                        "All 2 waiting jobs of kind \"pay\" version 1 do not decode with this build. Job " + old.id());
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
    void many_are_counted_and_some_of_them_decoded_and_the_sentence_says_so() {
        for (int i = 0; i < 300; i++) millrace.enqueue(new Pay(i, "EUR"));

        var some = payments().check().kinds().getFirst();
        var all = payments().check(o -> o.sample(300)).kinds().getFirst();

        assertThat(some.looked()).isEqualTo(200);
        assertThat(some.waiting()).isEqualTo(new QueueView.Depth(300, true));
        assertThat(some.allLookedAt()).isFalse();
        assertThat(some)
                .hasToString(
                        "All 200 of 300 waiting jobs of kind \"pay\" version 3 that were looked at decode with this build.");
        assertThat(all).hasToString("All 300 waiting jobs of kind \"pay\" version 3 decode with this build.");
        assertThatThrownBy(() -> payments().check(o -> o.sample(10_001)))
                .hasMessageContaining("It is 1 to 10,000: 10,000 would do.");
    }

    private static String said(long waiting, boolean exact, int looked, int refused) {
        var id = JobId.of("019a0000-0000-7000-8000-000000000000");
        return new Check.OfKind(
                        "x",
                        1,
                        new QueueView.Depth(waiting, exact),
                        looked,
                        refused,
                        true,
                        refused == 0 ? null : id,
                        refused == 0 ? null : "it does not fit.")
                .toString()
                .replace(" Job " + id + ": it does not fit.", "");
    }

    @Test
    void the_sentence_says_no_more_than_was_seen() {
        assertThat(said(1, true, 1, 1))
                .isEqualTo("The only waiting job of kind \"x\" version 1 does not decode with this build.");
        assertThat(said(1_204, true, 1_204, 1_204))
                .isEqualTo("All 1,204 waiting jobs of kind \"x\" version 1 do not decode with this build.");
        assertThat(said(1_204, true, 1_204, 12))
                .isEqualTo("12 of the 1,204 waiting jobs of kind \"x\" version 1 do not decode with this build.");
        assertThat(said(1_204, true, 1_204, 1))
                .isEqualTo("1 of the 1,204 waiting jobs of kind \"x\" version 1 does not decode with this build.");
        assertThat(said(10_000, false, 200, 200))
                .isEqualTo(
                        "All 200 of at least 10,000 waiting jobs of kind \"x\" version 1 that were looked at do not decode with this build.");
        assertThat(said(10_000, false, 200, 3))
                .isEqualTo(
                        "3 of the 200 that were looked at do not decode with this build, of at least 10,000 waiting jobs of kind \"x\" version 1.");
        assertThat(said(1, false, 1, 0))
                .isEqualTo(
                        "The only one of at least 1 waiting job of kind \"x\" version 1 that was looked at decodes with this build.");
        assertThat(new Check.OfKind("x", 2, new QueueView.Depth(5, true), 5, 5, false, null, "none"))
                .hasToString(
                        "No handler in this build for 5 waiting jobs of kind \"x\" version 2. Another program may run them, or nobody does.");
    }

    @Test
    void every_queue_is_looked_at_if_that_is_said_and_what_is_not_handled_is_told_apart() {
        millrace.enqueue(new Note("there"), o -> o.queue("elsewhere"));
        millrace.enqueue(new Pay.V1(1), o -> o.queue("third"));

        var check = payments().check(Check.Options::everyQueue);

        assertThat(check.unhandled()).extracting(Check.OfKind::kind).containsExactly("note");
        assertThat(check.unreadable()).extracting(Check.OfKind::kind).containsExactly("pay");
    }

    @Test
    void a_node_that_is_to_refuse_does_not_join_while_something_waits_that_it_can_not_read() {
        var old = millrace.enqueue(new Pay.V1(1));
        millrace.enqueue(new Note("another program's"));

        assertThatThrownBy(() ->
                        payments().name("new").checkStored(IfUnreadable.REFUSE).start())
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("Node new was not started")
                .hasMessageContaining("The only waiting job of kind \"pay\" version 1 does not decode")
                .hasMessageNotContainingAny("note");
        assertThat(millrace.operations("mara").nodes()).isEmpty();
        assertThat(old.state()).isEqualTo(State.AVAILABLE);

        try (var node = payments()
                .upcast(Pay.V1.class, Pay.V2.class, v1 -> new Pay.V2(v1.order()))
                .checkStored(IfUnreadable.REFUSE)
                .start()) {
            assertThat(millrace.find(Pay.class, old.id()).get(ofSeconds(20))).isEqualTo("paid 1");
            assertThat(node.name()).isNotEmpty();
        }
    }

    @Test
    void a_node_that_is_to_warn_starts_and_says_one_line_for_each_kind_and_version() {
        millrace.enqueue(new Pay.V1(1));
        millrace.enqueue(new Pay.V1(2));
        var check = payments().check();

        var lines = logged(() -> new StoredCheck("new", () -> check).warn(() -> false));

        assertThat(lines)
                .singleElement()
                .asString()
                .startsWith("WARNING Node new: All 2 waiting jobs of kind \"pay\" version 1 do not decode")
                .contains("is one of them.");
    }

    @Test
    void a_node_warns_unless_it_is_told_otherwise() {
        millrace.enqueue(new Pay.V1(1));

        var lines = logged(() -> {
            payments().start();
            await().until(() -> Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().endsWith("-check")));
        });

        assertThat(lines).singleElement().asString().startsWith("WARNING Node ").contains("version 1");
    }

    @Test
    void a_look_that_fails_fails_no_start() {
        var lines = logged(() -> new StoredCheck("new", () -> {
                    throw new MillraceException("The database is slow.");
                })
                .warn(() -> false));

        assertThat(lines).singleElement().asString().contains("could not look", "The database is slow.", "It runs");
        assertThat(logged(() -> new StoredCheck("new", () -> {
                            throw new IllegalStateException("closed");
                        })
                        .warn(() -> true)))
                .isEmpty();
    }

    /** What is logged of it. */
    private static List<String> logged(Runnable what) {
        var lines = new CopyOnWriteArrayList<String>();
        var logger = Logger.getLogger(StoredCheck.class.getName());
        var handler = new java.util.logging.Handler() {
            @Override
            public void publish(LogRecord told) {
                lines.add(told.getLevel() + " " + MessageFormat.format(told.getMessage(), told.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(handler);
        try {
            what.run();
        } finally {
            logger.removeHandler(handler);
        }
        return lines;
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
