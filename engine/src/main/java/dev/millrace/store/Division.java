package dev.millrace.store;

import dev.millrace.store.FleetShares.Share;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How a number is divided among the nodes that could use it. A pure function, and the same in all stores: {@code V048__fleet_shares.sql} says it once more.
 *
 * <p>Each node that needs some has as much as the others, or as it needs if that is less. What nobody needs is spread over all, so that what is enqueued next
 * starts without a word. Where more nodes need some than there is to share, each has one in its turn.
 */
public final class Division {

    /** A turn, where there is less to share than nodes that need some: long against the time in which a share goes from one node to another. */
    public static final Duration TURN = Duration.ofSeconds(5);

    private Division() {}

    /**
     * A living node.
     *
     * @param share what the store knows it to hold
     * @param needs negative if it wants none
     */
    public record Node(NodeId id, int share, int needs) {

        String key() {
            return id.value().toString();
        }
    }

    /** Which turn it is. */
    public static long turn(Instant now) {
        return Math.floorDiv(now.getEpochSecond(), TURN.toSeconds());
    }

    /**
     * What a node is answered that has just said what it holds.
     *
     * @param number more than 0
     * @param mine what it said
     * @param others all other living nodes
     * @param dead what nodes hold that were deposed and are not gone
     */
    public static Share answer(int number, Node mine, List<Node> others, long dead, long turn) {
        var all = new ArrayList<>(others);
        all.add(mine);
        all.removeIf(node -> node.needs < 0);
        int target = mine.needs < 0 ? 0 : target((int) Math.max(0, number - dead), mine, all, turn);
        long elsewhere = dead;
        boolean starved = false;
        for (var other : others) {
            elsewhere += other.share;
            starved |= other.needs > other.share;
        }
        int holds = mine.share;
        if (holds < target) {
            long free = Math.max(0, number - elsewhere - holds);
            int share = (int) (holds + Math.min(free, target - holds));
            return new Share(number, share, share);
        }
        boolean tooMany = elsewhere + holds > number;
        return new Share(number, holds, starved || tooMany ? target : holds);
    }

    private static int target(int number, Node mine, List<Node> all, long turn) {
        var wanting = new ArrayList<>(all.stream()
                .filter(node -> node.needs > 0)
                .sorted(Comparator.comparing(Node::key))
                .toList());
        if (wanting.size() > number) {
            int place = wanting.indexOf(mine);
            return place >= 0 && Math.floorMod(place - turn, (long) wanting.size()) < number ? 1 : 0;
        }
        wanting.sort(Comparator.comparingInt(Node::needs)); // of equals, by their ids
        int left = number;
        int target = 0;
        for (int i = 0; i < wanting.size(); i++) {
            int part = Math.min(wanting.get(i).needs, left / (wanting.size() - i));
            if (wanting.get(i).id.equals(mine.id)) target = part;
            left -= part;
        }
        long before = all.stream()
                .filter(node -> node.key().compareTo(mine.key()) < 0)
                .count();
        return target + left / all.size() + (before < left % all.size() ? 1 : 0);
    }
}
