package dev.millrace.simulation.contract;

import static dev.millrace.simulation.contract.Ends.cancelled;
import static dev.millrace.simulation.contract.Ends.discarded;
import static dev.millrace.simulation.contract.Ends.done;
import static dev.millrace.simulation.contract.Ends.parked;
import static dev.millrace.simulation.contract.Ends.retry;
import static dev.millrace.simulation.contract.Given.LATER;

import dev.millrace.JobId;
import dev.millrace.State;
import dev.millrace.store.Ending.Parking;

/**
 * Where a job can stand: each of the seven states, and parked, which is a way of being available. In this order one job of each can be
 * made: the one that waits to be claimed comes last.
 */
enum Stage {
    SCHEDULED(State.SCHEDULED),
    PARKED(State.AVAILABLE),
    RUNNING(State.RUNNING),
    RETRYABLE(State.RETRYABLE),
    COMPLETED(State.COMPLETED),
    CANCELLED(State.CANCELLED),
    DISCARDED(State.DISCARDED),
    AVAILABLE(State.AVAILABLE);

    final State state;

    Stage(State state) {
        this.state = state;
    }

    /** A job that stands here; if it runs, this node holds it. */
    JobId job(Given given, TestNode node) {
        var job = this == SCHEDULED ? given.job(as -> as.in(LATER)) : given.job();
        switch (this) {
            case SCHEDULED, AVAILABLE -> {}
            case RUNNING -> node.claimOne();
            case PARKED -> node.runs(job, parked(Parking.LIMIT));
            case RETRYABLE -> node.runs(job, retry(LATER));
            case COMPLETED -> node.runs(job, done("\"sent\""));
            case CANCELLED -> node.runs(job, cancelled());
            case DISCARDED -> node.runs(job, discarded());
        }
        return job;
    }
}
