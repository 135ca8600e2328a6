package dev.millrace.app.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.CommandLineFixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Playing fleets from the command line. */
class SimulateCommandTest {

    private final CommandLineFixture line = new CommandLineFixture();

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    @Test
    void a_seed_is_told_line_by_line_and_ends_with_what_was_found() {
        var ran = line.run("simulate", "--seed", "7", "--jobs", "20");

        assertThat(ran.exit()).isZero();
        assertThat(ran.out()).contains("node 1 joins").contains("every invariant held");
    }

    @Test
    void a_seed_has_the_same_hash_each_time_and_another_seed_another_one() {
        var once = json(
                line.run("simulate", "--seed", "7", "--jobs", "20", "--json").out());
        var again = json(
                line.run("simulate", "--seed", "7", "--jobs", "20", "--json").out());
        var other = json(
                line.run("simulate", "--seed", "8", "--jobs", "20", "--json").out());

        assertThat(again).isEqualTo(once);
        assertThat(other.get("hash")).isNotEqualTo(once.get("hash"));
    }

    @Test
    void many_seeds_are_counted_also_as_json() {
        var report =
                json(line.run("simulate", "--seeds", "5", "--drawn", "--json").out());

        assertThat(report.get("seeds").intValue()).isEqualTo(5);
        assertThat(report.get("failures").intValue()).isZero();
        assertThat(report.get("seconds").doubleValue()).isPositive();
    }

    @Test
    void help_names_all_there_is() {
        assertThat(line.run("simulate", "--help").out())
                .contains("slow-producers")
                .contains("freeze-for-ever")
                .contains("failover");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --seed 1 --seeds 2                   | not both
            --seeds 0                            | 1 to 10,000,000
            --seed 1 --nodes 21                  | 1 to 20
            --seed 1 --minutes 0                 | 0.05 to 600
            --seed 1 --workload mixt             | There are: mixed
            --seed 1 --disasters flood           | There are: kill
            --drawn --disasters kill             | leave --drawn out
            --seeds 5 --from 9223372036854775807 | begin lower
            """)
    void what_makes_no_sense_is_refused_with_what_would(String arguments, String said) {
        var ran = line.run(("simulate " + arguments).split(" "));

        assertThat(ran.exit()).isNotZero();
        assertThat(ran.err()).contains(said);
    }
}
