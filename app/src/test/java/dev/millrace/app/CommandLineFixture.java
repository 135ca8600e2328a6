package dev.millrace.app;

import dev.millrace.Codec;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.app.cli.Gate;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.Terminal;
import dev.millrace.world.SystemWorld;
import java.io.PrintWriter;
import java.io.StringWriter;

/** The command line over a store in memory that stays from command to command. */
public final class CommandLineFixture {

    private final MemoryStore store;
    private final Gate gate;
    private Terminal terminal = Terminal.NONE;

    /** A gate into memory. */
    public CommandLineFixture() {
        this(new TextCodec());
    }

    /** The same, where texts are kept in this way. */
    public CommandLineFixture(Codec codec) {
        this.store = new MemoryStore(codec);
        this.gate = (options, command, console) -> new Gate.Visit(Millrace.on(store), () -> {});
    }

    /** The real gate, for what fails on the way. */
    public CommandLineFixture(Gate gate) {
        quiet();
        this.store = new MemoryStore(new TextCodec());
        this.gate = gate;
    }

    /** Keeps libraries as quiet as they are for a user. */
    public static void quiet() {
        Quiet.libraries();
    }

    /** What a command left behind. */
    public record Ran(int exit, String out, String err) {}

    /** From now on a person looks. */
    public CommandLineFixture onATerminal() {
        terminal = new Terminal(true, true, true, 100);
        return this;
    }

    public MemoryStore store() {
        return store;
    }

    /** Runs one command line. */
    public Ran run(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        var console = new Console(new PrintWriter(out), new PrintWriter(err), terminal);
        var shell = new Shell(console, new SystemWorld(), gate);
        int exit = Main.commands(shell).execute(arguments);
        return new Ran(exit, out.toString(), err.toString());
    }
}
