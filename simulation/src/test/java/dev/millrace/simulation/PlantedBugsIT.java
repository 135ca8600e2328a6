package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.Schedules.Schedule;
import dev.millrace.simulation.Simulation.Failure;
import dev.millrace.simulation.store.Bug;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each bug that can be planted into the protocol is seen, by the invariant that it breaks, and each invariant sees one.
 *
 * <p>With {@code -Dmillrace.planted.hits=5} each bug is caught five times, from seed 1 on, and the table of the reliability guide is printed.
 */
@Execution(ExecutionMode.CONCURRENT)
class PlantedBugsIT {

    /** A checker that has not seen its bug after so many seeds does not see it. */
    private static final int ENOUGH = 2_000;

    private static final int HITS = Integer.getInteger("millrace.planted.hits", 1);

    /** Bugs that are planted alone, by name, and of which the seeds are told that see them; empty for all. */
    private static final List<String> ONLY = names(System.getProperty("millrace.planted.only", ""));

    private static final String CLAIMED_ONCE = "a delivery is claimed once";
    private static final String ONE_OUTCOME = "a delivery has one outcome";
    private static final String FENCED = "a deposed node changes nothing";
    private static final String STARTED_ONCE = "a delivery starts once, within its node's slots";
    private static final String MANIFESTS = "a manifest names all that is open";
    private static final String ATTEMPTS = "attempts and rescues stay within limits";
    private static final String FRONT = "rescued and handed-back deliveries go to the front";
    private static final String NEIGHBOURS = "the neighbours of a poisonous job are spared";
    private static final String LIVING = "no living node is deposed";
    private static final String RECOVERED = "a dead node's work runs elsewhere in time";
    private static final String COLLIDES = "steps never collide";
    private static final String STATES = "states follow the one table";
    private static final String RAN = "nothing is completed that has not run";
    private static final String WRITTEN = "of each delivery one ending is written";
    private static final String PASSED_OVER = "a look for timers passes over nothing";
    private static final String EXACTLY = "an effect that is committed with its outcome happens once";
    private static final String WHY = "every answer to why a job is not running is true";
    private static final String SLOTS = "each slot of a schedule is one job";
    private static final String UNIQUE = "of a unique key there is one job at a time";
    private static final String CHANGED = "a change of many jobs changes each once";
    private static final String FOLLOWED = "a batch is followed once, when all of its parts have ended";
    private static final String AFTER =
            "a job that runs after others starts when they have ended, in time, and if none failed";
    private static final String IN_LINE = "jobs of a key run in order, and within its limit";
    private static final String IDLE = "at the end nothing is held";
    private static final String POISON = "poison is stopped";
    private static final String IN_FLEET = "no more run at once than the fleet's numbers let";
    private static final String IN_RATE = "jobs of a key start within its rate";
    private static final String PAUSED = "what is paused does not start";
    private static final String KINDS = "a kind runs as often as it may on a node";
    private static final String HEARD = "what operators say reaches each node in two seconds";
    private static final String SHARES = "tenants that have much start by their shares";
    private static final String STARVES = "nobody starves beside a flood";
    private static final String BOUNDS = "nodes stay within bounds, and fail only as they may";
    private static final String LOST = "nothing acknowledged is lost, and each job ends once";

    /**
     * A bug, and what must come of it.
     *
     * @param schedule what a seed plays: the standard mix, another one, or a moment made for it
     * @param made whether the schedule was made for it
     * @param from the first seed: where a bug needs a rare moment, one near to where it is known to come
     * @param invariants one of which must break first
     */
    record Planted(Bug bug, Schedule schedule, boolean made, long from, Set<String> invariants) {

        Planted by(Schedule other) {
            return new Planted(bug, other, true, from, invariants);
        }

        Planted with(String workloads, String disasters) {
            return with(workloads, disasters, Scenario.JOBS);
        }

        /** The same, with more jobs than are usual. */
        Planted with(String workloads, String disasters, int jobs) {
            return new Planted(
                    bug,
                    (seed, bugs) -> fleet(
                            Scenario.seed(seed)
                                    .withWorkloads(names(workloads))
                                    .withDisasters(names(disasters))
                                    .withJobs(jobs),
                            bugs),
                    false,
                    from,
                    invariants);
        }

        Planted from(long seed) {
            return new Planted(bug, schedule, made, seed, invariants);
        }

        @Nullable
        Failure play(long seed) {
            return schedule.play(seed, Set.of(bug));
        }

        @Override
        public String toString() {
            return bug.name();
        }
    }

    private static List<String> names(String list) {
        return list.isEmpty() ? List.of() : Arrays.asList(list.split(","));
    }

    private static Planted breaks(Bug bug, String... invariants) {
        return new Planted(
                bug, (seed, bugs) -> fleet(Scenario.seed(seed), bugs), false, 1, new TreeSet<>(List.of(invariants)));
    }

    static Stream<Planted> planted() {
        return bugs().filter(
                        planted -> ONLY.isEmpty() || ONLY.contains(planted.bug().name()));
    }

    static Stream<Planted> bugs() {
        return Stream.of(
                breaks(Bug.CLAIM_AFTER_OWN_WRITE, LOST, RECOVERED).from(717),
                breaks(Bug.CLAIM_WITHOUT_FENCE, FENCED).from(40),
                breaks(Bug.NO_NEW_ANCHORS, LOST),
                breaks(Bug.FIRST_ANCHOR_IN_PRODUCER, LOST, COLLIDES),
                breaks(Bug.VOID_WITHOUT_POSITION, LOST),
                breaks(Bug.VOID_WITH_ROWS, CLAIMED_ONCE),
                breaks(Bug.TOKEN_NOT_PROBED, COLLIDES, MANIFESTS),
                breaks(Bug.POLL_LOOKS_AHEAD_ONLY, LOST),
                breaks(Bug.SLOW_PRODUCERS_SKIPPED, CLAIMED_ONCE),
                breaks(Bug.ROWS_BEFORE_SNAPSHOT, LOST),
                breaks(Bug.EMPTY_WINDOW_STALLS, LOST),
                breaks(Bug.CLAIM_IGNORES_WANT, CLAIMED_ONCE, BOUNDS),
                breaks(Bug.MANIFEST_AHEAD, LOST),
                breaks(Bug.FLUSH_WITHOUT_FENCE, FENCED),
                breaks(Bug.FENCE_IN_ONE_STATEMENT, FENCED, RECOVERED).from(705),
                breaks(Bug.LOSERS_HAVE_EFFECTS, LOST, STATES, EXACTLY, ATTEMPTS),
                breaks(Bug.USER_FENCE_WITHOUT_ROW_LOCK, FENCED).by(Schedules::anOldSnapshotEndsALostDelivery),
                breaks(Bug.OUTCOME_IN_CURRENT_PART, LOST, FRONT, ATTEMPTS, EXACTLY, ONE_OUTCOME),
                breaks(Bug.FLUSH_WITHOUT_CLAIM, CLAIMED_ONCE).by(Schedules::anothersDeliveryIsEnded),
                breaks(Bug.OUTCOME_BELOW_THE_LIVE_PARTITION, BOUNDS, FENCED)
                        .with("exact", "freeze,freeze-for-ever,cut-off")
                        .from(270),
                breaks(Bug.OUTCOME_WITHOUT_TOKEN, ONE_OUTCOME),
                breaks(Bug.FLUSH_WITHOUT_ENDINGS_LOCK, ONE_OUTCOME, WRITTEN).by(Schedules::aFlushMeetsItsRepetition),
                breaks(Bug.BATCH_LOOKS_AT_NOTHING, ONE_OUTCOME, WRITTEN).from(206),
                breaks(Bug.ROW_OVER_BATCH, ONE_OUTCOME, WRITTEN).by(Schedules::aFlushIsRepeatedInPieces),
                breaks(Bug.CONTESTED_IN_A_BATCH, WRITTEN).by(Schedules::aHandlersOwnEndingIsFlushed),
                breaks(Bug.RETRIES_COST_NOTHING, ATTEMPTS),
                breaks(Bug.COMPLETE_WITHOUT_WINNING, EXACTLY).from(268),
                breaks(Bug.OUTCOMES_MIXED_UP, RAN, LOST, WHY),
                breaks(Bug.HANDED_BACK_AS_DONE, RAN, LOST)
                        .with("bulk,mixed", "drain,kill")
                        .from(612),
                breaks(Bug.HOLDERS_LEFT_ALONE, RECOVERED).with("exact", "freeze,freeze-for-ever,cut-off"),
                breaks(Bug.RESCUED_TO_THE_TAIL, FRONT),
                breaks(Bug.UNRUNNABLE_HANDED_BACK, ATTEMPTS),
                breaks(Bug.MARKS_FORGOTTEN, POISON),
                breaks(Bug.FIRST_DEATH_DISCARDS, NEIGHBOURS),
                breaks(Bug.CHARGES_NOT_TOLD, NEIGHBOURS),
                breaks(Bug.BEAT_IN_NODE_ROW, RECOVERED).with("exact", "freeze,freeze-for-ever,cut-off"),
                breaks(Bug.WITNESSES_FORGOTTEN, RECOVERED).with("mixed", "kill,freeze,freeze-for-ever"),
                breaks(Bug.DEPOSED_NEVER_GONE, IDLE).with("mixed", "drain"),
                breaks(Bug.RESCUER_NOT_FENCED, FENCED).by(Schedules::theDeposedRescue),
                breaks(Bug.NODE_LOCKS_IN_ANY_ORDER, COLLIDES).by(Schedules::twoDeposeEachOther),
                breaks(Bug.DEPOSED_THOUGH_IT_BEATS, LIVING).by(Schedules::aBeatComesInTime),
                breaks(Bug.LEASE_OUTLIVES_FAILOVER, LOST).with("mixed,exact,bulk", "failover,kill"),
                breaks(Bug.YOUNG_DEATHS_FORGOTTEN, POISON).with("poison", ""),
                breaks(Bug.TIMERS_DELETED_APART, LOST),
                breaks(Bug.TIMER_FLOOR_PASSES_OPEN_TRANSACTIONS, PASSED_OVER),
                breaks(Bug.PAUSES_NOT_TOLD, WHY),
                breaks(Bug.CANCEL_LOOKS_AT_NOTHING, STATES, WRITTEN),
                breaks(Bug.CANCEL_WITHOUT_ENDINGS_LOCK, WRITTEN).by(Schedules::aCancelMeetsAFlush),
                breaks(Bug.CANCEL_WITHOUT_STREAM_LOCK, WRITTEN).by(Schedules::aCancelMeetsAClaim),
                breaks(Bug.PARTITION_REMEMBERED, COLLIDES),
                breaks(Bug.CLAIMS_DROPPED_BY_THEIR_OWN_NUMBER, FENCED).by(Schedules::aClaimReachesIntoTheNextPartition),
                breaks(Bug.LIVE_RAISED_TOO_EARLY, LOST, ONE_OUTCOME)
                        .with("mixed,exact,bulk,slow-producers,stranded", "kill,freeze,stall"),
                breaks(Bug.CLAIMED_ROWS_MOVED, ONE_OUTCOME).by(Schedules::aDeliveryOutlivesRetention),
                breaks(Bug.SLOT_WITHOUT_KEY, SLOTS).with("slots", "flaky,kill,terminate"),
                breaks(Bug.SCHEDULES_OF_THE_DEAD, SLOTS).with("slots", "kill"),
                breaks(Bug.ONLY_THE_NEWEST_SLOT, SLOTS).with("slots", "kill,freeze,stall"),
                breaks(Bug.PAUSE_OF_A_SCHEDULE_NOT_LOOKED_AT, SLOTS).with("slots", ""),
                breaks(Bug.CHANGED_IN_THE_SAME_TERM, SLOTS).with("slots", "freeze,stall"),
                breaks(Bug.TERMS_OF_A_REMOVED_SCHEDULE_COME_AGAIN, SLOTS)
                        .by(Schedules::aSlotIsFiredAfterItsScheduleWasMadeAnew),
                breaks(Bug.ASKED_RUN_REPEATED, SLOTS).with("slots", "flaky,terminate"),
                breaks(Bug.HOLDER_LOOKED_AT_WITH_ITS_LOCK, UNIQUE).with("unique-sends", ""),
                breaks(Bug.KEY_TAKEN_OVER_WITHOUT_LOCK, UNIQUE).with("unique-sends", ""),
                breaks(Bug.HOLDER_THAT_WAITS_TAKEN_FOR_GONE, UNIQUE).with("unique-sends", ""),
                breaks(Bug.KEY_NEVER_GIVEN_UP, UNIQUE).with("unique-sends", ""),
                breaks(Bug.CHANGES_WHAT_HAS_GONE, UNIQUE).from(455).with("unique-sends", ""),
                breaks(Bug.CHANGE_WITHOUT_LOCK, CHANGED).with("bulk-changes", ""),
                breaks(Bug.REQUEUED_WITHOUT_LOCK, CHANGED).from(3398).with("bulk-changes", "stall,slow-store"),
                breaks(Bug.BATCH_WITHOUT_LOCK, FOLLOWED).with("batches", "slow-store"),
                breaks(Bug.BATCH_SUM_WITH_ITS_LOCK, FOLLOWED).with("batches", "slow-store"),
                breaks(Bug.BATCH_LOSERS_COUNTED, FOLLOWED).with("batches", "flaky"),
                breaks(Bug.BATCH_RETRIES_COUNTED, FOLLOWED).with("batches", ""),
                breaks(Bug.BATCH_COUNTED_APART, FOLLOWED).with("batches", ""),
                breaks(Bug.BATCH_FOLLOWED_TWICE, FOLLOWED).with("batches", ""),
                breaks(Bug.BATCH_COUNTS_NEVER_LOOKED_AT, FOLLOWED).with("batches", ""),
                breaks(Bug.BATCH_FOLDED_IN_TWO_STATEMENTS, FOLLOWED).with("batches", "slow-store"),
                breaks(Bug.BATCH_GROWS_WITHOUT_LOCK, FOLLOWED).with("batches", ""),
                breaks(Bug.OWNER_NOT_ASKED, IN_LINE).by(Schedules::aClaimComesAfterItsShardWasGivenUp),
                breaks(Bug.TAKEN_OVER_BEFORE_THE_RESCUE, IN_LINE).from(2000).with("lines", "kill,slow-store"),
                breaks(Bug.GIVEN_UP_TOO_EARLY, IN_LINE).by(Schedules::aShardIsGivenUpWhileItsJobRuns),
                breaks(Bug.RETRIED_TO_THE_TAIL, IN_LINE).with("lines", "kill,drain"),
                breaks(Bug.FIRST_PLACE_FORGOTTEN, IN_LINE).with("lines", "kill,drain"),
                breaks(Bug.ABSENT_NOT_TOLD, IN_LINE).with("lines", "kill,drain"),
                breaks(Bug.BEHIND_NOT_TOLD, IN_LINE, LOST).with("lines", "kill,drain"),
                breaks(Bug.RECALLED_FROM_THE_END, IN_LINE, ATTEMPTS).with("lines", ""),
                breaks(Bug.LIMIT_MISREAD, IN_LINE).with("lines", ""),
                breaks(Bug.RATE_MISREAD, IN_RATE).with("rates", ""),
                breaks(Bug.ALLOWANCE_FORGOTTEN, IN_RATE).with("rates", ""),
                breaks(Bug.SHARE_GIVEN_BEFORE_IT_IS_LET_GO, IN_FLEET).with("fleet", ""),
                breaks(Bug.SHARE_OF_THE_DEPOSED_GIVEN_AWAY, IN_FLEET).from(30).with("fleet", "kill,slow-store"),
                breaks(Bug.SHARE_SAID_TOO_LATE, IN_FLEET).with("fleet", "stall,slow-store,flaky"),
                breaks(Bug.SIDE_SHARD_NOT_LISTED, LOST).with("tenants", ""),
                breaks(Bug.PAUSES_IGNORED, PAUSED).with("pauses", ""),
                breaks(Bug.KEY_PAUSES_IGNORED, PAUSED).with("pauses", ""),
                breaks(Bug.NUMBERS_IGNORED, IN_RATE, IN_LINE).with("numbers", ""),
                breaks(Bug.KIND_NUMBERS_IGNORED, KINDS).with("numbers", ""),
                breaks(Bug.OPERATORS_HEARD_LATE, HEARD).with("pauses", ""),
                breaks(Bug.FLOODS_NOT_SET_ASIDE, STARVES, SHARES).from(5).with("floods", "", 600),
                breaks(Bug.SHARES_FORGOTTEN, SHARES).with("floods", "", 1_000),
                breaks(Bug.NO_AGEING, STARVES).with("floods", "", 600),
                breaks(Bug.BLOCKER_RETRIES_TAKEN_FOR_ENDS, AFTER).with("after", ""),
                breaks(Bug.BLOCKER_FAILURES_IGNORED, AFTER).with("after", ""),
                breaks(Bug.DEPENDENT_LET_GO_BY_THE_FIRST, AFTER).with("after", ""),
                breaks(Bug.BLOCKERS_LOOKED_AT_FROM_THE_FIRST, AFTER).with("after", ""),
                breaks(Bug.DEPENDENT_PUT_BACK_WITHOUT_A_LOOK, AFTER).from(30).with("after", ""),
                breaks(Bug.UNKNOWN_ENQUEUE_REPEATED, LOST, FRONT),
                breaks(Bug.ANSWERED_BY_ANOTHERS_COMMIT, LOST),
                breaks(Bug.UNKNOWN_GROUP_TRIED_ALONE, LOST, FRONT),
                breaks(Bug.UNKNOWN_TAKEN_FOR_ROLLED_BACK, LOST, MANIFESTS),
                breaks(Bug.ACKNOWLEDGED_BEFORE_DURABLE, STARTED_ONCE, MANIFESTS));
    }

    @BeforeAll
    static void what_nodes_say_about_disasters_is_not_news() {
        Logger.getLogger("dev.millrace.node").setLevel(Level.OFF);
    }

    @ParameterizedTest
    @MethodSource("planted")
    void the_invariants_see(Planted planted) {
        var gaps = new ArrayList<Long>();
        var broken = new TreeMap<String, Integer>();
        long last = (HITS > 1 ? 1 : planted.from) - 1;
        for (long seed = last + 1; gaps.size() < HITS && seed <= last + ENOUGH; seed++) {
            var failure = planted.play(seed);
            if (failure == null) continue;
            gaps.add(seed - last);
            broken.merge(failure.invariant(), 1, Integer::sum);
            last = seed;
            if (!ONLY.isEmpty()) System.out.printf("%s is seen by seed %d%n", planted, seed);
        }

        assertThat(gaps).as("seeds until %s was seen", planted.bug).hasSize(HITS);
        assertThat(planted.invariants).containsAll(broken.keySet());
        if (HITS > 1) tell(planted, gaps, broken.keySet());
    }

    private static @Nullable Failure fleet(Scenario scenario, Set<Bug> bugs) {
        return Simulation.of(scenario).with(bugs).run().broken();
    }

    private static void tell(Planted planted, List<Long> gaps, Set<String> broken) {
        gaps.sort(Comparator.naturalOrder());
        System.out.printf("| `%s` | %s | %d |%n", planted.bug, String.join("; ", broken), gaps.get(gaps.size() / 2));
    }

    static Stream<Planted> madeSchedules() {
        return bugs().filter(Planted::made);
    }

    @ParameterizedTest
    @MethodSource("madeSchedules")
    void without_the_bug_a_schedule_that_was_made_for_it_breaks_nothing(Planted planted) {
        for (long seed = 1; seed <= 5; seed++)
            assertThat(planted.schedule.play(seed, Set.of()))
                    .as("seed %d", seed)
                    .isNull();
    }

    @Test
    void no_bug_is_forgotten() {
        assertThat(bugs().map(Planted::bug)).containsExactlyInAnyOrder(Bug.values());
    }

    @Test
    void no_invariant_is_without_a_bug_that_it_sees() {
        assertThat(bugs().flatMap(planted -> planted.invariants.stream()).distinct())
                .containsExactlyInAnyOrderElementsOf(Simulation.invariantNames());
    }
}
