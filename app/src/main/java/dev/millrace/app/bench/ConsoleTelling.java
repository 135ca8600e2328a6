package dev.millrace.app.bench;

import dev.millrace.app.cli.Shell;
import dev.millrace.app.cli.Signals;
import dev.millrace.app.console.Progress;
import dev.millrace.benchmarks.Telling;
import org.jspecify.annotations.Nullable;

/** Tells on the console: lines, and a bar while something goes on. A signal asks for the end. */
final class ConsoleTelling implements Telling, AutoCloseable {

    private final Shell shell;
    private final Signals signals = Signals.caught();
    private final boolean silent;
    private @Nullable Progress progress;
    private String unit = "";

    /**
     * A way to tell.
     *
     * @param silent whether nothing is said, since a program reads the output
     */
    ConsoleTelling(Shell shell, boolean silent) {
        this.shell = shell;
        this.silent = silent;
    }

    @Override
    public void say(String line) {
        close();
        if (!silent) shell.console().say(line);
    }

    @Override
    public void show(String unit, long done, long whole) {
        if (silent) return;
        var shown = progress;
        if (shown == null || !this.unit.equals(unit)) {
            close();
            shown = new Progress(shell.console(), shell.world(), unit, done);
            progress = shown;
            this.unit = unit;
        }
        shown.show(done, whole, "");
    }

    @Override
    public boolean stopAsked() {
        return signals.asked();
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (progress != null) progress.close();
        progress = null;
    }
}
