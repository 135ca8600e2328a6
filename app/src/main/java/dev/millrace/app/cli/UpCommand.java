package dev.millrace.app.cli;

import dev.millrace.Handlers;
import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.Database;
import dev.millrace.app.database.StoreOptions;
import dev.millrace.app.embedded.EmbeddedServer;
import dev.millrace.app.http.HttpServer;
import dev.millrace.app.wire.Json;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves: a node that runs jobs, and HTTP for programs and people. */
@Command(
        name = "up",
        description = "Start a node that runs jobs, with an HTTP API and a live page.",
        footer = {
            "  millrace up",
            "  millrace up --port 9000 --slots 20 --queue mail --queue default",
            "  MILLRACE_PASSWORD=… millrace up --database jdbc:postgresql://db.example.org/jobs --user jobs",
        })
public final class UpCommand implements Callable<Integer> {

    private final Shell shell;
    private final List<Handlers> modules;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            description = "The port; 0 takes a free one. Default: 8080.")
    int port = 8080;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description =
                    "The address to listen on. Default: 127.0.0.1, this machine alone. There is no authentication yet.")
    String host = "127.0.0.1";

    @Option(
            names = "--allow-host",
            paramLabel = "NAME",
            description =
                    "Answer under this name too, as a browser or a proxy asks for it; may be repeated. Addresses need none.")
    List<String> names = List.of();

    @Option(
            names = "--slots",
            paramLabel = "N",
            defaultValue = "100",
            description = "How many jobs run at once. Default: 100.")
    int slots = 100;

    @Option(
            names = "--queue",
            paramLabel = "NAME",
            description = "Serve this queue; may be repeated. Default: default.")
    List<String> queues = List.of();

    @Mixin
    StoreOptions database = new StoreOptions();

    @Mixin
    Common common = new Common();

    /** What the node runs: the kinds for trying out, and those of the workloads. */
    public UpCommand(Shell shell, List<Handlers> modules) {
        this.shell = shell;
        this.modules = List.copyOf(modules);
    }

    @Override
    @SuppressWarnings("try") // a resource that is only there to be closed
    public Integer call() {
        long start = shell.world().nanoTime();
        if (port < 0 || port > 65_535)
            throw new CommandFailed(
                    ExitCode.USAGE, "--port can't be %d. It is 1 to 65535, or 0 for a free one.".formatted(port));
        if (slots < 1 || slots > MOST_SLOTS)
            throw new CommandFailed(
                    ExitCode.USAGE, "--slots can't be %,d. It is 1 to %,d.".formatted(slots, MOST_SLOTS));
        var address = new HttpServer.Address(host, port, names);
        address.check();
        var codec = database.codec();
        var signals = Signals.caught();
        try (var db = database.open("millrace up", CONNECTIONS, shell.console());
                var millrace = Millrace.on(new PostgresStore(db.dataSource()).withCodec(codec));
                var node = started(millrace, db);
                var http = HttpServer.start(
                        address,
                        millrace,
                        node::status,
                        shell.world(),
                        db.description(),
                        db.server().map(EmbeddedServer::dataDirectory).orElse(null))) {
            db.keepRecordOf(node, shell.world());
            tell(http, node, db, start);
            signals.await();
            stop(http, node);
        }
        return ExitCode.OK.number();
    }

    /** As the engine has it; said here again, so that nothing is begun before. */
    private static final int MOST_SLOTS = 100_000;

    /** Those that a node keeps, one for its watch of waiters and page, and some for handlers that write in transactions. */
    private static final int CONNECTIONS = PostgresStore.NODE_CONNECTIONS + 14;

    private Node started(Millrace millrace, Database db) {
        var builder = millrace.node().name(nodeName()).slots(slots);
        for (var queue : queues) builder.queue(queue);
        for (var module : modules) builder.with(module);
        db.server().flatMap(EmbeddedServer::previousNode).ifPresent(builder::takeOver);
        return builder.start();
    }

    private static String nodeName() {
        return "up-" + ProcessHandle.current().pid();
    }

    private void tell(HttpServer http, Node node, Database db, long start) {
        var took = Duration.ofNanos(shell.world().nanoTime() - start);
        var console = shell.console();
        if (!new HttpServer.Address(host, port).onlyThisMachine())
            console.say(
                    "Warning: %s can be reached by others, and there is no authentication yet: whoever reaches it can run and cancel jobs%s."
                            .formatted(http.url(), database.decrypts() ? ", and read encrypted payloads" : ""));
        if (common.json)
            console.print(Json.write(Json.object()
                    .put("url", http.url())
                    .put("node", node.name())
                    .put("database", db.description())
                    .put("startedInMillis", took.toMillis())));
        else
            console.print("Millrace is up on %s after %s, with %s. Ctrl-C stops it."
                    .formatted(http.url(), Durations.text(took), db.description()));
    }

    private void stop(HttpServer http, Node node) {
        http.stopping();
        int running = node.status().running();
        if (running > 0)
            shell.console()
                    .say("Stopping: %s have 20 s to end; what does not runs again elsewhere. Ctrl-C again ends at once."
                            .formatted(running == 1 ? "1 job" : "%,d jobs".formatted(running)));
        node.close();
    }
}
