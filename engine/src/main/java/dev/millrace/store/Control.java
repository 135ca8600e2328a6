package dev.millrace.store;

import dev.millrace.Scope;
import java.util.Set;

/**
 * What operators said since the last look, and what holds now.
 *
 * @param cursor give it to the next look; opaque
 * @param cancelled deliveries that were cancelled since; some may belong to other nodes
 * @param paused everything that is paused now
 * @param adjusted all numbers that are set now; those of the fleet also if code has set them
 * @param setSchedules whether any schedule is set at run time: if not, and if its code brings none, a node need not ask for schedules
 * @param parked whether anything is parked at all, of whatever queue and kind
 */
public record Control(
        String cursor,
        Set<Place> cancelled,
        Set<Scope> paused,
        Set<Adjustment> adjusted,
        boolean setSchedules,
        boolean parked) {

    /** The cursor of the first look, which tells of no cancels: it comes before a node's first claim, and what is claimed tells by itself. */
    public static final String START = "";
}
