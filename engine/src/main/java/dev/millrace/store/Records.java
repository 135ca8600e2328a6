package dev.millrace.store;

import dev.millrace.BatchView;
import dev.millrace.JobHistory;
import dev.millrace.JobId;
import dev.millrace.JobView;
import dev.millrace.NodeView;
import dev.millrace.QueueView;
import dev.millrace.State;
import dev.millrace.Why.Blocker;
import dev.millrace.store.Observations.Pause;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Looking. Every answer is one consistent picture; none of these holds anything up. */
public interface Records {

    /**
     * Which of these jobs have ended, and how. Jobs that have not, or are not known, are absent. One statement for all of them.
     */
    Map<JobId, Conclusion> conclusions(Collection<JobId> jobs);

    /**
     * How a job ended.
     *
     * @param state one of the three ended states
     * @param result what its handler returned; null if nothing, or it did not complete
     * @param failure why it was discarded; null otherwise
     * @param reason why it was cancelled; null otherwise
     */
    record Conclusion(
            State state,
            @Nullable Payload result,
            dev.millrace.@Nullable Failure failure,
            @Nullable String reason) {}

    /** The job with this id, unless it is not known here: never enqueued, or past retention. */
    Optional<JobView> find(JobId job);

    /** The job with everything that is kept of it. */
    Optional<JobHistory> history(JobId job);

    /** Jobs, newest first. */
    List<JobView> list(Query query);

    /**
     * Which jobs to list.
     *
     * @param state only those in this state; null for all
     * @param before only jobs with a smaller id: the last one of the page before; null for the first page
     * @param limit 1 to 1,000
     * @param brief without payloads and results, which may be a quarter of a gigabyte together
     */
    record Query(
            @Nullable State state,
            @Nullable String queue,
            @Nullable String kind,
            @Nullable JobId before,
            int limit,
            boolean brief) {

        public static final int MAX_LIMIT = 1_000;

        /** With payloads and results. */
        public Query(
                @Nullable State state,
                @Nullable String queue,
                @Nullable String kind,
                @Nullable JobId before,
                int limit) {
            this(state, queue, kind, before, limit, false);
        }
    }

    /**
     * What waits in these queues, for a time, for a node that can run it, or for its turn: how many jobs of each kind and version, and some of them, of each the
     * oldest that were met. However many wait, it looks at a bounded number of them.
     *
     * @param most so many of each kind and version at most
     * @param reach how many jobs are looked at, about: so many of those that wait for a time, so many of those that are parked, and a tenth of that in each stream.
     *     10 to 1,000,000
     */
    Sample sample(Collection<String> queues, int most, int reach);

    /**
     * Jobs that wait.
     *
     * @param jobs by kind and version, the oldest first
     * @param met how many jobs of each kind and version were looked at, by kind and version
     * @param complete whether that is all that wait there; else there are at least so many, and there may be further kinds
     */
    record Sample(List<Waiting> jobs, List<Met> met, boolean complete) {

        public Sample {
            jobs = List.copyOf(jobs);
            met = List.copyOf(met);
        }

        /**
         * Of a store that has what was met in its memory.
         *
         * @param waiting the oldest first
         * @param most so many of each kind and version are given
         */
        public static Sample of(List<Waiting> waiting, int most, boolean complete) {
            var byKind = new TreeMap<String, TreeMap<Integer, List<Waiting>>>();
            for (var job : waiting)
                byKind.computeIfAbsent(job.kind(), kind -> new TreeMap<>())
                        .computeIfAbsent(job.kindVersion(), version -> new ArrayList<>())
                        .add(job);
            var jobs = new ArrayList<Waiting>();
            var met = new ArrayList<Met>();
            byKind.forEach((kind, versions) -> versions.forEach((version, all) -> {
                met.add(new Met(kind, version, all.size()));
                jobs.addAll(all.subList(0, Math.min(most, all.size())));
            }));
            return new Sample(jobs, met, complete);
        }
    }

    /** How many jobs of a kind and version wait, as far as was looked. */
    record Met(String kind, int kindVersion, long count) {}

    /** A job that waits, with what its handler will have to read. */
    record Waiting(JobId job, String kind, int kindVersion, Payload payload) {}

    /** All queues, by name. Depths are counted up to {@value QueueView#EXACT_UP_TO}, and say so beyond. */
    List<QueueView> queues();

    /** All that is paused, by type and name. */
    List<Pause> pauses();

    /** All numbers that are set, by what they are of and its name. */
    List<Adjustment.Kept> adjustments();

    /**
     * How a job stands among the others of its keys: an order or a limit. A bounded look, whatever waits; some hundredths of a second.
     *
     * @return empty if it has no key, has ended, waits for its first time to run, or is not known
     */
    Optional<PlaceInLine> inLine(JobId job);

    /**
     * Where a job that is available stands among the others of its queue. A bounded look, whatever waits; some hundredths of a second.
     *
     * @return empty if it is not available, is parked, stands in a line, or is not known
     */
    Optional<PlaceInQueue> inQueue(JobId job);

    /** All nodes that are alive or not yet gone, and those that went within the last day. */
    List<NodeView> nodes();

    /** How far a batch is: the one that is followed by this job. */
    Optional<BatchView> batch(JobId then);

    /**
     * The parts of a batch in their order, some at a time.
     *
     * @param from which is the first, from 0; where a call begins that goes on with another one: behind what that one gave
     * @return 1 to 1,000 of them; none if there are no more, or no such batch
     */
    List<JobId> parts(JobId batch, long from);

    /** What a job waits for that runs after others. */
    Blockers blockers(JobId job);

    /**
     * The jobs that one runs after and of whose end nothing has come of yet.
     *
     * @param known whether the job waits for others, or did when it was withdrawn
     * @param open how many there are
     * @param some the {@value #TOLD} smallest of them
     */
    record Blockers(boolean known, long open, List<Blocker> some) {

        public static final int TOLD = 20;

        /** Of a job that waits for no other. */
        public static final Blockers NONE = new Blockers(false, 0, List.of());

        public Blockers {
            some = List.copyOf(some);
        }
    }
}
