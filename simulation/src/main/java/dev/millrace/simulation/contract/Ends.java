package dev.millrace.simulation.contract;

import dev.millrace.Failure;
import dev.millrace.store.Ending;
import dev.millrace.store.Ending.Parking;
import dev.millrace.store.Payload;
import java.time.Duration;

/** The ways in which a delivery can end, in the words of a test. */
final class Ends {

    private Ends() {}

    static Failure failure() {
        return new Failure("java.io.IOException", "the provider is down", "f1", 1, "at Billing.send");
    }

    static Ending done() {
        return new Ending.Done(null);
    }

    static Ending done(String result) {
        return new Ending.Done(new Payload.Text(result));
    }

    static Ending retry(Duration delay) {
        return new Ending.Retry(failure(), delay);
    }

    static Ending timedOut(Duration delay) {
        return new Ending.TimedOut(new Failure("timed out", "it took longer than 5 minutes", "t1", 1, ""), delay);
    }

    static Ending snoozed(Duration delay) {
        return new Ending.Snoozed(delay, "billing is closed");
    }

    static Ending cancelled() {
        return new Ending.Cancelled("there is no such order");
    }

    static Ending discarded() {
        return new Ending.Discarded(failure());
    }

    static Ending handedBack() {
        return new Ending.HandedBack();
    }

    static Ending parked(Parking parking) {
        return new Ending.Parked(parking, "waits for a node that can run it");
    }
}
