package dev.millrace;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Batches over the store in memory: whole, with real threads. */
class BatchTest {

    /** What a part gives back. */
    record Image(int n) {}

    /** What the job that follows makes of them. */
    record Album(int images, List<String> left) {}

    @Kind("thumbnail")
    record Thumbnail(int n) implements Job<Image> {}

    @Kind("publish")
    record Publish(String name) implements Reduce<Image, Album> {}

    @Kind("clean-up")
    record CleanUp() implements Reduce<Image, Void> {}

    @Kind("library")
    record Library() implements Reduce<Album, Integer> {}

    @Kind("count")
    record Count() implements Job<Integer> {}

    @Kind("timed")
    record Timed() implements Reduce<Image, Album> {
        @Override
        public JobOptions options(JobOptions o) {
            return o.in(ofMinutes(1));
        }
    }

    private static final Duration SOON = ofSeconds(20);

    private final Millrace millrace = Millrace.on(new MemoryStore());

    @AfterEach
    void close() {
        millrace.close();
    }

    private static NodeBuilder publishing(Millrace millrace) {
        return millrace.node()
                .handle(Thumbnail.class, job -> {
                    if (job.n() % 10 == 3) throw new IllegalStateException("no image " + job.n());
                    return new Image(job.n());
                })
                .retry(Retry.none())
                .reduce(Publish.class, (job, parts, attempt) -> {
                    var left = parts.failed()
                            .map(part -> part.number() + ": " + told(part.result()))
                            .toList();
                    return new Album((int) parts.values().count(), left);
                });
    }

    private static String told(Result<?> result) {
        return switch (result) {
            case Result.Discarded<?>(var failure) -> failure.message();
            case Result.Cancelled<?>(var reason) -> "cancelled, " + reason;
            case Result.Completed<?>(var value) -> "completed";
            case Result.Pending<?>(var state) -> "pending";
        };
    }

    private static Stream<Thumbnail> thumbnails(int count) {
        return IntStream.range(0, count).mapToObj(Thumbnail::new);
    }

    @Test
    void the_job_that_follows_sees_results_and_failures_and_the_batch_gives_what_it_makes_of_them() {
        publishing(millrace).start();

        var rome = millrace.batch(thumbnails(25), new Publish("Rome"));

        assertThat(rome.get(SOON))
                .isEqualTo(new Album(22, List.of("3: no image 3", "13: no image 13", "23: no image 23")));
        assertThat(rome.view()).isEqualTo(new BatchView(rome.id(), 25, 22, 3, 0, true));
        assertThat(millrace.findBatch(Publish.class, rome.id()).get(SOON).images())
                .isEqualTo(22);
    }

    @Test
    void it_runs_once_and_only_after_all_parts() {
        var runs = new AtomicInteger();
        var ended = new AtomicInteger();
        var early = new AtomicBoolean();
        millrace.node()
                .handle(Thumbnail.class, job -> {
                    ended.incrementAndGet();
                    return new Image(job.n());
                })
                .reduce(CleanUp.class, (job, parts, attempt) -> {
                    if (ended.get() < 500) early.set(true);
                    runs.incrementAndGet();
                })
                .start();

        assertThat(millrace.batch(thumbnails(500), new CleanUp()).get(SOON)).isNull();

        assertThat(runs).hasValue(1);
        assertThat(early).isFalse();
    }

    @Test
    void a_batch_without_parts_is_followed_at_once() {
        publishing(millrace).start();

        assertThat(millrace.batch(Stream.<Thumbnail>of(), new Publish("nothing"))
                        .get(SOON))
                .isEqualTo(new Album(0, List.of()));
    }

    @Test
    void while_parts_are_open_it_says_so() {
        var rome = millrace.batch(thumbnails(3), new Publish("Rome"));

        assertThat(rome.state()).isEqualTo(State.SCHEDULED);
        assertThat(rome.view()).isEqualTo(new BatchView(rome.id(), 3, 0, 0, 0, false));
        assertThat(rome.view().open()).isEqualTo(3);
        var why = millrace.operations("mara").why(rome.id()).reasons().getFirst();
        assertThat(why.text()).isEqualTo("It follows a batch, of which 3 of 3 parts have not ended.");
        assertThat(why).isInstanceOf(Why.PartsOpen.class);
    }

    @Test
    void a_part_adds_parts_while_it_runs() {
        var batch = new AtomicReference<JobId>();
        millrace.node()
                .handle(Thumbnail.class, (job, attempt) -> {
                    batch.set(attempt.batch().orElseThrow());
                    if (job.n() == 0)
                        millrace.findBatch(Publish.class, attempt.batch().orElseThrow())
                                .add(IntStream.range(1, 6).mapToObj(Thumbnail::new));
                    return new Image(job.n());
                })
                .reduce(
                        Publish.class,
                        (job, parts, attempt) -> new Album(
                                (int) parts.count(),
                                parts.values()
                                        .map(image -> "image " + image.n())
                                        .toList()))
                .start();

        var rome = millrace.batch(thumbnails(1), new Publish("Rome"));

        assertThat(rome.get(SOON))
                .isEqualTo(new Album(6, List.of("image 0", "image 1", "image 2", "image 3", "image 4", "image 5")));
        assertThat(batch).hasValue(rome.id());
        assertThatThrownBy(() -> rome.add(thumbnails(1)))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "Batch %s takes no more parts: all of its 6 have ended. Nothing was enqueued; enqueue them as a new batch.",
                        rome.id());
    }

    @Test
    void a_batch_that_is_over_takes_no_other_in() {
        publishing(millrace)
                .reduce(
                        Library.class,
                        (job, parts, attempt) ->
                                parts.values().mapToInt(Album::images).sum())
                .start();

        var library = millrace.batch(Stream.<Job<Album>>of(), new Library());
        assertThat(library.get(SOON)).isZero();
        assertThatThrownBy(() -> library.batch(thumbnails(2), new Publish("late")))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("takes no more parts: all of its 0 have ended");
    }

    @Test
    void a_part_makes_a_batch_of_its_own_that_the_outer_one_waits_for() {
        millrace.node()
                .handle(Thumbnail.class, job -> new Image(job.n()))
                .handle(Chapter.class, (job, attempt) -> {
                    millrace.findBatch(Library.class, attempt.batch().orElseThrow())
                            .batch(thumbnails(4), new Publish("inner"));
                    return new Album(1, List.of());
                })
                .reduce(Publish.class, (job, parts, attempt) -> new Album((int) parts.count(), List.of()))
                .reduce(
                        Library.class,
                        (job, parts, attempt) ->
                                parts.values().mapToInt(Album::images).sum())
                .start();

        var library = millrace.batch(Stream.of(new Chapter()), new Library());

        assertThat(library.get(SOON)).isEqualTo(5);
        assertThat(library.view().parts()).isEqualTo(2);
    }

    @Kind("chapter")
    record Chapter() implements Job<Album> {}

    @Test
    void withdrawn_parts_are_seen_as_such() {
        var rome = millrace.batch(thumbnails(3), new Publish("Rome"));

        assertThat(rome.cancelParts("the photographer objects")).isEqualTo(3);
        publishing(millrace).start();

        assertThat(rome.get(SOON))
                .isEqualTo(new Album(
                        0,
                        List.of(
                                "0: cancelled, the photographer objects",
                                "1: cancelled, the photographer objects",
                                "2: cancelled, the photographer objects")));
    }

    @Test
    void a_withdrawn_batch_never_runs() {
        var rome = millrace.batch(thumbnails(3), new Publish("Rome"));

        assertThat(rome.cancel("not needed")).isEqualTo(State.CANCELLED);

        assertThat(rome.view()).isEqualTo(new BatchView(rome.id(), 3, 0, 0, 3, true));
        assertThat(rome.await(Duration.ZERO)).isInstanceOf(Result.Cancelled.class);
        assertThatThrownBy(() -> rome.add(thumbnails(1))).isInstanceOf(MillraceException.class);
    }

    @Test
    void a_failed_part_that_is_requeued_does_not_run_the_follower_again() {
        var fails = new AtomicBoolean(true);
        var runs = new AtomicInteger();
        millrace.node()
                .handle(Thumbnail.class, job -> {
                    if (fails.get()) throw new IllegalStateException("down");
                    return new Image(job.n());
                })
                .retry(Retry.none())
                .reduce(CleanUp.class, (job, parts, attempt) -> {
                    runs.incrementAndGet();
                })
                .start();
        var batch = millrace.batch(thumbnails(1), new CleanUp());
        batch.get(SOON);
        var part = millrace.operations("mara").parts(batch.id(), 0).getFirst();

        fails.set(false);
        millrace.operations("mara").requeue(part, "it is up again");

        await().atMost(SOON).until(() -> millrace.find(Thumbnail.class, part).state() == State.COMPLETED);
        assertThat(batch.view()).isEqualTo(new BatchView(batch.id(), 1, 0, 1, 0, true));
        assertThat(runs).hasValue(1);
    }

    // ---- what is refused

    @Test
    void who_follows_a_batch_is_not_enqueued_by_itself() {
        assertThatThrownBy(() -> millrace.enqueue(new Publish("Rome")))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "Publish follows a batch, and is not enqueued by itself. Enqueue it with the parts that it follows: millrace.batch(parts, job); on a schedule, from the handler of its job.");
        assertThatThrownBy(() -> millrace.batch(Stream.of(new Publish("Rome")), new Library()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("can't be a part by itself");
    }

    @Test
    void keys_and_times_that_make_no_sense_are_refused_and_nothing_is_enqueued() {
        refused(o -> o.unique(1), "A part of a batch has no unique key, and Thumbnail asks for one");
        refused(o -> o.idempotencyKey("k"), "A part of a batch has no idempotency key, and Thumbnail asks for one");
        assertThatThrownBy(() -> millrace.batch(thumbnails(1), new BatchTest.Timed()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("Timed follows a batch, and runs when all parts have ended. Leave out in(…)");

        assertThat(millrace.operations("mara").list(f -> f)).isEmpty();
    }

    private void refused(UnaryOperator<JobOptions> options, String why) {
        assertThatThrownBy(() -> millrace.batch(thumbnails(1), new Publish("Rome"), options))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(why);
    }

    @Test
    void a_part_that_gives_back_something_else_is_refused() {
        var rome = millrace.batch(thumbnails(1), new Publish("Rome"));

        assertThatThrownBy(() -> rome.add(Stream.of(new Count())))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("Count gives back a java.lang.Integer, and the parts of this batch give back a")
                .hasMessageContaining("Nothing was enqueued.");
        assertThat(rome.view().parts()).isOne();
    }

    @Test
    void a_batch_that_is_not_known_is_told_from_one_that_is_over() {
        var nowhere = millrace.findBatch(Publish.class, JobId.of("01932c07-209c-7fff-8a5c-3a1f8b2d9e10"));

        for (var asks : List.<Runnable>of(
                nowhere::view, () -> nowhere.add(thumbnails(1)), () -> nowhere.cancelParts("not needed")))
            assertThatThrownBy(asks::run)
                    .isInstanceOf(MillraceException.class)
                    .hasMessageStartingWith("Batch 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 is not known in memory.");
    }
}
