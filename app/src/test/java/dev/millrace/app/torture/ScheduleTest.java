package dev.millrace.app.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.MillraceException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {

    private static final Set<FaultKind> ALL = FaultKind.usual();

    private static TorturePlan plan(int seconds, long seed, Set<FaultKind> faults) {
        return new TorturePlan(seconds, 1_000, 3, 500, Duration.ofSeconds(5), seed, faults);
    }

    @Test
    void the_same_seed_gives_the_same_schedule_and_another_one_another() {
        assertThat(Schedule.of(plan(600, 7, ALL)).text())
                .isEqualTo(Schedule.of(plan(600, 7, ALL)).text())
                .isNotEqualTo(Schedule.of(plan(600, 8, ALL)).text());
    }

    @Test
    void a_schedule_is_the_same_on_every_machine() {
        var some = EnumSet.of(FaultKind.KILL, FaultKind.FREEZE, FaultKind.CLOCK);

        assertThat(Schedule.of(plan(20, 1, some)).text().lines().map(String::strip))
                .containsExactly(
                        "2.7 s  clock of seat 2 back by 5.8 s",
                        "5.0 s  kill seat 2",
                        "5.8 s  freeze seat 2 for 16.2 s",
                        "10.0 s  kill seat 0",
                        "12.4 s  clock of seat 0 back by 115.6 s",
                        "15.0 s  kill seat 0");
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 45, 60, 600})
    void every_sort_of_fault_strikes_however_short_the_run(int seconds) {
        for (long seed = 1; seed <= 50; seed++) {
            var schedule = Schedule.of(plan(seconds, seed, ALL));

            for (var kind : ALL)
                assertThat(schedule.count(kind)).as("%s, seed %d", kind, seed).isPositive();
            assertThat(schedule.faults())
                    .allSatisfy(fault -> assertThat(fault.at()).isLessThan(Duration.ofSeconds(seconds)))
                    .isSortedAccordingTo((one, other) -> one.at().compareTo(other.at()));
        }
    }

    @Test
    void whoever_fires_the_schedule_is_hit_every_30_seconds_if_it_is_asked_for() {
        var schedule = Schedule.of(plan(600, 7, EnumSet.of(FaultKind.LEADER)));

        assertThat(schedule.count(FaultKind.LEADER)).isEqualTo(20);
        assertThat(schedule.faults())
                .extracting(planned -> planned.at().toSeconds() % 30)
                .containsOnly(10L);
        assertThat(schedule.text()).contains("kill who fires the schedule").contains("freeze who fires the schedule");
        assertThat(Schedule.of(plan(600, 7, ALL)).count(FaultKind.LEADER)).isEqualTo(20);
    }

    @Test
    void only_the_faults_that_were_chosen_strike_and_at_the_same_times() {
        var all = Schedule.of(plan(300, 7, ALL)).faults();
        var some = Schedule.of(plan(300, 7, EnumSet.of(FaultKind.CUT, FaultKind.CLOCK)))
                .faults();

        assertThat(some)
                .isNotEmpty()
                .isEqualTo(all.stream()
                        .filter(fault -> Set.of(FaultKind.CUT, FaultKind.CLOCK)
                                .contains(fault.fault().kind()))
                        .toList());
    }

    @Test
    void nobody_is_killed_while_frozen_or_just_woken() {
        for (long seed = 1; seed <= 50; seed++) {
            var faults = Schedule.of(plan(600, seed, ALL)).faults();
            for (var freeze : faults) {
                if (!(freeze.fault() instanceof Fault.Freeze frozen)) continue;
                assertThat(killsOf(frozen.seat(), faults))
                        .noneMatch(at -> at.compareTo(freeze.at()) >= 0
                                && at.compareTo(freeze.end().plus(Schedule.SPARED)) < 0);
            }
        }
    }

    private static List<Duration> killsOf(int seat, List<Schedule.Planned> faults) {
        return faults.stream()
                .filter(planned -> planned.fault().equals(new Fault.Kill(seat)))
                .map(Schedule.Planned::at)
                .toList();
    }

    @Test
    void a_freeze_lasts_longer_than_a_lease() {
        assertThat(Schedule.of(plan(3_600, 3, ALL)).faults())
                .filteredOn(planned -> planned.fault().kind() == FaultKind.FREEZE)
                .hasSize(60)
                .allSatisfy(planned -> assertThat(planned.fault().length()).isGreaterThan(Duration.ofSeconds(13)));
    }

    @Test
    void the_server_lives_for_more_than_a_minute_between_two_deaths() {
        for (long seed = 1; seed <= 50; seed++) {
            var deaths = Schedule.of(plan(600, seed, ALL)).faults().stream()
                    .filter(planned -> planned.fault().kind() == FaultKind.RESTART)
                    .map(Schedule.Planned::at)
                    .toList();
            for (int i = 1; i < deaths.size(); i++)
                assertThat(deaths.get(i).minus(deaths.get(i - 1))).isGreaterThan(Duration.ofSeconds(65));
        }
    }

    @Test
    void a_fault_that_nobody_knows_is_refused_with_those_that_there_are() {
        assertThatThrownBy(() -> FaultKind.parse("kill,earthquake"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("\"earthquake\" is not a fault that torture knows")
                .hasMessageContaining("black-hole");
        assertThat(FaultKind.parse("kill, cut-after")).containsExactly(FaultKind.KILL, FaultKind.CUT_AFTER);
    }
}
