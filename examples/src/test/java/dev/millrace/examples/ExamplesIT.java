package dev.millrace.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** Runs every example, and reads what it printed. One server is there for those that need it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExamplesIT {

    /** A test of what this main prints: it has run when the test begins. */
    @Test
    @Target(ElementType.METHOD)
    @Retention(RetentionPolicy.RUNTIME)
    @interface Example {
        Class<?> value();
    }

    private static final Path SOURCES = Path.of("src/main/java/dev/millrace/examples");

    private final EmbeddedPostgres server = start();
    private List<String> printed = List.of();

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @BeforeEach
    void run(TestInfo test) throws ReflectiveOperationException {
        var example = test.getTestMethod().orElseThrow().getAnnotation(Example.class);
        if (example == null) return;
        var before = System.out;
        var output = new ByteArrayOutputStream();
        try (var capture = new PrintStream(output, true, UTF_8)) {
            System.setOut(capture);
            var arguments = new String[] {server.getJdbcUrl("postgres", "postgres")};
            example.value().getDeclaredMethod("main", String[].class).invoke(null, (Object) arguments);
        } finally {
            System.setOut(before);
        }
        printed = output.toString(UTF_8).lines().toList();
    }

    @Example(HelloWorld.class)
    void a_job_gives_back_what_its_handler_returned() {
        assertThat(printed).containsExactly("Hello, Ada");
    }

    @Example(ManyAtOnce.class)
    void many_jobs_are_changed_by_one_word_and_taken_back() {
        assertThat(printed)
                .containsExactly(
                        "node-1 could send nothing",
                        "20 jobs failed: the provider is down",
                        "20 would run again, and nothing has happened",
                        "20 wait to run again",
                        "20 are as they were: DISCARDED",
                        "SendInvoice[order=120] would run, for example",
                        "sent 120");
    }

    @Example(DeleteAndRestore.class)
    void deleted_jobs_are_told_of_no_more_until_they_are_brought_back() {
        assertThat(printed)
                .containsExactly(
                        "2 would be told of no more",
                        "listed: 0",
                        "deleted by mara: they were test data",
                        "listed: 2, the first is CANCELLED");
    }

    @Example(Rates.class)
    void no_more_start_in_a_time_than_a_rate_lets() {
        assertThat(printed)
                .containsExactly("Eleven calls' worth, as spread as was promised: true", "Another shop has its own");
    }

    @Example(PauseAndWhy.class)
    void what_is_paused_waits_and_says_why() {
        assertThat(printed)
                .containsExactly(
                        "It waits, since this is paused: tenant acme",
                        "It waits, since this is paused: key default (\"product\",7)",
                        "default (\"product\",7): its pictures are wrong, said mara",
                        "acme: the bill is open, said mara, for a time",
                        "Synchronised product 42 of acme",
                        "Synchronised product 7 of emca",
                        "shop has now 1 at once: they asked us to slow down",
                        "as in the code again: true");
    }

    @Example(RunNowAndReschedule.class)
    void a_schedule_runs_when_asked_and_what_waits_gets_another_time() {
        assertThat(printed)
                .containsExactly(
                        "Closed without waiting for half past two",
                        "1 would run now instead of in an hour",
                        "acme is closed");
    }

    @Example(ResultForATime.class)
    void a_result_is_gone_when_its_time_is_over() {
        assertThat(printed).containsExactly("a token for ada", "the password was kept for 50 ms; the job is COMPLETED");
    }

    @Example(CancelWhileRunning.class)
    void a_handler_that_looks_whether_it_is_cancelled_puts_things_in_order() {
        assertThat(printed)
                .containsExactly(
                        "While it ran: CANCELLED",
                        "The handler put things in order: true",
                        "Cancelled[reason=it is the wrong file]");
    }

    @Example(EnqueueBySql.class)
    void jobs_are_enqueued_by_plain_sql() {
        assertThat(printed)
                .containsExactly(
                        "sent 42",
                        "synchronised, in order and as fast as its limit allows",
                        "mailed, after two invoices",
                        "by SQL it is completed");
    }

    @Example(UniqueJobs.class)
    void there_is_one_job_of_a_key() {
        assertThat(printed)
                .contains(
                        "already on its way: true, the same job: true",
                        "Dear customer 7",
                        "sent, so another one is taken: true",
                        "one a day, though it has been sent: true",
                        "Dear customer 8",
                        "replaced before it ran: true",
                        "reindexed with revision 5, once");
    }

    @Example(AfterOthers.class)
    void a_job_runs_after_others_unless_one_of_them_failed() {
        assertThat(printed)
                .containsExactly(
                        "order 1 waits: SCHEDULED, SCHEDULED",
                        "order 1 is sent",
                        "order 2 waits: SCHEDULED, SCHEDULED",
                        "order 2 is not sent: it runs after job to pay, which was discarded");
    }

    @Example(NightlySchedule.class)
    void a_schedule_passes_a_change_of_clocks_and_runs_each_slot() {
        assertThat(printed)
                .as("at half past two in Berlin it also closes a day")
                .contains(
                        "2027-03-27T02:30+01:00[Europe/Berlin]",
                        "2027-03-28T03:00+02:00[Europe/Berlin]",
                        "2027-03-29T02:30+02:00[Europe/Berlin]",
                        "looked for mail twice",
                        "close-day: \"30 2 * * *\" in Europe/Berlin, after a gap, the first of two; missed: once, up to 12 h back",
                        "mail: every 1 s; missed: once, up to 7 d back");
    }

    @Example(ScheduleAtRunTime.class)
    void a_schedule_is_set_changed_and_removed_while_nodes_run() {
        assertThat(printed)
                .containsExactly(
                        "created",
                        "unchanged",
                        "changed",
                        "closed twice",
                        "close-acme: every 1 s; missed: once, up to 7 d back, set by mara: they are in a hurry",
                        "created",
                        "removed: true",
                        "there is poll");
    }

    @Example(InYourTransaction.class)
    void a_job_shares_the_fate_of_the_transaction_that_enqueued_it() {
        assertThat(printed)
                .containsExactly("Committed: a chair is on its way", "Rolled back: there never was such a job");
    }

    @Example(SpringTransaction.class)
    void a_job_shares_the_fate_of_a_transaction_of_spring_and_its_handler_writes_once() {
        assertThatWrittenWithItsTransaction();
    }

    @Example(JooqTransaction.class)
    void a_job_shares_the_fate_of_a_transaction_of_jooq_and_its_handler_writes_once() {
        assertThatWrittenWithItsTransaction();
    }

    @Example(HibernateTransaction.class)
    void a_job_shares_the_fate_of_a_transaction_of_hibernate_and_its_handler_writes_once() {
        assertThatWrittenWithItsTransaction();
    }

    @Example(JdbiTransaction.class)
    void a_job_shares_the_fate_of_a_transaction_of_jdbi_and_its_handler_writes_once() {
        assertThatWrittenWithItsTransaction();
    }

    @Example(InBulk.class)
    void many_jobs_are_enqueued_all_or_none() {
        assertThat(printed)
                .containsExactly(
                        "there is no customer 0, so 0 of 4 were enqueued",
                        "1000 were enqueued at once",
                        "customer 1 was reminded",
                        "customer 1000 was reminded");
    }

    @Example(PublishAlbum.class)
    void a_job_follows_a_batch_and_sees_which_parts_failed() {
        assertThat(printed)
                .containsExactly(
                        "The album waits for 4 thumbnails: SCHEDULED",
                        "Left out number 1: pantheon.bmp is no PNG",
                        "Left out number 3: ostia.tif is no PNG",
                        "Rome: forum-small.png, trevi-small.png, tiber-small.png",
                        "3 of 5 were made, 2 were not");
    }

    @Example(OrderAndLimits.class)
    void jobs_of_a_key_run_in_order_though_one_fails_and_no_more_of_a_shop_than_its_limit_says() {
        assertThat(printed.stream().filter(line -> line.startsWith("Posted")))
                .containsExactly(
                        "Posted 10 to the account of ada",
                        "Posted 20 to the account of ada",
                        "Posted 30 to the account of ada");
        assertThat(printed.getLast()).isEqualTo("At most 2 products of a shop were synchronised at once");
    }

    @Example(FleetConcurrency.class)
    void two_nodes_share_what_may_run_at_once_on_all_together() {
        assertThat(printed)
                .containsExactly("call may run 3 times on 2 nodes together", "More than that at once: never");
    }

    @Example(FairTenants.class)
    void a_tenant_with_one_job_does_not_wait_for_the_thousands_of_another() {
        assertThat(printed)
                .containsExactly(
                        "Ada's report was written before most of the 2,000 of Acme", "Then all of Acme's: 2000");
    }

    @Example(RetriesAndOutcomes.class)
    void an_attempt_may_end_in_five_ways() {
        assertThat(printed)
                .containsExactly(
                        "Ada: sent after a snooze, still at attempt 1",
                        "Bob: sent at attempt 3",
                        "Cleo: cancelled: she has paid already",
                        "Dan: discarded at attempt 1: " + RetriesAndOutcomes.BadAddress.class.getName(),
                        "Eve: discarded at attempt 4: java.io.IOException");
    }

    @Example(DelaysPrioritiesAndExpiry.class)
    void time_and_priority_decide_what_runs_next() {
        assertThat(printed)
                .containsExactly(
                        "No node is up, so the offer is AVAILABLE",
                        "what a person waits for",
                        "ordinary work",
                        "the import: when there is room",
                        "a reminder, in its time",
                        "The offer: It expired before it could start: no attempt was made.");
    }

    @Example(IdempotentEnqueue.class)
    void a_request_sent_twice_enqueues_one_job() {
        assertThat(printed)
                .startsWith("It was there before: false, then true", "It is the same job: true", "A-7 was charged")
                .hasSize(4)
                .last()
                .asString()
                .startsWith("Another request with that key: ")
                .contains("request-7f3a");
    }

    @Example(LongJobWithCheckpoints.class)
    void a_second_attempt_goes_on_from_the_last_checkpoint() {
        assertThat(printed)
                .containsExactly("Attempt 1 begins at line 0", "Attempt 2 begins at line 2000", "Loaded 4000 lines");
    }

    @Example(WaitForResults.class)
    void who_waits_is_told_how_the_job_ended() {
        assertThat(printed)
                .containsExactly(
                        "the result is 7",
                        "failed: / by zero",
                        "get throws a JobFailed that knows it is DISCARDED",
                        "still SCHEDULED",
                        "cancelled: nobody needs it");
    }

    @Example(EventsToMetrics.class)
    void a_listener_counts_what_happened() {
        assertThat(printed)
                .containsExactly(
                        "jobs_completed_total{kind=\"ping\"} 10",
                        "jobs_retried_total{kind=\"ping\"} 2",
                        "jobs_started_total{kind=\"ping\"} 12");
    }

    @Example(PayloadVersions.class)
    void a_job_of_an_older_shape_is_brought_up() {
        assertThat(printed)
                .containsExactly(
                        "The only waiting job of kind \"pay\" version 1 decodes with this build.",
                        "The only waiting job of kind \"pay\" version 2 decodes with this build.",
                        "version 1: order 7 was paid in EUR",
                        "version 2: order 8 was paid in USD");
    }

    @Example(EncryptedPayloads.class)
    void payloads_are_encrypted_and_a_key_is_changed() {
        assertThat(printed)
                .containsExactly(
                        "In the database: {\"$millrace\":\"encrypted:1:2025-05:plain:…",
                        "An operator sees: {\"patient\":\"Ada\",\"finding\":\"all is well\"}",
                        "One without the key: {\"$millrace\":\"encrypted with key 2025-05, 41 bytes\"}",
                        "After the change of keys: Ada was told that all is well",
                        "Sent again, it is the same job: true",
                        "In the database now: {\"$millrace\":\"encrypted:1:2025-11:plain:…");
    }

    @Example(ProducerWithoutNode.class)
    void a_job_waits_for_a_node_that_starts_later() {
        assertThat(printed)
                .containsExactly(
                        "The producer leaves behind a job that is AVAILABLE", "The worker: rome.png is now 640 wide");
    }

    @Example(CancelAndRequeue.class)
    void a_job_that_was_cancelled_runs_again_when_an_operator_says_so() {
        assertThat(printed)
                .containsExactly(
                        "Before it began: CANCELLED",
                        "While it ran: CANCELLED",
                        "Cancelled once, it stays so: Cancelled[reason=there is no paper]",
                        "Requeued, after it was CANCELLED",
                        "the poster was printed, in run 2");
    }

    @Example(ExactlyOnceTransfer.class)
    void money_moves_once_however_often_its_handler_was_tried() {
        assertThat(printed).containsExactly("Tried 3 times", "Ada has 75, Bob has 25");
    }

    @Test
    void every_main_has_a_test_here_and_a_row_in_the_table() throws Exception {
        var tested = Arrays.stream(ExamplesIT.class.getDeclaredMethods())
                .map(method -> method.getAnnotation(Example.class))
                .filter(Objects::nonNull)
                .map(example -> example.value().getSimpleName())
                .toList();
        var inTheTable = Files.readAllLines(Path.of("README.md")).stream()
                .filter(line -> line.startsWith("| [`"))
                .map(line -> line.substring(4, line.indexOf("`]")))
                .toList();

        assertThat(tested).containsExactlyInAnyOrderElementsOf(mains());
        assertThat(inTheTable).containsExactlyInAnyOrderElementsOf(mains());
    }

    @Test
    void each_statement_in_the_guide_to_other_languages_is_run_by_the_example() throws Exception {
        var example = withoutSpace(Files.readString(SOURCES.resolve("EnqueueBySql.java")));
        var guide = Files.readString(Path.of("../docs/guides/other-languages.md"));
        var statements = new ArrayList<String>();
        Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
                .matcher(guide)
                .results()
                .flatMap(block -> Arrays.stream(block.group(1).split(";", -1)))
                .forEach(statements::add);
        Pattern.compile("= \"(SELECT .*)\"")
                .matcher(guide)
                .results()
                .map(constant -> constant.group(1).replace("%s", "?"))
                .forEach(statements::add);

        assertThat(statements.stream().map(ExamplesIT::withoutSpace).filter(statement -> !statement.isEmpty()))
                .hasSize(7)
                .allSatisfy(statement -> assertThat(example).contains(statement));
    }

    @Test
    void each_line_of_code_in_the_guide_to_transactions_stands_in_an_example() throws Exception {
        var code = new StringBuilder();
        for (var main : mains()) code.append(Files.readString(SOURCES.resolve(main + ".java")));
        var examples = withoutSpace(code.toString());
        var quoted = new ArrayList<String>();
        boolean inCode = false;
        for (var line : Files.readAllLines(Path.of("../docs/guides/transactions.md"))) {
            if (line.startsWith("```")) inCode = line.equals("```java");
            else if (inCode) quoted.add(line);
        }

        assertThat(quoted).isNotEmpty().allSatisfy(line -> assertThat(examples).contains(withoutSpace(line)));
    }

    private static String withoutSpace(String code) {
        return code.replaceAll("\\s", "");
    }

    @Test
    void an_example_without_its_database_says_how_to_give_one_and_exits_with_2() throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(
                java, "-cp", System.getProperty("java.class.path"), InYourTransaction.class.getName());
        process.environment().remove("MILLRACE_DATABASE");

        var started = process.redirectErrorStream(true).start();
        var said = new String(started.getInputStream().readAllBytes(), UTF_8);

        assertThat(started.waitFor()).isEqualTo(2);
        assertThat(said).contains("Give its JDBC URL as the first argument, or in MILLRACE_DATABASE");
    }

    private void assertThatWrittenWithItsTransaction() {
        assertThat(printed)
                .containsExactly(
                        "Committed: a chair was sent",
                        "Committed: a chair was billed",
                        "Rolled back: there never was such a job",
                        "Tried 2 times, and written once: a chair: billed, sent");
    }

    private static List<String> mains() throws IOException {
        try (var files = Files.list(SOURCES)) {
            return files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .filter(name -> !name.equals("package-info"))
                    .filter(ExamplesIT::hasMain)
                    .toList();
        }
    }

    private static boolean hasMain(String name) {
        try {
            var type = Class.forName(ExamplesIT.class.getPackageName() + "." + name);
            return Arrays.stream(type.getDeclaredMethods())
                    .anyMatch(method -> method.getName().equals("main"));
        } catch (ClassNotFoundException gone) {
            throw new AssertionError(gone);
        }
    }
}
