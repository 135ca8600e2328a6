package dev.millrace.simulation.contract;

import dev.millrace.JobId;
import org.assertj.core.api.WithAssertions;
import org.junit.jupiter.api.AfterEach;

/** One duty of a store, as tests. Each test gets a {@link Given} of its own. */
abstract class Chapter implements WithAssertions {

    final Given given;

    Chapter(StoreContract contract) {
        this.given = new Given(contract);
    }

    final JobAssert assertThat(JobId job) {
        return new JobAssert(given, job);
    }

    @AfterEach
    void every_change_of_state_was_in_the_table() {
        given.recorder.assertLegal();
    }

    @AfterEach
    void the_nodes_leave() {
        given.close();
    }
}
