package dev.millrace.app.cli;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Operations;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Console;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.StoreOptions;
import dev.millrace.app.wire.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** A short command: opens the engine, does one thing, tells it. */
abstract class EngineCommand implements Callable<Integer> {

    final Shell shell;

    @Mixin
    StoreOptions database = new StoreOptions();

    @Mixin
    Common common = new Common();

    @Spec
    CommandSpec spec = CommandSpec.create();

    EngineCommand(Shell shell) {
        this.shell = shell;
    }

    /** Does it. */
    abstract ExitCode run(Operations operations);

    @Override
    public Integer call() {
        checkArguments();
        try (var visit = shell.gate().visit(database, spec.name(), shell.console())) {
            return run(visit.millrace().operations(actor())).number();
        }
    }

    /** Refuses what can be refused before anything is opened. */
    void checkArguments() {}

    /** Who acts, for the record. */
    private static String actor() {
        var user = System.getProperty("user.name", "");
        return user.isBlank() ? "cli" : user.length() > 100 ? user.substring(0, 100) : user;
    }

    Console console() {
        return shell.console();
    }

    void print(JsonNode json) {
        console().print(Json.write(json));
    }

    static JobId id(String text) {
        try {
            return JobId.of(text);
        } catch (MillraceException notAnId) {
            throw new CommandFailed(ExitCode.USAGE, notAnId.getMessage(), notAnId);
        }
    }

    static CommandFailed notFound(JobId job) {
        return new CommandFailed(
                ExitCode.NOT_FOUND,
                "There is no job %s here: it was never enqueued in this database, or is past retention. `millrace jobs` lists those that are."
                        .formatted(job));
    }
}
