package dev.millrace;

import dev.millrace.QueueView.Depth;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import dev.millrace.store.PlaceInLine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The limit of a job that has not ended, with the numbers that hold for it and with how many of its key there are: what {@link Reasons} says of it. Which of a key's
 * jobs run the node that owns their shard knows alone; how many it holds, the store can tell.
 *
 * @param weight how much of the limit's rate the job itself takes
 * @param adjusted what operators have set over what jobs say; null if nothing
 */
record LimitedBy(
        Line.Limited said,
        int weight,
        PlaceInLine stands,
        @Nullable Adjustment adjusted) {

    /** The limit of a job with this line; empty if it has none. */
    static Optional<LimitedBy> of(Line line, PlaceInLine stands, Function<String, Optional<Adjustment>> adjusted) {
        var said = stands.limit();
        var own = line.limit();
        if (said == null || own == null) return Optional.empty();
        int weight = own.rate() == null ? 1 : own.rate().weight();
        return Optional.of(
                new LimitedBy(said, weight, stands, adjusted.apply(said.name()).orElse(null)));
    }

    private @Nullable Integer setAtOnce() {
        return adjusted == null ? null : adjusted.atOnce();
    }

    private Line.@Nullable Rate setRate() {
        return adjusted == null ? null : adjusted.rate();
    }

    private int atOnce() {
        var set = setAtOnce();
        return set == null ? said.atOnce() : set;
    }

    private Line.@Nullable Rate rate() {
        var set = setRate();
        if (set != null) return set;
        return said.rate() == null ? null : said.rate().rate();
    }

    /** A limit of which only the rate is said lets as many run at once as anything can. */
    private boolean limitsAtOnce() {
        return atOnce() < Bounds.SLOTS;
    }

    /** Whether it may hold up the job: one of those that a node holds, or one that nobody has claimed. */
    boolean mayHold(boolean claimed) {
        if (rate() != null) return true;
        long others = stands.held() - (claimed ? 1 : 0);
        return limitsAtOnce() && (!stands.allHeld() || others >= atOnce());
    }

    /** Of one that a node holds: it may be among those that run. */
    Why.Limited mayRun(String prefix, @Nullable String node) {
        return reason(
                "%sIt runs, or waits for %s: the node holds %s.".formatted(prefix, numbers(), held()), true, node);
    }

    /** Of one that is parked, since more of the key wait than the node holds. */
    Why.Limited parked(String prefix) {
        return reason("%sIt waits for %s: the node holds %s.".formatted(prefix, numbers(), held()), false, null);
    }

    /** Of one that nobody has claimed. */
    Why.Limited waits() {
        return reason(
                "It is available, and nobody has claimed it. Once claimed it waits for %s: the node that has its shard holds %s."
                        .formatted(numbers(), held()),
                false,
                null);
    }

    /** Of one that it does not hold up. */
    String hasRoom() {
        if (!limitsAtOnce()) return "";
        return " Of limit %s of %s %s, and the node holds %s."
                .formatted(said.name(), said.key(), atOnceText(), words(stands.held(), stands.allHeld()));
    }

    private Why.Limited reason(String text, boolean mayRun, @Nullable String node) {
        var rate = rate();
        var within = rate == null ? null : startsWithin(rate);
        return new Why.Limited(
                rate == null ? text : "%s %s".formatted(text, when(within)),
                said.name(),
                said.key(),
                limitsAtOnce() ? atOnce() : null,
                rate == null ? null : new AdjustmentView.Rate(rate.count(), rate.period(), rate.burst()),
                setAtOnce() != null || setRate() != null,
                new Depth(stands.held(), stands.allHeld()),
                new Depth(stands.heldAhead() + stands.freeAhead(), isSure()),
                mayRun,
                within,
                node);
    }

    /** Whether there are certainly no more before it than were met. */
    private boolean isSure() {
        return stands.allHeld() && stands.exact();
    }

    private String numbers() {
        var said = new ArrayList<String>();
        if (limitsAtOnce()) said.add(atOnceText());
        var rate = rate();
        if (rate != null) said.add(rateText(rate));
        var numbers = String.join(setAtOnce() == null ? " and " : ", and ", said);
        return "limit %s of %s, of which %s".formatted(this.said.name(), this.said.key(), numbers);
    }

    private String atOnceText() {
        return "%,d may run at once%s".formatted(atOnce(), by(setAtOnce() != null));
    }

    private String rateText(Line.Rate rate) {
        var burst = rate.burst() > 1 ? ", %,d at once after a pause".formatted(rate.burst()) : "";
        return "%,d may start in %s%s%s"
                .formatted(rate.count(), Words.duration(rate.period()), burst, by(setRate() != null));
    }

    private static String by(boolean set) {
        return set ? ", as an operator has set it" : "";
    }

    private String held() {
        var before = stands.heldAhead() == 0
                ? ", none of them before it"
                : ", %,d of them before it".formatted(stands.heldAhead());
        var held = stands.held() == 0 && stands.allHeld()
                ? "none of the key"
                : "%s of the key%s".formatted(words(stands.held(), stands.allHeld()), before);
        return stands.freeAhead() == 0
                ? held
                : "%s, and %s that nobody has claimed %s before it"
                        .formatted(
                                held,
                                words(stands.freeAhead(), stands.exact()),
                                stands.freeAhead() == 1 && stands.exact() ? "stands" : "stand");
    }

    private static String words(long count, boolean exact) {
        return "%s%,d".formatted(exact ? "" : "at least ", count);
    }

    /** Those before it take what they take of the rate, or have taken it; what a slow one owes the store counts. Null if there may be more before it. */
    private @Nullable Duration startsWithin(Line.Rate rate) {
        if (!isSure()) return null;
        var owed = stands.fullIn();
        long wait = owed == null ? rate.costNanos(weight) : rate.waitNanos(owed.toNanos(), weight);
        return Duration.ofNanos(rate.intervalNanos())
                .multipliedBy(stands.weightAhead())
                .plusNanos(wait);
    }

    private static String when(@Nullable Duration within) {
        return within == null
                ? "When it starts can't be told."
                : "It starts in about %s at the latest, if nothing else holds it up.".formatted(Words.duration(within));
    }
}
