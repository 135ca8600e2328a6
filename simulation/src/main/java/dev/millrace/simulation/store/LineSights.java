package dev.millrace.simulation.store;

import dev.millrace.JobId;
import dev.millrace.simulation.checker.InLine.Sight;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.store.Line;
import dev.millrace.store.Line.Position;
import dev.millrace.store.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who has come into a line, in which order, and not ended: what is committed, for who checks, and is no transaction. */
final class LineSights {

    private final Tables tables;

    LineSights(Tables tables) {
        this.tables = tables;
    }

    /** What was committed may be lost. Of what is past retention that is not known. */
    void forget() {
        tables.arrivals.removeIf(first -> !first.equals(tables.log.committed(first.place())));
    }

    Optional<Sight> of(Place place) {
        var row = tables.log.committed(place);
        var line = row == null ? null : Line.of(row.asked().headers());
        return row == null || line == null
                ? Optional.empty()
                : Optional.of(new Sight(row.asked().queue(), line, before(row, line)));
    }

    /** The jobs in order with this one that came before it: in the order of the log, and committed when it was. None if it has been requeued. */
    private List<JobId> before(Logged row, Line line) {
        tables.arrivals.removeIf(this::isOver);
        var order = line.ordered();
        var own = order == null || row.turn().run() > 1
                ? null
                : arrival(row.asked().job());
        if (own == null) return List.of();
        var before = new ArrayList<JobId>();
        for (var other : tables.arrivals) {
            if (other.equals(own)) break;
            if (isOf(other.asked(), row.asked().queue(), order)
                    && position(other).compareTo(position(own)) < 0)
                before.add(other.asked().job());
        }
        return before;
    }

    private @Nullable Logged arrival(JobId job) {
        for (var first : tables.arrivals) if (first.asked().job().equals(job)) return first;
        return null;
    }

    private static boolean isOf(Asked asked, String queue, @Nullable String order) {
        var line = Line.of(asked.headers());
        return line != null && asked.queue().equals(queue) && order != null && order.equals(line.ordered());
    }

    private static Position position(Logged row) {
        return new Position(row.place().xid(), row.place().seq());
    }

    /** Whether the run has ended that began so, or another one was begun since. What is nowhere any more has ended. */
    private boolean isOver(Logged first) {
        var job = first.asked().job();
        for (var timer : tables.timers.committedBy(tables.timersByJob, job))
            return timer.turn().run() > 1;
        for (var parked : tables.parked.committedBy(tables.parkedByJob, job))
            return parked.turn().run() > 1;
        @Nullable Logged newest = null;
        for (var row : tables.log.committedBy(tables.logByJob, job))
            if (newest == null || newest.turn().before(row.turn())) newest = row;
        if (newest == null || newest.turn().run() > 1) return true;
        var ending = tables.committedEnding(DeliveryKey.of(newest.place()));
        return ending != null && ending.last();
    }
}
