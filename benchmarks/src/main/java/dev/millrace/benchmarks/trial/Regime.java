package dev.millrace.benchmarks.trial;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.MillraceException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A way of working that is measured apart, with its usual sizes. */
public enum Regime {
    BURN_DOWN(true, "a backlog of jobs that do nothing is enqueued in bulk, and then run by one node") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000_000).withSlots(4_000);
        }
    },
    ENQUEUE(true, "jobs are enqueued in bulk, and not run") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000_000);
        }
    },
    SUSTAINED(true, "callers enqueue one job per call as fast as they can, while workers run in the same process") {
        @Override
        public Sizes sizes() {
            return BASE.withSeconds(20).withCallers(32).withSlots(4_000);
        }
    },
    TRANSACTIONAL(false, "one job in each of the user's transactions, beside the same with a plain row instead") {
        @Override
        public Sizes sizes() {
            return BASE.withSeconds(24).withCallers(8);
        }
    },
    IDLE(true, "one job every 10 ms, from the enqueue to the start of its handler; then nothing at all") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000).withSeconds(15);
        }
    },
    HANDLERS(false, "handlers of 1 ms and of 50 ms, many at once: how much of their slots' time is used") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(200_000).withSlots(1_000);
        }
    },
    HELD_HORIZON(false, "a steady stream; in the middle third of the time somebody holds a snapshot") {
        @Override
        public Sizes sizes() {
            return BASE.withSeconds(180).withPerSecond(5_000);
        }
    },
    BACKLOG(false, "run and pick-up while many jobs wait, and after they have ended, beside a small database") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(200_000).withBacklog(1_000_000).withSlots(4_000);
        }
    },
    TIMERS(false, "every job is delayed by one second; without a held snapshot, and with one") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(200_000).withSlots(4_000);
        }
    },
    NODES(false, "1, 2, 4 and 8 nodes, each a process, on one database") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(1_000_000).withNodes(8).withSlots(1_000).withSeconds(8);
        }
    },
    FEATURES(false, "what each feature costs the jobs that use it: slices of jobs with it take turns with plain ones") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(100_000).withSlots(4_000);
        }
    },
    SEATS(
            false,
            "200 buyers want one of 50 seats, most of them the same ten: in order by seat, and by a version in its row") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(20_000).withSlots(8).withLimitSeconds(1_800);
        }
    },
    FAIRNESS(
            false,
            "a thousand tenants with little to do, before and beside one that has more to do than the node can run") {
        @Override
        public Sizes sizes() {
            return BASE.withJobs(200_000).withSlots(50).withPerSecond(2_000).withSeconds(20);
        }
    },
    SOAK(false, "a steady stream for an hour; in the middle half of it somebody holds a snapshot") {
        @Override
        public Sizes sizes() {
            return BASE.withSeconds(3_600).withHeldSeconds(1_800).withPerSecond(5_000);
        }
    };

    /** Each contender gets a minute for each phase, as the goals say. */
    private static final int LIMIT_SECONDS = 60;

    private static final Sizes BASE = new Sizes(1_000, 1, 0, 1, 100, 0, 100, 1, LIMIT_SECONDS);

    private final boolean peers;
    private final String words;

    Regime(boolean peers, String words) {
        this.peers = peers;
        this.words = words;
    }

    /** What is usual. */
    public abstract Sizes sizes();

    /** Whether peers can play it too. */
    public boolean forPeers() {
        return peers;
    }

    /** Those that are measured when all are. A soak alone takes as long as the others together; what is in features and seats is held against each other, not against goals. */
    public static List<Regime> ofAll() {
        return ofAll(false);
    }

    /**
     * The same.
     *
     * @param brief whether it is only to be seen that everything works: then all are played but the soak, which has nothing to show in brief
     */
    public static List<Regime> ofAll(boolean brief) {
        return Arrays.stream(values())
                .filter(regime -> regime != SOAK && (brief || (regime != FEATURES && regime != SEATS)))
                .toList();
    }

    /** Whether there is something to compare with that has no engine at all. */
    public boolean hasRawLimit() {
        return this == BURN_DOWN || this == ENQUEUE || this == SUSTAINED;
    }

    /** What happens in it. */
    public String words() {
        return words;
    }

    /** Its name on the command line and in reports. */
    @JsonValue
    public String wireName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one of this name. */
    @JsonCreator
    public static Regime of(String wireName) {
        return Arrays.stream(values())
                .filter(regime -> regime.wireName().equals(wireName))
                .findFirst()
                .orElseThrow(() -> new MillraceException("There is no regime \"%s\"; there are: %s."
                        .formatted(
                                wireName,
                                String.join(
                                        ", ",
                                        Arrays.stream(values())
                                                .map(Regime::wireName)
                                                .toList()))));
    }
}
