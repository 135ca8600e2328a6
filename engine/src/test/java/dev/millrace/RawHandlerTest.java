package dev.millrace;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Kinds without classes: text goes in, text comes out. */
class RawHandlerTest {

    private static final Duration SOON = ofSeconds(20);

    @Kind("resize")
    record Resize(String picture) implements Job<String> {}

    @Kind(value = "resize", version = 2)
    record ResizeNow(String picture) implements Job<String> {}

    /** Text in braces; what is not is refused. */
    private static final class Braces implements Codec {
        @Override
        public String encode(@Nullable Object value) {
            return "{" + value + "}";
        }

        @Override
        public Object decode(String text, Type type) {
            if (text.startsWith("{") && text.endsWith("}")) return text;
            throw new MillraceException("\"" + text + "\" is not in braces");
        }
    }

    /** A handler that hears of everything. */
    private static final class Recording implements RawHandler {
        final BlockingQueue<RawJob> jobs = new LinkedBlockingQueue<>();
        final Map<RawJob, Settlement> settlements = new ConcurrentHashMap<>();
        final RawHandler code;

        Recording(RawHandler code) {
            this.code = code;
        }

        @Override
        public Outcome<String> handle(RawJob job, Attempt attempt) throws Exception {
            jobs.add(job);
            return code.handle(job, attempt);
        }

        @Override
        public void settled(RawJob job, Settlement settlement) {
            settlements.put(job, settlement);
        }

        RawJob next() throws InterruptedException {
            return Objects.requireNonNull(jobs.poll(SOON.toSeconds(), TimeUnit.SECONDS), "no job came");
        }

        Settlement settlementOf(RawJob job) {
            await().atMost(SOON).until(() -> settlements.containsKey(job));
            return Objects.requireNonNull(settlements.get(job));
        }
    }

    private final Millrace millrace = Millrace.on(new MemoryStore(new Braces()));
    private final Operations ops = millrace.operations("mara");

    @AfterEach
    void close() {
        millrace.close();
    }

    private JobId enqueue(String json) {
        return enqueue(json, UnaryOperator.identity());
    }

    private JobId enqueue(String json, UnaryOperator<JobOptions> options) {
        return ops.enqueue("resize", 1, json, options).id();
    }

    private JobView ended(JobId job) {
        await().atMost(SOON).until(() -> look(job).state().ended());
        return look(job);
    }

    private JobView look(JobId job) {
        return ops.find(job).orElseThrow();
    }

    // ---- text

    @Test
    void text_goes_in_as_it_was_enqueued_and_comes_out_as_it_was_given() throws Exception {
        var handler =
                new Recording((job, attempt) -> Outcome.done("{" + job.payload().length() + "}"));
        millrace.node().handleRaw("resize", 1, handler).start();

        var id = enqueue(
                "{ \"picture\" :  7 }",
                o -> o.tenant("acme").tag("spring").tag("sale").header("trace", "4bf9"));

        assertThat(ended(id).result()).isEqualTo("{18}");
        var job = handler.next();
        assertThat(job.payload()).isEqualTo("{ \"picture\" :  7 }");
        assertThat(job.id()).isEqualTo(id);
        assertThat(job.kind()).isEqualTo("resize");
        assertThat(job.version()).isEqualTo(1);
        assertThat(job.queue()).isEqualTo("default");
        assertThat(job.run()).isEqualTo(1);
        assertThat(job.tenant()).isEqualTo("acme");
        assertThat(job.tags()).containsExactly("spring", "sale");
        assertThat(job.headers()).isEqualTo(Map.of("trace", "4bf9"));
        assertThat(handler.settlementOf(job)).isEqualTo(new Settlement.Written(State.COMPLETED, true));
    }

    @Test
    void what_the_engine_keeps_in_headers_is_not_shown() throws Exception {
        var handler = new Recording((job, attempt) -> new Outcome.Done<>(null));
        millrace.node().handleRaw("resize", 1, handler).start();

        ended(enqueue("{}", o -> o.inOrder("account", 7)));

        assertThat(handler.next().headers()).isEmpty();
    }

    @Test
    void a_waiting_sender_gets_the_result_in_the_type_of_its_record() {
        millrace.node()
                .handleRaw("resize", 1, (job, attempt) -> Outcome.done("{small}"))
                .start();

        assertThat(millrace.enqueue(new Resize("rome")).get(SOON)).isEqualTo("{small}");
    }

    @Test
    void a_result_that_the_codec_can_not_read_discards_the_job() {
        millrace.node()
                .handleRaw("resize", 1, (job, attempt) -> Outcome.done("no braces"))
                .start();

        var job = ended(enqueue("{}"));

        assertThat(job.state()).isEqualTo(State.DISCARDED);
        assertThat(Objects.requireNonNull(job.failure()).message()).contains("not in braces");
    }

    @Test
    void a_checkpoint_is_text_as_well() {
        millrace.node()
                .handleRaw("resize", 1, (job, attempt) -> {
                    var before = attempt.checkpoint(String.class);
                    if (before.isPresent()) return Outcome.done(before.get());
                    attempt.checkpoint("{line 7}");
                    return Outcome.retry(ofMillis(1), "once more");
                })
                .start();

        assertThat(ended(enqueue("{}")).result()).isEqualTo("{line 7}");
    }

    // ---- what a handler decides

    @Test
    void a_failure_from_elsewhere_keeps_its_own_name_and_trace() {
        var failure = ReportedFailure.of("ValueError", "no such picture", "resize.py:load", "Traceback: …");
        millrace.node()
                .handleRaw("resize", 1, (job, attempt) -> {
                    throw failure;
                })
                .retry(Retry.none())
                .start();

        var job = ended(enqueue("{}"));

        assertThat(job.state()).isEqualTo(State.DISCARDED);
        var kept = Objects.requireNonNull(job.failure());
        assertThat(kept.type()).isEqualTo("ValueError");
        assertThat(kept.message()).isEqualTo("no such picture");
        assertThat(kept.trace()).isEqualTo("Traceback: …");
        assertThat(kept.fingerprint())
                .isEqualTo(Failures.fingerprintOf(ReportedFailure.of("ValueError", "another", "resize.py:load", "")))
                .isNotEqualTo(
                        Failures.fingerprintOf(ReportedFailure.of("ValueError", "another", "resize.py:save", "")));
    }

    @Test
    void a_failure_from_elsewhere_may_say_when_to_come_back_and_that_it_is_the_last() throws Exception {
        var handler = new Recording((job, attempt) -> {
            var failure = ReportedFailure.of("Busy", "come back", "", "");
            if (attempt.number() == 1) throw failure.retryIn(ofMillis(5));
            throw failure.discarding();
        });
        millrace.node().handleRaw("resize", 1, handler).start();

        var job = ended(enqueue("{}"));

        assertThat(job.state()).isEqualTo(State.DISCARDED);
        assertThat(job.attempt()).isEqualTo(2);
        assertThat(handler.settlementOf(handler.next())).isEqualTo(new Settlement.Written(State.RETRYABLE, true));
        assertThat(handler.settlementOf(handler.next())).isEqualTo(new Settlement.Written(State.DISCARDED, true));
    }

    @Test
    void a_failure_without_a_name_is_refused() {
        assertThatThrownBy(() -> ReportedFailure.of(" ", "no", "", ""))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("ValueError");
    }

    // ---- what becomes of it

    @Test
    void an_attempt_that_ran_into_its_deadline_was_not_ended_by_its_handler() throws Exception {
        var handler = new Recording((job, attempt) -> {
            new CountDownLatch(1).await();
            return Outcome.done("{}");
        });
        millrace.node()
                .handleRaw("resize", 1, handler)
                .deadline(ofMillis(50))
                .retry(Retry.none())
                .start();

        var job = ended(enqueue("{}"));

        assertThat(Objects.requireNonNull(job.failure()).type()).isEqualTo("timed out");
        assertThat(handler.settlementOf(handler.next())).isEqualTo(new Settlement.Written(State.DISCARDED, false));
    }

    @Test
    void an_attempt_whose_job_was_cancelled_is_lost() throws Exception {
        var goOn = new CountDownLatch(1);
        var handler = new Recording((job, attempt) -> {
            goOn.await();
            return Outcome.done("{}");
        });
        millrace.node().handleRaw("resize", 1, handler).start();
        var id = enqueue("{}");
        var job = handler.next();

        ops.cancel(id, "nobody needs it");
        goOn.countDown();

        assertThat(handler.settlementOf(job)).isEqualTo(new Settlement.Lost());
        assertThat(ended(id).state()).isEqualTo(State.CANCELLED);
    }

    // ---- versions

    @Test
    void a_handler_gets_each_version_that_it_names_as_it_was_stored() throws Exception {
        var handler = new Recording((job, attempt) -> Outcome.done("{" + job.version() + "}"));
        millrace.node().handleRaw("resize", Set.of(1, 2), handler).start();

        assertThat(millrace.enqueue(new Resize("a")).get(SOON)).isEqualTo("{1}");
        assertThat(millrace.enqueue(new ResizeNow("b")).get(SOON)).isEqualTo("{2}");
    }

    @Test
    void a_version_that_it_does_not_name_waits_and_says_so() {
        millrace.node()
                .handleRaw("resize", 2, (job, attempt) -> Outcome.done("{}"))
                .start();

        var id = millrace.enqueue(new Resize("rome")).id();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(ops.why(id).toString()).contains("reads version 2"));
    }

    // ---- what is refused

    @Test
    void a_kind_has_one_handler_raw_or_not() {
        var node = millrace.node().handle(Resize.class, job -> "small");

        assertThatThrownBy(() -> node.handleRaw("resize", 1, (job, attempt) -> Outcome.done("{}")))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("two handlers")
                .hasMessageContaining("a raw handler");
    }

    @Test
    void a_raw_handler_names_a_version_and_a_kind_that_can_be() {
        var node = millrace.node();

        assertThatThrownBy(() -> node.handleRaw("resize", Set.of(), (job, attempt) -> Outcome.done("{}")))
                .hasMessageContaining("names no version");
        assertThatThrownBy(() -> node.handleRaw("resize", Set.of(0, 1), (job, attempt) -> Outcome.done("{}")))
                .hasMessageContaining("version");
        assertThatThrownBy(() -> node.handleRaw("Re Size", 1, (job, attempt) -> Outcome.done("{}")))
                .hasMessageContaining("can't be called");
    }

    @Test
    void an_upcast_to_a_raw_handler_is_refused() {
        var node = millrace.node()
                .handleRaw("resize", 2, (job, attempt) -> Outcome.done("{}"))
                .upcast(Resize.class, ResizeNow.class, old -> new ResizeNow(old.picture()));

        assertThatThrownBy(node::start).hasMessageContaining("name the older version");
    }

    @Test
    void a_store_that_keeps_values_has_no_raw_handlers() {
        try (var values = Millrace.on(new MemoryStore())) {
            var node = values.node();

            assertThatThrownBy(() -> node.handleRaw("resize", 1, (job, attempt) -> Outcome.done("{}")))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("new MemoryStore(codec)");
        }
    }

    // ---- a node whose places are elsewhere

    @Test
    void a_node_starts_no_more_at_once_than_it_is_told() throws Exception {
        var goOn = new CountDownLatch(1);
        var handler = new Recording((job, attempt) -> {
            goOn.await();
            return Outcome.done("{}");
        });
        var node = millrace.node().slots(3).handleRaw("resize", 1, handler).start();
        node.atMost(0);
        for (int i = 0; i < 3; i++) enqueue("{}");
        assertThat(handler.jobs.poll(300, TimeUnit.MILLISECONDS)).isNull();

        node.atMost(2);

        handler.next();
        handler.next();
        assertThat(handler.jobs.poll(300, TimeUnit.MILLISECONDS)).isNull();
        node.atMost(3);
        handler.next();
        goOn.countDown();
        assertThatThrownBy(() -> node.atMost(4)).hasMessageContaining("started with 3 slots");
        assertThatThrownBy(() -> node.atMost(-1)).hasMessageContaining("Say 0 to that");
    }

    @Test
    void what_an_abandoned_node_held_is_rescued_at_once_and_costs_no_attempt() throws Exception {
        var handler = new Recording((job, attempt) -> {
            new CountDownLatch(1).await();
            return Outcome.done("{}");
        });
        var lost = millrace.node().name("lost").handleRaw("resize", 1, handler).start();
        var id = enqueue("{}");
        var job = handler.next();
        var heir = millrace.node()
                .name("heir")
                .handleRaw("resize", 1, (again, attempt) -> Outcome.done("{" + attempt.rescues() + "}"))
                .start();

        lost.abandon();

        assertThat(handler.settlementOf(job)).isEqualTo(new Settlement.Unknown());
        var ended = ended(id);
        assertThat(ended.result()).isEqualTo("{1}");
        assertThat(ended.attempt()).isEqualTo(1);
        assertThat(ended.node()).isEqualTo(String.valueOf(heir.status().id()));
        lost.close();
    }
}
