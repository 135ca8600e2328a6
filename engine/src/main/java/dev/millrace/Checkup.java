package dev.millrace;

import dev.millrace.Finding.Severity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@link Operations#doctor} found: a picture of one moment, made of several looks that each took a moment of their own. Immutable.
 *
 * @param at when it was made, on the store's clock
 * @param findings what is wrong or will be, the weightiest first; empty if nothing was found
 * @param lookedAt all that was looked at, at least in part; what this store has not, such as replication slots in memory, is not among it
 * @param figures what was seen besides, in a fixed order: each a {@code String}, {@code Long}, {@code Double} or {@code Boolean}. What is not known
 *     is absent, never zero
 */
public record Checkup(Instant at, List<Finding> findings, List<Finding.Type> lookedAt, Map<String, Object> figures) {

    public Checkup {
        findings = List.copyOf(findings);
        lookedAt = List.copyOf(lookedAt);
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    }

    /**
     * The same with what somebody else has looked at, such as the disk of an embedded server.
     *
     * @param more what was found there
     * @param lookedAt what it was
     */
    public Checkup plus(List<Finding> more, List<Finding.Type> lookedAt) {
        var all = new ArrayList<>(findings);
        all.addAll(more);
        all.sort(Comparator.comparing(Finding::severity));
        return new Checkup(
                at,
                all,
                Stream.concat(this.lookedAt.stream(), lookedAt.stream())
                        .distinct()
                        .sorted()
                        .toList(),
                figures);
    }

    /** Whether all was looked at and nothing is wrong. Notices do not count. */
    public boolean healthy() {
        return verdict() == Verdict.HEALTHY;
    }

    /** All of it in a word. */
    public Verdict verdict() {
        var verdict = Verdict.HEALTHY;
        for (var finding : findings) {
            if (finding.severity() == Severity.CRITICAL || finding.severity() == Severity.WARNING)
                return Verdict.UNHEALTHY;
            if (finding.severity() == Severity.UNKNOWN) verdict = Verdict.UNKNOWN;
        }
        return verdict;
    }

    /** All of it in a word. */
    public enum Verdict {
        /** Nothing is wrong, and all of it was looked at. */
        HEALTHY,
        /** Nothing is wrong as far as could be looked. */
        UNKNOWN,
        /** Something is wrong, or will be. */
        UNHEALTHY
    }
}
