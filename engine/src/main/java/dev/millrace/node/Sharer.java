package dev.millrace.node;

import dev.millrace.store.FleetShares.Use;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Talks with the storage about this node's shares of the fleet's numbers: all of them in one call, each second, and sooner where the node lacks some or can let go
 * of some. A node that none of them concerns never calls.
 */
final class Sharer implements Loop {

    /** A node whose slots are all taken asks for so many more than run: one is free again in a moment, and that is the moment to have a share. */
    private static final int AT_LEAST = 1;

    private static final Duration REST = Duration.ofSeconds(1);

    /** Between two calls, however loud the bell. */
    private static final Duration SHORTEST = Duration.ofMillis(20);

    /** The first rest of a node that lacks some; it doubles, up to the usual one, until it gets more. */
    private static final Duration LACKING = Duration.ofMillis(100);

    /** The longest rest of one that needs some and has none: its turn is soon over. */
    private static final Duration HAS_NONE = Duration.ofMillis(200);

    /** Longer than any node lives; the bell ends it. */
    private static final Duration FOR_EVER = Duration.ofDays(365);

    private final Incarnation node;
    private long no;
    private long next;
    private Duration lacking = LACKING;
    private final Look look;

    Sharer(Incarnation node) {
        this.node = node;
        this.next = node.world().nanoTime();
        this.look = new Look(next);
    }

    @Override
    public Duration turn() {
        var shares = node.shares().counted();
        if (shares.isEmpty()) return FOR_EVER;
        if (node.isLeaving()) return REST;
        long now = node.world().nanoTime();
        if (next - now > 0) return Duration.ofNanos(next - now); // rung too often
        next = now + SHORTEST.toNanos();
        var uses = uses(shares, now);
        var answers = node.storage().share(node.lease(), ++no, uses);
        boolean grew = false;
        boolean lacks = false;
        boolean hasNone = false;
        boolean letsGo = false;
        for (int i = 0; i < answers.size(); i++) {
            var share = shares.get(i);
            grew |= share.answered(answers.get(i));
            lacks |= uses.get(i).needs() > share.limit();
            hasNone |= uses.get(i).needs() > 0 && share.limit() == 0;
            letsGo |= share.canLetGo();
        }
        if (grew) {
            node.startBell().ring();
            node.claimer().hint();
            node.releaseBell().ring();
        }
        if (letsGo) return SHORTEST;
        if (!lacks) {
            lacking = LACKING;
            return REST;
        }
        var rest = grew ? LACKING : lacking;
        var longest = hasNone ? HAS_NONE : REST;
        lacking = rest.multipliedBy(2).compareTo(longest) > 0 ? longest : rest.multipliedBy(2);
        return rest;
    }

    private List<Use> uses(List<OwnShare> shares, long now) {
        int least = look.asksForOne(shares, node.controller().parked(), now) ? 1 : 0;
        var uses = new ArrayList<Use>();
        for (var share : shares) {
            if (node.closing()) uses.add(share.saysGoodBye());
            else {
                var kind = node.kindOf(share);
                int most = share.running() + Math.max(AT_LEAST, node.freeSlots());
                boolean more = node.lines().waitsFor(share);
                if (kind == null) uses.add(share.says(most, least, more));
                else
                    uses.add(share.says(
                            Math.min(kind.ownLimit(), most),
                            least + kind.length() + kind.coming(),
                            more || kind.parked()));
            }
        }
        return uses;
    }

    /**
     * Where something is parked, a node that has nothing of some number asks for one of each now and then: what is parked may be for it alone, since it alone knows the
     * kind or has the keyed shard, and then nobody else can fetch it. Of each at the same time, since one job may count for two numbers. Who finds nothing to start
     * looks less often, so that it does not keep from others what they could use.
     */
    private static final class Look {

        private static final Duration FIRST = Duration.ofSeconds(3);
        private static final Duration LONGEST = Duration.ofSeconds(30);

        /** So long it keeps what it asked for: the releaser looks each second. */
        private static final Duration KEPT = Duration.ofMillis(1_500);

        private Duration patience = FIRST;
        private boolean looks;
        private long since;
        private long before;

        Look(long now) {
            since = now;
        }

        boolean asksForOne(List<OwnShare> shares, boolean anyParked, long now) {
            boolean lacks = shares.stream().anyMatch(share -> share.limit() == 0);
            if (!anyParked) {
                looks = false;
                patience = FIRST;
            }
            if (!anyParked || looks == lacks)
                since = now; // it has all and looks for none, or looks and has not got all
            if (looks && now - since >= KEPT.toNanos()) {
                looks = false;
                since = now;
                patience = starts(shares) > before ? FIRST : longer();
            } else if (!looks && now - since >= patience.toNanos()) {
                looks = true;
                since = now;
                before = starts(shares);
            }
            return looks;
        }

        private Duration longer() {
            var longer = patience.multipliedBy(2);
            return longer.compareTo(LONGEST) > 0 ? LONGEST : longer;
        }

        private static long starts(List<OwnShare> shares) {
            return shares.stream().mapToLong(OwnShare::starts).sum();
        }
    }
}
