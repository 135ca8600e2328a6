package dev.millrace.app.cli;

import picocli.CommandLine.Option;

/** The options of every command. A picocli mixin. */
public final class Common {

    @Option(names = "--json", description = "One JSON value on standard output, and nothing else.")
    boolean json;

    @Option(names = "--verbose", description = "Show the stack trace of an error.")
    boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    boolean help;

    /** Whether a program reads the output. */
    public boolean json() {
        return json;
    }
}
