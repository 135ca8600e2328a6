package dev.millrace.app.torture;

import dev.millrace.app.torture.Fault.Whose;
import dev.millrace.app.torture.proxy.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which fault when, on whom, for how long. A pure function of the plan: the same seed, length, fleet and choice of faults give the same
 * schedule, on any machine. (What the machine makes of it is another matter.)
 *
 * <p>Kills come at a steady beat. Each other sort of fault has windows of its own length, as many as fit into the run and one at least,
 * and strikes once in each, from a random source of its own: leaving out one sort does not move the others, except for what keeps away
 * from freezes.
 *
 * <p>Faults overlap freely, but for what would make the run prove less. A frozen node is not killed, nor just after it woke, when it must
 * find out that it was deposed. For it to be deposed at all somebody must be there to watch it: so black holes, restarts of the server
 * and full disks keep away from freezes where there is room. And the server dies at most once in 72 seconds, since its supervisor
 * rightly gives up on one that dies more often.
 */
record Schedule(List<Planned> faults) {

    /** A fault and when it begins, counted from the start of the run. */
    record Planned(Duration at, Fault fault) {

        Duration end() {
            return at.plus(fault.length());
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%7.1f s  %s", at.toMillis() / 1000.0, fault);
        }
    }

    private static final int RESTART_WINDOW = 75;
    private static final int LEADER_WINDOW = 30;
    private static final Duration BETWEEN_RESTARTS = Duration.ofSeconds(72);

    /** After a freeze the node is left alone for so long. */
    static final Duration SPARED = Duration.ofSeconds(5);

    static Schedule of(TorturePlan plan) {
        return new Schedule(new Drawing(plan).faults());
    }

    String text() {
        return faults.stream().map(Planned::toString).collect(Collectors.joining("%n".formatted()));
    }

    /** How many there are of a sort. */
    long count(FaultKind kind) {
        return faults.stream().filter(planned -> planned.fault().kind() == kind).count();
    }

    /** Draws a schedule. */
    private static final class Drawing {

        private final TorturePlan plan;
        private final List<Planned> freezes = new ArrayList<>();

        private Drawing(TorturePlan plan) {
            this.plan = plan;
        }

        private List<Planned> faults() {
            var all = new ArrayList<Planned>();
            for (var kind : FaultKind.values()) if (plan.faults().contains(kind)) all.addAll(of(kind));
            all.sort(Comparator.comparing(Planned::at)
                    .thenComparing(planned -> planned.fault().kind()));
            return List.copyOf(all);
        }

        private List<Planned> of(FaultKind kind) {
            var random = kind.random(plan.seed());
            return switch (kind) {
                case KILL -> kills(random);
                case FREEZE -> freezes();
                case TERMINATE ->
                    strikes(
                            12,
                            random,
                            () -> new Fault.Terminate(
                                    whose(random),
                                    random.nextBoolean() ? 1 + random.nextInt(3) : 100,
                                    random.nextLong()));
                case RESTART -> restarts(random);
                case CUT -> strikes(20, random, () -> new Fault.Cut(whose(random)));
                case RESET -> strikes(20, random, () -> new Fault.Reset(whose(random)));
                case CUT_AFTER ->
                    strikes(
                            8,
                            random,
                            () -> new Fault.CutAfter(
                                    whose(random),
                                    random.nextBoolean() ? Direction.TO_SERVER : Direction.TO_CLIENT,
                                    Math.round(Math.exp(random.nextDouble() * Math.log(20_000)))));
                case BLACK_HOLE -> blackHoles(random);
                case DELAY ->
                    strikes(
                            40,
                            random,
                            () -> new Fault.Delay(whose(random), millis(random, 5, 60), millis(random, 3_000, 10_000)));
                case DISK -> fullDisks(random);
                case CLOCK -> strikes(10, random, () -> new Fault.ClockStep(seat(random), step(random)));
                case LEADER -> leaders(random);
            };
        }

        // ---- when

        /** One strike in each window, somewhere in its middle. */
        private List<Planned> strikes(int window, Random random, Supplier<Fault> fault) {
            return windows(window)
                    .mapToObj(w -> new Planned(at(w, window, 0.1 + 0.8 * random.nextDouble()), fault.get()))
                    .toList();
        }

        private IntStream windows(int window) {
            return IntStream.range(0, Math.max(1, plan.seconds() / window));
        }

        private Duration at(int window, int length, double part) {
            double span = Math.max(1, plan.seconds() / length) == 1 ? plan.seconds() : length;
            return Duration.ofMillis(Math.round((window * (double) length + part * span) * 1000));
        }

        private List<Planned> kills(Random random) {
            if (plan.faults().contains(FaultKind.FREEZE) && freezes.isEmpty()) freezes();
            var kills = new ArrayList<Planned>();
            long every = plan.killEvery().toMillis();
            for (long at = every; at < plan.seconds() * 1000L; at += every) {
                var when = Duration.ofMillis(at);
                var victims = IntStream.range(0, plan.nodes())
                        .filter(seat -> !frozenOrSpared(seat, when))
                        .boxed()
                        .toList();
                if (!victims.isEmpty())
                    kills.add(new Planned(when, new Fault.Kill(victims.get(random.nextInt(victims.size())))));
            }
            return kills;
        }

        private boolean frozenOrSpared(int seat, Duration at) {
            return freezes.stream()
                    .anyMatch(planned -> planned.fault() instanceof Fault.Freeze freeze
                            && freeze.seat() == seat
                            && at.compareTo(planned.at()) >= 0
                            && at.compareTo(planned.end().plus(SPARED)) < 0);
        }

        /** Drawn once: kills need to know them as well. */
        private List<Planned> freezes() {
            if (freezes.isEmpty()) {
                var random = FaultKind.FREEZE.random(plan.seed());
                windows(60)
                        .mapToObj(w -> new Planned(
                                at(w, 60, 0.25 + 0.15 * random.nextDouble()),
                                new Fault.Freeze(seat(random), millis(random, 14_000, 18_000))))
                        .forEach(freezes::add);
            }
            return List.copyOf(freezes);
        }

        private List<Planned> restarts(Random random) {
            var restarts = new ArrayList<Planned>();
            windows(RESTART_WINDOW).forEach(w -> {
                var earliest = restarts.isEmpty()
                        ? Duration.ZERO
                        : restarts.getLast().at().plus(BETWEEN_RESTARTS);
                var restart = new Fault.Restart(
                        random.nextBoolean() ? Fault.Restart.How.IMMEDIATE : Fault.Restart.How.KILLED);
                var drawn = apart(w, RESTART_WINDOW, earliest, random, restart);
                if (drawn.at().compareTo(earliest) >= 0) restarts.add(drawn);
            });
            return restarts;
        }

        /** At a steady beat, killed and frozen by chance. */
        private List<Planned> leaders(Random random) {
            return windows(LEADER_WINDOW)
                    .mapToObj(w -> new Planned(
                            Duration.ofSeconds(w * LEADER_WINDOW + LEADER_WINDOW / 3),
                            new Fault.Leader(random.nextBoolean() ? Duration.ZERO : millis(random, 14_000, 18_000))))
                    .toList();
        }

        private List<Planned> blackHoles(Random random) {
            var holes = new ArrayList<Planned>();
            windows(50).forEach(w -> {
                var whose = whose(random);
                var length = switch (whose) {
                    case Whose.Node node -> millis(random, 3_000, 18_000);
                    case Whose.AllNodes all -> millis(random, 2_000, 14_000);
                    case Whose.Producers producers -> millis(random, 1_000, 6_000);
                };
                holes.add(apart(w, 50, Duration.ZERO, random, new Fault.BlackHole(whose, length)));
            });
            return holes;
        }

        private List<Planned> fullDisks(Random random) {
            var full = new ArrayList<Planned>();
            windows(70)
                    .forEach(w -> full.add(
                            apart(w, 70, Duration.ZERO, random, new Fault.FullDisk(millis(random, 2_000, 6_000)))));
            return full;
        }

        /** Somewhere in its window where it meets no freeze; where there is no such place, anywhere. */
        private Planned apart(int window, int length, Duration earliest, Random random, Fault fault) {
            Planned drawn;
            int tries = 0;
            do {
                drawn = new Planned(at(window, length, 0.05 + 0.9 * random.nextDouble()), fault);
            } while (++tries < 100 && (drawn.at().compareTo(earliest) < 0 || (tries < 50 && meetsFreeze(drawn))));
            return drawn;
        }

        private boolean meetsFreeze(Planned drawn) {
            return freezes.stream().anyMatch(freeze -> meet(freeze, drawn));
        }

        private static boolean meet(Planned one, Planned other) {
            return one.at().minus(SPARED).compareTo(other.end()) < 0
                    && other.at().compareTo(one.end().plus(SPARED)) < 0;
        }

        // ---- who, and how much

        private int seat(Random random) {
            return random.nextInt(plan.nodes());
        }

        private Whose whose(Random random) {
            int of20 = random.nextInt(20);
            if (of20 < 13) return new Whose.Node(seat(random));
            return of20 < 17 ? new Whose.Producers() : new Whose.AllNodes();
        }

        private static Duration millis(Random random, int least, int most) {
            return Duration.ofMillis(least + random.nextInt(most - least));
        }

        /** From a second to two days, spread evenly over the orders of magnitude between. */
        private static Duration step(Random random) {
            var step = Duration.ofMillis(Math.round(1000 * Math.exp(random.nextDouble() * Math.log(2 * 86_400))));
            return random.nextBoolean() ? step : step.negated();
        }
    }
}
