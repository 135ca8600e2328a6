package dev.millrace.simulation.store;

/**
 * Which delivery of its job this is.
 *
 * @param run from 1; a requeue opens a new one
 * @param no the delivery's number within its run, from 1
 * @param attempt from 1; only a retry raises it
 * @param rescues how often it was taken back from a dead node
 * @param charged how many marked starts, one after the other, died young with their node
 */
record Turn(int run, int no, int attempt, int rescues, int charged) {

    static Turn first(int run) {
        return new Turn(run, 1, 1, 0, 0);
    }

    Turn again() {
        return new Turn(run, no + 1, attempt, rescues, charged);
    }

    Turn retried() {
        return new Turn(run, no + 1, attempt + 1, rescues, charged);
    }

    Turn rescued(int charges) {
        return new Turn(run, no + 1, attempt, rescues + 1, charges);
    }

    boolean before(Turn other) {
        return run != other.run ? run < other.run : no < other.no;
    }
}
