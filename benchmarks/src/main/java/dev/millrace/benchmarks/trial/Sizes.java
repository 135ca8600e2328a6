package dev.millrace.benchmarks.trial;

/**
 * How much is done in a trial. Not every regime uses all of it.
 *
 * @param jobs how many jobs
 * @param seconds how long what goes on for a time goes on
 * @param heldSeconds for how long in the midst of it somebody holds a snapshot, where that is not a third
 * @param callers threads that enqueue, or have a transaction each
 * @param perSecond jobs that arrive in a second, where they arrive at a rate
 * @param backlog jobs that wait while others are measured
 * @param slots handlers at once
 * @param nodes processes
 * @param limitSeconds after so long a phase ends, and what was done by then makes the rate
 */
public record Sizes(
        long jobs,
        int seconds,
        int heldSeconds,
        int callers,
        int perSecond,
        long backlog,
        int slots,
        int nodes,
        int limitSeconds) {

    private static final long WARM_JOBS = 100_000;
    private static final int BRIEF_JOBS = 200;
    private static final int WARM_SECONDS = 15;
    private static final int WARM_LIMIT_SECONDS = 30;

    /** What a process does before it is measured, the same for every contender: enough for the compiler to have done most of its work. */
    public Sizes warmUp() {
        return new Sizes(
                Math.min(jobs, WARM_JOBS),
                Math.clamp(seconds * 3L / 4, 1, WARM_SECONDS), // what takes some seconds only is to see that it works
                Math.min(heldSeconds, 1),
                callers,
                perSecond,
                Math.min(backlog, WARM_JOBS / 10),
                slots,
                nodes,
                Math.min(limitSeconds, WARM_LIMIT_SECONDS));
    }

    /** So small that it is over soon, and says nothing. */
    public Sizes brief() {
        return new Sizes(
                Math.min(jobs, BRIEF_JOBS),
                Math.min(seconds, 1),
                Math.min(heldSeconds, 1),
                Math.min(callers, 4),
                Math.min(perSecond, BRIEF_JOBS),
                Math.min(backlog, 2 * BRIEF_JOBS),
                Math.min(slots, 100),
                Math.min(nodes, 2),
                limitSeconds);
    }

    public Sizes withJobs(long jobs) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withSeconds(int seconds) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withHeldSeconds(int heldSeconds) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withCallers(int callers) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withPerSecond(int perSecond) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withBacklog(long backlog) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withSlots(int slots) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withNodes(int nodes) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }

    public Sizes withLimitSeconds(int limitSeconds) {
        return new Sizes(jobs, seconds, heldSeconds, callers, perSecond, backlog, slots, nodes, limitSeconds);
    }
}
