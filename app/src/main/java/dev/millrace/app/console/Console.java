package dev.millrace.app.console;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** Where a command writes: results to {@code out}, everything about them to {@code err}. Safe for use by many threads. */
public final class Console {

    private final PrintWriter out;
    private final PrintWriter err;
    private final Terminal terminal;

    public Console(PrintWriter out, PrintWriter err, Terminal terminal) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
    }

    /** The streams of this process, as UTF-8. */
    public static Console ofThisProcess() {
        return new Console(utf8(System.out), utf8(System.err), Terminal.ofThisProcess());
    }

    private static PrintWriter utf8(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    public PrintWriter out() {
        return out;
    }

    public PrintWriter err() {
        return err;
    }

    public Terminal terminal() {
        return terminal;
    }

    /** A line of the result. */
    public void print(String line) {
        out.println(line);
        out.flush();
    }

    /** A line about the result, for people. */
    public void say(String line) {
        err.println(Visible.text(line));
        err.flush();
    }

    /** A line for people that a script would only have to skip. */
    public void hint(String line) {
        if (terminal.err()) say(line);
    }

    /** Paints text, where colour may be used. */
    public String paint(Style style, String text) {
        return terminal.colour() && !text.isEmpty() ? style.begin() + text + Style.END : text;
    }
}
