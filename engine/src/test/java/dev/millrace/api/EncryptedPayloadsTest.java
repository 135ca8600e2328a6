package dev.millrace.api;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.Codec;
import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.KeyRing;
import dev.millrace.KeyTaken;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.Operations.Scheduling;
import dev.millrace.Outcome;
import dev.millrace.Retry;
import dev.millrace.Schedule;
import dev.millrace.State;
import dev.millrace.Store;
import dev.millrace.Unique;
import dev.millrace.UnknownEncryptionKey;
import dev.millrace.world.SystemWorld;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Payloads, results and checkpoints that are stored encrypted or compressed, seen from a user's side. */
class EncryptedPayloadsTest {

    @Kind("pay")
    record Pay(long order, String card) implements Job<String> {}

    @Kind(value = "pay", version = 2)
    record PayInCurrency(long order, String card, String currency) implements Job<String> {}

    private static final Duration SOON = ofSeconds(10);
    private static final String CARD = "4111-1111-1111-1111";

    private static final Codec WORDS = new WordsCodec();

    private final EncryptionKey may = key("2025-05", 5);
    private final EncryptionKey november = key("2025-11", 11);
    private final Codec encrypted = WORDS.encrypted(KeyRing.writing(may));
    private final MemoryStore store = new MemoryStore(encrypted);
    private final List<Millrace> open = new ArrayList<>();

    private static EncryptionKey key(String id, int fill) {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) fill);
        return EncryptionKey.of(id, bytes);
    }

    @AfterEach
    void close() {
        open.forEach(Millrace::close);
    }

    private Millrace on(Store store) {
        var millrace = Millrace.on(store);
        open.add(millrace);
        return millrace;
    }

    private Millrace with(Codec codec) {
        return on(store.withCodec(codec));
    }

    /** As the store has it. */
    private JobView stored(JobId job) {
        try (var storage = store.open(new SystemWorld())) {
            return storage.find(job).orElseThrow();
        }
    }

    private static JobView shown(Millrace millrace, JobId job) {
        return millrace.operations("mara").find(job).orElseThrow();
    }

    private static Node payments(Millrace millrace) {
        return millrace.node()
                .handle(Pay.class, job -> job.order() + " paid by " + job.card())
                .start();
    }

    // ---- the way of a job

    @Test
    void neither_payload_nor_result_can_be_read_in_the_store() {
        var millrace = on(store);
        payments(millrace);

        var handle = millrace.enqueue(new Pay(42, CARD));

        assertThat(handle.get(SOON)).isEqualTo("42 paid by " + CARD);
        var stored = stored(handle.id());
        assertThat(stored.payload()).startsWith("{\"$millrace\":\"encrypted:1:2025-05:plain:");
        assertThat(stored.result()).startsWith("{\"$millrace\":\"encrypted:1:2025-05:plain:");
        assertThat(stored.toString()).doesNotContain(CARD);
        assertThat(shown(millrace, handle.id()).payload()).isEqualTo("42|" + CARD);
        assertThat(shown(millrace, handle.id()).result()).isEqualTo("42 paid by " + CARD);
        assertThat(millrace.operations("mara")
                        .history(handle.id())
                        .orElseThrow()
                        .job()
                        .payload())
                .isEqualTo("42|" + CARD);
    }

    @Test
    void a_result_of_another_process_is_read_with_its_key() {
        var worker = on(store);
        var handle = worker.enqueue(new Pay(42, CARD));
        payments(worker);
        handle.get(SOON);

        var other = with(WORDS.encrypted(KeyRing.writing(november).alsoReading(may)));
        var without = with(WORDS);

        assertThat(other.find(Pay.class, handle.id()).get(SOON)).isEqualTo("42 paid by " + CARD);
        assertThatThrownBy(() -> without.find(Pay.class, handle.id()).get(ZERO))
                .isInstanceOf(UnknownEncryptionKey.class)
                .hasMessageStartingWith("It was encrypted with key 2025-05, and this process has no keys.");
    }

    @Test
    void a_job_of_before_the_switch_still_runs() {
        var before = with(WORDS).enqueue(new Pay(7, CARD));

        var after = on(store);
        payments(after);

        assertThat(after.find(Pay.class, before.id()).get(SOON)).isEqualTo("7 paid by " + CARD);
        assertThat(stored(before.id()).payload()).isEqualTo("7|" + CARD);
    }

    @Test
    void a_checkpoint_is_encrypted_and_given_back() {
        var millrace = on(store);
        var seen = new ArrayList<String>();
        millrace.node()
                .handle(Pay.class, (job, attempt) -> {
                    seen.add(attempt.checkpoint(String.class).orElse("none"));
                    if (attempt.number() > 1) return "done";
                    attempt.checkpoint(job.card());
                    throw new IllegalStateException("again");
                })
                .retry(Retry.exponential(Duration.ofMillis(1)))
                .start();

        assertThat(millrace.enqueue(new Pay(1, CARD)).get(SOON)).isEqualTo("done");
        assertThat(seen).containsExactly("none", CARD);
    }

    @Test
    void an_old_version_is_decrypted_before_it_climbs_its_way_up() {
        var millrace = on(store);
        var old = millrace.enqueue(new Pay(42, CARD));

        var node = millrace.node()
                .handle(PayInCurrency.class, job -> job.order() + " in " + job.currency())
                .upcast(Pay.class, PayInCurrency.class, v1 -> new PayInCurrency(v1.order(), v1.card(), "EUR"));
        assertThat(node.check().orThrow())
                .hasToString("The only waiting job of kind \"pay\" version 1 decodes with this build.");
        node.start();

        assertThat(old.get(SOON)).isEqualTo("42 in EUR");
    }

    // ---- without the key

    @Test
    void a_job_whose_key_is_not_known_is_parked_with_the_reason_and_runs_once_it_is() {
        var handle = on(store).enqueue(new Pay(42, CARD));

        var wrong = with(WORDS.encrypted(KeyRing.writing(november)));
        var node = payments(wrong);
        await().untilAsserted(
                        () -> assertThat(stored(handle.id()).reason())
                                .startsWith(
                                        "The payload of kind pay version 1 can't be read. It was encrypted with key 2025-05, which this process does not know; it knows 2025-11. Add it to the key ring"));
        assertThat(handle.state()).isEqualTo(State.AVAILABLE);
        assertThat(wrong.operations("mara").why(handle.id()).toString()).contains("2025-05");
        node.close();

        var right = with(WORDS.encrypted(KeyRing.writing(november).alsoReading(may)));
        payments(right);
        assertThat(right.find(Pay.class, handle.id()).get(SOON)).isEqualTo("42 paid by " + CARD);
        assertThat(stored(handle.id()).attempt()).isEqualTo(1);
    }

    @Test
    void a_check_before_a_deploy_finds_that_a_key_is_missing() {
        on(store).enqueue(new Pay(42, CARD));

        var check = with(WORDS).node().handle(Pay.class, job -> "paid").check();

        assertThat(check.passed()).isFalse();
        assertThat(check.toString()).contains("It was encrypted with key 2025-05, and this process has no keys");
    }

    @Test
    void a_job_that_reads_what_its_process_has_no_key_for_is_parked_and_keeps_its_attempt() {
        var later = with(WORDS.encrypted(KeyRing.writing(november).alsoReading(may)));
        var node = payments(later);
        var paid = later.enqueue(new Pay(1, CARD));
        paid.get(SOON);
        node.close();

        var earlier = on(store);
        var handle = earlier.enqueue(new Pay(2, CARD));
        earlier.node()
                .handle(Pay.class, job -> earlier.find(Pay.class, paid.id()).get(ZERO))
                .retry(Retry.none())
                .start();

        await().untilAsserted(() -> assertThat(stored(handle.id()).reason())
                .startsWith("It was encrypted with key 2025-11, which this process does not know; it knows 2025-05."));
        assertThat(stored(handle.id()).state()).isEqualTo(State.AVAILABLE);
        assertThat(stored(handle.id()).attempt()).isEqualTo(1);
    }

    @Test
    void a_note_is_shown_where_the_key_is_not() {
        var handle = on(store).enqueue(new Pay(42, CARD));

        assertThat(shown(with(WORDS), handle.id()).payload())
                .isEqualTo("{\"$millrace\":\"encrypted with key 2025-05, 22 bytes\"}");
    }

    @Test
    void what_does_not_fit_is_not_told_in_the_clear() {
        var handle = on(store).operations("mara").enqueue("pay", 1, "forty-two|" + CARD, o -> o);
        payments(on(store));

        await().untilAsserted(() -> assertThat(stored(handle.id()).reason())
                .contains("What was encrypted with key 2025-05 is no")
                .contains("a NumberFormatException")
                .doesNotContain("forty-two")
                .doesNotContain(CARD));
    }

    @Test
    void who_gives_a_payload_as_text_is_told_what_does_not_fit() {
        var millrace = on(store);
        payments(millrace);

        assertThatThrownBy(() -> millrace.operations("mara").enqueue("pay", 1, "forty-two|" + CARD, o -> o))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("forty-two");
    }

    // ---- handlers that take text

    @Test
    void a_raw_handler_gets_plain_text_and_what_it_gives_is_stored_encrypted() {
        var millrace = on(store);
        millrace.node()
                .handleRaw("pay", 1, (job, attempt) -> {
                    var before = attempt.checkpoint(String.class);
                    if (before.isPresent()) return Outcome.done(before.get() + " paid by " + job.payload());
                    attempt.checkpoint("half of " + CARD);
                    assertThat(stored(job.id()).toString()).doesNotContain(CARD);
                    return Outcome.retry(ofMillis(1), "the other half");
                })
                .start();

        var handle = millrace.enqueue(new Pay(42, CARD));

        assertThat(handle.get(SOON)).isEqualTo("half of " + CARD + " paid by 42|" + CARD);
        assertThat(stored(handle.id()).result()).startsWith("{\"$millrace\":\"encrypted:1:2025-05:plain:");
        assertThat(stored(handle.id()).toString()).doesNotContain(CARD);
    }

    @Test
    void a_job_of_a_raw_handler_whose_key_is_not_known_is_parked() {
        var id = with(WORDS.encrypted(KeyRing.writing(november)))
                .enqueue(new Pay(42, CARD))
                .id();

        on(store)
                .node()
                .handleRaw("pay", 1, (job, attempt) -> Outcome.done(job.payload()))
                .start();

        await().untilAsserted(
                        () -> assertThat(stored(id).reason()).contains("It was encrypted with key 2025-11, which"));
        assertThat(stored(id).state()).isEqualTo(State.AVAILABLE);
        assertThat(stored(id).attempt()).isEqualTo(1);
    }

    @Test
    void a_raw_handler_that_is_not_told_a_checkpoint_for_want_of_its_key_is_parked_and_keeps_its_attempt() {
        var id = on(store).enqueue(new Pay(42, CARD)).id();
        var later = with(WORDS.encrypted(KeyRing.writing(november).alsoReading(may)));
        var node = later.node()
                .handleRaw("pay", 1, (job, attempt) -> {
                    attempt.checkpoint("half");
                    return Outcome.snooze(ofSeconds(2), "the other half is for another node");
                })
                .start();
        await().untilAsserted(() -> assertThat(stored(id).reason()).contains("the other half"));
        node.close();

        on(store)
                .node()
                .handleRaw(
                        "pay",
                        1,
                        (job, attempt) ->
                                Outcome.done(attempt.checkpoint(String.class).orElse("none")))
                .start();

        await().untilAsserted(() -> assertThat(stored(id).reason())
                .startsWith("It was encrypted with key 2025-11, which this process does not know; it knows 2025-05."));
        assertThat(stored(id).state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void what_a_raw_handler_gives_and_can_not_be_stored_is_not_told_in_the_clear() {
        var millrace = on(store.withCodec(new Picky().encrypted(KeyRing.writing(may))));
        millrace.node()
                .handleRaw("pay", 1, (job, attempt) -> Outcome.done("refuse " + CARD))
                .start();

        var id = millrace.enqueue(new Pay(42, CARD)).id();

        await().untilAsserted(() -> assertThat(stored(id).state()).isEqualTo(State.DISCARDED));
        assertThat(stored(id).failure()).isNotNull();
        assertThat(stored(id).toString())
                .contains("A raw handler gave text that the store's codec can't read")
                .doesNotContain(CARD);
    }

    /** Says what it does not read, as codecs do. */
    private static final class Picky implements Codec {
        @Override
        public String encode(@Nullable Object value) {
            return WORDS.encode(value);
        }

        @Override
        public @Nullable Object decode(String text, Type type) {
            if (text.startsWith("refuse")) throw new MillraceException("This is no text: " + text);
            return WORDS.decode(text, type);
        }
    }

    // ---- schedules that are set at run time

    @Test
    void a_schedule_keeps_its_payload_encrypted_and_its_jobs_run() {
        var millrace = on(store);
        var ran = new LinkedBlockingQueue<Pay>();
        millrace.node()
                .handle(Pay.class, job -> {
                    ran.add(job);
                    return "paid";
                })
                .start();
        var ops = millrace.operations("mara");

        ops.schedule("pay-ada", Schedule.every(ofDays(1)), new Pay(42, CARD), "she asks for it");
        ops.runNow("pay-ada");

        await().untilAsserted(() -> assertThat(ran).contains(new Pay(42, CARD)));
        try (var storage = store.open(new SystemWorld())) {
            assertThat(storage.schedules().toString())
                    .contains("{\"$millrace\":\"encrypted:1:2025-05:plain:")
                    .doesNotContain(CARD);
        }
    }

    @Test
    void the_payload_of_a_schedule_is_shown_where_the_key_is() {
        on(store)
                .operations("mara")
                .schedule("pay-ada", Schedule.every(ofDays(1)), new Pay(42, CARD), "she asks for it");

        assertThat(payloadOfSchedule(on(store))).isEqualTo("42|" + CARD);
        assertThat(payloadOfSchedule(with(WORDS)))
                .isEqualTo("{\"$millrace\":\"encrypted with key 2025-05, 22 bytes\"}");
    }

    private static @Nullable String payloadOfSchedule(Millrace millrace) {
        return Objects.requireNonNull(
                        millrace.operations("mara").schedules().getFirst().set())
                .payload();
    }

    @Test
    void a_schedule_that_is_set_again_is_the_same_until_its_payload_or_the_key_is_another_one() {
        var ops = on(store).operations("mara");
        var later = with(WORDS.encrypted(KeyRing.writing(november).alsoReading(may)))
                .operations("mara");
        var daily = Schedule.every(ofDays(1));

        assertThat(ops.schedule("pay-ada", daily, new Pay(42, CARD), "first")).isEqualTo(Scheduling.CREATED);
        assertThat(ops.schedule("pay-ada", daily, new Pay(42, CARD), "again")).isEqualTo(Scheduling.UNCHANGED);
        assertThat(ops.schedule("pay-ada", daily, new Pay(43, CARD), "more")).isEqualTo(Scheduling.CHANGED);
        assertThat(later.schedule("pay-ada", daily, new Pay(43, CARD), "a new key"))
                .isEqualTo(Scheduling.CHANGED);
        assertThat(later.schedule("pay-ada", daily, new Pay(43, CARD), "again")).isEqualTo(Scheduling.UNCHANGED);
    }

    @Test
    void two_schedules_of_one_payload_look_nothing_alike() {
        var ops = on(store).operations("mara");
        for (var name : List.of("pay-ada", "pay-bob"))
            ops.schedule(name, Schedule.every(ofDays(1)), new Pay(42, CARD), "they ask for it");

        try (var storage = store.open(new SystemWorld())) {
            assertThat(storage.schedules().stream()
                            .map(kept ->
                                    Objects.requireNonNull(kept.setting()).job().payload())
                            .distinct())
                    .hasSize(2);
        }
    }

    // ---- what is compared

    @Test
    void an_idempotency_key_recognises_the_same_request_though_its_text_is_another_one() {
        var millrace = on(store);

        var first = millrace.enqueue(new Pay(1, CARD), o -> o.idempotencyKey("request-7"));
        var again = millrace.enqueue(new Pay(1, CARD), o -> o.idempotencyKey("request-7"));

        assertThat(again.id()).isEqualTo(first.id());
        assertThatThrownBy(() -> millrace.enqueue(new Pay(2, CARD), o -> o.idempotencyKey("request-7")))
                .isInstanceOf(KeyTaken.class)
                .hasMessageContaining("hmac-sha256:2025-05:")
                .hasMessageNotContaining(CARD);
    }

    @Test
    void an_idempotency_key_recognises_the_same_request_across_the_switch_and_a_change_of_keys() {
        var steps = List.of(
                WORDS,
                WORDS.encrypted(KeyRing.onlyReading(may)),
                encrypted,
                WORDS.encrypted(KeyRing.writing(may).alsoReading(november)),
                WORDS.encrypted(KeyRing.writing(november).alsoReading(may)).compressed());
        var job = new Pay(1, CARD);
        for (int i = 0; i + 1 < steps.size(); i++) {
            var key = "step-" + i;
            var sent = with(steps.get(i)).enqueue(job, o -> o.idempotencyKey(key));
            var again = with(steps.get(i + 1)).enqueue(job, o -> o.idempotencyKey(key));
            var back = i == 0 ? sent : with(steps.get(i)).enqueue(job, o -> o.idempotencyKey(key));

            assertThat(again.id()).as("step %d", i).isEqualTo(sent.id());
            assertThat(back.id()).isEqualTo(sent.id());
        }
        var late = with(steps.get(2)).enqueue(job, o -> o.idempotencyKey("late"));
        assertThat(with(steps.get(1))
                        .enqueue(job, o -> o.idempotencyKey("late"))
                        .id())
                .as("a process that only reads, of what one that writes has sent")
                .isEqualTo(late.id());
    }

    @Test
    void a_unique_job_is_found_and_replaced_as_any_other() {
        var millrace = on(store);

        var first = millrace.enqueue(
                new Pay(1, CARD), o -> o.in(ofDays(1)).unique(Unique.by(1).replace()));
        var second = millrace.enqueue(
                new Pay(2, CARD), o -> o.in(ofDays(1)).unique(Unique.by(1).replace()));

        assertThat(second.id()).isEqualTo(first.id());
        assertThat(shown(millrace, first.id()).payload()).isEqualTo("2|" + CARD);
    }

    // ---- by the name of a kind, and many at once

    @Test
    void what_is_given_as_text_is_encrypted_too() {
        var millrace = on(store);

        var handle = millrace.operations("mara").enqueue("pay", 1, "42|" + CARD, o -> o);

        assertThat(stored(handle.id()).payload()).startsWith("{\"$millrace\":\"encrypted:1:");
        assertThat(shown(millrace, handle.id()).payload()).isEqualTo("42|" + CARD);
    }

    @Test
    void what_is_given_as_it_is_stored_is_refused() {
        var millrace = on(store);
        var stored = Objects.requireNonNull(
                stored(millrace.enqueue(new Pay(1, CARD)).id()).payload());

        assertThatThrownBy(() -> millrace.operations("mara").enqueue("pay", 1, stored, o -> o))
                .isInstanceOf(MillraceException.class)
                .hasMessageStartingWith("The payload of kind pay is given as it is stored");
    }

    @Test
    void jobs_are_not_changed_by_a_search_that_can_not_see_what_it_searches() {
        var millrace = on(store);
        var ops = millrace.operations("mara");

        assertThatThrownBy(() ->
                        ops.jobs(f -> f.state(State.AVAILABLE).text("chair")).cancel())
                .hasMessageStartingWith("Payloads are compressed or encrypted here")
                .hasMessageContaining("fingerprint(…)");
        assertThat(ops.jobs(f -> f.state(State.AVAILABLE).kind("pay")).cancel().count())
                .isZero();
    }

    // ---- sizes

    @Test
    void what_is_stored_is_no_larger_than_any_payload_and_the_message_tells_what_makes_it_so() {
        var text = "ab".repeat(100_000);

        assertThatThrownBy(() -> on(store).enqueue(new Pay(1, text)))
                .hasMessageMatching(
                        "The payload of Pay takes 266,\\d{3} bytes encrypted, from 200,002 bytes of text; at most 262,144 are stored. Compress it, codec.compressed\\(\\); or keep .*");
        var compressed = with(encrypted.compressed());
        var handle = compressed.enqueue(new Pay(1, text.repeat(5)));
        assertThat(stored(handle.id()).payload()).hasSizeLessThan(10_000);
        assertThatThrownBy(() -> compressed.enqueue(new Pay(1, text.repeat(6))))
                .hasMessageContaining(
                        "takes 1,200,002 bytes; at most 262,144 are stored, and at most 1,048,576 are compressed to that");
    }

    // ---- codecs

    @Test
    void a_codec_around_another_sees_texts_as_they_are_before() {
        var seen = new ArrayList<String>();
        var codec = encrypted.around(inner -> new Codec() {
            @Override
            public String encode(@Nullable Object value) {
                var text = inner.encode(value);
                seen.add(text);
                return text;
            }

            @Override
            public @Nullable Object decode(String text, Type type) {
                seen.add(text);
                return inner.decode(text, type);
            }
        });

        assertThat(codec.decode(codec.encode(new Pay(1, "a")), Pay.class)).isEqualTo(new Pay(1, "a"));
        assertThat(seen).containsExactly("1|a", "1|a");
        assertThat(WORDS.around(inner -> inner)).isSameAs(WORDS);
    }

    @Test
    void all_keys_are_on_one_ring() {
        assertThatThrownBy(() -> encrypted.compressed().encrypted(KeyRing.writing(november)))
                .hasMessageStartingWith("This codec encrypts already, by a key ring that writes with 2025-05");
    }
}
