package dev.millrace.crawler;

import dev.millrace.Attempt;
import dev.millrace.JobId;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Outcome;
import dev.millrace.State;
import dev.millrace.crawler.CrawlTables.Next;
import dev.millrace.crawler.CrawlTables.Start;
import dev.millrace.crawler.CrawlTables.Turn;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs the turns of hosts: decides when one begins and whose the server is; {@link HostWalk} is what it does then. A host is a name or an
 * address: two schemes or ports of one machine are not two hosts.
 *
 * <p>Asked to stop, a turn ends behind the page that it is at, and leaves a successor for whoever continues the crawl.
 *
 * <p>A server belongs to the turn that took it for as long as that one runs. If its job waits, its process was stopped or died in the
 * middle, and perhaps no node will ever serve its queue again: the next crawl takes the server, after a rest.
 *
 * <p>A turn rests on its thread only for moments; for longer rests it gives its slot back and is snoozed. It stops after a slice, so
 * that a host with a million pages leaves slots for the others.
 */
final class HostTurns {

    /** A handler whose job was withdrawn is interrupted within so long; until then its last fetch may go on. */
    static final Duration LAST_FETCH = Duration.ofSeconds(4);

    private static final Duration AFTER_AN_OUTAGE = Duration.ofMillis(500);

    private final Millrace millrace;
    private final CrawlTables tables;
    private final Plans plans;
    private final World world;
    private final Set<Long> stopping = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    HostTurns(Millrace millrace, CrawlTables tables, Plans plans, World world) {
        this.millrace = millrace;
        this.tables = tables;
        this.plans = plans;
        this.world = world;
    }

    /** Ends the turns of this crawl here, each behind its page in flight; none begins until {@link #goOn}. */
    void stop(long crawl) {
        stopping.add(crawl);
    }

    void goOn(long crawl) {
        stopping.remove(crawl);
    }

    /** Ends all turns so, for good. */
    void close() {
        closed = true;
    }

    boolean stops(long crawl) {
        return closed || stopping.contains(crawl);
    }

    /** An outage of the database is no fault of the host's, and costs no attempt. */
    Outcome<Void> run(HostTurn job, Attempt attempt) throws InterruptedException {
        try {
            return turn(job, attempt);
        } catch (MillraceException e) {
            if (attempt.cancelled() || !Database.passes(e)) throw e;
            return Outcome.snooze(jittered(AFTER_AN_OUTAGE), String.valueOf(e.getMessage()));
        }
    }

    private Outcome<Void> turn(HostTurn job, Attempt attempt) throws InterruptedException {
        attempt.checkpoint(Integer.class); // from here on, an earlier attempt that still lives can record nothing
        var plan = plans.of(job.crawl());
        if (plan.isEmpty()) {
            tables.release(job.host(), attempt.job().value());
            return Outcome.cancel("its crawl was removed");
        }
        var turn =
                new Turn(job, attempt, plan.get().settings().delay(), plan.get().queue());
        if (stops(job.crawl())) return Outcome.snooze(AFTER_AN_OUTAGE, "its process stops");
        if (!plans.handles(plan.get())) {
            return Outcome.snooze(
                    jittered(Duration.ofSeconds(2)),
                    "the node that had it does not have the site \"%s\""
                            .formatted(plan.get().origin().site()));
        }
        if (cancelled(plan.get())) return tables.stop(turn);
        while (true) {
            switch (tables.take(turn, HostWalk.LONGEST_REST)) {
                case Start.Ended(var outcome) -> {
                    return outcome;
                }
                case Start.Rest(var wait, var why) -> {
                    return Outcome.snooze(wait, why);
                }
                case Start.Held held -> {
                    var state = stateOf(held.holder());
                    if (state.equals(Optional.of(State.RUNNING)))
                        return Outcome.snooze(jittered(Duration.ofSeconds(1)), "another crawl is at its host");
                    var rest = state.equals(Optional.of(State.CANCELLED)) ? LAST_FETCH : turn.delay();
                    tables.seize(job.host(), held, CrawlTables.longer(rest, turn.delay()));
                }
                case Start.GivenUp(var message) -> {
                    return walk(turn, plan.get()).from(new Next.GivenUp(null, "HOST_GIVEN_UP", message));
                }
                case Start.Begin begin -> {
                    return walk(turn, plan.get()).from(begin);
                }
            }
        }
    }

    private HostWalk walk(Turn turn, Plan plan) {
        return new HostWalk(this, tables, plans, world, turn, plan);
    }

    /** Whether the job that reports on the crawl was withdrawn. */
    boolean cancelled(Plan plan) {
        var job = plan.origin().job();
        return job != null && stateOf(job).equals(Optional.of(State.CANCELLED));
    }

    private Optional<State> stateOf(UUID job) {
        return millrace.operations("crawler").find(new JobId(job)).map(view -> view.state());
    }

    /** Between the duration and twice it. */
    Duration jittered(Duration least) {
        return least.plusMillis(world.random().nextLong(least.toMillis() + 1));
    }
}
