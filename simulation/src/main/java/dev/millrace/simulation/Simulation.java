package dev.millrace.simulation;

import dev.millrace.JobId;
import dev.millrace.Millrace;
import dev.millrace.Scope;
import dev.millrace.Why;
import dev.millrace.simulation.checker.AllIdle;
import dev.millrace.simulation.checker.AttemptsCount;
import dev.millrace.simulation.checker.Broken;
import dev.millrace.simulation.checker.Checker;
import dev.millrace.simulation.checker.Checkers;
import dev.millrace.simulation.checker.ClaimedOnce;
import dev.millrace.simulation.checker.DeadRecovered;
import dev.millrace.simulation.checker.EndsOnce;
import dev.millrace.simulation.checker.ExactlyOnce;
import dev.millrace.simulation.checker.Fenced;
import dev.millrace.simulation.checker.HeardInTime;
import dev.millrace.simulation.checker.InLine;
import dev.millrace.simulation.checker.InRate;
import dev.millrace.simulation.checker.KindsHold;
import dev.millrace.simulation.checker.LivingNotDeposed;
import dev.millrace.simulation.checker.NeighboursSpared;
import dev.millrace.simulation.checker.NothingCollides;
import dev.millrace.simulation.checker.NothingPassedOver;
import dev.millrace.simulation.checker.OneOutcome;
import dev.millrace.simulation.checker.PausesHold;
import dev.millrace.simulation.checker.RanBeforeDone;
import dev.millrace.simulation.checker.RescuedFirst;
import dev.millrace.simulation.checker.Rounds;
import dev.millrace.simulation.checker.StartedOnce;
import dev.millrace.simulation.checker.StatesFollowTheTable;
import dev.millrace.simulation.checker.WhyIsTrue;
import dev.millrace.simulation.checker.WrittenOnce;
import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.disaster.Disasters;
import dev.millrace.simulation.disaster.Sky;
import dev.millrace.simulation.fleet.Fleet;
import dev.millrace.simulation.fleet.Producer;
import dev.millrace.simulation.fleet.Weather;
import dev.millrace.simulation.store.Bug;
import dev.millrace.simulation.store.SimulatedStore;
import dev.millrace.simulation.time.SimulatedWorld;
import dev.millrace.simulation.time.Timeline;
import dev.millrace.simulation.workload.Office;
import dev.millrace.simulation.workload.Workloads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A fleet in a box: nodes that turn the engine's own loops, a store that runs the protocol statement by statement, work and disasters,
 * all drawn from one seed and played in virtual time, one thing after the other. The invariants are held at every step. The idea is
 * FoundationDB's (Zhou et al., 2021) and TigerBeetle's.
 *
 * <p>Weakness first: the SQL functions themselves are not run here, but the same steps written a second time; that both are the same is the
 * business of the contract, which both pass, and of torture on a real database. Threads inside a node meet only at its calls of the
 * store: races between two instructions are for tests of their own.
 */
public final class Simulation {

    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration SETTLING = Duration.ofSeconds(5);
    /** The lease and five seconds, as promised; and it is looked at once a second. */
    private static final Duration RECOVERY = Fleet.LEASE.plusSeconds(6);

    private static final Duration YOUTH = Duration.ofMillis(500);
    private static final int MOST_DELIVERIES = 60;

    private final Scenario scenario;
    private final Set<Bug> bugs;
    private final Timeline timeline = new Timeline(this::lookAround);
    private final Trace trace;
    private final SimulatedWorld clock;
    private final Database database;
    private final SimulatedStore store;
    private final Fleet fleet;
    private final Checkers checkers;
    private final Rounds rounds;
    private final EndsOnce endsOnce;
    private final List<JobId> sent = new ArrayList<>();

    private Simulation(Scenario scenario, Set<Bug> bugs, Consumer<String> reader) {
        this.scenario = scenario;
        this.bugs = bugs.isEmpty() ? EnumSet.noneOf(Bug.class) : EnumSet.copyOf(bugs);
        this.trace = new Trace(timeline, reader);
        var random = new SplittableRandom(scenario.seed());
        this.clock = new SimulatedWorld(timeline, random.split(), Duration.ZERO, 1);
        var weather = new Weather(timeline, random.split());
        this.database = new Database(timeline, weather::gap);
        this.store = new SimulatedStore(timeline, database, clock, retention(scenario), this.bugs);
        this.fleet = new Fleet(new Fleet.Ground(timeline, clock, store, weather, trace, this.bugs), random.split());
        this.endsOnce = new EndsOnce(fleet.intended());
        this.checkers = new Checkers(invariants());
        this.rounds = new Rounds(fleet.intended(), checkers);
        fleet.checkers(checkers);
    }

    /**
     * Short enough that partitions are dropped; but how often a job has died is counted among what is kept, and what waits for a number of the fleet may wait for
     * minutes in the hands of a node.
     */
    private static Duration retention(Scenario scenario) {
        boolean isLong =
                scenario.workloads().contains("poison") || scenario.workloads().contains("fleet");
        return isLong ? Duration.ofMinutes(20) : Duration.ofSeconds(20);
    }

    private List<Checker> invariants() {
        var intended = fleet.intended();
        return List.of(
                new ClaimedOnce(true),
                new OneOutcome(true, intended::wasEverCancelled, store::past),
                new Fenced(true),
                new StartedOnce(),
                fleet.manifests(),
                new AttemptsCount(this::mostAttempts, MOST_DELIVERIES),
                new RescuedFirst(store::front),
                new NeighboursSpared(YOUTH),
                new LivingNotDeposed(fleet::mayBeDead),
                new DeadRecovered(fleet::dead, RECOVERY, store::holds),
                new NothingCollides(store::collisions),
                new WrittenOnce(store::endedTwice),
                // after a clock was set back a timer may be found as late as by the next look at all of them
                new NothingPassedOver(() -> clock.wasSetBack() ? null : store.passedOver()),
                new StatesFollowTheTable(intended),
                new RanBeforeDone(intended),
                new ExactlyOnce(intended, store::effects),
                new PausesHold(fleet.heard(), store::scopes),
                new HeardInTime(fleet.heard(), store::said, fleet::hearing, timeline::now),
                new InLine(store::inLine, store::open, store::alive, fleet.heard()::inForce),
                new InRate(store::inLine, store::alive, timeline::now, fleet.heard()::inForce),
                new KindsHold(fleet.heard(), fleet::atOnce, store::kind),
                fleet.starving(),
                fleet.shares(),
                fleet.inFleet(),
                fleet.after(),
                fleet.batches(), // before those that only see that something is stuck
                new WhyIsTrue(intended, this::why, store::paused, fleet::served),
                fleet.slots(),
                fleet.unique(),
                fleet.bulk(),
                new AllIdle(fleet::busy),
                fleet.poison(),
                fleet.bounds(),
                endsOnce);
    }

    /** The invariants that are held, by name. */
    public static List<String> invariantNames() {
        return new Simulation(Scenario.seed(0), EnumSet.noneOf(Bug.class), Trace.NOBODY)
                .checkers.all().stream().map(Checker::invariant).toList();
    }

    private int mostAttempts(JobId job) {
        var plan = fleet.intended().plan(job);
        return plan == null || fleet.intended().wasRequeued(job) ? Integer.MAX_VALUE : plan.attempts();
    }

    private Why why(JobId job) {
        try (var millrace = Millrace.on(world -> store, clock)) {
            return millrace.operations("the simulation").why(job);
        }
    }

    /** A run that these values alone decide. */
    public static Simulation of(Scenario scenario) {
        return new Simulation(scenario, EnumSet.noneOf(Bug.class), Trace.NOBODY);
    }

    /** The same run, told line by line. */
    public Simulation told(Consumer<String> reader) {
        return new Simulation(scenario, bugs, reader);
    }

    /** The same run with bugs in it. For tests of the checkers. */
    Simulation with(Set<Bug> planted) {
        return new Simulation(scenario, planted, trace.reader());
    }

    /**
     * What a run was like.
     *
     * @param jobs how many were sent
     * @param nodes how many processes there were, one after the other
     * @param length in virtual time
     * @param hash equal for equal runs
     * @param broken null if every invariant held
     */
    public record Story(
            Scenario scenario,
            int jobs,
            int nodes,
            Duration length,
            long hash,
            @Nullable Failure broken) {}

    /**
     * A broken invariant.
     *
     * @param at when, in virtual time
     */
    public record Failure(String invariant, String message, Duration at) {}

    /** Plays it to its end, on a thread of its own; once. */
    public Story run() {
        var story = new Story[1];
        var thrown = new Throwable[1];
        var turner = Thread.ofVirtual().name("simulation " + scenario.seed()).unstarted(() -> {
            try {
                story[0] = played();
            } catch (Throwable failed) {
                thrown[0] = failed;
            }
        });
        turner.start();
        try {
            turner.join();
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a simulation ran", hurry);
        }
        if (thrown[0] != null)
            throw new IllegalStateException("The simulation itself failed; replay: " + scenario.command(), thrown[0]);
        return story[0];
    }

    private Story played() {
        @Nullable Failure failure = null;
        try {
            play();
        } catch (Broken found) {
            var broken = Objects.requireNonNullElse(checkers.first(), found);
            failure = new Failure(
                    broken.invariant(), String.valueOf(broken.getMessage()), Duration.ofNanos(timeline.now()));
            trace.tell("BROKEN: %s", broken.getMessage());
        } finally {
            timeline.endAll();
        }
        return new Story(
                scenario, sent.size(), fleet.born(), Duration.ofNanos(timeline.now()), trace.fingerprint(), failure);
    }

    private void play() {
        var hours = Duration.ofNanos((long) (scenario.minutes() * 60e9));
        planDisasters(hours.multipliedBy(3).dividedBy(2));
        planWorkloads(hours);
        for (int i = 0; i < scenario.nodes(); i++) fleet.add();
        store.listen(fleet::heard);
        everySecond();
        timeline.passUntil(hours.multipliedBy(3).dividedBy(2).toNanos());
        calmDown();
        long patience = timeline.now() + PATIENCE.toNanos();
        while (!(endsOnce.allEnded(store) && fleet.slots().allFired()) && timeline.now() < patience)
            pass(Duration.ofSeconds(1));
        // whoever is still frozen or cut off comes back, and who died is found
        timeline.passUntil(
                Math.max(timeline.now(), hours.multipliedBy(3).dividedBy(2).toNanos())
                        + Sky.LONGEST.plus(Fleet.LEASE).toNanos());
        pass(SETTLING);
        checkers.look(store);
        rounds.goToEach(store);
        checkers.end(store);
    }

    private void pass(Duration time) {
        timeline.passUntil(timeline.now() + time.toNanos());
    }

    private void planDisasters(Duration time) {
        for (var disaster : Disasters.all())
            if (scenario.disasters().contains(disaster.name()))
                disaster.plan(new Sky(
                        fleet,
                        database,
                        clock,
                        scenario.chance("disaster " + disaster.name()),
                        time,
                        this::failedOver));
    }

    private void planWorkloads(Duration hours) {
        var chosen = Workloads.all().stream()
                .filter(workload -> scenario.workloads().contains(workload.name()))
                .toList();
        int left = scenario.jobs();
        for (int i = 0; i < chosen.size(); i++) {
            int own = left / (chosen.size() - i);
            left -= own;
            var random = scenario.chance("workload " + chosen.get(i).name());
            chosen.get(i).plan(new Office(fleet, Producer.reaches(fleet, random), random, hours, own, sent, bugs));
        }
    }

    /** From here on nothing new goes wrong, and somebody knows every kind: all that was asked for must come to its end. */
    private void calmDown() {
        trace.tell("it calms down");
        fleet.weather().calm();
        fleet.build(2);
        fleet.everyKind();
        store.resume(Scope.queue("second"), "the simulation");
        store.resume(Scope.kind("narrow"), "the simulation");
        for (var schedule : fleet.slots().schedules()) { // a failover may have lost that it was resumed
            fleet.keep(() -> fleet.slots().resuming(schedule));
            store.resume(Scope.schedule(schedule), "the simulation");
        }
        fleet.add();
    }

    /** What was acknowledged may be gone, and what was seen may never have been. */
    private void failedOver() {
        checkers.forget();
        rounds.forget();
        fleet.forgetWatching();
        store.forgetWhatWasRemembered();
        fleet.intended().forgetCancels();
        for (var job : List.copyOf(fleet.intended().jobs())) fleet.intended().perhaps(job);
    }

    private void everySecond() {
        checkers.look(store);
        rounds.go(store);
        timeline.in(Duration.ofSeconds(1), this::everySecond);
    }

    private void lookAround() {
        checkers.throwIfBroken();
    }
}
