package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.State;
import dev.millrace.store.Storage;
import dev.millrace.store.Transition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;

/** Watches the states of a test's jobs: looks after each step, and holds every change against the table of transitions. */
final class Recorder {

    /** Tests with more jobs are about other things, and would look for longer than they run. */
    private static final int MOST = 10;

    private final Storage store;
    private final Map<JobId, State> seen = new LinkedHashMap<>();
    private final List<String> illegal = new ArrayList<>();

    Recorder(Storage store) {
        this.store = store;
    }

    synchronized void watch(JobId job) {
        if (seen.size() < MOST) store.find(job).ifPresent(view -> seen.put(job, view.state()));
    }

    synchronized void look() {
        seen.replaceAll((job, before) -> {
            var now = store.find(job).map(JobView::state).orElse(before);
            if (now != before && !Transition.possible(before, now)) illegal.add(before + " to " + now);
            return now;
        });
    }

    void assertLegal() {
        look();
        Assertions.assertThat(illegal)
                .as("changes of state that are not in the table of transitions")
                .isEmpty();
    }
}
