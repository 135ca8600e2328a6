package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Millrace;
import dev.millrace.State;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.console.ExitCode;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BulkCommandTest {

    private final CommandLineFixture line = new CommandLineFixture();

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    private String enqueued(String payload, String... options) {
        var command = new java.util.ArrayList<>(java.util.List.of("enqueue", "send-invoice", payload));
        command.addAll(java.util.List.of(options));
        return line.run(command.toArray(String[]::new)).out().strip();
    }

    private JsonNode job(String id) {
        return json(line.run("job", id, "--json").out());
    }

    private static String operation(String json) {
        return json(json).get("id").stringValue();
    }

    private void refused(ExitCode code, String says, String... command) {
        var ran = line.run(command);
        assertThat(ran.exit()).as(ran.err()).isEqualTo(code.number());
        assertThat(ran.err()).contains(says);
    }

    @Test
    void jobs_wait_for_another_time_and_the_job_tells_why() {
        var id = enqueued("{}", "--at", "2027-03-27T02:30:00Z");

        var looked = line.run("bulk", "reschedule", "--state", "scheduled", "--kind", "send-invoice", "--later", "1h");
        assertThat(looked.out())
                .contains("Would reschedule 1 jobs to 1 h later")
                .contains(id);
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T02:30:00Z");

        var done = line.run(
                "bulk",
                "reschedule",
                "--state",
                "scheduled",
                "--kind",
                "send-invoice",
                "--later",
                "1h",
                "--run",
                "--reason",
                "the provider is down",
                "--json");
        assertThat(done.exit()).as(done.err()).isZero();
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T03:30:00Z");
        var change = job(id).get("changes").get(0);
        assertThat(change.get("what").stringValue()).isEqualTo("reschedule");
        assertThat(change.get("operation").stringValue()).isEqualTo(operation(done.out()));
        assertThat(line.run("job", id).out()).contains("changed").contains("the provider is down");

        assertThat(line.run("bulk", "list").out()).contains("reschedule, 1 h later");
        line.run("bulk", "undo", operation(done.out()), "--reason", "it is back");
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T02:30:00Z");
        line.run(
                "bulk",
                "reschedule",
                "--state",
                "scheduled",
                "--kind",
                "send-invoice",
                "--in",
                "0s",
                "--run",
                "--reason",
                "at once");
        assertThat(job(id).get("state").stringValue()).isEqualTo("available");
    }

    private CommandLineFixture.Ran shifted(String id, String reason) {
        return line.run(
                "bulk",
                "reschedule",
                "--state",
                "scheduled",
                "--kind",
                "send-invoice",
                "--later",
                "1h",
                "--run",
                "--reason",
                reason,
                "--id",
                id,
                "--json");
    }

    @Test
    void a_command_that_is_repeated_with_its_id_is_done_once() {
        var id = enqueued("{}", "--at", "2027-03-27T02:30:00Z");
        var operation = "3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10";

        var first = shifted(operation, "the provider is down");
        var again = shifted(operation, "the provider is down");

        assertThat(first.err())
                .as("told before anything is written")
                .startsWith("Operation %s begins. If this stops: millrace bulk resume %<s.".formatted(operation));
        assertThat(again.exit()).as(again.err()).isZero();
        assertThat(operation(again.out())).isEqualTo(operation);
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T03:30:00Z");
        assertThat(shifted(operation, "another reason").exit()).isEqualTo(ExitCode.REFUSED.number());
        assertThat(shifted("7", "the provider is down").exit()).isEqualTo(ExitCode.USAGE.number());

        var undo = "4f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d10";
        for (int times = 0; times < 2; times++) {
            var undone = line.run("bulk", "undo", operation, "--reason", "it is back", "--id", undo);
            assertThat(undone.exit()).as(undone.err()).isZero();
            assertThat(undone.err()).startsWith("Operation %s begins.".formatted(undo));
            assertThat(undone.out()).contains("1 of 1 jobs");
        }
        assertThat(job(id).get("runAt").stringValue()).isEqualTo("2027-03-27T02:30:00Z");
    }

    @Test
    void an_id_is_told_before_the_operation_is_begun() {
        enqueued("{}", "--at", "2027-03-27T02:30:00Z");

        var done = line.run(
                "bulk",
                "cancel",
                "--state",
                "scheduled",
                "--kind",
                "send-invoice",
                "--run",
                "--reason",
                "a test",
                "--json");

        assertThat(done.err()).startsWith("Operation " + operation(done.out()) + " begins.");
    }

    @Test
    void an_operation_that_nobody_is_to_go_on_with_is_stopped() {
        var id = enqueued("{}", "--at", "2027-03-27T02:30:00Z");
        var begun = Millrace.on(line.store())
                .operations("mara")
                .jobs(f -> f.state(State.SCHEDULED).kind("send-invoice"))
                .cancel()
                .begin("a test", 0);

        var stopped = line.run("bulk", "stop", begun.id().toString(), "--reason", "it was the wrong queue");

        assertThat(stopped.exit()).as(stopped.err()).isZero();
        assertThat(stopped.out()).contains("0 of 1 jobs", "stopped by", "it was the wrong queue");
        assertThat(line.run("bulk", "list").out()).contains("stopped");
        line.run("bulk", "resume", begun.id().toString());
        assertThat(job(id).get("state").stringValue()).isEqualTo("scheduled");
        assertThat(line.run("bulk", "stop", begun.id().toString(), "--reason", "again")
                        .err())
                .contains("had ended already");
        refused(ExitCode.USAGE, "--reason", "bulk", "stop", begun.id().toString());
        refused(
                ExitCode.NOT_FOUND,
                "There is no operation",
                "bulk",
                "stop",
                "3f1c9a52-0e0c-4b1a-9d3e-5a2f7c8b9d11",
                "--reason",
                "which?");
    }

    @Test
    void a_time_is_said_once() {
        refused(ExitCode.USAGE, "--at", "bulk", "reschedule", "--state", "scheduled", "--all");
        refused(
                ExitCode.USAGE,
                "mutually exclusive",
                "bulk",
                "reschedule",
                "--state",
                "scheduled",
                "--in",
                "1h",
                "--later",
                "1h");
    }

    @Test
    void payloads_are_patched_and_shown_before() {
        var id = enqueued("{\"order\":7,\"cents\":12345678901234567890.10}", "--in", "1h");

        var looked = line.run(
                "bulk", "edit", "--state", "scheduled", "--kind", "send-invoice", "--patch", "{\"currency\":\"EUR\"}");
        assertThat(looked.out())
                .contains("before {\"order\":7,\"cents\":12345678901234567890.10}")
                .contains("after  {\"order\":7,\"cents\":12345678901234567890.10,\"currency\":\"EUR\"}")
                .contains("Nothing has happened");

        var done = line.run(
                "bulk",
                "edit",
                "--state",
                "scheduled",
                "--kind",
                "send-invoice",
                "--patch",
                "{\"currency\":\"EUR\"}",
                "--run",
                "--reason",
                "they came without",
                "--json");
        assertThat(done.exit()).as(done.err()).isZero();
        assertThat(job(id).get("payload").get("currency").stringValue()).isEqualTo("EUR");

        var again = line.run(
                "bulk", "edit", "--state", "scheduled", "--kind", "send-invoice", "--patch", "{\"currency\":\"EUR\"}");
        assertThat(again.out()).contains("1 would be left as they are").contains("changes nothing");

        line.run("bulk", "undo", operation(done.out()), "--reason", "they had");
        assertThat(job(id).get("payload").has("currency")).isFalse();
        refused(
                ExitCode.REFUSED,
                "The patch is no object",
                "bulk",
                "edit",
                "--state",
                "scheduled",
                "--all",
                "--patch",
                "7");
    }

    @Test
    void what_was_deleted_says_by_whom_and_is_brought_back() {
        var id = enqueued("{}");
        line.run("cancel", id, "--reason", "a test");
        refused(ExitCode.REFUSED, "Cancel them first", "bulk", "delete", "--state", "available", "--all");

        var done = line.run(
                "bulk",
                "delete",
                "--state",
                "cancelled",
                "--kind",
                "send-invoice",
                "--run",
                "--reason",
                "they were test data",
                "--json");

        assertThat(done.exit()).as(done.err()).isZero();
        assertThat(line.run("jobs", "--json").out()).contains("[]").doesNotContain(id);
        refused(ExitCode.NOT_FOUND, "they were test data", "job", id);
        refused(ExitCode.NOT_FOUND, "millrace bulk undo " + operation(done.out()), "job", id);
        line.run("bulk", "undo", operation(done.out()), "--reason", "they were not");
        assertThat(job(id).get("state").stringValue()).isEqualTo("cancelled");
    }
}
