package dev.millrace;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a build can read the jobs that wait for it: what {@link NodeBuilder#check} found. Immutable.
 *
 * @param kinds by name and version
 * @param complete whether all jobs that wait were looked at; if there are many, it is a sample
 */
public record Check(List<OfKind> kinds, boolean complete) {

    public Check {
        kinds = List.copyOf(kinds);
    }

    /**
     * The jobs of one kind and version.
     *
     * @param looked how many were looked at
     * @param refused how many of them this node could not read; they would wait, and say so
     * @param example one of those; null if there is none
     * @param why what is wrong with it; null if nothing is
     */
    public record OfKind(
            String kind,
            int version,
            int looked,
            int refused,
            @Nullable JobId example,
            @Nullable String why) {

        @Override
        public String toString() {
            var whole = "%s version %d: %,d of %,d".formatted(kind, version, looked - refused, looked);
            return refused == 0 ? whole + " can be read" : "%s can be read. Job %s: %s".formatted(whole, example, why);
        }
    }

    /** How many of the jobs that were looked at this node could not read. */
    public int refused() {
        return kinds.stream().mapToInt(OfKind::refused).sum();
    }

    /** Whether this node could read everything that was looked at. */
    public boolean passed() {
        return refused() == 0;
    }

    /**
     * For who deploys only what passes.
     *
     * @throws MillraceException if something could not be read; it says what, and what to do
     */
    public Check orThrow() {
        if (passed()) return this;
        throw new MillraceException(
                "This build could not read %,d of the jobs that wait; they would be left waiting. %s"
                        .formatted(
                                refused(),
                                kinds.stream()
                                        .filter(kind -> kind.refused() > 0)
                                        .map(OfKind::toString)
                                        .collect(Collectors.joining(" "))));
    }

    /** For people: a line for each kind and version. */
    @Override
    public String toString() {
        if (kinds.isEmpty()) return "No jobs wait.";
        return kinds.stream().map(OfKind::toString).collect(Collectors.joining("\n"))
                + (complete ? "" : "\nMore wait than were looked at.");
    }
}
