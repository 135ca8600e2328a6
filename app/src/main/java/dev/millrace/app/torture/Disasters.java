package dev.millrace.app.torture;

import dev.millrace.app.torture.Fault.Whose;
import dev.millrace.app.torture.Herd.Member;
import dev.millrace.app.torture.Schedule.Planned;
import dev.millrace.app.torture.proxy.Proxy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Does what the schedule says, when its time has come, counted from the making of this; ends what lasts, and writes both down. For one thread, but for what it lets others
 * wait for.
 */
final class Disasters {

    /** A freeze waits so long for a node that has begun to work. */
    private static final long PATIENCE_MILLIS = 10_000;

    /** Who is to strike whoever fires the schedule waits so long for somebody who does: who takes over from a dead one has the lease, five seconds and its next looks for it. */
    private static final long LEADERLESS_MILLIS = 30_000;

    private final Herd herd;
    private final Ways ways;
    private final Ground ground;
    private final TortureLedger ledger;
    private final Leader leader;
    private final Timeline timeline;
    private final RunClock clock;
    private final Journal journal;
    private final Queue<Planned> coming;
    private final List<Planned> due = new ArrayList<>();
    private final List<Ongoing> ongoing = new ArrayList<>();
    private final Map<String, Long> spared = new HashMap<>();
    private final Map<FaultKind, Integer> done = new EnumMap<>(FaultKind.class);
    private final Map<String, Integer> leadersMissed = new TreeMap<>();
    private int leadersAsked;
    private int leadersDone;
    private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();
    private final long start;

    /** A fault that lasts. */
    private record Ongoing(Fault fault, long from, long until, Runnable end) {}

    Disasters(
            Schedule schedule,
            Herd herd,
            Ways ways,
            Ground ground,
            TortureLedger ledger,
            Leader leader,
            Timeline timeline,
            RunClock clock,
            Journal journal) {
        this.coming = new ArrayDeque<>(schedule.faults());
        this.herd = herd;
        this.ways = ways;
        this.ground = ground;
        this.ledger = ledger;
        this.leader = leader;
        this.timeline = timeline;
        this.clock = clock;
        this.journal = journal;
        this.start = clock.now();
    }

    /** How many of each sort were done. */
    Map<FaultKind, Integer> done() {
        return Map.copyOf(done);
    }

    /** What became of the faults that were to strike whoever fires the schedule. */
    TortureReport.Leaders leaders() {
        return new TortureReport.Leaders(leadersAsked, leadersDone, Map.copyOf(leadersMissed));
    }

    /** Whether the schedule is at its end, and nothing lasts. */
    boolean over() {
        return coming.isEmpty() && due.isEmpty() && ongoing.isEmpty();
    }

    /** A look at the clock. */
    void turn() {
        long now = clock.now();
        for (var lasting : List.copyOf(ongoing)) if (now >= lasting.until) end(lasting);
        due.removeIf(waits -> begin(waits.fault(), late(waits, now)));
        for (Planned next; (next = coming.peek()) != null && late(next, now) >= 0; ) {
            boolean leader = next.fault() instanceof Fault.Leader;
            if (leader) leadersAsked++;
            if (!begin(next.fault(), late(next, now))) {
                if (!leader) return;
                due.add(next); // the others need not wait for that
            }
            coming.remove();
        }
    }

    private long late(Planned planned, long now) {
        return now - start - planned.at().toMillis();
    }

    private void end(Ongoing lasting) {
        ongoing.remove(lasting);
        lasting.end.run();
        journal.say("end: " + lasting.fault);
    }

    /** Whatever lasts ends now; what was to come does not. */
    void end() {
        coming.clear();
        for (var waits : due) leaderMissed(waits.fault(), "the run was over");
        due.clear();
        for (var lasting : List.copyOf(ongoing)) end(lasting);
        for (var thread : waiting) thread.interrupt();
    }

    /** Returns false if it can't be done yet. */
    private boolean begin(Fault fault, long late) {
        switch (fault) {
            case Fault.Kill(int seat) -> kill(fault, seat);
            case Fault.Freeze(int seat, Duration length) -> {
                if (!herd.atWork(herd.at(seat)) && late < PATIENCE_MILLIS) return false;
                freeze(fault, seat, length);
            }
            case Fault.Leader(Duration freeze) -> {
                int seat = seatOfTheLeader();
                if (seat < 0 && late < LEADERLESS_MILLIS) return false;
                if (seat < 0) leaderMissed(fault, whyNoLeader());
                else strikeLeader(fault, seat, freeze);
            }
            case Fault.Terminate(var whose, int most, long draw) -> terminate(fault, whose, most, draw);
            case Fault.Restart(var how) -> {
                tell(fault, "");
                ground.stopServer(how);
            }
            case Fault.Cut(var whose) -> {
                tell(fault, "");
                moment(fault, whose);
                ways(whose).forEach(Proxy::cut);
            }
            case Fault.Reset(var whose) -> {
                tell(fault, "");
                moment(fault, whose);
                ways(whose).forEach(Proxy::reset);
            }
            case Fault.CutAfter(var whose, var direction, long bytes) -> {
                tell(fault, "");
                ways(whose).forEach(way -> way.cutAfter(direction, bytes));
            }
            case Fault.BlackHole(var whose, Duration length) -> {
                ways(whose).forEach(Proxy::hold);
                lasts(fault, whose, length, () -> ways(whose).forEach(Proxy::release));
            }
            case Fault.Delay(var whose, Duration each, Duration length) -> {
                ways(whose).forEach(way -> way.delay(each));
                lasts(fault, whose, length, () -> ways(whose).forEach(way -> way.delay(Duration.ZERO)));
            }
            case Fault.FullDisk(Duration length) -> {
                ground.fillDisk();
                lasts(fault, new Whose.AllNodes(), length, ground::makeRoom);
            }
            case Fault.ClockStep(int seat, Duration step) -> {
                tell(fault, " (%s)".formatted(herd.at(seat).name()));
                herd.tell(herd.at(seat), "clock " + step);
            }
        }
        return true;
    }

    private void strikeLeader(Fault fault, int seat, Duration freeze) {
        leadersDone++;
        done.merge(fault.kind(), 1, Integer::sum);
        journal.say("%s, which is %s".formatted(fault, herd.at(seat).name()));
        if (freeze.isZero()) kill(new Fault.Kill(seat), seat);
        else freeze(new Fault.Freeze(seat, freeze), seat, freeze);
    }

    private void leaderMissed(Fault fault, String why) {
        leadersMissed.merge(why, 1, Integer::sum);
        journal.say("not done: %s (%s)".formatted(fault, why));
    }

    private String whyNoLeader() {
        if (leader.trouble().isPresent())
            return "who does can't be asked: " + leader.trouble().get();
        if (leader.name().isEmpty()) return "nobody has brought it";
        boolean sits = IntStream.range(0, herd.size())
                .anyMatch(seat -> herd.at(seat).name().equals(leader.name().get()));
        return sits ? "who does is frozen, or has just woken" : "who did is gone, and nobody has taken over";
    }

    /** Its seat; -1 if whoever fires the schedule sits in none any more, or not yet. */
    private int seatOfTheLeader() {
        var name = leader.name().orElse("");
        return IntStream.range(0, herd.size())
                .filter(seat -> herd.at(seat).name().equals(name)
                        && !frozen(herd.at(seat))
                        && clock.now() >= spared.getOrDefault(name, 0L))
                .findFirst()
                .orElse(-1);
    }

    private void tell(Fault fault, String more) {
        done.merge(fault.kind(), 1, Integer::sum);
        journal.say(fault + more);
    }

    private void lasts(Fault fault, Whose whose, Duration length, Runnable end) {
        tell(fault, "");
        long from = clock.now();
        ongoing.add(new Ongoing(fault, from, from + length.toMillis(), () -> {
            end.run();
            for (int seat : seats(whose)) timeline.happened(fault.kind(), seat, from, clock.now());
        }));
    }

    private void moment(Fault fault, Whose whose) {
        for (int seat : seats(whose)) timeline.happened(fault.kind(), seat, clock.now(), clock.now());
    }

    // ---- processes

    private void kill(Fault fault, int seat) {
        var victim = herd.at(seat);
        if (frozen(victim) || clock.now() < spared.getOrDefault(victim.name(), 0L)) {
            journal.say("spared: %s (%s was frozen)".formatted(fault, victim.name()));
            return;
        }
        herd.kill(victim);
        timeline.died(victim.name(), clock.now(), true);
        var heir = start(seat);
        tell(fault, " (%s; its heir is %s)".formatted(victim.name(), heir.name()));
    }

    /** Starts a process where nobody sits. */
    Member start(int seat) {
        var member = herd.start(seat);
        timeline.born(member.name(), seat, clock.now());
        return member;
    }

    private boolean frozen(Member member) {
        return ongoing.stream()
                .anyMatch(lasting -> lasting.fault instanceof Fault.Freeze freeze && freeze.seat() == member.seat());
    }

    private void freeze(Fault fault, int seat, Duration length) {
        var member = herd.at(seat);
        herd.freeze(member);
        long from = clock.now();
        tell(fault, " (%s)".formatted(member.name()));
        ongoing.add(new Ongoing(fault, from, from + length.toMillis(), () -> {
            herd.wake(member);
            timeline.happened(fault.kind(), seat, from, clock.now());
            spared.put(member.name(), clock.now() + Schedule.SPARED.toMillis());
        }));
    }

    /** Puts a new process where one ended without being told to. */
    void replaceFallen() {
        for (var fallen : herd.fallen()) {
            timeline.died(fallen.name(), clock.now(), false);
            var heir = start(fallen.seat());
            journal.say("%s ended by itself; %s takes its seat".formatted(fallen.name(), heir.name()));
        }
    }

    // ---- connections

    private List<Proxy> ways(Whose whose) {
        return switch (whose) {
            case Whose.Node(int seat) -> List.of(ways.seats().get(seat));
            case Whose.AllNodes all -> ways.seats();
            case Whose.Producers sender -> List.of(ways.producers());
        };
    }

    private List<Integer> seats(Whose whose) {
        return switch (whose) {
            case Whose.Node(int seat) -> List.of(seat);
            case Whose.AllNodes all -> IntStream.range(0, herd.size()).boxed().toList();
            case Whose.Producers sender -> List.of();
        };
    }

    /** Asks the server, which may be away: so somebody else waits for it. */
    private void terminate(Fault fault, Whose whose, int most, long draw) {
        var names = switch (whose) {
            case Whose.Node(int seat) -> List.of(herd.at(seat).name());
            case Whose.AllNodes all ->
                IntStream.range(0, herd.size())
                        .mapToObj(seat -> herd.at(seat).name())
                        .toList();
            case Whose.Producers sender -> List.of(Torture.PRODUCERS);
        };
        tell(fault, "");
        var thread = Thread.ofVirtual().name("torture-terminate").unstarted(() -> {
            try {
                long from = clock.now();
                for (var name : names) ledger.terminate(name, most, draw);
                for (int seat : seats(whose)) timeline.happened(fault.kind(), seat, from, clock.now());
            } catch (SQLException away) {
                journal.say("not done: %s (%s)".formatted(fault, away.getMessage()));
            } finally {
                waiting.remove(Thread.currentThread());
            }
        });
        waiting.add(thread);
        thread.start();
    }
}
