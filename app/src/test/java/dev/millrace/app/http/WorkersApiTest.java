package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.http.HttpFixture.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;

/** The protocol of workers, through real HTTP. Each test has a queue of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
class WorkersApiTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    private final HttpFixture http = new HttpFixture();

    private final Queue<String> paths = new ConcurrentLinkedQueue<>();

    /** Workers that leave need not be waited for. */
    @AfterAll
    void close() {
        for (var path : paths) http.send("DELETE", path);
        http.close();
    }

    /** A worker that serves one queue and one kind of the same name. */
    private final class Worker {
        final String path;

        Worker(String queue) {
            this(queue, 1, "");
        }

        Worker(String queue, int slots, String more) {
            var opened = http.post(
                    "/api/workers",
                    "{\"name\":\"%1$s-worker\",\"queues\":[\"%1$s\"],\"kinds\":[{\"kind\":\"%1$s\"}],\"slots\":%2$d%3$s}"
                            .formatted(queue, slots, more));
            assertThat(opened.status()).as(opened.text()).isEqualTo(201);
            path = opened.header("Location");
            paths.add(path);
            assertThat(path)
                    .isEqualTo("/api/workers/" + opened.json().get("worker").stringValue());
        }

        Answer ask(int most, String wait, String... holding) {
            var held = String.join(
                    ",", List.of(holding).stream().map(it -> "\"" + it + "\"").toList());
            return http.post(
                    path + "/claim", "{\"most\":%d,\"wait\":\"%s\",\"holding\":[%s]}".formatted(most, wait, held));
        }

        Given next() {
            return next(new String[0]);
        }

        Given next(String... holding) {
            var found = new ArrayList<Given>();
            Awaitility.await().atMost(SOON).until(() -> {
                var answer = ask(1, "1s", holding);
                assertThat(answer.status()).as(answer.text()).isEqualTo(200);
                for (var attempt : answer.json().get("attempts")) found.add(new Given(this, attempt));
                return !found.isEmpty();
            });
            assertThat(found).hasSize(1);
            return found.getFirst();
        }

        Answer heartbeat(String... holding) {
            var held = String.join(
                    ",", List.of(holding).stream().map(it -> "\"" + it + "\"").toList());
            return http.post(path + "/heartbeat", "{\"holding\":[%s]}".formatted(held));
        }

        Answer close() {
            return http.send("DELETE", path);
        }
    }

    private final class Given {
        final Worker worker;
        final JsonNode json;

        Given(Worker worker, JsonNode json) {
            this.worker = worker;
            this.json = json;
        }

        String id() {
            return json.get("attempt").stringValue();
        }

        String token() {
            return json.get("token").stringValue();
        }

        String job() {
            return json.get("job").stringValue();
        }

        Answer complete(String said) {
            return say("complete", token(), said);
        }

        Answer report(String said) {
            return say("report", token(), said);
        }

        Answer say(String what, String token, String said) {
            return http.post(
                    worker.path + "/attempts/" + id() + "/" + what, "{\"token\":\"%s\",%s}".formatted(token, said));
        }
    }

    private String enqueue(String queue, String payload) {
        var sent = http.post(
                "/api/jobs", "{\"kind\":\"%1$s\",\"queue\":\"%1$s\",\"payload\":%2$s}".formatted(queue, payload));
        assertThat(sent.status()).as(sent.text()).isEqualTo(201);
        return sent.json().get("id").stringValue();
    }

    private JsonNode job(String id) {
        return http.get("/api/jobs/" + id).json();
    }

    private String state(String id) {
        return job(id).get("state").stringValue();
    }

    private static void refused(Answer answer, int status, String type, String... words) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("urn:millrace:problem:" + type);
        for (var word : words)
            assertThat(answer.json().get("detail").stringValue()).contains(word);
    }

    // ---- a job's way

    @Test
    void a_worker_gets_a_job_and_completes_it_with_a_result() {
        var worker = new Worker("plain");
        var id = enqueue("plain", "{\"n\":1.50}");

        var answer = worker.ask(1, "15s");

        assertThat(answer.text()).as("all digits are kept").contains("\"payload\":{\"n\":1.50}");
        var given = new Given(worker, answer.json().get("attempts").get(0));
        assertThat(given.job()).isEqualTo(id);
        assertThat(state(id)).isEqualTo("running");
        var done = given.complete("\"outcome\":\"done\",\"result\":{\"twice\":3.00}");
        assertThat(done.status()).as(done.text()).isEqualTo(200);
        assertThat(done.json().get("state").stringValue()).isEqualTo("completed");
        assertThat(state(id)).as("it is durable when it is answered").isEqualTo("completed");
        assertThat(http.get("/api/jobs/" + id).text()).contains("\"result\":{\"twice\":3.00}");
    }

    @Test
    void an_attempt_comes_with_everything_that_is_known_of_it() {
        var worker = new Worker("whole");
        http.post(
                "/api/jobs",
                "{\"kind\":\"whole\",\"queue\":\"whole\",\"payload\":[1],\"tenant\":\"acme\",\"tags\":[\"a\",\"b\"],\"headers\":{\"trace\":\"4bf9\"},\"expiresAfter\":\"1d\"}");

        var json = worker.next().json;

        assertThat(json.get("kind").stringValue()).isEqualTo("whole");
        assertThat(json.get("version").intValue()).isEqualTo(1);
        assertThat(json.get("queue").stringValue()).isEqualTo("whole");
        assertThat(json.get("run").intValue()).isEqualTo(1);
        assertThat(json.get("number").intValue()).isEqualTo(1);
        assertThat(json.get("rescues").intValue()).isZero();
        assertThat(json.get("enqueuedAt").stringValue()).endsWith("Z");
        assertThat(json.get("expiresAt").stringValue()).endsWith("Z");
        assertThat(json.get("deadlineMillis").longValue()).isEqualTo(300_000);
        assertThat(json.get("tenant").stringValue()).isEqualTo("acme");
        assertThat(json.get("tags").toString()).isEqualTo("[\"a\",\"b\"]");
        assertThat(json.get("headers").toString()).isEqualTo("{\"trace\":\"4bf9\"}");
        assertThat(json.get("checkpoint").isNull()).isTrue();
        assertThat(json.get("batch").isNull()).isTrue();
        assertThat(json.get("token").stringValue()).hasSize(32);
    }

    @Test
    void a_request_for_work_waits_until_there_is_some() throws Exception {
        var worker = patient("waits");
        var asked = asksForLong(worker);

        var id = enqueue("waits", "1");

        var answer = asked.get(SOON.toSeconds(), TimeUnit.SECONDS);
        assertThat(answer.json().get("attempts").get(0).get("job").stringValue())
                .isEqualTo(id);
    }

    @Test
    void a_request_for_work_that_finds_none_is_answered_with_none() {
        var answer = new Worker("none").ask(1, "10ms");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().get("attempts").isEmpty()).isTrue();
        assertThat(answer.json().get("closing").booleanValue()).isFalse();
    }

    @Test
    void a_worker_gets_no_more_than_it_has_asked_for() {
        var worker = new Worker("few", 5, "");
        for (int i = 0; i < 5; i++) enqueue("few", "1");
        var first = worker.next();

        var refusal = worker.next(first.id());

        assertThat(refusal.id()).isNotEqualTo(first.id());
        assertThat(http.get("/api/jobs?queue=few&state=running")
                        .json()
                        .get("jobs")
                        .size())
                .as("others start when they are asked for")
                .isLessThanOrEqualTo(3);
    }

    @Test
    void a_worker_whose_slots_are_full_is_told_so() {
        var worker = new Worker("full");
        enqueue("full", "1");
        var given = worker.next();

        refused(worker.ask(1, "0", given.id()), 409, "conflict", "as many as it has slots");
    }

    @Test
    void many_jobs_are_each_done_once() {
        var worker = new Worker("many", 10, "");
        var ids = IntStream.range(0, 50)
                .mapToObj(i -> enqueue("many", String.valueOf(i)))
                .toList();

        var done = new ArrayList<String>();
        Awaitility.await().atMost(SOON).until(() -> {
            for (var attempt : worker.ask(10, "1s").json().get("attempts")) {
                var given = new Given(worker, attempt);
                assertThat(given.complete("\"outcome\":\"done\"").status()).isEqualTo(200);
                done.add(given.job());
            }
            return done.size() >= ids.size();
        });

        assertThat(done).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(ids).allSatisfy(id -> assertThat(state(id)).isEqualTo("completed"));
    }

    // ---- the other outcomes

    @Test
    void an_error_is_kept_under_its_own_name_and_the_next_attempt_follows() {
        var worker = new Worker("fails");
        var id = enqueue("fails", "1");

        var said = worker.next()
                .complete(
                        "\"outcome\":\"retry\",\"type\":\"ValueError\",\"message\":\"no such order\",\"place\":\"mail.py:send\",\"trace\":\"Traceback\",\"after\":\"1ms\"");

        assertThat(said.json().get("state").stringValue()).isEqualTo("retryable");
        assertThat(job(id).get("failure").get("type").stringValue()).isEqualTo("ValueError");
        assertThat(job(id).get("failure").get("message").stringValue()).isEqualTo("no such order");
        var again = worker.next();
        assertThat(again.job()).isEqualTo(id);
        assertThat(again.json.get("number").intValue()).isEqualTo(2);
        again.complete("\"outcome\":\"done\"");
        assertThat(state(id)).isEqualTo("completed");
    }

    @Test
    void the_policy_of_the_kind_counts_attempts() {
        var opened = http.post(
                "/api/workers",
                "{\"name\":\"once\",\"queues\":[\"once\"],\"kinds\":[{\"kind\":\"once\",\"retry\":{\"attempts\":1,\"fixed\":\"1s\"},\"deadline\":\"1m\",\"concurrency\":1}]}");
        assertThat(opened.status()).as(opened.text()).isEqualTo(201);
        var id = enqueue("once", "1");
        var attempt = http.post(opened.header("Location") + "/claim", "{\"wait\":\"10s\",\"holding\":[]}")
                .json()
                .get("attempts")
                .get(0);
        assertThat(attempt.get("deadlineMillis").longValue()).isEqualTo(60_000);

        var said = http.post(
                opened.header("Location") + "/attempts/"
                        + attempt.get("attempt").stringValue() + "/complete",
                "{\"token\":\"%s\",\"outcome\":\"retry\",\"type\":\"Oops\"}"
                        .formatted(attempt.get("token").stringValue()));

        assertThat(said.json().get("state").stringValue()).isEqualTo("discarded");
        assertThat(state(id)).isEqualTo("discarded");
    }

    @Test
    void a_job_may_be_put_off_withdrawn_or_given_up() {
        var worker = new Worker("others");
        var later = enqueue("others", "1");
        assertThat(worker.next()
                        .complete("\"outcome\":\"snooze\",\"after\":\"1h\",\"reason\":\"the shop is closed\"")
                        .json()
                        .get("state")
                        .stringValue())
                .isEqualTo("scheduled");
        assertThat(job(later).get("attempt").intValue()).isEqualTo(1);
        var withdrawn = enqueue("others", "2");
        worker.next().complete("\"outcome\":\"cancel\",\"reason\":\"nobody needs it\"");
        assertThat(state(withdrawn)).isEqualTo("cancelled");
        var lost = enqueue("others", "3");
        worker.next().complete("\"outcome\":\"discard\",\"type\":\"BadAddress\",\"message\":\"no such town\"");
        assertThat(state(lost)).isEqualTo("discarded");
        assertThat(job(lost).get("failure").get("type").stringValue()).isEqualTo("BadAddress");
    }

    @Test
    void a_checkpoint_is_there_for_the_next_attempt_and_progress_and_log_are_shown() {
        var worker = new Worker("long");
        var id = enqueue("long", "1");
        var given = worker.next();

        var told = given.report(
                "\"heartbeat\":true,\"progress\":{\"done\":7,\"total\":9},\"log\":[\"began {}\",{\"text\":\"went on\"},{\"level\":\"warning\",\"text\":\"no price\"}],\"checkpoint\":{\"line\":7}");

        assertThat(told.status()).as(told.text()).isEqualTo(200);
        Awaitility.await()
                .atMost(SOON)
                .until(() -> job(id).toString().contains("\"done\":7")
                        && job(id).toString().contains("no price"));
        assertThat(levels(job(id))).containsExactly("info began {}", "info went on", "warning no price");
        assertThat(levels(http.get("/api/jobs/" + id + "?level=warning").json()))
                .containsExactly("warning no price");
        assertThat(http.get("/api/jobs/" + id + "?level=loud").status()).isEqualTo(400);
        given.complete("\"outcome\":\"retry\",\"type\":\"Oops\",\"after\":\"1ms\"");
        assertThat(worker.next().json.get("checkpoint").toString()).isEqualTo("{\"line\":7}");
    }

    private static List<String> levels(JsonNode job) {
        return job.get("log")
                .valueStream()
                .map(line ->
                        line.get("level").stringValue() + " " + line.get("text").stringValue())
                .toList();
    }

    // ---- what is taken away

    @Test
    void a_cancel_reaches_the_worker_and_what_it_says_then_does_not_count() {
        var worker = new Worker("stops");
        var id = enqueue("stops", "1");
        var given = worker.next();
        assertThat(worker.heartbeat(given.id()).json().get("stop").isEmpty()).isTrue();

        assertThat(http.post("/api/jobs/" + id + "/cancel", "{}").status()).isEqualTo(200);

        Awaitility.await()
                .atMost(SOON)
                .until(() -> worker.heartbeat(given.id())
                        .json()
                        .get("stop")
                        .toString()
                        .equals("[{\"attempt\":\"%s\",\"why\":\"cancelled\"}]".formatted(given.id())));
        refused(given.complete("\"outcome\":\"done\",\"result\":1"), 409, "taken-away", id, "drop it");
        refused(given.report("\"checkpoint\":1"), 409, "taken-away");
        assertThat(state(id)).isEqualTo("cancelled");
        assertThat(job(id).has("result") && !job(id).get("result").isNull()).isFalse();
    }

    @Test
    void the_jobs_of_a_worker_that_is_lost_run_elsewhere_and_what_it_says_later_does_not_count() {
        var lost = new Worker("lost", 2, ",\"timeout\":\"2s\"");
        var id = enqueue("lost", "1");
        var before = lost.next();
        var heir = new Worker("lost", 1, "");

        var after = heir.next();

        assertThat(after.job()).isEqualTo(id);
        assertThat(after.json.get("rescues").intValue()).isEqualTo(1);
        assertThat(after.json.get("number").intValue())
                .as("it costs no attempt")
                .isEqualTo(1);
        refused(
                before.complete("\"outcome\":\"done\",\"result\":\"late\""),
                404,
                "unknown-worker",
                "open a new session");
        refused(lost.heartbeat(), 404, "unknown-worker");
        assertThat(after.complete("\"outcome\":\"done\",\"result\":\"in time\"").status())
                .isEqualTo(200);
        assertThat(job(id).get("result").stringValue()).isEqualTo("in time");
    }

    @Test
    void a_worker_that_gives_signs_of_life_keeps_what_it_has() {
        var worker = new Worker("beats", 1, ",\"timeout\":\"2s\"");
        enqueue("beats", "1");
        var given = worker.next();

        for (int i = 0; i < 8; i++) {
            assertThat(worker.heartbeat(given.id()).status()).isEqualTo(200);
            Awaitility.await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        }

        assertThat(given.complete("\"outcome\":\"done\"").status()).isEqualTo(200);
    }

    @Test
    void what_a_worker_holds_when_it_leaves_runs_again_at_once_and_costs_no_attempt() {
        var leaves = new Worker("leaves");
        var id = enqueue("leaves", "1");
        var given = leaves.next();

        var left = leaves.close();

        assertThat(left.status()).as(left.text()).isEqualTo(200);
        assertThat(left.json().get("putBack").intValue()).isEqualTo(1);
        refused(given.complete("\"outcome\":\"done\""), 404, "unknown-worker");
        var again = new Worker("leaves").next();
        assertThat(again.job()).isEqualTo(id);
        assertThat(again.json.get("number").intValue()).isEqualTo(1);
        assertThat(again.json.get("rescues").intValue()).isZero();
        refused(leaves.close(), 404, "unknown-worker");
    }

    // ---- answers that are lost

    @Test
    void the_same_outcome_again_is_answered_the_same_and_other_words_are_refused() {
        var worker = new Worker("again");
        var id = enqueue("again", "1");
        var given = worker.next();
        var said = "\"outcome\":\"done\",\"result\":1";
        var first = given.complete(said);

        var second = given.complete(said);

        assertThat(second.status()).isEqualTo(200);
        assertThat(second.text()).isEqualTo(first.text());
        refused(given.complete("\"outcome\":\"done\",\"result\":2"), 409, "conflict", "The first ones count");
        refused(given.report("\"heartbeat\":true"), 409, "taken-away");
        assertThat(job(id).get("result").intValue()).isEqualTo(1);
    }

    @Test
    void an_attempt_whose_answer_never_arrived_is_handed_out_again() {
        var worker = new Worker("unheard", 2, "");
        enqueue("unheard", "1");
        var unheard = worker.next();

        var again = worker.next();

        assertThat(again.id()).isEqualTo(unheard.id());
        assertThat(again.token()).isEqualTo(unheard.token());
        assertThat(worker.ask(1, "0", again.id()).json().get("attempts").isEmpty())
                .isTrue();
    }

    private Worker patient(String queue) {
        return new Worker(queue, 1, ",\"timeout\":\"3m\"");
    }

    /** Longer than any test waits. On a thread of its own: the common pool of a small machine has one for all. */
    private static CompletableFuture<Answer> asksForLong(Worker worker) {
        return CompletableFuture.supplyAsync(() -> worker.ask(1, "55s"), Thread::startVirtualThread);
    }

    @Test
    void a_second_request_for_work_ends_the_first_with_nothing() throws Exception {
        var worker = patient("second");
        var first = asksForLong(worker);

        Awaitility.await()
                .atMost(SOON)
                .until(
                        () -> { // it may not have arrived before the first of these
                            worker.ask(1, "0");
                            return first.isDone();
                        });

        assertThat(first.get().json().get("attempts").isEmpty()).isTrue();
    }

    @Test
    void a_worker_that_asks_for_nothing_takes_back_what_it_had_asked_for() throws Exception {
        var worker = patient("nothing");
        var asking = asksForLong(worker);

        Awaitility.await().atMost(SOON).until(() -> {
            assertThat(worker.ask(0, "10s").json().get("attempts").isEmpty()).isTrue();
            return asking.isDone();
        });

        assertThat(asking.get().status()).isEqualTo(200);
        var id = enqueue("nothing", "1");
        Awaitility.await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        assertThat(state(id)).isEqualTo("available");
    }

    // ---- what is refused

    @Test
    void a_wrong_token_is_refused_and_changes_nothing() {
        var worker = new Worker("token");
        var id = enqueue("token", "1");
        var given = worker.next();

        refused(given.say("complete", "0".repeat(32), "\"outcome\":\"done\""), 403, "wrong-token", given.id());
        refused(given.say("report", "nonsense", "\"heartbeat\":true"), 403, "wrong-token");
        assertThat(state(id)).isEqualTo("running");
        assertThat(given.complete("\"outcome\":\"done\"").status()).isEqualTo(200);
        refused(given.say("complete", "0".repeat(32), "\"outcome\":\"done\""), 403, "wrong-token");
    }

    @Test
    void what_nobody_knows_is_not_found() {
        var worker = new Worker("nobody");

        refused(http.post("/api/workers/1234/claim", "{\"holding\":[]}"), 404, "unknown-worker", "\"1234\"");
        refused(
                http.post(worker.path + "/attempts/1234/complete", "{\"token\":\"x\",\"outcome\":\"done\"}"),
                404,
                "not-found",
                "\"1234\"");
    }

    @Test
    void a_job_of_a_kind_that_no_worker_knows_waits_and_says_so() {
        var worker = new Worker("known");
        var sent = http.post("/api/jobs", "{\"kind\":\"other-kind\",\"queue\":\"known\"}");
        enqueue("known", "1");

        assertThat(worker.next().json.get("kind").stringValue()).isEqualTo("known");
        Awaitility.await()
                .atMost(SOON)
                .until(() -> http.get(sent.header("Location"))
                        .json()
                        .get("why")
                        .toString()
                        .contains("other-kind"));
    }

    @Test
    void a_worker_that_makes_no_sense_is_told_what_is_wrong() {
        var good = "\"name\":\"w\",\"queues\":[\"bad\"],\"kinds\":[{\"kind\":\"bad\"}]";
        bad("{}", "bad-request", "no name");
        bad("[]", "bad-request", "not an object");
        bad("{\"name\":\"w\"}", "bad-request", "no kinds");
        bad("{\"name\":\"w\",\"kinds\":[]}", "bad-request", "no kinds");
        bad("{\"name\":\"w\",\"kinds\":[{}]}", "bad-request", "Element 0", "no kind");
        bad("{\"name\":\"w\",\"kinds\":[7]}", "bad-request", "Element 0", "not an object");
        bad("{" + good + ",\"slot\":1}", "bad-request", "\"slot\"", "slots");
        bad("{" + good + ",\"slots\":0}", "bad-request", "1 to 1,000");
        bad("{" + good + ",\"slots\":1001}", "bad-request", "1 to 1,000");
        bad("{" + good + ",\"slots\":\"4\"}", "bad-request", "whole number");
        bad("{" + good + ",\"timeout\":\"1s\"}", "bad-request", "timeout");
        bad("{" + good + ",\"timeout\":\"1h\"}", "bad-request", "timeout");
        bad("{" + good + ",\"timeout\":30}", "bad-request", "span of time");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"Not A Name\"}]}", "refused", "can't be called");
        bad(
                "{\"name\":\"w\",\"queues\":[\"Not A Name\"],\"kinds\":[{\"kind\":\"bad\"}]}",
                "refused",
                "can't be called");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\"},{\"kind\":\"bad\"}]}", "refused", "two handlers");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"versions\":[0]}]}", "refused", "version");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"versions\":1}]}", "bad-request", "list of whole numbers");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"deadline\":\"1s\"}]}", "bad-request", "10 s or more");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"deadline\":\"8d\"}]}", "refused", "too long");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"concurrency\":0}]}", "bad-request", "concurrency");
        bad(
                "{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"retry\":{\"backOff\":\"1s\",\"fixed\":\"1s\"}}]}",
                "bad-request",
                "both backOff and fixed");
        bad(
                "{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"retry\":{\"backOff\":\"1h\",\"atMost\":\"1m\"}}]}",
                "refused",
                "rest for 1 h at first and for 1 min at most");
        bad("{\"name\":\"w\",\"kinds\":[{\"kind\":\"bad\",\"retry\":{\"attempts\":0}}]}", "bad-request", "attempts");
    }

    private void bad(String body, String type, String... words) {
        refused(http.post("/api/workers", body), 400, type, words);
    }

    @Test
    void an_outcome_that_makes_no_sense_is_refused_and_the_attempt_goes_on() {
        var worker = new Worker("nonsense");
        enqueue("nonsense", "1");
        var given = worker.next();

        refused(given.complete("\"result\":1"), 400, "bad-request", "no outcome");
        refused(given.complete("\"outcome\":\"finished\""), 400, "bad-request", "done, retry, discard");
        refused(given.complete("\"outcome\":\"done\",\"results\":1"), 400, "bad-request", "\"results\"");
        refused(given.complete("\"outcome\":\"retry\""), 400, "bad-request", "no type");
        refused(given.complete("\"outcome\":\"retry\",\"type\":\"E\",\"after\":\"soon\""), 400, "bad-request", "span");
        refused(given.complete("\"outcome\":\"snooze\""), 400, "bad-request", "how long");
        refused(given.complete("\"outcome\":\"snooze\",\"after\":\"20000d\""), 400, "refused", "ten years");
        refused(given.complete("\"outcome\":\"cancel\""), 400, "bad-request", "no reason");
        refused(
                given.complete("\"outcome\":\"done\",\"result\":\"%s\"".formatted("x".repeat(256 * 1024))),
                413,
                "too-large",
                "The attempt goes on");
        refused(given.report("\"progress\":{\"done\":-1,\"total\":1}"), 400, "bad-request", "from 0");
        refused(given.report("\"log\":\"a\""), 400, "bad-request", "list of texts");
        refused(given.report("\"log\":[1]"), 400, "bad-request", "list of texts");
        refused(given.report("\"log\":[\"a\",{\"level\":\"info\"}]"), 400, "bad-request", "Line 2", "a text");
        refused(
                given.report("\"log\":[{\"level\":\"fatal\",\"text\":\"a\"}]"),
                400,
                "bad-request",
                "one of trace, debug, info, warning, error");
        refused(given.report("\"log\":[{\"text\":\"a\",\"at\":1}]"), 400, "bad-request", "not known");
        refused(
                http.post(worker.path + "/attempts/" + given.id() + "/complete", "{\"outcome\":\"done\"}"),
                400,
                "bad-request",
                "no token");
        refused(worker.ask(-1, "0", given.id()), 400, "bad-request", "0 to 1,000");
        refused(worker.ask(1, "2m", given.id()), 400, "bad-request", "wait");
        refused(http.post(worker.path + "/claim", "{}"), 400, "bad-request", "\"holding\":[]");
        refused(http.post(worker.path + "/claim", ""), 400, "bad-request", "no body");
        assertThat(given.complete("\"outcome\":\"done\"").status()).isEqualTo(200);
    }

    @Test
    void a_page_of_another_origin_can_not_work() {
        refused(
                http.post("/api/workers", "{}", "Origin", "http://evil.example"),
                403,
                "forbidden",
                "http://evil.example");
    }
}
