package dev.millrace.store;

import dev.millrace.Failure;

/** What is said of a job whose expiry passed before it could start. */
public final class Expiry {

    private Expiry() {}

    /**
     * Why it was discarded.
     *
     * @param no the how-manieth delivery of its run it would have been: before the first, nothing was started
     * @param attempt the attempt it was for
     */
    public static Failure failure(int no, int attempt, int rescues) {
        var what = no == 1
                ? "it could start: no attempt was made"
                : attempt > 1 || rescues > 0 ? "attempt " + attempt + " could start" : "it could start";
        return new Failure("expired", "It expired before " + what + ".", "expired", no == 1 ? 0 : attempt, "");
    }
}
