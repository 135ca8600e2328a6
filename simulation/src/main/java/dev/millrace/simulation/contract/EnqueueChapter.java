package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Given.LATER;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import dev.millrace.Priority;
import dev.millrace.State;
import dev.millrace.store.Delivery;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Jobs come in: whole, once, and where they belong. */
abstract class EnqueueChapter extends Chapter {

    EnqueueChapter(StoreContract contract) {
        super(contract);
    }

    @Test
    void an_enqueued_job_is_available_and_looks_as_it_was_asked() {
        var job = given.job(as -> as.version(3)
                .priority(Priority.HIGH)
                .payload("{\"order\":42}")
                .headers(Map.of("tenant", "müller", "trace", "00-4bf9")));

        var view = given.view(job);

        assertThat(view.state()).isEqualTo(State.AVAILABLE);
        assertThat(view.id()).isEqualTo(job);
        assertThat(view.kind()).isEqualTo(given.kind);
        assertThat(view.kindVersion()).isEqualTo(3);
        assertThat(view.queue()).isEqualTo(given.queue);
        assertThat(view.priority()).isEqualTo(Priority.HIGH);
        assertThat(view.payload()).isEqualTo("{\"order\":42}");
        assertThat(view.headers()).isEqualTo(Map.of("tenant", "müller", "trace", "00-4bf9"));
        assertThat(view.run()).isEqualTo(1);
        assertThat(view.attempt()).isEqualTo(1);
        assertThat(view.rescues()).isZero();
        assertThat(Stream.of(
                        view.expiresAt(),
                        view.runAt(),
                        view.startedAt(),
                        view.endedAt(),
                        view.node(),
                        view.reason(),
                        view.result(),
                        view.failure(),
                        view.progress()))
                .containsOnlyNulls();
    }

    @Test
    void its_claimer_reads_what_was_asked() {
        var text = "{\"a\":1.50,  \"ünï\":\"\\u00e9 \uD83D\uDE00\"}";
        var job = given.job(as -> as.version(3)
                .priority(Priority.HIGH)
                .payload(text)
                .headers(Map.of("tenant", "müller"))
                .expiresAfter(LATER));

        var delivery = given.node().claimOne();

        assertThat(delivery.job()).isEqualTo(job);
        assertThat(delivery.payload()).as("the payload, to the letter").isEqualTo(new Payload.Text(text));
        assertThat(delivery.kind()).isEqualTo(given.kind);
        assertThat(delivery.kindVersion()).isEqualTo(3);
        assertThat(delivery.queue()).isEqualTo(given.queue);
        assertThat(delivery.priority()).isEqualTo(Priority.HIGH);
        assertThat(delivery.headers()).isEqualTo(Map.of("tenant", "müller"));
        assertThat(delivery.expiresAt()).isEqualTo(given.view(job).expiresAt());
        assertThat(delivery.expiresAt()).isEqualTo(given.view(job).enqueuedAt().plus(LATER));
        assertThat(List.of(delivery.run(), delivery.no(), delivery.attempt())).containsExactly(1, 1, 1);
        assertThat(List.of(delivery.rescues(), delivery.charged())).containsExactly(0, 0);
        assertThat(delivery.expired()).isFalse();
        assertThat(delivery.cancelled()).isFalse();
    }

    // ---- time

    @Test
    void a_delayed_job_is_scheduled() {
        var job = given.job(as -> as.in(LATER));

        assertThat(job).isScheduled().isAtAttempt(1);
        assertThat(given.view(job).runAt())
                .isEqualTo(given.view(job).enqueuedAt().plus(LATER));
        assertThat(given.node().claimAll()).isEmpty();
    }

    @Test
    void a_job_for_a_moment_is_scheduled_for_that_moment() {
        var moment = Instant.parse("2999-03-01T02:30:00.123456Z");

        var job = given.job(as -> as.at(moment));

        assertThat(job).isScheduled();
        assertThat(given.view(job).runAt()).isEqualTo(moment);
    }

    @Test
    void a_moment_that_has_passed_means_now() {
        var job = given.job(as -> as.at(Instant.parse("2020-01-01T00:00:00Z")));

        assertThat(job).isAvailable();
        assertThat(given.node().claimOne().job()).isEqualTo(job);
    }

    @Test
    void no_delay_means_now() {
        assertThat(given.job(as -> as.in(Duration.ZERO))).isAvailable();
    }

    // ---- shards

    @Test
    void jobs_with_equal_spread_go_to_one_shard() {
        given.jobs(5, as -> as.spread("tenant 7"));
        given.bulk(5, as -> as.spread("tenant 7"));
        var later = given.job(as -> as.spread("tenant 7").in(Given.SOON));
        given.letSoonPass();
        var node = given.node();
        node.promotes();

        var claimed = node.claimAll();

        assertThat(claimed).hasSize(11).extracting(Delivery::job).contains(later);
        assertThat(claimed).extracting(one -> one.place().stream()).containsOnly(claimed.getFirst().place().stream());
    }

    @Test
    void jobs_without_spread_go_to_all_shards_evenly() {
        given.bulk(400, as -> as.spread(null));
        long shards = given.streams(given.queue).stream()
                .filter(stream -> stream.priority() == Priority.NORMAL && !stream.front())
                .count();

        var perStream = given.node().claimAll().stream().collect(groupingBy(one -> one.place().stream(), counting()));

        assertThat(perStream).hasSize((int) shards);
        assertThat(perStream.values()).allMatch(count -> count > 400 / shards / 2);
    }

    // ---- many

    @Test
    void a_bulk_is_taken_in_its_order() {
        var jobs = given.bulk(1_500, as -> as);

        assertThat(given.node().claimAll()).extracting(Delivery::job).containsExactlyElementsOf(jobs);
    }

    @Test
    void a_bulk_may_mix_queues_priorities_and_times() {
        var other = given.queue + "-other";
        var all = List.of(
                given.newJob(as -> as.priority(Priority.URGENT)),
                given.newJob(as -> as.in(LATER)),
                given.newJob(as -> as.queue(other).expiresAfter(LATER)));

        given.store.enqueueAll(all.iterator());

        assertThat(all.get(0).id()).isAvailable();
        assertThat(all.get(1).id()).isScheduled();
        assertThat(given.view(all.get(2).id()).queue()).isEqualTo(other);
        assertThat(given.view(all.get(2).id()).expiresAt()).isNotNull();
        assertThat(given.node().claimOne().priority()).isEqualTo(Priority.URGENT);
    }

    @Test
    void a_bulk_whose_source_fails_midway_is_not_taken_at_all() {
        var taken = Stream.generate(() -> given.newJob(as -> as)).limit(3_000).toList();
        var source = failsAfter(taken);

        assertThatThrownBy(() -> given.store.enqueueAll(source)).hasStackTraceContaining("the file is cut off");

        assertThat(given.store.find(taken.getFirst().id())).isEmpty();
        assertThat(given.store.find(taken.getLast().id())).isEmpty();
        assertThat(given.node().claimAll()).isEmpty();
    }

    private static Iterator<NewJob> failsAfter(List<NewJob> jobs) {
        var rest = jobs.iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public NewJob next() {
                if (!rest.hasNext()) throw new IllegalStateException("the file is cut off");
                return rest.next();
            }
        };
    }

    @Test
    void a_delayed_bulk_from_a_slow_source_is_promoted_once_it_has_come() {
        var slow = List.of(given.newJob(as -> as.in(Given.SOON)), given.newJob(as -> as.in(Given.SOON)));
        var node = given.node();
        var source = slow.stream()
                .peek(job -> {
                    for (int look = 0; look < 2; look++) {
                        given.contract.letPass(Duration.ofSeconds(1));
                        node.promotes();
                    }
                })
                .iterator();

        given.store.enqueueAll(source);
        given.letSoonPass();
        node.promotes();

        assertThat(node.claimAll())
                .extracting(Delivery::job)
                .containsExactlyElementsOf(slow.stream().map(NewJob::id).toList());
    }

    @Test
    void a_bulk_of_nothing_is_fine() {
        given.store.enqueueAll(List.<NewJob>of().iterator());

        assertThat(given.node().claimAll()).isEmpty();
    }

    // ---- many callers

    @Test
    void jobs_of_many_callers_at_once_are_all_taken_and_those_of_each_in_their_order() {
        var callers = new ArrayList<List<NewJob>>();
        for (int i = 0; i < 24; i++)
            callers.add(Stream.generate(() -> given.newJob(as -> as.spread("one shard")))
                    .limit(8)
                    .toList());

        Races.run(callers.stream()
                .<Callable<Boolean>>map(own -> () -> {
                    for (var job : own)
                        assertThat(given.store.enqueue(job).existed()).isFalse();
                    return true;
                })
                .toList());

        var claimed = given.node().claimAll().stream().map(Delivery::job).toList();
        assertThat(claimed).hasSize(24 * 8).doesNotHaveDuplicates();
        for (var own : callers)
            assertThat(claimed).containsSubsequence(own.stream().map(NewJob::id).toList());
    }

    // ---- hints

    @Test
    void who_listens_hears_of_new_work() {
        assertThat(Races.hears(given.store, new Wakeup.Work(given.queue), given::job))
                .isTrue();
    }

    @Test
    void who_listens_hears_of_streams_that_a_queue_had_not() {
        assertThat(Races.hears(given.store, new Wakeup.Streams(given.queue), given::job))
                .isTrue();
    }

    @Test
    void who_has_stopped_listening_hears_nothing_more() {
        var heard = new LinkedBlockingQueue<Wakeup>();

        given.store.listen(heard::add).close();
        given.job();

        assertThat(heard).doesNotContain(new Wakeup.Work(given.queue));
    }
}
