package dev.millrace;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Paused.Meets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A pause says what it meets, so that a slip in its name is seen; and it may have an end. */
class PausedTest {

    @Kind("sync-product")
    record SyncProduct(long product) implements Job<Void> {}

    private static final Limit PER_SHOP = Limit.named("shop").concurrency(2);

    private final Millrace millrace = Millrace.on(new MemoryStore());
    private final Operations ops = millrace.operations("mara");

    @AfterEach
    void close() {
        millrace.close();
    }

    private Paused paused(Scope scope) {
        var paused = ops.pause(scope, "a test");
        assertThat(ops.pauses()).extracting(PauseView::scope).contains(scope);
        return paused;
    }

    private void meets(Scope scope) {
        var paused = paused(scope);
        assertThat(paused).isEqualTo(new Paused(scope, null, Meets.SOMETHING, null));
        assertThat(paused.note()).isEmpty();
    }

    private void meetsNothing(Scope scope, @Nullable Scope other) {
        var paused = paused(scope);
        assertThat(paused).isEqualTo(new Paused(scope, null, Meets.NOTHING, other));
        assertThat(paused.note()).startsWith("Nothing that waits now belongs to it.");
        if (other != null) assertThat(paused.note()).contains(other.type() + " " + other.name());
    }

    private void waits() {
        millrace.enqueue(
                new SyncProduct(42),
                o -> o.queue("sync").inOrder("product", 42).tenant("Acme").limit(PER_SHOP, "acme"));
    }

    @Test
    void what_waits_is_met_whatever_it_waits_for() {
        waits();
        millrace.enqueue(
                new SyncProduct(7), o -> o.queue("later").tenant("shop-7").in(ofHours(1)));

        for (var scope : List.of(
                Scope.queue("sync"),
                Scope.kind("sync-product"),
                Scope.tenant("Acme"),
                Scope.key("sync", "product", 42),
                Scope.limit("shop"),
                Scope.limit("shop", "acme"),
                Scope.queue("later"),
                Scope.tenant("shop-7"))) meets(scope);
    }

    @Test
    void a_number_for_a_text_is_told_and_so_is_a_slip() {
        waits();

        meetsNothing(Scope.key("sync", "product", "42"), Scope.key("sync", "product", 42));
        meetsNothing(Scope.tenant("acme"), Scope.tenant("Acme"));
        meetsNothing(Scope.limit("shop", "ACME"), Scope.limit("shop", "acme"));
        meetsNothing(Scope.kind("sync_product"), Scope.kind("sync-product"));
        meetsNothing(Scope.key("sync", "product", 43), null);
        meetsNothing(Scope.tenant("ajax"), null);
        meetsNothing(Scope.queue("mail"), null);
    }

    @Test
    void what_has_ended_or_runs_does_not_wait() {
        millrace.enqueue(new SyncProduct(7), o -> o.queue("q").tenant("shop-7")).cancel("a test");

        meetsNothing(Scope.tenant("shop-7"), null);
    }

    @Test
    void where_not_all_was_looked_at_that_is_said() {
        for (int i = 0; i < 1_000; i++) millrace.enqueue(new SyncProduct(i), o -> o.tenant("others"));

        var paused = paused(Scope.tenant("acme"));

        assertThat(paused.meets()).isEqualTo(Meets.UNKNOWN);
        assertThat(paused.note()).isEqualTo("Among the newest jobs that wait none belongs to it.");
    }

    @Test
    void a_schedule_that_is_not_there_is_told() {
        ops.schedule("close-day", Schedule.every(ofDays(1)), new SyncProduct(1), "a test");

        meets(Scope.schedule("close-day"));
        var paused = paused(Scope.schedule("close_day"));

        assertThat(paused.meets()).isEqualTo(Meets.NOTHING);
        assertThat(paused.note())
                .isEqualTo(
                        "There is no schedule of this name now. The schedule close-day is spelled otherwise, and is not paused by this.");
    }

    @Test
    void a_pause_is_listed_with_its_end_and_to_say_it_again_replaces_that() {
        var queue = Scope.queue("sync");
        var first =
                Objects.requireNonNull(ops.pause(queue, "a test", ofHours(2)).until());
        assertThat(first).isAfter(Instant.now().plus(ofMinutes(110)));
        assertThat(ops.pauses()).extracting(PauseView::until).containsExactly(first);

        var tomorrow = Instant.parse("2999-01-01T00:00:00Z");
        assertThatThrownBy(() -> ops.pause(queue, "a test", tomorrow)).hasMessageContaining("within ten years");
        var until = first.plus(ofDays(1));
        assertThat(ops.pause(queue, "a test", until).until()).isEqualTo(until);
        assertThat(ops.pauses()).extracting(PauseView::until).containsExactly(until);

        ops.pause(queue, "a test");
        assertThat(ops.pauses()).singleElement().extracting(PauseView::until).isNull();
    }

    @Test
    void an_end_that_has_passed_is_refused_and_nothing_is_paused() {
        assertThatThrownBy(() -> ops.pause(Scope.queue("sync"), "a test", Instant.parse("2020-01-01T00:00:00Z")))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("A pause can't end at 2020-01-01T00:00:00Z")
                .hasMessageContaining("Nothing was paused");
        assertThatThrownBy(() -> ops.pause(Scope.queue("sync"), "a test", ofDays(5_000)))
                .hasMessageContaining("too long");
        assertThat(ops.pauses()).isEmpty();
    }
}
