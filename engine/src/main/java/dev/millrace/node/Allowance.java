package dev.millrace.node;

import dev.millrace.store.Line;
import dev.millrace.store.Ownership;
import java.time.Duration;

/**
 * What is left of a rate for one key, as the owner of its shard counts it. A fast rate is counted here alone: a new owner knows nothing of it and begins with
 * nothing saved up, which costs an interval. A slow one would lose hours with each change of owner, so its starts are granted by the store. Guarded by the lock of {@link Lines}.
 */
final class Allowance {

    /** Where one start takes as long as this to be made up for, or longer, the store counts. */
    static final Duration SLOW = Duration.ofSeconds(5);

    /** So late a start may be and not cost those behind it anything: nobody wakes up to the nanosecond. */
    static final Duration SLACK = Duration.ofMillis(50);

    /** So long an answer is believed: somebody may set the store's clock. */
    private static final Duration ASKED_AGAIN = Duration.ofSeconds(3);

    /** Only the store can tell. */
    static final long ASK = -1;

    private Line.Rate rate;

    /** When it is full again, as far as is known here. */
    private long fullAt;

    /** Whether the store is to be told of that. */
    private boolean owes;

    /** What the store has granted and nothing has used. */
    private long granted;

    /** Before that the store grants nothing. */
    private long askAt;

    /** When it does, as far as it has said. */
    private long grantedAt;

    /** @param since when this node began to count: nothing is known of what was before */
    Allowance(Line.Rate rate, long since, long now) {
        this.rate = rate;
        this.fullAt = since + rate.fullNanos();
        this.askAt = now;
        this.grantedAt = now;
    }

    /** The numbers may have changed: what was used stays used. Returns whether they have. */
    boolean follow(Line.Rate newest, long now) {
        if (rate.equals(newest)) return false;
        if (!isKept()) owes = true;
        rate = newest;
        fullAt = now + Math.min(Math.max(0, fullAt - now), rate.fullNanos());
        if (isKept()) askAt = now;
        else granted = 0;
        return true;
    }

    int burst() {
        return rate.burst();
    }

    /** What one that weighs so much takes. */
    int taken(int weight) {
        return Math.min(weight, rate.burst());
    }

    private boolean isKept() {
        return rate.intervalNanos() >= SLOW.toNanos();
    }

    /** So many nanoseconds one has to wait that takes so much; 0 if it may start now. */
    long waitNanos(int weight, long now) {
        if (!isKept()) return rate.waitNanos(fullAt - now, weight);
        if (fullAt - now <= 0) granted = 0; // it was long ago, and the store knows of more
        if (granted >= rate.costNanos(weight)) return 0;
        return askAt - now > 0 ? askAt - now : ASK;
    }

    /**
     * One starts.
     *
     * @param since it could have started, but for this
     */
    void spend(int weight, long since, long now) {
        if (isKept()) {
            granted -= rate.costNanos(weight);
            return;
        }
        long late = Math.min(now - since, SLACK.toNanos());
        fullAt = Math.max(fullAt - now, -Math.max(0, late)) + now + rate.costNanos(weight);
    }

    /** In how many nanoseconds the store's clock lets one start; 0 if it is this node's that counts. */
    long untilGranted(long now) {
        return isKept() ? Math.max(1, grantedAt - now) : 0;
    }

    /** Whether there is nothing to remember. */
    boolean isFull(long now) {
        return fullAt - now <= 0 || (isKept() && granted <= 0 && !owes);
    }

    long fullAt() {
        return fullAt;
    }

    // ---- what the store counts

    Ownership.Wish wish(String queue, String key, int weight, long now) {
        return new Ownership.Wish(
                queue, key, rate, weight, owes ? Duration.ofNanos(Math.max(0, fullAt - now)) : Duration.ZERO);
    }

    void answered(Ownership.Wish wish, Ownership.Grant grant, long now) {
        if (!wish.rate().equals(rate)) return; // it has changed meanwhile: asked again
        owes = false;
        fullAt = now + grant.full().toNanos();
        if (grant.granted()) granted += rate.costNanos(wish.weight());
        else {
            grantedAt = now + grant.after().toNanos();
            askAt = now + Math.min(grant.after().toNanos(), ASKED_AGAIN.toNanos());
        }
    }
}
