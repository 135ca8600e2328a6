package dev.millrace;

import dev.millrace.QueueView.Depth;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a build can read the jobs that wait for it: what {@link NodeBuilder#check} found. Immutable.
 *
 * @param kinds by name and version
 * @param complete whether all jobs that wait were counted; else there are at least as many as it tells, and there may be further kinds
 */
public record Check(List<OfKind> kinds, boolean complete) {

    public Check {
        kinds = List.copyOf(kinds);
    }

    /** How much is looked at. Immutable. */
    public static final class Options {

        /** What is decoded of a kind and version at most; beyond it the payloads alone are more than fits beside a program. */
        public static final int MOST = 10_000;

        static final Options DEFAULT = new Options(200, false, List.of());

        final int sample;
        final boolean everyQueue;
        final List<String> queues;

        private Options(int sample, boolean everyQueue, List<String> queues) {
            this.sample = sample;
            this.everyQueue = everyQueue;
            this.queues = queues;
        }

        /**
         * How many jobs of each kind and version are decoded at most, the oldest first. Default 200; there are also at most 64 MB of payload.
         *
         * @param jobs 1 to 10,000
         */
        public Options sample(int jobs) {
            return new Options(Bounds.count("The number of jobs of a kind to look at", jobs, MOST), everyQueue, queues);
        }

        /** In all queues there are, whichever the node serves. */
        public Options everyQueue() {
            return new Options(sample, true, List.of());
        }

        /** In these queues, whichever the node serves. */
        public Options queues(Collection<String> names) {
            if (names.isEmpty())
                throw new MillraceException(
                        "queues() names none. Leave it out for those that the node serves; or say everyQueue().");
            return new Options(
                    sample,
                    false,
                    names.stream().map(name -> Bounds.name("A queue", name)).toList());
        }
    }

    /**
     * The jobs of one kind and version.
     *
     * @param waiting how many wait; if there is more than was counted, at least so many
     * @param looked how many of them were looked at
     * @param refused how many of these this node could not read; they would wait, and say so
     * @param handled whether the node has a handler for the kind, of whatever version; if not, all are refused, and may be another program's
     * @param example one that was refused; null if none was
     * @param why what is wrong with it; null if nothing is
     */
    public record OfKind(
            String kind,
            int version,
            Depth waiting,
            int looked,
            int refused,
            boolean handled,
            @Nullable JobId example,
            @Nullable String why) {

        /** Whether all that wait were looked at. */
        public boolean allLookedAt() {
            return waiting.exact() && looked == waiting.count();
        }

        /** In a sentence: how many wait, how many of them were looked at, and how many of these decode; of one that does not, why, which may tell how its payload begins. */
        @Override
        public String toString() {
            return refused == 0 || !handled ? counted() : "%s Job %s: %s".formatted(counted(), example, why);
        }

        /** The same for a log, which others may read: of one that does not decode, its id alone. */
        public String brief() {
            return refused == 0 || !handled ? counted() : "%s Job %s is one of them.".formatted(counted(), example);
        }

        private String counted() {
            var number = "%s%,d".formatted(waiting.exact() ? "" : "at least ", waiting.count());
            var jobs =
                    "waiting job%s of kind \"%s\" version %d".formatted(waiting.count() == 1 ? "" : "s", kind, version);
            if (!handled)
                return "No handler in this build for %s %s. Another program may run them, or nobody does."
                        .formatted(number, jobs);
            if (refused == 0)
                return "%s decode%s with this build.".formatted(all(number, jobs), looked == 1 ? "s" : "");
            var undecoded = "do%s not decode with this build".formatted(refused == 1 ? "es" : "");
            var said = refused == looked
                    ? "%s %s".formatted(all(number, jobs), undecoded)
                    : allLookedAt()
                            ? "%,d of the %s %s %s".formatted(refused, number, jobs, undecoded)
                            : "%,d of the %,d that were looked at %s, of %s %s"
                                    .formatted(refused, looked, undecoded, number, jobs);
            return said + ".";
        }

        /** All that were looked at. */
        private String all(String number, String jobs) {
            if (!allLookedAt())
                return looked == 1
                        ? "The only one of %s %s that was looked at".formatted(number, jobs)
                        : "All %,d of %s %s that were looked at".formatted(looked, number, jobs);
            return looked == 1 ? "The only " + jobs : "All %s %s".formatted(number, jobs);
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

    /** The kinds and versions of which this node handles the kind, and could not read all that was looked at. */
    public List<OfKind> unreadable() {
        return kinds.stream()
                .filter(kind -> kind.handled() && kind.refused() > 0)
                .toList();
    }

    /** The kinds and versions that wait and for which this node has no handler: other programs may have. */
    public List<OfKind> unhandled() {
        return kinds.stream().filter(kind -> !kind.handled()).toList();
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
                + (complete ? "" : "\nMore wait than were counted, and there may be further kinds among them.");
    }
}
