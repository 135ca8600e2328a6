package dev.millrace.app.torture;

import dev.millrace.app.torture.proxy.Direction;
import java.time.Duration;
import java.util.Locale;

/** Something that goes wrong. Its text says what and on whom, for the schedule and the log. */
sealed interface Fault {

    FaultKind kind();

    /** How long it lasts; zero if it is over at once. */
    default Duration length() {
        return Duration.ZERO;
    }

    /** Whose connections. */
    sealed interface Whose {

        /** Those of the node process in this seat. */
        record Node(int seat) implements Whose {
            @Override
            public String toString() {
                return "seat " + seat;
            }
        }

        /** Those of all node processes. */
        record AllNodes() implements Whose {
            @Override
            public String toString() {
                return "all nodes";
            }
        }

        /** Those of the producers. */
        record Producers() implements Whose {
            @Override
            public String toString() {
                return "the producers";
            }
        }
    }

    record Kill(int seat) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.KILL;
        }

        @Override
        public String toString() {
            return "kill seat " + seat;
        }
    }

    record Freeze(int seat, Duration length) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.FREEZE;
        }

        @Override
        public String toString() {
            return "freeze seat %d for %s".formatted(seat, text(length));
        }
    }

    /** The server ends some of their connections: at most so many of each process, picked by {@code draw}. */
    record Terminate(Whose whose, int most, long draw) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.TERMINATE;
        }

        @Override
        public String toString() {
            return "terminate up to %d backends of %s".formatted(most, whose);
        }
    }

    record Restart(How how) implements Fault {

        /** How the server is stopped. */
        enum How {
            /** SIGQUIT, which is what {@code pg_ctl stop -m immediate} sends. */
            IMMEDIATE,
            /** SIGKILL to the postmaster. */
            KILLED
        }

        @Override
        public FaultKind kind() {
            return FaultKind.RESTART;
        }

        @Override
        public String toString() {
            return how == How.IMMEDIATE ? "stop the server at once (immediate)" : "kill the postmaster";
        }
    }

    record Cut(Whose whose) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.CUT;
        }

        @Override
        public String toString() {
            return "cut connections of " + whose;
        }
    }

    record Reset(Whose whose) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.RESET;
        }

        @Override
        public String toString() {
            return "reset connections of " + whose;
        }
    }

    record CutAfter(Whose whose, Direction direction, long bytes) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.CUT_AFTER;
        }

        @Override
        public String toString() {
            return "cut connections of %s after %d more bytes %s"
                    .formatted(whose, bytes, direction == Direction.TO_SERVER ? "to the server" : "from the server");
        }
    }

    record BlackHole(Whose whose, Duration length) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.BLACK_HOLE;
        }

        @Override
        public String toString() {
            return "black hole around %s for %s".formatted(whose, text(length));
        }
    }

    record Delay(Whose whose, Duration each, Duration length) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.DELAY;
        }

        @Override
        public String toString() {
            return "delay of %d ms for %s for %s".formatted(each.toMillis(), whose, text(length));
        }
    }

    record FullDisk(Duration length) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.DISK;
        }

        @Override
        public String toString() {
            return "disk full for " + text(length);
        }
    }

    record ClockStep(int seat, Duration step) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.CLOCK;
        }

        @Override
        public String toString() {
            return "clock of seat %d %s by %s".formatted(seat, step.isNegative() ? "back" : "forth", text(step.abs()));
        }
    }

    /** Whoever fires the run's schedule then is frozen for so long; or killed, if that is zero. */
    record Leader(Duration freeze) implements Fault {
        @Override
        public FaultKind kind() {
            return FaultKind.LEADER;
        }

        @Override
        public String toString() {
            return freeze.isZero()
                    ? "kill who fires the schedule"
                    : "freeze who fires the schedule for " + text(freeze);
        }
    }

    private static String text(Duration length) {
        return String.format(Locale.ROOT, "%.1f s", length.toMillis() / 1000.0);
    }
}
