package dev.millrace.app.cli;

import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Trouble;
import dev.millrace.app.wire.Json;
import java.util.Arrays;
import java.util.Locale;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** All commands under one name, and what becomes of their errors. */
public final class CommandTree {

    /** The command without a command. */
    @Command(
            name = "millrace",
            synopsisSubcommandLabel = "COMMAND",
            description = "Durable jobs on PostgreSQL, and a crawler built on them.",
            mixinStandardHelpOptions = true,
            footer = {
                "  millrace up                                    a node and a page, on http://127.0.0.1:8080",
                "  millrace enqueue echo '{\"hello\":\"world\"}'      a first job",
                "  millrace jobs                                  what became of it",
            })
    private static final class Root implements Runnable {

        @picocli.CommandLine.Spec
        picocli.CommandLine.Model.CommandSpec spec = picocli.CommandLine.Model.CommandSpec.create();

        @Override
        public void run() {
            spec.commandLine().usage(spec.commandLine().getErr());
            throw new ParameterException(spec.commandLine(), "No command was given.");
        }
    }

    private CommandTree() {}

    /** The tree with the commands that only need the engine; more are added to it. */
    public static CommandLine of(Shell shell) {
        var root = new CommandLine(new Root())
                .addSubcommand(new EnqueueCommand(shell))
                .addSubcommand(new JobsCommand(shell))
                .addSubcommand(new JobCommand(shell))
                .addSubcommand(new SteeringCommands.WhyNot(shell))
                .addSubcommand(new BatchCommand(shell))
                .addSubcommand(new SteeringCommands.Cancel(shell))
                .addSubcommand(new SteeringCommands.Retry(shell))
                .addSubcommand(new KindsCommand(shell))
                .addSubcommand(new OverviewCommands.Queues(shell))
                .addSubcommand(new OverviewCommands.Nodes(shell))
                .addSubcommand(new DoctorCommand(shell))
                .addSubcommand(new CheckCommand(shell))
                .addSubcommand(new SteeringCommands.Pause(shell))
                .addSubcommand(new SteeringCommands.Resume(shell))
                .addSubcommand(new SteeringCommands.Pauses(shell))
                .addSubcommand(LimitCommand.of(shell))
                .addSubcommand(new FailuresCommand(shell))
                .addSubcommand(BulkCommand.of(shell))
                .addSubcommand(ScheduleCommand.of(shell));
        return root;
    }

    /** Gives the finished tree its manners: help, colour, suggestions, exit codes. */
    public static CommandLine finished(CommandLine root, Shell shell) {
        root.addSubcommand(new VersionCommand(shell));
        var completion = new CommandLine(new GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        root.addSubcommand("generate-completion", completion);
        var console = shell.console();
        root.setOut(console.out())
                .setErr(console.err())
                .setExpandAtFiles(false)
                .setAbbreviatedOptionsAllowed(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setColorScheme(
                        CommandLine.Help.defaultColorScheme(console.terminal().colour() ? Ansi.ON : Ansi.OFF))
                .setUsageHelpWidth(Math.clamp(console.terminal().width(), 80, 120))
                .setExecutionExceptionHandler((thrown, line, parsed) ->
                        told(thrown, console, parsed.originalArgs().toArray(String[]::new)))
                .setParameterExceptionHandler((wrong, arguments) -> told(wrong, console, arguments));
        describe(root);
        return root;
    }

    private static void describe(CommandLine line) {
        var usage = line.getCommandSpec().usageMessage();
        usage.footerHeading("%nExamples:%n").sortOptions(false);
        line.getCommandSpec().version(Version.OF_THIS_BUILD);
        if (line.getParent() == null) {
            var examples = usage.footer();
            var footer = new String[examples.length + 2];
            System.arraycopy(examples, 0, footer, 0, examples.length);
            footer[examples.length] = "";
            footer[examples.length + 1] = "Exit codes:%n".formatted() + ExitCode.table();
            usage.footer(footer);
        }
        line.getSubcommands().values().forEach(CommandTree::describe);
    }

    private static int told(Exception thrown, Console console, String[] arguments) {
        boolean json = Arrays.asList(arguments).contains("--json");
        var trouble = thrown instanceof ParameterException wrong ? usage(wrong) : Trouble.of(thrown);
        if (json) {
            var said = Json.object();
            said.putObject("error")
                    .put("code", trouble.code().wireName())
                    .put("exit", trouble.code().number())
                    .put("message", trouble.message());
            console.print(Json.write(said));
        } else {
            console.say("millrace: " + trouble.message());
        }
        if (Arrays.asList(arguments).contains("--verbose")) thrown.printStackTrace(console.err());
        console.err().flush();
        return trouble.code().number();
    }

    private static Trouble usage(ParameterException wrong) {
        if (wrong.getCause() instanceof CommandFailed failed) return new Trouble(failed.code(), failed.getMessage());
        var message =
                new StringBuilder(String.valueOf(wrong.getMessage()).strip().replaceAll("\\.$", "")).append('.');
        if (wrong instanceof UnmatchedArgumentException unmatched) {
            var suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty())
                message.append(" Did you mean ")
                        .append(String.join(" or ", suggestions.subList(0, Math.min(3, suggestions.size()))))
                        .append('?');
        }
        var command = wrong.getCommandLine().getCommandSpec().qualifiedName();
        return new Trouble(
                ExitCode.USAGE,
                message.append(" See: ").append(command).append(" --help").toString());
    }

    /** Says which version this is. */
    @Command(
            name = "version",
            description = "Show the version.",
            footer = {"  millrace version --json"})
    private static final class VersionCommand implements Runnable {

        private final Shell shell;

        @picocli.CommandLine.Mixin
        Common common = new Common();

        VersionCommand(Shell shell) {
            this.shell = shell;
        }

        @Override
        public void run() {
            if (common.json)
                shell.console()
                        .print(Json.write(Json.object()
                                .put("version", Version.NUMBER)
                                .put("java", Runtime.version().toString())
                                .put("os", System.getProperty("os.name").toLowerCase(Locale.ROOT))));
            else shell.console().print(Version.OF_THIS_BUILD);
        }
    }
}
