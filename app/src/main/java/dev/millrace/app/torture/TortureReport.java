package dev.millrace.app.torture;

/**
 * What a run found. {@code lost}, {@code outcomeTwice} and {@code exactTwice} are 0, or a promise was broken.
 *
 * @param acknowledged enqueues that returned
 * @param unknown enqueues whose commit is unknown; each of them may have run or not
 * @param rescued deliveries that were taken back from dead nodes
 * @param refusedWrites steps of deposed nodes that were refused
 * @param lost acknowledged jobs that ended in no state, or are not known
 * @param outcomeTwice jobs with more than one ending
 * @param wrongEnding jobs that ended otherwise than their handler decided
 * @param takenForPoison jobs that were discarded because node after node was killed soon after they had started there
 * @param exactTwice jobs whose effect and outcome are one commit, with other than one effect
 * @param effectTwice jobs with an effect of its own commit that happened more than once: at least once is what was promised
 * @param slowestRecoveryMillis from the kill to the start elsewhere, the slowest; −1 if nothing had to be recovered
 */
public record TortureReport(
        long seed,
        int seconds,
        int kills,
        int freezes,
        long acknowledged,
        long unknown,
        long completed,
        long discarded,
        long cancelled,
        long rescued,
        long refusedWrites,
        long lostOutcomes,
        long lost,
        long outcomeTwice,
        long wrongEnding,
        long takenForPoison,
        long exactTwice,
        long effectTwice,
        long slowestRecoveryMillis,
        long medianRecoveryMillis,
        long recoveries,
        long millis) {

    /** The slowest recovery that is promised: the lease and five seconds. */
    public static final long PROMISED_RECOVERY_MILLIS = 15_000;

    /** Whether every promise was kept. */
    public boolean kept() {
        return lost == 0
                && outcomeTwice == 0
                && wrongEnding == 0
                && exactTwice == 0
                && slowestRecoveryMillis <= PROMISED_RECOVERY_MILLIS
                && (freezes == 0 || refusedWrites > 0);
    }
}
