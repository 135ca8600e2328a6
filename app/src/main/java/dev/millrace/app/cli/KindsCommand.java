package dev.millrace.app.cli;

import dev.millrace.KindView;
import dev.millrace.NodeView;
import dev.millrace.Operations;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Table;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists kinds, or shows what payloads of one look like. */
@Command(
        name = "kinds",
        description = {
            "List the kinds of which nodes have published what their payloads look like, and those that living nodes run without that. What is enqueued by",
            "the name of a kind is checked against its schema; of kinds without one nothing is known, and only the syntax is checked."
        },
        footer = {
            "  millrace kinds",
            "  millrace kinds --schema send-invoice",
            "  millrace kinds --schema send-invoice --version 1 > send-invoice-v1.schema.json",
        })
final class KindsCommand extends EngineCommand {

    @Option(
            names = "--schema",
            paramLabel = "KIND",
            description =
                    "Print the JSON Schema of this kind's payloads, of its newest version unless --version says which.")
    @Nullable
    String schema;

    @Option(names = "--version", paramLabel = "N", description = "With --schema: of this version.")
    @Nullable
    Integer version;

    KindsCommand(Shell shell) {
        super(shell);
    }

    @Override
    void checkArguments() {
        if (schema == null && version != null)
            throw new CommandFailed(
                    ExitCode.USAGE, "--version says of which version a schema is printed. Add --schema KIND.");
        if (version != null && version < 1)
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--version %d is no version of a kind: they are counted from 1.".formatted(version));
    }

    @Override
    ExitCode run(Operations operations) {
        var published = operations.kinds();
        if (schema != null) {
            console()
                    .print(Json.pretty(Objects.requireNonNull(
                            Json.stored(one(published, schema).schema()))));
            return ExitCode.OK;
        }
        if (common.json) {
            print(Shapes.all(published, Shapes::kind));
            return ExitCode.OK;
        }
        list(operations, published);
        return ExitCode.OK;
    }

    private KindView one(List<KindView> published, String kind) {
        var ofKind = published.stream().filter(one -> one.kind().equals(kind)).toList();
        return ofKind.stream()
                .filter(one -> version == null || one.version() == version)
                .reduce((older, newer) -> newer)
                .orElseThrow(() -> new CommandFailed(
                        ExitCode.NOT_FOUND,
                        ofKind.isEmpty()
                                ? "No node has published what payloads of \"%s\" look like: what is enqueued of it is not checked. `millrace kinds` lists those that are published."
                                        .formatted(kind)
                                : "No node has published version %s of \"%s\"; published are %s."
                                        .formatted(
                                                version,
                                                kind,
                                                String.join(
                                                        ", ",
                                                        ofKind.stream()
                                                                .map(one -> Integer.toString(one.version()))
                                                                .toList()))));
    }

    private void list(Operations operations, List<KindView> published) {
        var now = shell.world().now();
        var rows = new TreeMap<String, String[]>();
        for (var one : published)
            rows.put(
                    "%s:%010d".formatted(one.kind(), one.version()),
                    new String[] {one.kind(), Integer.toString(one.version()), Times.distance(one.publishedAt(), now)});
        for (var node : operations.nodes())
            if (node.life() == NodeView.Life.ALIVE) for (var kind : told(node)) runs(rows, kind);
        if (rows.isEmpty()) {
            console().say("No kinds are known: no node is alive, and none has published any. Start one: millrace up");
            return;
        }
        var table = new Table("kind", ">version", "schema published");
        rows.values().forEach(row -> table.row(row[0], row[1], row[2]));
        table.lines(console()).forEach(console()::print);
    }

    /** All that it reads; of an older build the newest version of each kind. */
    private static List<String> told(NodeView node) {
        var reads = node.reads();
        return reads == null ? node.kinds() : reads;
    }

    /** @param kind as a node's card has it: {@code name:version} */
    private static void runs(Map<String, String[]> rows, String kind) {
        int colon = kind.lastIndexOf(':');
        var name = kind.substring(0, colon);
        var version = kind.substring(colon + 1);
        rows.putIfAbsent(
                "%s:%010d".formatted(name, Integer.valueOf(version)),
                new String[] {name, version, "none: not checked"});
    }
}
