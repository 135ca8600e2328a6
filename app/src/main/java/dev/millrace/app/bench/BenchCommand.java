package dev.millrace.app.bench;

import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures. */
@Command(
        name = "bench",
        description = {
            "Measure the engine beside what the database could do at best, and beside others.",
            "Each contender runs in a process of its own, warmed up there, in interleaved rounds; told are the median, the least and the most.",
            "All works in schemas of its own, which are dropped at the end, also when it is stopped."
        },
        footer = {"  millrace bench burn-down --jobs 1000000", "  millrace bench all --peers --out reports"})
public final class BenchCommand implements Runnable {

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private BenchCommand() {}

    /** The command with all that can be measured below it. */
    public static CommandLine of(Shell shell) {
        // No methods with @Command: picocli parses the annotations of their parameters again and again, at each start.
        return new CommandLine(new BenchCommand())
                .addSubcommand(new AllCommand(shell))
                .addSubcommand(new BacklogCommand(shell))
                .addSubcommand(new BurnDownCommand(shell))
                .addSubcommand(new CompareCommand(shell))
                .addSubcommand(new EnqueueCommand(shell))
                .addSubcommand(new FeaturesCommand(shell))
                .addSubcommand(new SeatsCommand(shell))
                .addSubcommand(new FairnessCommand(shell))
                .addSubcommand(new HandlersCommand(shell))
                .addSubcommand(new HeldHorizonCommand(shell))
                .addSubcommand(new IdleCommand(shell))
                .addSubcommand(new NodesCommand(shell))
                .addSubcommand(new PlotCommand(shell))
                .addSubcommand(new SoakCommand(shell))
                .addSubcommand(new SustainedCommand(shell))
                .addSubcommand(new TimersCommand(shell))
                .addSubcommand(new TransactionalCommand(shell));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to measure: " + String.join(", ", spec.subcommands().keySet()) + ".");
    }
}
