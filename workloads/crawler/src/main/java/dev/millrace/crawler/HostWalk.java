package dev.millrace.crawler;

import dev.millrace.Outcome;
import dev.millrace.crawler.CrawlTables.Entry;
import dev.millrace.crawler.CrawlTables.Next;
import dev.millrace.crawler.CrawlTables.Start;
import dev.millrace.crawler.CrawlTables.Turn;
import dev.millrace.crawler.fetch.Fetched;
import dev.millrace.crawler.fetch.Reason;
import dev.millrace.crawler.fetch.Reason.Again;
import dev.millrace.crawler.robots.RobotsFile;
import dev.millrace.crawler.robots.RobotsFile.Standing;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One turn of one host: robots.txt first, then page after page at the host's pace. For one thread. */
final class HostWalk {

    /** A thread may rest so long; beyond, its slot is of more use to another host. */
    static final Duration LONGEST_REST = Duration.ofSeconds(10);

    /** So many pages are a few seconds of a fast host: short enough for thousands of hosts to take turns. */
    private static final int SLICE_PAGES = 200;

    private static final Duration SLICE = Duration.ofSeconds(30);

    /** A slice is shorter when another crawl waits for the host: both get the same share, in stretches of a few pages. */
    private static final Duration SHARED_SLICE = Duration.ofSeconds(5);

    /** How often a turn looks whether its crawl is still wanted. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** How soon a rest ends when the turn is to stop. */
    private static final Duration NAP = Duration.ofMillis(200);

    /** A page whose fetch was cut off so often, without ever ending, is taken for what kills the process. */
    private static final int MOST_CUT_OFF = 5;

    private final HostTurns turns;
    private final CrawlTables tables;
    private final Plans plans;
    private final World world;
    private final Turn turn;
    private final Map<HostKey, Origin> origins = new HashMap<>();
    private final long began;
    private Plan plan;
    private long readyAt;
    private long lookedAt;
    private int pages;

    HostWalk(HostTurns turns, CrawlTables tables, Plans plans, World world, Turn turn, Plan plan) {
        this.turns = turns;
        this.tables = tables;
        this.plans = plans;
        this.world = world;
        this.turn = turn;
        this.plan = plan;
        this.began = world.nanoTime();
        this.readyAt = began;
        this.lookedAt = began;
    }

    Outcome<Void> from(Start.Begin begin) throws InterruptedException {
        var delay = delay(origin(begin.entry()));
        restFrom(begin.cutOff() ? CrawlTables.longer(begin.rest(), delay) : begin.rest());
        return from(new Next.Fetch(begin.entry(), Duration.ZERO));
    }

    Outcome<Void> from(Next first) throws InterruptedException {
        var next = first;
        while (true) {
            switch (next) {
                case Next.Fetch(var entry, var rest) -> {
                    var origin = origin(entry);
                    var otherwise = askRobots(entry, origin);
                    next = otherwise == null ? page(entry, origin) : otherwise;
                }
                case Next.GivenUp givenUp -> {
                    turn.attempt().heartbeat();
                    next = turns.stops(turn.crawl()) ? new Next.Ended(tables.leave(turn)) : tables.fail(turn, givenUp);
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

    private Origin origin(Entry entry) {
        return origins.computeIfAbsent(CrawlUrl.of(entry.url()).hostKey(), this::recall);
    }

    /** What an earlier run tried in vain is tried anew; the rest that the host was given is kept. */
    private Origin recall(HostKey key) {
        var row = tables.origin(turn.crawl(), key);
        var origin = new Origin(key, plan.agent(), row.givenUp());
        if (row.robots() == null) return origin;
        var file = plans.robots(row.robots());
        var trouble = file.trouble();
        boolean old = trouble != null && trouble.since().isBefore(plan.runAt());
        if (!old || file.standing() != Standing.UNKNOWN) origin.know(file);
        return origin;
    }

    /** Makes sure that robots.txt is known. Where it can't be, gives what comes instead of the page. */
    private @Nullable Next askRobots(Entry entry, Origin origin) throws InterruptedException {
        var givenUp = origin.givenUp();
        if (givenUp != null) return new Next.GivenUp(origin.key(), "HOST_GIVEN_UP", givenUp);
        var before = origin.file();
        if (before != null && !before.isDue(world.now())) {
            return before.standing() == Standing.UNKNOWN ? awaitRobots(entry, origin, before) : null;
        }
        if (!rest()) return new Next.Ended(tables.leave(turn, entry));
        turn.attempt().heartbeat();
        var fetched = plan.fetcher()
                .fetch(RobotsFile.request(origin.key(), plan.settings().limits().fetchDeadline()));
        var known = RobotsFile.after(before, fetched, world.now());
        origin.know(known);
        restFrom(delay(origin));
        if (known.standing() != Standing.UNKNOWN) {
            tables.keepRobots(turn, origin.key(), plans.text(known), delay(origin));
            return null;
        }
        if (!(fetched instanceof Fetched.Failed failed)) return awaitRobots(entry, origin, known);
        if (hopeless(failed, known)) {
            var message = "%s was given up: %s".formatted(origin.key(), failed.message());
            origins.remove(origin.key());
            return tables.giveUp(turn, origin.key(), failed.reason().name(), message);
        }
        return awaitRobots(entry, origin, failed.status() == 0 ? sooner(known) : known);
    }

    private Next awaitRobots(Entry entry, Origin origin, RobotsFile unknown) {
        var wait = CrawlTables.longer(Duration.between(world.now(), unknown.refreshAt()), Duration.ofMillis(100));
        var trouble = unknown.trouble();
        var why = "its robots.txt can't be had" + (trouble == null ? "" : ": " + trouble.message());
        tables.awaitRobots(turn, entry, origin.key(), plans.text(unknown), wait, why);
        return new Next.Rest(wait, why);
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

    private Duration delay(Origin origin) {
        return origin.delay(plan.settings().delay());
    }

    // ---- a page

    private Next page(Entry entry, Origin origin) throws InterruptedException {
        var finding = unfetched(entry, origin);
        if (finding == null) {
            if (!rest()) return new Next.Ended(tables.leave(turn, entry));
            finding = fetched(entry, origin);
        }
        pages++;
        turn.attempt().heartbeat();
        var retryIn = finding instanceof Finding.Failed failed ? retryIn(entry, failed) : null;
        var pause = pause(finding, retryIn, origin);
        var next = tables.record(turn, entry, finding, pause, LONGEST_REST, retryIn, this::sliceIsOver);
        if (next instanceof Next.Fetch(var another, var rest) && rest.compareTo(pause) > 0) restFrom(rest);
        if (finding instanceof Finding.Redirect redirect && redirect.home())
            plan = plans.of(turn.crawl()).orElse(plan);
        return next;
    }

    /** What is known of a page without asking for it; null if it is to be fetched. */
    private @Nullable Finding unfetched(Entry entry, Origin origin) {
        var refusal = origin.refusal(CrawlUrl.of(entry.url()));
        if (refusal != null) return new Finding.Refused(refusal);
        return entry.cutOff() >= MOST_CUT_OFF ? poisonous(entry) : null;
    }

    private Finding fetched(Entry entry, Origin origin) throws InterruptedException {
        var at = world.now();
        var fetched = plan.fetcher().fetch(plan.request(CrawlUrl.of(entry.url())));
        restFrom(delay(origin));
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
        return turns.jittered(Duration.ofSeconds(Math.min(60, 2L << (2 * Math.min(tries - 1, 5)))));
    }

    /** The host's own delay; longer where the server asks for it, or says that it is overrun. None where it was not asked. */
    private Duration pause(Finding finding, @Nullable Duration retryIn, Origin origin) {
        if (!finding.fetched()) return leftToRest();
        var delay = delay(origin);
        if (!(finding instanceof Finding.Failed failed)) return delay;
        if (failed.pause() != null) return CrawlTables.longer(delay, failed.pause());
        int status = failed.circumstances().status();
        boolean overrun = status == 429 || status == 503;
        return overrun && retryIn != null ? CrawlTables.longer(delay, retryIn) : delay;
    }

    private boolean sliceIsOver(boolean wanted) {
        if (turns.stops(turn.crawl())) return true;
        var slice = wanted ? SHARED_SLICE : SLICE;
        long now = world.nanoTime();
        if (now - lookedAt >= LOOK.toNanos()) {
            lookedAt = now;
            if (turns.cancelled(plan)) return true; // the successor ends the crawl
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
        while (!turns.stops(turn.crawl())) {
            var left = leftToRest();
            if (left.isZero()) return true;
            world.sleep(left.compareTo(NAP) < 0 ? left : NAP);
        }
        return false;
    }
}
