package dev.millrace.crawler;

import dev.millrace.Attempt;
import dev.millrace.JobId;
import dev.millrace.Millrace;
import dev.millrace.MillraceException;
import dev.millrace.Outcome;
import dev.millrace.State;
import dev.millrace.crawler.CrawlTables.Entry;
import dev.millrace.crawler.CrawlTables.Next;
import dev.millrace.crawler.CrawlTables.Start;
import dev.millrace.crawler.CrawlTables.Turn;
import dev.millrace.crawler.fetch.Fetched;
import dev.millrace.crawler.fetch.Reason;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.robots.CrawlDelay;
import dev.millrace.crawler.robots.RobotsDecision;
import dev.millrace.crawler.robots.RobotsFile;
import dev.millrace.crawler.robots.RobotsFile.Standing;
import dev.millrace.crawler.robots.RobotsPolicy;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs the turns of hosts: robots.txt first, then page after page at the host's pace, each recorded before the next is begun.
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

    /** A thread may rest so long; beyond, its slot is of more use to another host. */
    static final Duration LONGEST_REST = Duration.ofSeconds(10);

    /** So many pages are a few seconds of a fast host: short enough for thousands of hosts to take turns. */
    static final int SLICE_PAGES = 200;

    static final Duration SLICE = Duration.ofSeconds(30);

    /** A slice is shorter when another crawl waits for the host: both get the same share, in stretches of a few pages. */
    static final Duration SHARED_SLICE = Duration.ofSeconds(5);

    /** How often a turn looks whether its crawl is still wanted. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** A handler whose job was withdrawn is interrupted within so long; until then its last fetch may go on. */
    static final Duration LAST_FETCH = Duration.ofSeconds(4);

    /** How soon a rest ends when the turn is to stop. */
    private static final Duration NAP = Duration.ofMillis(200);

    private static final Duration AFTER_AN_OUTAGE = Duration.ofMillis(500);

    /** A page whose fetch was cut off so often, without ever ending, is taken for what kills the process. */
    private static final int MOST_CUT_OFF = 5;

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

    private boolean stops(long crawl) {
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
            switch (tables.take(turn, LONGEST_REST)) {
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
                    return new Walk(plan.get(), turn).from(new Next.GivenUp("HOST_GIVEN_UP", message));
                }
                case Start.Begin begin -> {
                    return new Walk(plan.get(), turn).from(begin);
                }
            }
        }
    }

    /** Whether the job that reports on the crawl was withdrawn. */
    private boolean cancelled(Plan plan) {
        var job = plan.origin().job();
        return job != null && stateOf(job).equals(Optional.of(State.CANCELLED));
    }

    private Optional<State> stateOf(UUID job) {
        return millrace.operations("crawler").find(new JobId(job)).map(view -> view.state());
    }

    /** Between the duration and twice it. */
    private Duration jittered(Duration least) {
        return least.plusMillis(world.random().nextLong(least.toMillis() + 1));
    }

    /** One turn of one host. */
    private final class Walk {

        private Plan plan;
        private final Turn turn;
        private final HostKey host;
        private final long began = world.nanoTime();
        private @Nullable RobotsFile robotsFile;
        private @Nullable RobotsPolicy robots;
        private long readyAt = began;
        private long lookedAt = began;
        private int pages;

        Walk(Plan plan, Turn turn) {
            this.plan = plan;
            this.turn = turn;
            this.host = CrawlUrl.of(turn.host() + "/").hostKey();
        }

        Outcome<Void> from(Start.Begin begin) throws InterruptedException {
            if (begin.robots() != null) recall(plans.robots(begin.robots()));
            restFrom(begin.cutOff() ? CrawlTables.longer(begin.rest(), delay()) : begin.rest());
            return from(new Next.Fetch(begin.entry(), Duration.ZERO));
        }

        Outcome<Void> from(Next first) throws InterruptedException {
            var next = first;
            while (true) {
                switch (next) {
                    case Next.Fetch(var entry, var rest) -> {
                        var otherwise = askRobots(entry);
                        next = otherwise == null ? page(entry) : otherwise;
                    }
                    case Next.GivenUp givenUp -> {
                        turn.attempt().heartbeat();
                        next = stops(turn.crawl()) ? new Next.Ended(tables.leave(turn)) : tables.fail(turn, givenUp);
                    }
                    case Next.Rest(var wait, var why) -> {
                        return Outcome.snooze(wait, why);
                    }
                    case Next.Ended(var outcome) -> {
                        return outcome;
                    }
                }
            }
        }

        // ---- robots.txt

        /** What an earlier run tried in vain is tried anew; the rest that the host was given is kept. */
        private void recall(RobotsFile file) {
            var trouble = file.trouble();
            boolean old = trouble != null && trouble.since().isBefore(plan.runAt());
            if (!old || file.standing() != Standing.UNKNOWN) know(file);
        }

        private void know(RobotsFile file) {
            robotsFile = file;
            robots = RobotsPolicy.of(host, file, plan.agent());
        }

        /** Makes sure that robots.txt is known. Where it can't be, gives what comes instead of the page. */
        private @Nullable Next askRobots(Entry entry) throws InterruptedException {
            var before = robotsFile;
            if (before != null && !before.isDue(world.now())) {
                return before.standing() == Standing.UNKNOWN ? awaitRobots(entry, before) : null;
            }
            if (!rest()) return new Next.Ended(tables.leave(turn, entry));
            turn.attempt().heartbeat();
            var fetched = plan.fetcher()
                    .fetch(RobotsFile.request(host, plan.settings().limits().fetchDeadline()));
            var known = RobotsFile.after(before, fetched, world.now());
            know(known);
            restFrom(delay());
            if (known.standing() != Standing.UNKNOWN) {
                tables.keepRobots(turn, plans.text(known), delay());
                return null;
            }
            if (!(fetched instanceof Fetched.Failed failed)) return awaitRobots(entry, known);
            if (hopeless(failed, known)) {
                var message = "%s was given up: %s".formatted(host, failed.message());
                return tables.giveUp(turn, failed.reason().name(), message);
            }
            return awaitRobots(entry, failed.status() == 0 ? sooner(known) : known);
        }

        private Next awaitRobots(Entry entry, RobotsFile unknown) {
            var wait = CrawlTables.longer(Duration.between(world.now(), unknown.refreshAt()), Duration.ofMillis(100));
            tables.awaitRobots(turn, entry, plans.text(unknown), wait);
            var trouble = unknown.trouble();
            return new Next.Rest(wait, trouble == null ? "its robots.txt can't be had" : trouble.message());
        }

        /** A server that answers with errors recovers mostly within minutes; one that can't be reached at all gets a few tries. */
        private boolean hopeless(Fetched.Failed failed, RobotsFile known) {
            var trouble = known.trouble();
            if (failed.again() == Again.NEVER || trouble == null) return true;
            var limits = plan.settings().limits();
            boolean there = failed.status() != 0 || failed.reason() == Reason.TIMEOUT;
            if (!there) return trouble.failures() >= limits.attempts();
            return Duration.between(trouble.since(), world.now()).compareTo(limits.robotsPatience()) >= 0;
        }

        /** The few tries of a server that can't be reached are not a minute apart. */
        private RobotsFile sooner(RobotsFile file) {
            var trouble = Objects.requireNonNull(file.trouble(), "only what can't be had is tried again");
            var at = world.now().plus(backOff(trouble.failures()));
            return new RobotsFile(file.standing(), file.text(), file.status(), file.fetchedAt(), at, trouble);
        }

        private Duration delay() {
            var own = plan.settings().delay();
            if (robots == null) return own;
            return robots.crawlDelay()
                    .map(CrawlDelay::granted)
                    .filter(asked -> asked.compareTo(own) > 0)
                    .orElse(own);
        }

        // ---- a page

        private Next page(Entry entry) throws InterruptedException {
            var finding = unfetched(entry);
            if (finding == null) {
                if (!rest()) return new Next.Ended(tables.leave(turn, entry));
                finding = fetched(entry);
            }
            pages++;
            turn.attempt().heartbeat();
            var retryIn = finding instanceof Finding.Failed failed ? retryIn(entry, failed) : null;
            var pause = pause(finding, retryIn);
            var next = tables.record(turn, entry, finding, pause, LONGEST_REST, retryIn, wanted -> sliceIsOver(wanted));
            if (next instanceof Next.Fetch(var another, var rest) && rest.compareTo(pause) > 0) restFrom(rest);
            if (finding instanceof Finding.Redirect redirect && redirect.home())
                plan = plans.of(turn.crawl()).orElse(plan);
            return next;
        }

        /** What is known of a page without asking for it; null if it is to be fetched. */
        private @Nullable Finding unfetched(Entry entry) {
            var url = CrawlUrl.of(entry.url());
            if (robots != null && robots.decide(url) instanceof RobotsDecision.Denied(var rule, var message)) {
                return new Finding.Refused(message);
            }
            return entry.cutOff() >= MOST_CUT_OFF ? poisonous(entry) : null;
        }

        private Finding fetched(Entry entry) throws InterruptedException {
            var at = world.now();
            var fetched = plan.fetcher().fetch(plan.request(CrawlUrl.of(entry.url())));
            restFrom(delay());
            var finding = Inspector.of(plan, entry, fetched, at);
            return finding instanceof Finding.Redirect redirect
                            && tables.leadsBack(turn.crawl(), entry.url(), redirect.to())
                    ? Inspector.loop(entry, redirect)
                    : finding;
        }

        private Finding poisonous(Entry entry) {
            return new Finding.Failed(
                    new Finding.Circumstances(0, null, world.now(), Duration.ZERO),
                    "CRASHED",
                    "%s was begun %d times, and each time the process ended before the page did."
                            .formatted(entry.url(), entry.cutOff()),
                    false,
                    null);
        }

        private @Nullable Duration retryIn(Entry entry, Finding.Failed failed) {
            int tries = entry.tries() + 1;
            if (!failed.again() || tries >= plan.settings().limits().attempts()) return null;
            var own = backOff(tries);
            return failed.pause() == null ? own : CrawlTables.longer(own, failed.pause());
        }

        /** 2 to 4 s, then 8 to 16, then 32 to 64. */
        private Duration backOff(int tries) {
            return jittered(Duration.ofSeconds(Math.min(60, 2L << (2 * Math.min(tries - 1, 5)))));
        }

        /** The host's own delay; longer where the server asks for it, or says that it is overrun. None where it was not asked. */
        private Duration pause(Finding finding, @Nullable Duration retryIn) {
            if (!finding.fetched()) return leftToRest();
            if (!(finding instanceof Finding.Failed failed)) return delay();
            if (failed.pause() != null) return CrawlTables.longer(delay(), failed.pause());
            int status = failed.circumstances().status();
            boolean overrun = status == 429 || status == 503;
            return overrun && retryIn != null ? CrawlTables.longer(delay(), retryIn) : delay();
        }

        private boolean sliceIsOver(boolean wanted) {
            if (stops(turn.crawl())) return true;
            var slice = wanted ? SHARED_SLICE : SLICE;
            long now = world.nanoTime();
            if (now - lookedAt >= LOOK.toNanos()) {
                lookedAt = now;
                if (cancelled(plan)) return true; // the successor ends the crawl
            }
            return pages >= SLICE_PAGES || now - began >= slice.toNanos();
        }

        // ---- pace

        private void restFrom(Duration rest) {
            readyAt = world.nanoTime() + rest.toNanos();
        }

        private Duration leftToRest() {
            return Duration.ofNanos(Math.max(0, readyAt - world.nanoTime()));
        }

        /** Until the host may be asked again; false if the turn is to stop instead. */
        private boolean rest() throws InterruptedException {
            while (!stops(turn.crawl())) {
                var left = leftToRest();
                if (left.isZero()) return true;
                world.sleep(left.compareTo(NAP) < 0 ? left : NAP);
            }
            return false;
        }
    }
}
