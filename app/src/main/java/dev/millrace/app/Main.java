package dev.millrace.app;

import dev.millrace.app.cli.CommandTree;
import dev.millrace.app.cli.Gate;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.Console;
import dev.millrace.world.SystemWorld;

/** Builds the graph of objects, and runs one command. */
final class Main {
    private Main() {}

    public static void main(String[] args) {
        Quiet.libraries();
        var shell = new Shell(Console.ofThisProcess(), new SystemWorld(), Gate.toPostgres());
        var tree = CommandTree.finished(CommandTree.of(shell), shell);
        System.exit(tree.execute(args));
    }
}
