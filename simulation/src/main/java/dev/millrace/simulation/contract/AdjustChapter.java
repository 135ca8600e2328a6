package dev.millrace.simulation.contract;

import dev.millrace.store.Adjustment;
import dev.millrace.store.Adjustment.Of;
import dev.millrace.store.Control;
import dev.millrace.store.Line.Rate;
import dev.millrace.store.Storage.Wakeup;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Operators set numbers over those of the code; nodes hear of it. */
abstract class AdjustChapter extends Chapter {

    private static final Rate RATE = new Rate(200, Duration.ofMinutes(1), 20);

    AdjustChapter(StoreContract contract) {
        super(contract);
    }

    private Adjustment limit(int atOnce) {
        return new Adjustment(Of.LIMIT, given.queue, atOnce, null);
    }

    private boolean adjust(Adjustment adjustment) {
        return given.store.adjust(adjustment, "the provider allows more", "mara");
    }

    private Set<Adjustment> heard() {
        return given.store.control(given.node().lease, Control.START).adjusted();
    }

    private List<Adjustment.Kept> kept() {
        return given.store.adjustments().stream()
                .filter(kept -> kept.adjustment().name().equals(given.queue))
                .toList();
    }

    @Test
    void every_look_tells_all_numbers_that_are_set() {
        var both = new Adjustment(Of.LIMIT, given.queue, 5, RATE);
        var kind = new Adjustment(Of.KIND, given.queue, 7, null);
        assertThat(adjust(both)).isTrue();
        assertThat(adjust(kind)).isTrue();

        var node = given.node();
        var first = given.store.control(node.lease, Control.START);
        var second = given.store.control(node.lease, first.cursor());

        assertThat(first.adjusted()).contains(both, kind);
        assertThat(second.adjusted()).contains(both, kind);
    }

    @Test
    void numbers_that_are_set_replace_those_that_were_set_before() {
        adjust(new Adjustment(Of.LIMIT, given.queue, 5, null));
        var rate = new Adjustment(Of.LIMIT, given.queue, null, RATE);

        adjust(rate);

        assertThat(heard()).contains(rate).doesNotContain(limit(5));
        assertThat(kept()).extracting(Adjustment.Kept::adjustment).containsExactly(rate);
    }

    @Test
    void numbers_hold_until_they_are_reset() {
        adjust(limit(5));

        assertThat(given.store.reset(Of.LIMIT, given.queue, "as it was", "mara"))
                .isTrue();

        assertThat(heard()).doesNotContain(limit(5));
        assertThat(kept()).isEmpty();
        assertThat(given.store.reset(Of.LIMIT, given.queue, "as it was", "mara"))
                .isFalse();
    }

    @Test
    void a_limit_and_a_kind_of_one_name_are_two_things() {
        adjust(limit(5));

        assertThat(given.store.reset(Of.KIND, given.queue, "as it was", "mara")).isFalse();
        assertThat(heard()).contains(limit(5));
    }

    @Test
    void who_set_numbers_last_when_and_why_is_kept() {
        adjust(limit(5));
        var before = kept().getFirst();
        given.store.adjust(limit(6), "the provider allows even more", "noor");

        var now = kept().getFirst();

        assertThat(before.by()).isEqualTo("mara");
        assertThat(now.by()).isEqualTo("noor");
        assertThat(now.reason()).isEqualTo("the provider allows even more");
        assertThat(now.since()).isAfterOrEqualTo(before.since());
    }

    @Test
    void who_listens_hears_of_numbers_and_of_their_end() {
        assertThat(Races.hears(given.store, new Wakeup.Command(), () -> adjust(limit(5))))
                .isTrue();
        assertThat(Races.hears(
                        given.store,
                        new Wakeup.Command(),
                        () -> given.store.reset(Of.LIMIT, given.queue, "as it was", "mara")))
                .isTrue();
    }
}
