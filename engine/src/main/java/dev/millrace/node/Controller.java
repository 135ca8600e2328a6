package dev.millrace.node;

import dev.millrace.Scope;
import dev.millrace.store.Adjustment;
import dev.millrace.store.Control;
import dev.millrace.store.Place;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Hears what operators say: who was cancelled, what is paused, which numbers are set. A running handler whose job was cancelled is told, and interrupted if
 * it does not end by itself. What waits is looked up when its turn comes, so cancels are remembered for a while: one may be heard
 * before the delivery that it is about has come out of the claimer's hands.
 */
final class Controller implements Loop {

    private static final Duration REST = Duration.ofSeconds(1);

    /** Cancels that are remembered; older ones were known when their delivery was read. */
    private static final int REMEMBERED = 10_000;

    private final Incarnation node;
    private String cursor = Control.START;
    private final ArrayDeque<Place> oldestFirst = new ArrayDeque<>();
    private final Set<Place> cancelled = ConcurrentHashMap.newKeySet();
    private volatile Set<Scope> paused = Set.of();
    private volatile Set<String> pausedQueues = Set.of();
    private volatile boolean pausesTenants;
    private Set<Adjustment> adjusted = Set.of();
    private volatile boolean setSchedules;
    private volatile boolean parked;
    private volatile boolean heard;

    Controller(Incarnation node) {
        this.node = node;
    }

    /** Whether it has listened at least once: before that, nobody knows what is paused. */
    boolean heard() {
        return heard;
    }

    Set<Scope> paused() {
        return paused;
    }

    boolean pausedQueue(String queue) {
        return pausedQueues.contains(queue);
    }

    boolean pausedAnyQueue() {
        return !pausedQueues.isEmpty();
    }

    /** Whether any tenant is paused: if not, nobody need look whose a delivery is. */
    boolean pausesTenants() {
        return pausesTenants;
    }

    /** Whether any schedule was set at run time, at the last look. */
    boolean setSchedules() {
        return setSchedules;
    }

    /** Whether anything was parked at the last look. */
    boolean parked() {
        return parked;
    }

    boolean cancelled(Place place) {
        return !cancelled.isEmpty() && cancelled.contains(place);
    }

    @Override
    public Duration turn() {
        var control = node.storage().control(node.lease(), cursor);
        cursor = control.cursor();
        var before = paused;
        paused = control.paused();
        if (!before.equals(paused)) hear(paused);
        if (control.setSchedules() != setSchedules) {
            setSchedules = control.setSchedules();
            node.scheduleBell().ring();
        }
        boolean other = !adjusted.equals(control.adjusted());
        if (other) adjust(control.adjusted());
        boolean news = control.parked() && !parked;
        parked = control.parked();
        if (news) node.releaseBell().ring();
        if (!control.cancelled().isEmpty()) cancel(control.cancelled());
        if (!heard || other || !before.equals(paused)) {
            heard = true;
            node.claimBell().ring();
            node.startBell().ring();
            node.releaseBell().ring();
        }
        return REST;
    }

    private void hear(Set<Scope> now) {
        pausedQueues = queues(now);
        pausesTenants = now.stream().anyMatch(Scope.Tenant.class::isInstance);
        node.lines().pause(now);
    }

    /** Numbers that operators have set hold from now on for what starts; what runs goes on. */
    private void adjust(Set<Adjustment> now) {
        adjusted = now;
        var limits = new HashMap<String, Adjustment>();
        var kinds = new HashMap<String, Integer>();
        for (var one : now) {
            switch (one.of()) {
                case LIMIT -> limits.put(one.name(), one);
                case KIND -> {
                    if (one.atOnce() != null) kinds.put(one.name(), one.atOnce());
                }
                case FLEET_KIND, FLEET_QUEUE -> {} // the shares below
            }
        }
        node.lines().adjust(limits);
        for (var kind : node.kinds()) kind.adjust(kinds.get(kind.plan().kind()));
        node.shares().hear(now);
    }

    private static Set<String> queues(Set<Scope> paused) {
        var queues = new HashSet<String>();
        for (var scope : paused) if (scope instanceof Scope.Queue(var name)) queues.add(name);
        return queues;
    }

    private void cancel(Set<Place> places) {
        for (var place : places) {
            if (!cancelled.add(place)) continue;
            oldestFirst.addLast(place);
            if (oldestFirst.size() > REMEMBERED) cancelled.remove(oldestFirst.removeFirst());
        }
        long interruptAt = node.world().nanoTime() + NodePlan.Limits.CANCEL_GRACE.toNanos();
        for (var held : node.seated()) {
            if (!places.contains(held.delivery().place())) continue;
            held.tell(HeldDelivery.Stop.CANCELLED, interruptAt);
            if (held.endUnlaunched()) {
                node.drop(held);
                node.slotFreed();
            }
        }
        node.watchBell().ring();
        var withdrawn = node.lines().withdraw(places);
        for (var held : withdrawn) {
            held.end();
            node.drop(held);
        }
        if (!withdrawn.isEmpty()) node.startBell().ring();
    }
}
