package dev.millrace.benchmarks;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.benchmarks.trial.Regime;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A goal, and whether it was met.
 *
 * @param ours what was measured, in the goal's own words; why not, if it was not
 * @param rawLimit what the database could do at best, for people; empty where there is no such limit
 * @param peers what peers did, by name, for people
 * @param value the number that was held against the goal; null if it was not measured
 */
public record Judgement(
        Regime regime,
        String goal,
        String ours,
        String rawLimit,
        Map<String, String> peers,
        @Nullable Double value,
        Verdict verdict) {

    /** What became of a goal. */
    public enum Verdict {
        MET,
        NOT_MET,
        NOT_MEASURED;

        /** For people, and in JSON. */
        @JsonValue
        public String words() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }
}
