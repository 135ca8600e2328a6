package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.Checkup.Verdict;
import dev.millrace.Finding.Remedy;
import dev.millrace.Finding.Severity;
import dev.millrace.NodeView.Life;
import dev.millrace.QueueView.Depth;
import dev.millrace.store.Bulk.Action;
import dev.millrace.store.Bulk.Change;
import dev.millrace.store.Bulk.Details;
import dev.millrace.store.Bulk.KeptChange;
import dev.millrace.store.Bulk.Progress;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Look;
import dev.millrace.store.Observations;
import dev.millrace.store.Observations.Age;
import dev.millrace.store.Observations.Archiver;
import dev.millrace.store.Observations.Held;
import dev.millrace.store.Observations.NodeClock;
import dev.millrace.store.Observations.Open;
import dev.millrace.store.Observations.ParkedJobs;
import dev.millrace.store.Observations.Part;
import dev.millrace.store.Observations.Partitions;
import dev.millrace.store.Observations.Pause;
import dev.millrace.store.Observations.Prepared;
import dev.millrace.store.Observations.Schema;
import dev.millrace.store.Observations.Server;
import dev.millrace.store.Observations.Session;
import dev.millrace.store.Observations.Sessions;
import dev.millrace.store.Observations.Settings;
import dev.millrace.store.Observations.Share;
import dev.millrace.store.Observations.Slot;
import dev.millrace.store.Observations.Standby;
import dev.millrace.store.Observations.Table;
import dev.millrace.store.Timetable.Kept;
import dev.millrace.store.Timetable.ScheduleCard;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the doctor makes of what was seen. */
class DoctorTest {

    private static final Instant NOW = Instant.parse("2026-11-23T16:00:00Z");
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final JobId JOB = JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e10");
    private static final UUID NODE = new UUID(0, 1);

    // ---- the whole

    @Test
    void a_fleet_that_runs_on_a_server_in_order_is_healthy_and_all_was_looked_at() {
        var checkup = checkup(server());

        assertThat(checkup.findings()).isEmpty();
        assertThat(checkup.verdict()).isEqualTo(Verdict.HEALTHY);
        assertThat(checkup.healthy()).isTrue();
        assertThat(checkup.lookedAt())
                .containsExactlyInAnyOrderElementsOf(List.of(Finding.Type.values()).stream()
                        .filter(type -> type != Finding.Type.DISK)
                        .toList());
        assertThat(checkup.figures())
                .containsEntry("postgresVersion", "18.1")
                .containsEntry("connections", 9L)
                .containsEntry("connectionsAllowed", 97L)
                .containsEntry("partitions", 2L)
                .containsEntry("nodesAlive", 1L);
    }

    @Test
    void a_store_without_a_server_is_asked_for_nothing_that_belongs_to_one() {
        var checkup = Doctor.checkup(
                seen(null),
                Look.seen(List.of()),
                Look.seen(List.of(node("a", SECOND))),
                Look.seen(List.of()),
                Look.seen(List.of()),
                List.of());

        assertThat(checkup.findings()).isEmpty();
        assertThat(checkup.lookedAt())
                .contains(Finding.Type.UNSERVED_QUEUE, Finding.Type.PARKED)
                .doesNotContain(Finding.Type.REPLICATION_SLOT, Finding.Type.DISK, Finding.Type.CLOCK);
        assertThat(checkup.figures()).doesNotContainKey("connections");
    }

    @Test
    void what_may_not_be_seen_is_not_known_and_says_which_right_is_missing() {
        var seen = serverWith(new Look.Unseen<>("permission denied for function pg_ls_waldir", true), sessions());

        var checkup = checkup(seen);

        assertThat(checkup.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(checkup.healthy()).isFalse();
        assertThat(checkup.figures()).doesNotContainKey("walBytes");
        var finding = one(checkup.findings());
        assertThat(finding.severity()).isEqualTo(Severity.UNKNOWN);
        assertThat(finding.type()).isEqualTo(Finding.Type.WRITE_AHEAD_LOG);
        assertThat(finding.text())
                .isEqualTo(
                        "Not known, because it could not be looked at: permission denied for function pg_ls_waldir.");
        assertThat(finding.remedies()).extracting(Remedy::command).containsExactly("GRANT pg_monitor TO jobs;");
    }

    @Test
    void what_failed_otherwise_is_not_known_and_promises_no_right() {
        var seen = serverWith(new Look.Unseen<>("the server did not answer within 5 s", false), sessions());

        var finding = one(checkup(seen).findings());

        assertThat(finding.severity()).isEqualTo(Severity.UNKNOWN);
        assertThat(finding.remedies()).extracting(Remedy::command).containsExactly("");
    }

    @Test
    void what_lies_in_tables_of_millrace_needs_a_right_to_these() {
        var seen = new Observations(
                NOW,
                new Look.Unseen<>("permission denied for table parked", true),
                Look.seen(List.of()),
                Look.seen(List.of()),
                server());

        var finding = one(Doctor.checkup(
                        seen,
                        Look.seen(List.of()),
                        Look.seen(List.of(node("a", SECOND))),
                        Look.seen(List.of()),
                        Look.seen(List.of()),
                        List.of())
                .findings());

        assertThat(finding.type()).isEqualTo(Finding.Type.PARKED);
        assertThat(finding.remedies().getFirst().command()).startsWith("GRANT USAGE ON SCHEMA millrace TO jobs;");
    }

    @Test
    void of_one_sort_the_worst_are_told_and_how_many_there_are_besides() {
        var pauses = new ArrayList<Pause>();
        for (int i = 0; i < 30; i++) pauses.add(pause("queue-" + i, Duration.ofDays(2)));
        var seen = new Observations(NOW, Look.seen(List.of()), Look.seen(pauses), Look.seen(List.of()), null);

        var found = Doctor.checkup(
                        seen,
                        Look.seen(List.of()),
                        Look.seen(List.of(node("a", SECOND))),
                        Look.seen(List.of()),
                        Look.seen(List.of()),
                        List.of())
                .findings();

        assertThat(found).hasSize(21);
        assertThat(found.getLast().object()).isEqualTo("10 more");
        assertThat(found.getLast().facts()).containsEntry("leftOut", 10L);
    }

    @Test
    void the_weightiest_comes_first_and_a_notice_alone_is_healthy() {
        var notice = Found.a(Finding.Type.PAUSE, Severity.NOTICE, "queue mail").made();
        var critical = Found.a(Finding.Type.DISK, Severity.CRITICAL, "/data").made();
        var checkup = new Checkup(NOW, List.of(notice), List.of(Finding.Type.PAUSE), Map.of());
        assertThat(checkup.healthy()).isTrue();

        var more = checkup.plus(List.of(critical), List.of(Finding.Type.DISK, Finding.Type.PAUSE));

        assertThat(more.findings()).containsExactly(critical, notice);
        assertThat(more.lookedAt()).containsExactly(Finding.Type.DISK, Finding.Type.PAUSE);
        assertThat(more.verdict()).isEqualTo(Verdict.UNHEALTHY);
    }

    // ---- nodes

    @Test
    void without_a_node_it_weighs_by_what_waits() {
        assertThat(one(FleetDoctor.nobody(List.of(), List.of(queue("mail", 3, 0, 0))))
                        .severity())
                .isEqualTo(Severity.CRITICAL);
        assertThat(one(FleetDoctor.nobody(List.of(), List.of(queue("mail", 0, 3, 0))))
                        .severity())
                .isEqualTo(Severity.WARNING);
        assertThat(one(FleetDoctor.nobody(List.of(), List.of())).severity()).isEqualTo(Severity.NOTICE);
        assertThat(FleetDoctor.nobody(List.of(node("a", SECOND)), List.of(queue("mail", 3, 0, 0))))
                .isEmpty();
    }

    @Test
    void a_node_whose_beat_stands_still_is_no_help_and_is_told_with_its_process() {
        var dead = node("dead", Duration.ofMinutes(3));
        var alive = node("alive", SECOND);

        var alone = one(FleetDoctor.silent(List.of(dead), List.of(), List.of()));
        assertThat(alone.object()).isEqualTo("node dead");
        assertThat(alone.text())
                .isEqualTo(
                        "Node dead (process 7 on here) gave its last sign of life 3 min ago, and nobody has deposed it.");
        assertThat(alone.why()).contains("no other node is alive");
        assertThat(one(FleetDoctor.silent(List.of(dead, alive), List.of(alive), List.of()))
                        .why())
                .contains("The other nodes should have taken its jobs over");
        assertThat(Doctor.beats(dead)).isFalse();
        assertThat(Doctor.beats(alive)).isTrue();
    }

    @Test
    void a_deposed_node_is_told_if_nobody_clears_it() {
        var alive = node("alive", SECOND);
        var deposed = view("gone", Life.DEPOSED, Duration.ofMinutes(6), "1", List.of("default"), List.of());
        var lately = view("gone", Life.DEPOSED, Duration.ofMinutes(4), "1", List.of("default"), List.of());

        assertThat(one(FleetDoctor.silent(List.of(alive, deposed), List.of(alive), List.of()))
                        .text())
                .contains("was deposed, and its work is not cleared");
        assertThat(FleetDoctor.silent(List.of(alive, lately), List.of(alive), List.of()))
                .isEmpty();
    }

    @Test
    void hung_handlers_of_this_process_are_counted_and_so_is_a_node_that_does_not_trust_itself() {
        assertThat(FleetDoctor.stuck(List.of(status(true, 0)))).isEmpty();
        assertThat(one(FleetDoctor.stuck(List.of(status(true, 1)))).text())
                .isEqualTo("A handler of node own, in this process, was told to end and has not.");
        assertThat(one(FleetDoctor.stuck(List.of(status(true, 2)))).facts()).containsEntry("stuckThreads", 2L);
        assertThat(one(FleetDoctor.silent(List.of(), List.of(), List.of(status(false, 0))))
                        .text())
                .startsWith("This process' own node own does not trust itself");
    }

    @Test
    void hung_handlers_of_other_processes_are_told_as_their_nodes_say_it() {
        var elsewhere = new UUID(0, 77);
        var one = stuck(elsewhere, new NodeView.Stuck(1, JOB, Duration.ofMinutes(3)));

        var finding = one(FleetDoctor.stuckElsewhere(List.of(one), List.of(), NOW));
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.text())
                .isEqualTo(
                        "A handler of node far (process 7 on here) was told to end 3 min ago, and has not: that of job "
                                + JOB + ".");
        assertThat(finding.remedies())
                .extracting(Remedy::command)
                .contains("jcmd 7 Thread.dump_to_file threads.txt", "millrace job " + JOB);
        assertThat(finding.facts())
                .containsEntry("node", "far")
                .containsEntry("nodeId", elsewhere.toString())
                .containsEntry("job", JOB.toString())
                .containsEntry("stuckThreads", 1L)
                .containsEntry("stuckMillis", 180_000L)
                .containsKey("since");
        assertThat(one(FleetDoctor.stuckElsewhere(
                                List.of(stuck(elsewhere, new NodeView.Stuck(4, JOB, Duration.ofMinutes(3)))),
                                List.of(),
                                NOW))
                        .text())
                .startsWith(
                        "4 handlers of node far (process 7 on here) were told to end and have not, the first 3 min ago");
        assertThat(FleetDoctor.stuckElsewhere(
                        List.of(stuck(elsewhere, new NodeView.Stuck(1, JOB, Duration.ofSeconds(9)))), List.of(), NOW))
                .as("it may be cleaning up")
                .isEmpty();
        assertThat(FleetDoctor.stuckElsewhere(
                        List.of(stuck(NODE, new NodeView.Stuck(1, JOB, Duration.ofMinutes(3)))),
                        List.of(status(true, 1)),
                        NOW))
                .as("a node of this process was asked itself")
                .isEmpty();
    }

    private static NodeView stuck(UUID id, NodeView.Stuck stuck) {
        return new NodeView(
                id,
                "far",
                "here",
                7,
                "1",
                Life.ALIVE,
                10,
                0,
                List.of("default"),
                List.of(),
                ago(Duration.ofHours(2)),
                SECOND,
                null,
                stuck);
    }

    @Test
    void a_job_that_a_node_holds_for_long_is_worth_a_look_and_beyond_all_deadlines_a_warning() {
        var alive = List.of(node("alive", SECOND));

        assertThat(FleetDoctor.longRuns(List.of(held(Duration.ofMinutes(59))), alive, NOW))
                .isEmpty();
        var long1 = one(FleetDoctor.longRuns(List.of(held(Duration.ofHours(1))), alive, NOW));
        assertThat(long1.severity()).isEqualTo(Severity.NOTICE);
        assertThat(long1.text()).isEqualTo("Node alive has held job " + JOB + " (kind send, queue mail) for 1 h.");
        assertThat(long1.remedies()).extracting(Remedy::command).contains("millrace cancel " + JOB);
        assertThat(one(FleetDoctor.longRuns(List.of(held(Duration.ofDays(8))), alive, NOW))
                        .severity())
                .isEqualTo(Severity.WARNING);
        assertThat(FleetDoctor.longRuns(List.of(held(Duration.ofDays(8))), List.of(), NOW))
                .as("a dead node is told of itself")
                .isEmpty();
    }

    @Test
    void builds_that_differ_are_told_and_so_are_kinds_that_only_some_know() {
        var old = view("old", Life.ALIVE, SECOND, "1.0", List.of("mail"), List.of("send:1"));
        var young = view("young", Life.ALIVE, SECOND, "1.1", List.of("mail"), List.of("send:2", "bounce:1"));
        var other = view("other", Life.ALIVE, SECOND, "1.1", List.of("images"), List.of());

        assertThat(FleetDoctor.builds(List.of(old, young, other)))
                .extracting(Finding::object, Finding::severity)
                .containsExactly(
                        tuple("versions 1.0, 1.1", Severity.NOTICE),
                        tuple("kind bounce:1", Severity.NOTICE),
                        tuple("kind send:2", Severity.NOTICE));
        assertThat(FleetDoctor.builds(List.of(young, other))).isEmpty();
    }

    @Test
    void a_node_that_reads_a_newer_version_and_not_that_of_others_lacks_it() {
        var old = view("old", Life.ALIVE, SECOND, "1.1", List.of("mail"), List.of("send:2"));
        var told = new NodeView(
                new UUID(0, 78),
                "young",
                "here",
                7,
                "1.1",
                Life.ALIVE,
                10,
                0,
                List.of("mail"),
                List.of("send:3"),
                ago(Duration.ofHours(2)),
                SECOND,
                List.of("send:1", "send:3"),
                null);

        assertThat(told.canRead("send", 1)).isTrue();
        assertThat(told.canRead("send", 2)).as("it has no way up from there").isFalse();
        assertThat(old.canRead("send", 1)).as("it does not tell").isTrue();
        assertThat(old.canRead("send", 3)).isFalse();
        assertThat(FleetDoctor.builds(List.of(old, told)))
                .extracting(Finding::object)
                .containsExactly("kind send:3");
    }

    @Test
    void a_clock_that_is_ahead_shows_in_an_outcome_written_before_its_end() {
        var alive = List.of(node("alive", SECOND));
        var ahead = new NodeClock(NODE, 3, Duration.ofSeconds(-90));

        var finding = one(FleetDoctor.clocks(List.of(ahead), alive));
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.text())
                .isEqualTo("The clock of node alive on here is ahead of the database's, by 90 s at least.");
        assertThat(FleetDoctor.clocks(List.of(new NodeClock(NODE, 3, Duration.ofSeconds(-4))), alive))
                .isEmpty();
        assertThat(FleetDoctor.clocks(List.of(ahead), List.of())).isEmpty();
    }

    @Test
    void a_clock_that_is_behind_is_suspected_only_after_many_late_outcomes() {
        var alive = List.of(node("alive", SECOND));

        assertThat(FleetDoctor.clocks(List.of(new NodeClock(NODE, 19, Duration.ofMinutes(5))), alive))
                .isEmpty();
        assertThat(one(FleetDoctor.clocks(List.of(new NodeClock(NODE, 20, Duration.ofMinutes(5))), alive))
                        .severity())
                .isEqualTo(Severity.NOTICE);
    }

    @Test
    void the_clock_of_this_process_is_judged_beyond_what_the_way_may_have_taken() {
        assertThat(ServerDoctor.ownClock(Duration.ofSeconds(7), Duration.ofSeconds(3)))
                .isEmpty();
        assertThat(one(ServerDoctor.ownClock(Duration.ofSeconds(7), SECOND)).text())
                .isEqualTo("The clock of this machine is 7 s ahead of the database's.");
        assertThat(one(ServerDoctor.ownClock(Duration.ofMinutes(-3), SECOND)).text())
                .isEqualTo("The clock of this machine is 3 min behind the database's.");
    }

    // ---- queues

    @Test
    void a_queue_that_nobody_serves_is_told_with_all_that_waits() {
        var alive = List.of(view("a", Life.ALIVE, SECOND, "1", List.of("default"), List.of()));

        var finding = one(QueueDoctor.unserved(
                List.of(queue("default", 5, 0, 0), queue("empty", 0, 0, 0), queue("mail", 3, 2, 1)), alive, NOW));

        assertThat(finding.object()).isEqualTo("queue mail");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.text())
                .isEqualTo(
                        "No node that is alive serves queue mail, in which jobs wait: 3 available, the oldest for 5 min, 2 scheduled, 0 retryable, 1 parked.");
        assertThat(finding.facts())
                .containsEntry("available", 3L)
                .containsEntry("parked", 1L)
                .containsEntry("exact", true);
        assertThat(finding.remedies()).extracting(Remedy::command).contains("millrace up --queue mail");
    }

    @Test
    void a_queue_that_nobody_serves_and_that_waits_for_a_time_is_worth_a_look() {
        assertThat(one(QueueDoctor.unserved(List.of(queue("mail", 0, 2, 0)), List.of(node("a", SECOND)), NOW))
                        .severity())
                .isEqualTo(Severity.NOTICE);
        assertThat(QueueDoctor.unserved(List.of(queue("mail", 3, 2, 0)), List.of(), NOW))
                .as("without any node that is said once")
                .isEmpty();
    }

    @Test
    void jobs_of_a_kind_that_no_node_handles_are_told() {
        var knows = view("a", Life.ALIVE, SECOND, "1", List.of("mail"), List.of("send:2"));
        var older = view("a", Life.ALIVE, SECOND, "1", List.of("mail"), List.of("send:1"));
        var elsewhere = view("a", Life.ALIVE, SECOND, "1", List.of("other"), List.of("send:2"));
        var fresh = parked(Parking.UNKNOWN_KIND, SECOND);
        var stale = parked(Parking.UNKNOWN_KIND, Duration.ofMinutes(6));

        assertThat(QueueDoctor.parked(List.of(fresh), List.of(knows), NOW)).isEmpty();
        assertThat(one(QueueDoctor.parked(List.of(stale), List.of(knows), NOW)).severity())
                .isEqualTo(Severity.NOTICE);
        for (var node : List.of(older, elsewhere)) {
            var finding = one(QueueDoctor.parked(List.of(fresh), List.of(node), NOW));
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.object()).isEqualTo("kind send in queue mail");
            assertThat(finding.text())
                    .isEqualTo(
                            "4 jobs of kind send version 2 in queue mail are parked, the oldest for 1 s: no node that is alive and serves that queue handles it.");
        }
    }

    @Test
    void jobs_that_can_not_be_read_are_told_whoever_is_there_and_those_that_wait_for_room_only_late() {
        assertThat(one(QueueDoctor.parked(List.of(parked(Parking.UNDECODABLE, SECOND)), List.of(), NOW))
                        .text())
                .contains("can't be read by the handler that is there")
                .endsWith("Its node said: a word.");
        assertThat(QueueDoctor.parked(List.of(parked(Parking.LIMIT, Duration.ofMinutes(59))), List.of(), NOW))
                .isEmpty();
        assertThat(one(QueueDoctor.parked(List.of(parked(Parking.LIMIT, Duration.ofHours(1))), List.of(), NOW))
                        .severity())
                .isEqualTo(Severity.NOTICE);
        assertThat(QueueDoctor.parked(List.of(parked(Parking.PAUSED, Duration.ofDays(9))), List.of(), NOW))
                .isEmpty();
    }

    @Test
    void jobs_that_wait_for_a_key_are_not_told_to_be_deployed_anew() {
        for (var missing : List.of(
                UnknownEncryptionKey.of("may", null),
                UnknownEncryptionKey.of("may", KeyRing.writing(EncryptionKey.of("june", new byte[32]))))) {
            var jobs = new ParkedJobs(
                    "mail",
                    "send",
                    2,
                    Parking.UNDECODABLE,
                    new Depth(4, true),
                    ago(SECOND),
                    JOB,
                    "The payload of kind send version 2 can't be read. " + missing.getMessage());

            var finding = one(QueueDoctor.parked(List.of(jobs), List.of(), NOW));

            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.text()).contains("wait for a key").contains("encrypted with key may");
            assertThat(finding.remedies().getFirst().text())
                    .contains("alsoReading(…)")
                    .doesNotContain("upcast");
        }
    }

    @Test
    void a_pause_that_stands_for_long_is_told_sooner_if_jobs_wait_for_it() {
        var queues = List.of(queue("mail", 3, 0, 0), queue("idle", 0, 0, 0));

        assertThat(QueueDoctor.pauses(List.of(pause("mail", Duration.ofMinutes(59))), queues, NOW))
                .isEmpty();
        var finding = one(QueueDoctor.pauses(List.of(pause("mail", Duration.ofHours(2))), queues, NOW));
        assertThat(finding.text()).isEqualTo("Queue mail has been paused for 2 h, by anna: the provider is down.");
        assertThat(finding.remedies()).extracting(Remedy::command).containsExactly("millrace resume queue mail");
        assertThat(QueueDoctor.pauses(List.of(pause("idle", Duration.ofHours(2))), queues, NOW))
                .isEmpty();
        assertThat(QueueDoctor.pauses(List.of(pause("idle", Duration.ofDays(1))), queues, NOW))
                .hasSize(1);
        assertThat(QueueDoctor.pauses(List.of(new Pause(Scope.queue("mail"), "x", null, null)), queues, NOW))
                .as("a time that is not known is not taken for long")
                .isEmpty();
    }

    @Test
    void a_pause_that_ends_by_itself_is_not_forgotten_and_told_only_if_jobs_wait_for_it() {
        var queues = List.of(queue("mail", 3, 0, 0), queue("idle", 0, 0, 0));
        var until = NOW.plus(Duration.ofDays(1));
        var since = NOW.minus(Duration.ofDays(2));

        assertThat(QueueDoctor.pauses(List.of(new Pause(Scope.queue("idle"), "x", "anna", since, until)), queues, NOW))
                .isEmpty();
        assertThat(one(QueueDoctor.pauses(
                                List.of(new Pause(Scope.queue("mail"), "x", "anna", since, until)), queues, NOW))
                        .why())
                .contains("It ends by itself at " + until);
    }

    @Test
    void a_schedule_that_nobody_fires_is_told() {
        assertThat(QueueDoctor.schedules(List.of(schedule(true, null)))).isEmpty();
        assertThat(one(QueueDoctor.schedules(List.of(schedule(false, null)))).severity())
                .isEqualTo(Severity.WARNING);
        assertThat(one(QueueDoctor.schedules(List.of(schedule(false, "it was removed"))))
                        .severity())
                .isEqualTo(Severity.NOTICE);
    }

    // ---- the horizon

    @Test
    void an_idle_transaction_is_named_with_its_program_its_time_and_its_query() {
        var idle = session(1, "idle in transaction", Duration.ofMinutes(12), Duration.ofMinutes(7), List.of());

        var finding = one(HorizonDoctor.transactions(sessions(idle), "app", NOW));

        assertThat(finding.type()).isEqualTo(Finding.Type.IDLE_TRANSACTION);
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.object()).isEqualTo("pid 1");
        assertThat(finding.text())
                .isEqualTo(
                        "Session 1 (report of user anna in database app, from 10.0.0.7) has been idle in a transaction for 7 min, which is open for 12 min. Its last query: SELECT 1 FROM t");
        assertThat(finding.facts())
                .containsEntry("pid", 1L)
                .containsEntry("application", "report")
                .containsEntry("since", "2026-11-23T15:48:00Z")
                .containsEntry("idleMillis", 420_000L)
                .containsEntry("query", "SELECT 1\n  FROM t")
                .doesNotContainKey("partitions");
        assertThat(finding.remedies()).extracting(Remedy::command).contains("SELECT pg_terminate_backend(1);");
    }

    @Test
    void a_transaction_that_works_is_told_when_it_is_longer_than_was_measured() {
        var works = session(1, "active", Duration.ofMinutes(59), Duration.ofMinutes(59), List.of());
        var longer = session(1, "active", Duration.ofMinutes(61), Duration.ofMinutes(61), List.of());

        assertThat(HorizonDoctor.transactions(sessions(works), "app", NOW)).isEmpty();
        assertThat(one(HorizonDoctor.transactions(sessions(longer), "app", NOW)).severity())
                .isEqualTo(Severity.WARNING);
        var elsewhere = one(HorizonDoctor.transactions(sessions(longer), "other", NOW));
        assertThat(elsewhere.severity()).isEqualTo(Severity.NOTICE);
        assertThat(elsewhere.why()).startsWith("It is in another database");
    }

    @Test
    void a_producer_that_does_not_commit_is_told_with_the_partitions_that_it_keeps() {
        var produces = session(1, "active", Duration.ofMinutes(10), SECOND, List.of(4, 5));

        var finding = one(HorizonDoctor.transactions(sessions(produces), "app", NOW));

        assertThat(finding.text()).contains("has a transaction open for 10 min that has enqueued jobs.");
        assertThat(finding.why()).contains("partition 4, 5 can't be sealed");
        assertThat(finding.facts()).containsEntry("partitions", "4 5");
        var shorter = session(1, "active", Duration.ofMinutes(9), SECOND, List.of(4));
        assertThat(HorizonDoctor.transactions(sessions(shorter), "app", NOW)).isEmpty();
    }

    @Test
    void autovacuum_and_those_who_send_to_standbys_are_left_out() {
        for (var type : List.of("autovacuum worker", "walsender", "parallel worker"))
            assertThat(HorizonDoctor.transactions(
                            sessions(new Session(
                                    1,
                                    "anna",
                                    "app",
                                    "",
                                    null,
                                    type,
                                    "active",
                                    ago(Duration.ofDays(1)),
                                    null,
                                    5L,
                                    "VACUUM",
                                    List.of(),
                                    false)),
                            "app",
                            NOW))
                    .isEmpty();
    }

    @Test
    void a_session_that_may_not_be_looked_into_is_told_by_the_age_of_its_snapshot_and_the_others_are_not_known() {
        var old = hidden(2_000_000);
        var young = hidden(10);

        assertThat(one(HorizonDoctor.transactions(sessions(old, young), "app", NOW))
                        .text())
                .isEqualTo(
                        "Session 9 (of user other in database app) holds the horizon 2,000,000 transactions back. Since when, and with what, this role may not see.");
        var unknown = one(HorizonDoctor.hidden(new Sessions(List.of(), 3, 2, List.of()), "jobs"));
        assertThat(unknown.severity()).isEqualTo(Severity.UNKNOWN);
        assertThat(unknown.text()).startsWith("Not known, because jobs may not look into 2 sessions of other roles");
        assertThat(unknown.remedies()).extracting(Remedy::command).containsExactly("GRANT pg_monitor TO jobs;");
        assertThat(HorizonDoctor.hidden(new Sessions(List.of(), 3, 0, List.of()), "jobs"))
                .isEmpty();
    }

    @Test
    void a_prepared_transaction_is_told_with_what_ends_it() {
        var prepared = new Prepared("it's", ago(Duration.ofMinutes(20)), "anna", "app", 40);

        var finding = one(HorizonDoctor.prepared(List.of(prepared), "app", NOW));

        assertThat(finding.object()).isEqualTo("transaction it's");
        assertThat(finding.remedies())
                .extracting(Remedy::command)
                .containsExactly("COMMIT PREPARED 'it''s';", "ROLLBACK PREPARED 'it''s';");
        assertThat(HorizonDoctor.prepared(
                        List.of(new Prepared("x", ago(Duration.ofMinutes(9)), "anna", "app", 1)), "app", NOW))
                .isEmpty();
    }

    @Test
    void a_slot_that_nobody_reads_weighs_by_what_it_keeps_and_for_how_long() {
        assertThat(slot(false, 100L << 20, "reserved", null).severity()).isEqualTo(Severity.NOTICE);
        assertThat(slot(false, 2L << 30, "extended", null).severity()).isEqualTo(Severity.WARNING);
        var day = slot(false, 100L << 20, "reserved", Duration.ofDays(1));
        assertThat(day.severity()).isEqualTo(Severity.WARNING);
        assertThat(day.text())
                .isEqualTo("Slot 'standby_2' (physical) is read by nobody, for 24 h, and keeps 100 MB of log.");
        assertThat(day.why()).contains("until the disk is full");
        assertThat(day.remedies())
                .extracting(Remedy::command)
                .contains("SELECT pg_drop_replication_slot('standby_2');");
        assertThat(slots(new Slot("new", "physical", null, false, null, null, null, null)))
                .as("it keeps nothing")
                .isEmpty();
    }

    @Test
    void a_slot_that_has_lost_its_log_or_is_about_to_is_told_even_if_it_is_read() {
        assertThat(slot(true, 0L, "lost", null).text()).contains("has lost log that its reader needs");
        assertThat(slot(true, 5L << 30, "unreserved", null).text()).contains("may remove the log it needs");
        assertThat(slot(true, 11L << 30, "extended", null).text())
                .isEqualTo("Slot 'standby_2' (physical) is read, and 11 GB behind.");
        assertThat(slots(new Slot("x", "physical", null, true, 5L, 1L << 30, "reserved", null)))
                .isEmpty();
        assertThat(one(slots(new Slot("x", "logical", "app", true, 3_000_000L, 1L, "reserved", null)))
                        .text())
                .isEqualTo("Slot 'x' (logical, database app) holds the horizon 3,000,000 transactions back.");
    }

    @Test
    void a_standby_that_holds_the_horizon_is_named() {
        assertThat(HorizonDoctor.standbys(List.of(new Standby(5, "replica", "10.0.0.8", 999_999L))))
                .isEmpty();
        assertThat(one(HorizonDoctor.standbys(List.of(new Standby(5, "replica", "10.0.0.8", 1_000_000L))))
                        .object())
                .isEqualTo("standby replica");
    }

    // ---- the server

    @Test
    void settings_that_hurt_are_told_one_by_one() {
        var settings = settings(Map.of(
                "fsync",
                "off",
                "autovacuum",
                "off",
                "track_counts",
                "off",
                "synchronous_commit",
                "off",
                "full_page_writes",
                "off",
                "idle_in_transaction_session_timeout",
                "0",
                "max_wal_size",
                "256"));

        assertThat(ServerDoctor.settings(settings, "jobs"))
                .extracting(Finding::object, Finding::severity)
                .containsExactly(
                        tuple("fsync", Severity.CRITICAL),
                        tuple("full_page_writes", Severity.WARNING),
                        tuple("synchronous_commit", Severity.WARNING),
                        tuple("autovacuum", Severity.WARNING),
                        tuple("track_counts", Severity.WARNING),
                        tuple("idle_in_transaction_session_timeout", Severity.NOTICE),
                        tuple("max_wal_size", Severity.NOTICE));
        assertThat(ServerDoctor.settings(settings(Map.of()), "jobs")).isEmpty();
    }

    @Test
    void a_version_is_told_before_its_support_ends_and_after() {
        var fifteen = new Settings("15.10", 150_010, Map.of());

        assertThat(ServerDoctor.version(fifteen, Instant.parse("2027-01-01T00:00:00Z")))
                .isEmpty();
        assertThat(one(ServerDoctor.version(fifteen, Instant.parse("2027-08-01T00:00:00Z")))
                        .severity())
                .isEqualTo(Severity.NOTICE);
        assertThat(one(ServerDoctor.version(fifteen, Instant.parse("2027-11-11T00:00:00Z")))
                        .text())
                .isEqualTo("PostgreSQL 15 is not supported since 2027-11-11.");
        assertThat(one(ServerDoctor.version(new Settings("19.0", 190_000, Map.of()), NOW))
                        .severity())
                .isEqualTo(Severity.NOTICE);
    }

    @Test
    void a_schema_behind_the_build_is_critical_and_one_ahead_is_not() {
        assertThat(one(ServerDoctor.schema(new Schema("30", List.of("31"), List.of()), "millrace"))
                        .severity())
                .isEqualTo(Severity.CRITICAL);
        assertThat(one(ServerDoctor.schema(new Schema("32", List.of(), List.of("32")), "millrace"))
                        .severity())
                .isEqualTo(Severity.NOTICE);
        assertThat(ServerDoctor.schema(new Schema("31", List.of(), List.of()), "millrace"))
                .isEmpty();
    }

    @Test
    void connections_are_counted_against_those_that_are_not_reserved() {
        var settings = Look.seen(settings(Map.of("max_connections", "103", "superuser_reserved_connections", "3")));

        assertThat(connections(79, settings)).isEmpty();
        var finding = one(connections(80, settings));
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.text())
                .isEqualTo("80 of 100 connections are in use: 60 by app, 20 by programs without a name.");
        assertThat(one(connections(95, settings)).severity()).isEqualTo(Severity.CRITICAL);
        assertThat(connections(95, new Look.Unseen<>("no", false))).isEmpty();
    }

    @Test
    void transaction_ids_that_run_out_are_told_in_time() {
        var settings = Look.seen(settings(Map.of("autovacuum_freeze_max_age", "200000000")));

        assertThat(ServerDoctor.wraparound(List.of(new Age("app", 499_999_999, 5)), settings))
                .isEmpty();
        assertThat(one(ServerDoctor.wraparound(List.of(new Age("app", 500_000_000, 5)), settings))
                        .severity())
                .isEqualTo(Severity.WARNING);
        assertThat(one(ServerDoctor.wraparound(List.of(new Age("app", 5, 1_600_000_000)), settings))
                        .severity())
                .isEqualTo(Severity.CRITICAL);
        var patient = Look.seen(settings(Map.of("autovacuum_freeze_max_age", "1000000000")));
        assertThat(ServerDoctor.wraparound(List.of(new Age("app", 1_400_000_000, 5)), patient))
                .as("who set it so knows of it")
                .isEmpty();
    }

    @Test
    void a_table_with_more_dead_rows_than_living_ones_is_told() {
        assertThat(ServerDoctor.tables(
                        List.of(table("timer", 1_000, 49_999, true), table("beat", 40_000, 60_000, true)),
                        "millrace",
                        NOW))
                .isEmpty();
        var finding = one(ServerDoctor.tables(List.of(table("timer", 1_000, 50_000, true)), "millrace", NOW));
        assertThat(finding.object()).isEqualTo("table millrace.timer");
        assertThat(finding.remedies()).extracting(Remedy::command).containsExactly("VACUUM (VERBOSE) millrace.timer;");
        assertThat(one(ServerDoctor.tables(List.of(table("timer", 1_000, 0, false)), "millrace", NOW))
                        .text())
                .startsWith("Autovacuum is switched off for millrace.timer");
    }

    @Test
    void a_log_that_piles_up_and_one_that_is_not_archived_are_told() {
        var settings = Look.seen(settings(Map.of("max_wal_size", "1024", "archive_mode", "on")));

        assertThat(ServerDoctor.log((3L << 30) - 1, settings)).isEmpty();
        assertThat(one(ServerDoctor.log(3L << 30, settings)).text())
                .isEqualTo("The write-ahead log has 3.0 GB, and was meant to stay within 1.0 GB (max_wal_size).");
        var fails = new Archiver(ago(Duration.ofHours(2)), ago(SECOND), 7, "000000010000000000000004");
        assertThat(one(ServerDoctor.archiver(fails, settings)).text()).startsWith("The log is not archived");
        assertThat(ServerDoctor.archiver(new Archiver(ago(SECOND), ago(Duration.ofHours(2)), 7, "x"), settings))
                .as("it works again")
                .isEmpty();
        assertThat(ServerDoctor.archiver(fails, Look.seen(settings(Map.of("archive_mode", "off")))))
                .isEmpty();
    }

    // ---- partitions

    private static final List<NodeView> ALIVE = List.of(node("alive", SECOND));

    @Test
    void housekeeping_that_nobody_does_is_told_and_nothing_that_follows_from_it() {
        var unkept = partitions(ago(Duration.ofHours(1)), List.of(part(1, Duration.ofDays(20), null, null)), List.of());

        assertThat(one(PartitionDoctor.housekeeping(unkept, ALIVE, NOW)).text())
                .isEqualTo("No node has done the housekeeping for 60 min, though some are alive."
                        .replace("60 min", "1 h"));
        assertThat(PartitionDoctor.partitions(unkept, List.of(), ALIVE, NOW)).isEmpty();
        assertThat(PartitionDoctor.housekeeping(unkept, List.of(), NOW)).isEmpty();
    }

    @Test
    void a_missing_next_partition_is_told_after_a_while() {
        var lately = new Partitions(
                1, NOW, List.of(current(1, Duration.ofMinutes(14))), Duration.ofDays(7), null, List.of(), List.of());
        var late = new Partitions(
                1, NOW, List.of(current(1, Duration.ofMinutes(15))), Duration.ofDays(7), null, List.of(), List.of());

        assertThat(PartitionDoctor.partitions(lately, List.of(), ALIVE, NOW)).isEmpty();
        assertThat(one(PartitionDoctor.partitions(late, List.of(), ALIVE, NOW)).object())
                .isEqualTo("partition 2");
    }

    @Test
    void a_partition_that_takes_all_for_longer_than_any_can_be_set_to_is_told() {
        var stays = new Partitions(
                1,
                NOW,
                List.of(current(1, Duration.ofDays(9)), ahead(2)),
                Duration.ofDays(7),
                null,
                List.of(),
                List.of());

        assertThat(one(PartitionDoctor.partitions(stays, List.of(), ALIVE, NOW)).text())
                .isEqualTo("Partition 1 has taken all new jobs for 9 d, longer than any can be set to.");
    }

    @Test
    void a_partition_that_is_not_sealed_names_who_has_written_to_it() {
        var partitions = partitions(NOW, List.of(part(1, Duration.ofHours(2), null, null)), List.of());
        var writer = session(4711, "idle in transaction", Duration.ofHours(3), Duration.ofHours(3), List.of(1));

        assertThat(PartitionDoctor.partitions(partitions, List.of(), ALIVE, NOW))
                .isEmpty();
        var finding = one(PartitionDoctor.partitions(partitions, List.of(writer), ALIVE, NOW));
        assertThat(finding.text())
                .startsWith("Partition 1 was closed 2 h ago and is not sealed")
                .contains("Session 4711");
        assertThat(finding.remedies()).extracting(Remedy::command).contains("SELECT pg_terminate_backend(4711);");
        var old = partitions(NOW, List.of(part(1, Duration.ofHours(26), null, null)), List.of());
        assertThat(PartitionDoctor.partitions(old, List.of(), ALIVE, NOW)).hasSize(1);
    }

    @Test
    void a_partition_past_retention_names_the_job_that_keeps_it() {
        var sealed = part(1, Duration.ofDays(9), Duration.ofDays(8), null);
        var open = new Open(1, JOB, "mail", "send", State.RUNNING, "node-1", ago(Duration.ofDays(9)));

        var finding =
                one(PartitionDoctor.partitions(partitions(NOW, List.of(sealed), List.of(open)), List.of(), ALIVE, NOW));

        assertThat(finding.text())
                .isEqualTo("Partition 1 was closed 9 d ago, past retention, and is not settled: what keeps it is job "
                        + JOB
                        + " (kind send, queue mail), which is running on node node-1 since 2026-11-14T16:00:00Z.");
        assertThat(finding.remedies()).extracting(Remedy::command).containsExactly("millrace cancel " + JOB);
        var young = part(1, Duration.ofDays(8), Duration.ofDays(7), null);
        assertThat(PartitionDoctor.partitions(partitions(NOW, List.of(young), List.of(open)), List.of(), ALIVE, NOW))
                .isEmpty();
    }

    @Test
    void nodes_that_keep_for_longer_than_this_process_would_are_believed() {
        var settled = part(1, Duration.ofDays(20), Duration.ofDays(19), Duration.ofDays(19));
        var parts = List.of(settled, current(2, Duration.ofHours(1)), ahead(3));

        assertThat(one(PartitionDoctor.partitions(
                                new Partitions(2, NOW, parts, Duration.ofDays(7), null, List.of(), List.of()),
                                List.of(),
                                ALIVE,
                                NOW))
                        .text())
                .contains("is settled, was closed 20 d ago, past retention, and is not dropped");
        assertThat(PartitionDoctor.partitions(
                        new Partitions(2, NOW, parts, Duration.ofDays(7), Duration.ofDays(30), List.of(), List.of()),
                        List.of(),
                        ALIVE,
                        NOW))
                .isEmpty();
    }

    @Test
    void a_table_that_can_not_be_detached_names_the_oldest_transaction() {
        var partitions = new Partitions(
                2,
                NOW,
                List.of(current(2, Duration.ofHours(1)), ahead(3)),
                Duration.ofDays(7),
                null,
                List.of("job_log_1"),
                List.of());
        var young = session(1, "active", SECOND, SECOND, List.of());
        var old = session(2, "active", Duration.ofMinutes(30), SECOND, List.of());

        assertThat(PartitionDoctor.partitions(partitions, List.of(young), ALIVE, NOW))
                .isEmpty();
        assertThat(one(PartitionDoctor.partitions(partitions, List.of(young, old), ALIVE, NOW))
                        .text())
                .contains("job_log_1 is being detached")
                .contains("Session 2 ");
    }

    @Test
    void many_partitions_are_worth_a_word() {
        var parts = new ArrayList<Part>();
        for (int no = 1; no < 200; no++)
            parts.add(part(no, Duration.ofDays(5), Duration.ofDays(4), Duration.ofDays(4)));
        parts.add(current(200, Duration.ofHours(1)));

        var all = PartitionDoctor.partitions(
                new Partitions(200, NOW, parts, Duration.ofDays(365), null, List.of(), List.of()),
                List.of(),
                List.of(),
                NOW);
        assertThat(one(all).severity()).isEqualTo(Severity.NOTICE);
    }

    // ---- words

    @Test
    void spans_sizes_and_names_read_as_people_write_them() {
        assertThat(List.of(
                        Found.span(Duration.ofMillis(40)),
                        Found.span(Duration.ofSeconds(119)),
                        Found.span(Duration.ofSeconds(125)),
                        Found.span(Duration.ofMinutes(125)),
                        Found.span(Duration.ofHours(49))))
                .containsExactly("40 ms", "119 s", "2 min", "2 h 5 min", "2 d 1 h");
        assertThat(List.of(Found.size(10), Found.size(3 << 20), Found.size(50L << 30), Found.size(5L << 40)))
                .containsExactly("10 bytes", "3.0 MB", "50 GB", "5.0 TB");
        assertThat(List.of(Found.name("jobs"), Found.name("My \"Role"))).containsExactly("jobs", "\"My \"\"Role\"");
    }

    // ---- what was seen

    private static Finding one(List<Finding> findings) {
        assertThat(findings).hasSize(1);
        return findings.getFirst();
    }

    private static Instant ago(Duration span) {
        return NOW.minus(span);
    }

    @Test
    void where_nodes_or_queues_could_not_be_seen_nothing_is_told_that_follows_from_them() {
        var checkup = Doctor.checkup(
                new Observations(
                        NOW,
                        Look.seen(List.of(parked(Parking.UNKNOWN_KIND, Duration.ofDays(1)))),
                        Look.seen(List.of()),
                        Look.seen(List.of()),
                        null),
                new Look.Unseen<>("canceling statement due to lock timeout", false),
                new Look.Unseen<>("the server did not answer within 5 s", false),
                Look.seen(List.of()),
                Look.seen(List.of()),
                List.of());

        assertThat(checkup.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(checkup.findings())
                .extracting(Finding::type, Finding::severity)
                .containsExactlyInAnyOrder(
                        tuple(Finding.Type.NO_NODE, Severity.UNKNOWN),
                        tuple(Finding.Type.SILENT_NODE, Severity.UNKNOWN),
                        tuple(Finding.Type.STUCK_HANDLER, Severity.UNKNOWN),
                        tuple(Finding.Type.BUILDS, Severity.UNKNOWN),
                        tuple(Finding.Type.UNSERVED_QUEUE, Severity.UNKNOWN),
                        tuple(Finding.Type.LONG_RUN, Severity.UNKNOWN),
                        tuple(Finding.Type.PARKED, Severity.UNKNOWN),
                        tuple(Finding.Type.PAUSE, Severity.UNKNOWN));
        assertThat(checkup.figures()).doesNotContainKeys("queues", "nodes", "nodesAlive");
    }

    @Test
    void a_change_of_many_jobs_that_is_not_done_after_a_day_is_told_with_how_to_go_on_and_how_to_end_it() {
        var young = unfinished(Duration.ofHours(23));
        var old = unfinished(Duration.ofDays(3));

        var finding = one(QueueDoctor.operations(List.of(old, young), NOW));

        assertThat(finding.type()).isEqualTo(Finding.Type.OPERATION);
        assertThat(finding.severity()).isEqualTo(Severity.NOTICE);
        assertThat(finding.text()).contains("requeue, planned for 12 jobs", "3 d", "by mara", "has met 5");
        assertThat(finding.remedies())
                .extracting(Finding.Remedy::command)
                .containsExactly(
                        "millrace bulk resume " + old.change().id(),
                        "millrace bulk stop %s --reason 'why'"
                                .formatted(old.change().id()));
    }

    private static KeptChange unfinished(Duration since) {
        var change = new Change(
                UUID.randomUUID(), Action.REQUEUE, null, null, Details.NONE, 12, 0, "the provider is back", "mara");
        return new KeptChange(change, NOW.minus(since), null, new Progress(5, 5, false), Map.of(), null, null);
    }

    private static Checkup checkup(Server server) {
        return Doctor.checkup(
                seen(server),
                Look.seen(List.of(queue("default", 2, 1, 0))),
                Look.seen(List.of(node("a", SECOND))),
                Look.seen(List.of()),
                Look.seen(List.of()),
                List.of(status(true, 0)));
    }

    private static Observations seen(@Nullable Server server) {
        return new Observations(NOW, Look.seen(List.of()), Look.seen(List.of()), Look.seen(List.of()), server);
    }

    private static Server server() {
        return serverWith(Look.seen(1L << 28), sessions());
    }

    private static Server serverWith(Look<Long> walBytes, Sessions sessions) {
        return new Server(
                "jobs",
                "app",
                "millrace",
                Duration.ofMillis(3),
                Duration.ofMillis(1),
                Look.seen(List.of()),
                Look.seen(settings(Map.of())),
                Look.seen(sessions),
                Look.seen(List.of()),
                Look.seen(List.of()),
                Look.seen(List.of()),
                Look.seen(partitions(NOW, List.of(), List.of())),
                Look.seen(List.of()),
                Look.seen(List.of()),
                Look.seen(1L << 30),
                walBytes,
                Look.seen(new Archiver(null, null, 0, null)),
                Look.seen(new Schema("31", List.of(), List.of())));
    }

    private static Settings settings(Map<String, String> other) {
        var values = new HashMap<>(Map.of(
                "fsync", "on",
                "full_page_writes", "on",
                "synchronous_commit", "on",
                "autovacuum", "on",
                "track_counts", "on",
                "idle_in_transaction_session_timeout", "60000",
                "max_wal_size", "2048",
                "max_connections", "100",
                "superuser_reserved_connections", "3",
                "max_slot_wal_keep_size", "-1"));
        values.putAll(other);
        return new Settings("18.1", 180_001, values);
    }

    private static Sessions sessions(Session... oldest) {
        return new Sessions(List.of(oldest), 9, 0, List.of());
    }

    private static Session session(int pid, String state, Duration open, Duration inState, List<Integer> partitions) {
        return new Session(
                pid,
                "anna",
                "app",
                "report",
                "10.0.0.7",
                "client backend",
                state,
                ago(open),
                ago(inState),
                5L,
                "SELECT 1\n  FROM t",
                partitions,
                false);
    }

    private static Session hidden(long age) {
        return new Session(9, "other", "app", "", null, null, null, null, null, age, null, List.of(), true);
    }

    private static List<Finding> slots(Slot slot) {
        return HorizonDoctor.slots(List.of(slot), Look.seen(settings(Map.of())), NOW);
    }

    private static Finding slot(boolean active, long retained, String walStatus, @Nullable Duration inactive) {
        return one(slots(new Slot(
                "standby_2",
                "physical",
                null,
                active,
                null,
                retained,
                walStatus,
                inactive == null ? null : ago(inactive))));
    }

    private static List<Finding> connections(int used, Look<Settings> settings) {
        return ServerDoctor.connections(
                new Sessions(List.of(), used, 0, List.of(new Share("app", used - 20), new Share("", 20))), settings);
    }

    private static Table table(String name, long live, long dead, boolean autovacuum) {
        return new Table(name, live, dead, 1 << 20, ago(Duration.ofHours(3)), autovacuum);
    }

    /** With a current partition and one ahead. */
    private static Partitions partitions(@Nullable Instant keptAt, List<Part> before, List<Open> open) {
        var parts = new ArrayList<>(before);
        parts.add(current(8, Duration.ofHours(1)));
        parts.add(ahead(9));
        return new Partitions(8, keptAt, parts, Duration.ofDays(7), null, List.of(), open);
    }

    private static Part current(int no, Duration since) {
        return new Part(no, ago(since), ago(since), null, null, null, 1 << 20);
    }

    private static Part ahead(int no) {
        return new Part(no, ago(SECOND), null, null, null, null, 0);
    }

    private static Part part(int no, Duration closed, @Nullable Duration sealed, @Nullable Duration settled) {
        return new Part(
                no,
                ago(closed.plusDays(1)),
                ago(closed.plusDays(1)),
                ago(closed),
                sealed == null ? null : ago(sealed),
                settled == null ? null : ago(settled),
                1 << 20);
    }

    private static NodeView node(String name, Duration sinceBeat) {
        return view(name, Life.ALIVE, sinceBeat, "1", List.of("default"), List.of());
    }

    private static NodeView view(
            String name, Life life, Duration sinceBeat, String version, List<String> queues, List<String> kinds) {
        return new NodeView(
                NODE,
                name,
                "here",
                7,
                version,
                life,
                10,
                0,
                queues,
                kinds,
                ago(Duration.ofHours(2)),
                sinceBeat,
                null,
                null);
    }

    private static Node.Status status(boolean trusted, int stuck) {
        return new Node.Status(
                NODE,
                "own",
                trusted,
                10,
                0,
                0,
                0,
                stuck,
                null,
                SECOND,
                new Node.Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    private static Held held(Duration since) {
        return new Held(NODE, JOB, "mail", "send", false, ago(since));
    }

    private static QueueView queue(String name, long available, long scheduled, long parked) {
        return new QueueView(
                name,
                new Depth(available, true),
                new Depth(0, true),
                new Depth(scheduled, true),
                new Depth(0, true),
                new Depth(parked, true),
                available > 0 ? ago(Duration.ofMinutes(5)) : null,
                null);
    }

    private static ParkedJobs parked(Parking parking, Duration since) {
        return new ParkedJobs("mail", "send", 2, parking, new Depth(4, true), ago(since), JOB, "a word");
    }

    private static Pause pause(String queue, Duration since) {
        return new Pause(Scope.queue(queue), "the provider is down", "anna", ago(since));
    }

    private static Kept schedule(boolean alive, @Nullable String paused) {
        return new Kept(
                new ScheduleCard("nightly", "cron 0 3 * * *", ""),
                ago(Duration.ofDays(3)),
                NODE,
                alive,
                ago(Duration.ofDays(1)),
                JOB,
                paused,
                null);
    }
}
