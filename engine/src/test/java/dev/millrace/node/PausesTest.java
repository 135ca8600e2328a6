package dev.millrace.node;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobId;
import dev.millrace.Scope;
import dev.millrace.State;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Limited;
import dev.millrace.store.NewJob;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a node does with what operators have paused: a tenant is parked, a key and a limit stay in line. */
class PausesTest {

    private static final int MANY = 1_000;

    private final OneNode node = new OneNode();

    private JobId send(Map<String, String> headers) {
        return node.send(
                "work",
                job -> new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
                        null,
                        job.kind(),
                        1,
                        job.payload(),
                        headers,
                        null,
                        null,
                        null));
    }

    private JobId ofTenant(String tenant) {
        return send(Map.of("tenant", tenant));
    }

    private JobId inOrder(String key) {
        return send(new Line(key, null).in(Map.of()));
    }

    private JobId limited(String limit, String key) {
        return send(new Line(null, new Limited(limit, MANY, key)).in(Map.of()));
    }

    /** The node owns the shards. */
    private void warmUp() {
        var first = inOrder("first");
        node.pass(ofSeconds(3));
        node.done(first);
    }

    private void pause(Scope scope) {
        node.store.pause(scope, "the provider is down", "mara");
        node.pass(ofSeconds(2)); // without a hint
    }

    private void resume(Scope scope) {
        node.store.resume(scope, "mara");
        node.pass(ofSeconds(2));
    }

    @Test
    void nothing_of_a_paused_tenant_starts_and_all_of_it_does_when_it_is_resumed() {
        pause(Scope.tenant("shop-7"));
        var theirs = ofTenant("shop-7");
        var others = ofTenant("shop-8");
        var nobodys = send(Map.of());
        node.pass(ofSeconds(5));

        assertThat(node.runs(theirs)).isFalse();
        assertThat(node.runs(others)).isTrue();
        assertThat(node.runs(nobodys)).isTrue();
        assertThat(node.job(theirs).reason()).contains("tenant shop-7 is paused");

        resume(Scope.tenant("shop-7"));
        assertThat(node.runs(theirs)).isTrue();
    }

    @Test
    void what_a_paused_tenant_has_in_line_is_parked_and_keeps_its_place() {
        warmUp();
        pause(Scope.tenant("shop-7"));
        var first = send(new Line("a", null).in(Map.of("tenant", "shop-7")));
        var second = inOrder("a");
        node.pass(ofSeconds(5));
        assertThat(node.runs(first)).isFalse();
        assertThat(node.runs(second)).isFalse();

        resume(Scope.tenant("shop-7"));
        assertThat(node.runs(first)).isTrue();
        assertThat(node.runs(second)).isFalse();
        node.done(first);
        assertThat(node.runs(second)).isTrue();
    }

    @Test
    void a_paused_key_waits_in_line_and_goes_on_in_order() {
        warmUp();
        var running = inOrder("a");
        node.pass(ofSeconds(1));
        pause(Scope.key("default", "nothing"));
        pause(new Scope.Key("default", "a"));
        var first = inOrder("a");
        var second = inOrder("a");
        var other = inOrder("b");
        node.pass(ofSeconds(5));

        assertThat(node.runs(running)).as("what runs goes on").isTrue();
        node.done(running);
        node.pass(ofSeconds(5));
        assertThat(node.runs(first)).isFalse();
        assertThat(node.runs(other)).isTrue();
        assertThat(node.state(first)).as("not parked").isEqualTo(State.RUNNING);
        assertThat(node.outcomes(first)).hasSize(1).containsOnlyNulls();

        resume(new Scope.Key("default", "a"));
        assertThat(node.runs(first)).isTrue();
        assertThat(node.runs(second)).isFalse();
        node.done(first);
        assertThat(node.runs(second)).isTrue();
    }

    @Test
    void a_key_is_paused_in_its_queue_alone_whatever_its_limit() {
        warmUp();
        pause(new Scope.Key("other", "a"));
        var here = inOrder("a");
        node.pass(ofSeconds(1));
        assertThat(node.runs(here)).isTrue();
        node.done(here);

        pause(new Scope.Key("default", "a"));
        var limited = send(new Line("a", new Limited("shop", MANY, "acme")).in(Map.of()));
        node.pass(ofSeconds(1));
        assertThat(node.runs(limited)).isFalse();
    }

    @Test
    void a_limit_is_paused_for_one_of_its_keys_or_as_a_whole() {
        warmUp();
        pause(new Scope.OfLimit("shop", "acme"));
        var acme = limited("shop", "acme");
        var other = limited("shop", "other");
        var elsewhere = limited("printer", "acme");
        node.pass(ofSeconds(1));
        assertThat(node.runs(acme)).isFalse();
        assertThat(node.runs(other)).isTrue();
        assertThat(node.runs(elsewhere)).isTrue();

        pause(Scope.limit("shop"));
        resume(new Scope.OfLimit("shop", "acme"));
        var more = limited("shop", "other");
        node.pass(ofSeconds(1));
        assertThat(node.runs(acme)).isFalse();
        assertThat(node.runs(more)).isFalse();

        resume(Scope.limit("shop"));
        assertThat(node.runs(acme)).isTrue();
        assertThat(node.runs(more)).isTrue();
    }

    @Test
    void one_whose_turn_had_come_and_that_waits_for_a_slot_does_not_start_when_its_key_is_paused() {
        warmUp();
        var others = node.send(4);
        node.pass(ofSeconds(1));
        var keyed = inOrder("a");
        node.pass(ofSeconds(1));
        assertThat(node.runs(keyed)).isFalse();
        pause(new Scope.Key("default", "a"));

        others.forEach(node::done);
        node.pass(ofSeconds(5));
        assertThat(node.runs(keyed)).isFalse();

        resume(new Scope.Key("default", "a"));
        assertThat(node.runs(keyed)).isTrue();
    }

    @Test
    void what_stands_in_the_line_of_a_paused_key_can_be_cancelled() {
        warmUp();
        pause(new Scope.Key("default", "a"));
        var first = inOrder("a");
        var second = inOrder("a");
        node.pass(ofSeconds(1));

        node.store.cancel(first, "the customer withdrew", "mara");
        node.pass(ofSeconds(2));
        assertThat(node.state(first)).isEqualTo(State.CANCELLED);

        resume(new Scope.Key("default", "a"));
        assertThat(node.runs(second)).isTrue();
    }
}
