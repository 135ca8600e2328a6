package dev.millrace.app;

import dev.millrace.app.bench.BenchCommand;
import dev.millrace.app.cli.CommandTree;
import dev.millrace.app.cli.CrawlCommand;
import dev.millrace.app.cli.Gate;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.cli.TryOut;
import dev.millrace.app.cli.UpCommand;
import dev.millrace.app.console.Console;
import dev.millrace.app.simulate.SimulateCommand;
import dev.millrace.app.torture.TortureCommand;
import dev.millrace.world.SystemWorld;
import java.util.List;
import picocli.CommandLine;

/** Builds the graph of objects, and runs one command. */
final class Main {
    private Main() {}

    public static void main(String[] args) {
        Quiet.libraries();
        var shell = new Shell(Console.ofThisProcess(), new SystemWorld(), Gate.toPostgres());
        System.exit(commands(shell).execute(args));
    }

    /** All commands there are. */
    static CommandLine commands(Shell shell) {
        var commands = CommandTree.of(shell);
        commands.addSubcommand(new UpCommand(shell, List.of(new TryOut(shell.world()))));
        commands.addSubcommand(new CrawlCommand(shell));
        commands.addSubcommand(BenchCommand.of(shell));
        commands.addSubcommand(new SimulateCommand(shell));
        commands.addSubcommand(new TortureCommand(shell));
        return CommandTree.finished(commands, shell);
    }
}
