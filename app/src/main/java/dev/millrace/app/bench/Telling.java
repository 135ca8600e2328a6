package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.app.cli.Signals;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Progress;
import org.jspecify.annotations.Nullable;

/** How a measurement speaks with who waits for it: lines, a bar, and whether it is to stop. */
final class Telling {

    private final Shell shell;
    private final Signals signals;
    private final boolean silent;

    /**
     * A way to tell.
     *
     * @param silent whether nothing is said
     */
    Telling(Shell shell, Signals signals, boolean silent) {
        this.shell = shell;
        this.signals = signals;
        this.silent = silent;
    }

    void say(String line) {
        if (!silent) shell.console().say(line);
    }

    /** Ends the measurement if somebody asked for its end. */
    void stopIfAsked() {
        if (signals.asked())
            throw new CommandFailed(
                    ExitCode.INTERRUPTED, "Stopped before it was measured. Nothing is left in the database.");
    }

    /** Begins to show how far something is. */
    Bar bar(String unit, long whole) {
        return new Bar(silent ? null : new Progress(shell.console(), shell.world(), unit, 0), whole);
    }

    /** How far something is. */
    final class Bar implements AutoCloseable {

        private final @Nullable Progress progress;
        private final long whole;

        private Bar(@Nullable Progress progress, long whole) {
            this.progress = progress;
            this.whole = whole;
        }

        /** Cheap enough for every few hundred. */
        void at(long done) {
            stopIfAsked();
            if (progress != null) progress.show(done, whole, "");
        }

        @Override
        public void close() {
            if (progress != null) progress.close();
        }
    }
}
