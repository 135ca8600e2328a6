package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/** The sorts of faults, by the names that {@code --faults} takes. */
enum FaultKind {
    /** SIGKILL to a node process; a new one takes its place. */
    KILL(1),
    /** SIGSTOP to a node process for longer than a lease, then SIGCONT. */
    FREEZE(2),
    /** {@code pg_terminate_backend} for some of a process's connections. */
    TERMINATE(3),
    /** The server stops without a shutdown, and is started again. */
    RESTART(4),
    /** Connections end in order, at any moment. */
    CUT(5),
    /** Connections break. */
    RESET(6),
    /** Connections end after so many more bytes one way: in the midst of a question, or of its answer. */
    CUT_AFTER(7),
    /** Nothing goes through for a while, and nobody is told. */
    BLACK_HOLE(8),
    /** All that goes through is slow for a while. */
    DELAY(9),
    /** The file system of the database's tables is full for a while. */
    DISK(10),
    /** A node's wall clock jumps, forth or back. */
    CLOCK(11),
    /** SIGKILL or SIGSTOP to the process that fires the run's schedule, every 30 seconds. */
    LEADER(12);

    private final int number;

    FaultKind(int number) {
        this.number = number;
    }

    /** Its own random source in a run with this seed. Numbers never change, so that old seeds keep their schedules. */
    Random random(long seed) {
        long mixed = (seed * 1_000_003 + number) * 0x9E3779B97F4A7C15L; // near seeds of Random begin alike
        return new Random(mixed ^ (mixed >>> 29));
    }

    /** Its name in options, logs and reports. */
    String wireName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether it needs a server that is ours to stop. */
    boolean needsOwnServer() {
        return this == RESTART || this == DISK;
    }

    /** All that are done unless somebody chooses. */
    static Set<FaultKind> usual() {
        return EnumSet.allOf(FaultKind.class);
    }

    /** The names that a person typed, with commas between. */
    static Set<FaultKind> parse(String list) {
        var kinds = EnumSet.noneOf(FaultKind.class);
        for (var word : list.split(",", -1)) {
            kinds.add(Arrays.stream(values())
                    .filter(kind -> kind.wireName().equals(word.strip()))
                    .findFirst()
                    .orElseThrow(() -> new MillraceException("\"%s\" is not a fault that torture knows: %s."
                            .formatted(word.strip(), names(EnumSet.allOf(FaultKind.class))))));
        }
        return kinds;
    }

    static String names(Set<FaultKind> kinds) {
        return kinds.stream().map(FaultKind::wireName).collect(Collectors.joining(","));
    }
}
