package dev.millrace.node;

import dev.millrace.Scope;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Line;
import java.util.ArrayDeque;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The jobs of one key of one limit; or those of a shard that have no limit. */
final class Group {

    /** What can be the next of a group. */
    sealed interface Ready permits HeldDelivery, Order {}

    final Shard shard;
    final String key;

    /** Whose limit it is; null if it has none. */
    final Scope.@Nullable OfLimit limit;

    /** Whether operators let nothing of it start. */
    boolean paused;

    int atOnce = Integer.MAX_VALUE;

    /** What its jobs say, and what operators say of its limit. */
    private int saidAtOnce = Integer.MAX_VALUE;

    private Line.@Nullable Rate saidRate;

    @Nullable
    Adjustment adjusted;

    private Line.@Nullable Position saidAt;
    int running;
    int orders;

    /** Of what is ready, those that stand in no order. */
    int alone;

    boolean listed;
    boolean resting;

    /** What is parked behind those that stand in no order. */
    @Nullable
    Tail tail;

    /** Where what is parked of its rows begins, those with an order: all tails of them by where they begin. */
    final NavigableMap<Line.Position, Tail> behind = new TreeMap<>();

    /** How much its rate has let go for handlers that have not begun. */
    int underWay;

    /** Null if its limit has no rate, or it has no limit. */
    @Nullable
    Allowance allowance;

    /** Since when it has had something that could start, but for its limit. */
    long readySince;

    /** What could start: lines, and deliveries that stand in none. */
    final ArrayDeque<Ready> ready = new ArrayDeque<>();

    Group(Shard shard, Line.@Nullable Limited limit) {
        this.shard = shard;
        this.key = limit == null ? "" : limit.group();
        this.limit = limit == null ? null : new Scope.OfLimit(limit.name(), limit.key());
    }

    boolean isAmong(Set<Scope> scopes) {
        return limit != null && (scopes.contains(limit) || scopes.contains(new Scope.OfLimit(limit.limit(), null)));
    }

    /** What the job says that was enqueued last is right. Returns whether it says another rate than those before it. */
    boolean hear(Line.Limited said, Line.Position at, long now) {
        if (saidAt != null && saidAt.compareTo(at) > 0) return false;
        saidAt = at;
        saidAtOnce = said.atOnce();
        saidRate = said.rate() == null ? null : said.rate().rate();
        return settle(now);
    }

    /** What an operator says goes before what the jobs say. Returns whether it has another rate than before. */
    boolean adjust(@Nullable Adjustment newest, long now) {
        if (Objects.equals(adjusted, newest)) return false;
        adjusted = newest;
        return settle(now);
    }

    private boolean settle(long now) {
        var setAtOnce = adjusted == null ? null : adjusted.atOnce();
        var setRate = adjusted == null ? null : adjusted.rate();
        atOnce = setAtOnce == null ? saidAtOnce : setAtOnce;
        var rate = setRate == null ? saidRate : setRate;
        var before = allowance;
        if (rate == null) allowance = null;
        else if (before == null) allowance = new Allowance(rate, shard.since, now);
        else return before.follow(rate, now);
        return before != null;
    }

    void add(Ready some, long now) {
        if (ready.isEmpty()) readySince = now;
        ready.addLast(some);
    }

    boolean hasRoom() {
        return !paused && running < atOnce && !ready.isEmpty();
    }
}
