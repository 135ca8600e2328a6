package dev.millrace;

/**
 * How far a batch is. Immutable. Of each part its first run counts: who requeues one that has ended changes nothing here.
 *
 * @param id the batch, which is the job that follows it
 * @param parts how many there are; more may be added until all have ended
 * @param completed how many of them have completed
 * @param discarded how many were discarded: their attempts are used up, or they have expired, or killed their nodes
 * @param cancelled how many were withdrawn
 * @param followed whether all had ended and the job that follows was let go, unless it had been withdrawn
 */
public record BatchView(JobId id, long parts, long completed, long discarded, long cancelled, boolean followed) {

    /** How many have ended, in whatever way. */
    public long ended() {
        return completed + discarded + cancelled;
    }

    /** How many have not ended. */
    public long open() {
        return parts - ended();
    }
}
