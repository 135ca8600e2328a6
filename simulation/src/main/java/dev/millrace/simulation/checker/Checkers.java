package dev.millrace.simulation.checker;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.simulation.trace.TraceEvent;
import dev.millrace.store.Records;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All invariants of a run. The first that is broken is kept and thrown again by {@link #throwIfBroken}: what is thrown in the midst of a
 * node's step is caught at the edge of its loop, as everything is.
 */
public final class Checkers implements Consumer<TraceEvent> {

    private final List<Checker> all;
    private @Nullable Broken broken;

    public Checkers(List<? extends Checker> all) {
        this.all = List.copyOf(all);
    }

    public List<Checker> all() {
        return all;
    }

    @Override
    public void accept(TraceEvent event) {
        for (var checker : all) keep(() -> checker.see(event));
    }

    public void look(Records records) {
        for (var checker : all) keep(() -> checker.look(records));
    }

    void look(JobId job, @Nullable JobView view, Records records) {
        for (var checker : all) keep(() -> checker.look(job, view, records));
    }

    public void end(Records records) {
        for (var checker : all) keep(() -> checker.end(records));
    }

    public void forget() {
        all.forEach(Checker::forget);
    }

    /** For those who find something broken by themselves. */
    public void keep(Runnable check) {
        try {
            check.run();
        } catch (Broken found) {
            if (broken == null) broken = found;
            throw found;
        }
    }

    /** The first that was broken; null if none was. */
    public @Nullable Broken first() {
        return broken;
    }

    public void throwIfBroken() {
        if (broken != null) throw broken;
    }
}
