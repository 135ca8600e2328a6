package dev.millrace.app.console;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How a command ended, for scripts. Documented in {@code millrace --help}; a number never changes its meaning. The launcher, before the
 * program takes over, has codes of its own: 69, 70 and 73.
 */
public enum ExitCode {
    OK(0, "done"),
    FAILED(1, "failed; the message says why"),
    USAGE(2, "the command line can't be understood"),
    OUT_OF_MEMORY(3, "out of memory, said by Java itself; MILLRACE_JAVA_OPTS=-Xmx2g gives more"),
    REFUSED(4, "refused: invalid, in conflict, or not possible in this state"),
    DATABASE_UNREACHABLE(5, "the database can't be reached"),
    DATA_DIRECTORY(6, "the data directory can't be used: in use, read-only, full, damaged"),
    PORT_TAKEN(7, "the port is taken"),
    SERVER_GIVEN_UP(8, "the embedded database died again and again"),
    NOT_FOUND(9, "there is no such job, or no such schedule"),
    UNHEALTHY(10, "doctor found something that is wrong, or will be"),
    NOT_KNOWN(11, "doctor found nothing wrong, but could not look at everything"),
    UNREADABLE(12, "check found jobs that the build can't read"),
    INTERRUPTED(130, "interrupted before it was done");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /** What the process exits with. */
    public int number() {
        return number;
    }

    /** One line for people. */
    public String meaning() {
        return meaning;
    }

    /** A name for programs: {@code database-unreachable}. */
    public String wireName() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /** All codes, one a line, indented. */
    public static String table() {
        return Arrays.stream(values())
                .map(code -> "  %3d  %s".formatted(code.number, code.meaning))
                .collect(Collectors.joining("%n".formatted()));
    }
}
