package dev.millrace.app.cli;

import dev.millrace.NodeView;
import dev.millrace.Operations;
import dev.millrace.Scope;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.console.Style;
import dev.millrace.app.console.Table;
import dev.millrace.app.console.Table.Cell;
import dev.millrace.app.wire.Shapes;
import java.util.Locale;
import picocli.CommandLine.Command;

/** The commands that look at the whole. */
final class OverviewCommands {

    private OverviewCommands() {}

    /** Lists queues. */
    @Command(
            name = "queues",
            description =
                    "List queues with what waits in them, and tenants that are set aside since they have much more to do than others. Above 10,000 a number is a lower bound and has a plus sign.",
            footer = {"  millrace queues", "  millrace queues --json | jq '.[] | {name, waiting: .available.count}'"})
    static final class Queues extends EngineCommand {

        Queues(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var queues = operations.queues();
            if (common.json) {
                print(Shapes.all(queues, Shapes::queue));
                return ExitCode.OK;
            }
            if (queues.isEmpty()) {
                console().say("There are no queues yet; the first job makes one: millrace enqueue echo '{}'");
                return ExitCode.OK;
            }
            var now = shell.world().now();
            var table = new Table(
                    "queue", ">available", ">running", ">scheduled", ">retryable", ">parked", "oldest", "paused");
            for (var queue : queues)
                table.row(
                        queue.name(),
                        queue.available().toString(),
                        queue.running().toString(),
                        queue.scheduled().toString(),
                        queue.retryable().toString(),
                        queue.parked().toString(),
                        Times.distance(queue.oldestAvailable(), now),
                        queue.pausedBecause() == null ? "" : queue.pausedBecause());
            table.lines(console()).forEach(console()::print);
            for (var number : operations.fleetConcurrencies())
                if (number.scope() instanceof Scope.Queue(var name))
                    console()
                            .say(
                                    "Of queue %s %,d may run at once on all nodes together, and %,d do: millrace limit fleet"
                                            .formatted(name, number.concurrency(), number.running()));
            for (var queue : queues)
                for (var aside : queue.aside())
                    console()
                            .say(
                                    "In queue %s the tenant %s is set aside: at priority %s it has much more to do than others, since %s. Its jobs run in what slots the others leave."
                                            .formatted(
                                                    queue.name(),
                                                    aside.tenant(),
                                                    aside.priority().name().toLowerCase(java.util.Locale.ROOT),
                                                    Times.distance(aside.since(), now)));
            return ExitCode.OK;
        }
    }

    /** Lists nodes. */
    @Command(
            name = "nodes",
            description = "List nodes: those that are alive, and those that went within the last day.",
            footer = {"  millrace nodes", "  millrace nodes --json"})
    static final class Nodes extends EngineCommand {

        Nodes(Shell shell) {
            super(shell);
        }

        @Override
        ExitCode run(Operations operations) {
            var nodes = operations.nodes();
            if (common.json) {
                print(Shapes.all(nodes, Shapes::node));
                return ExitCode.OK;
            }
            if (nodes.isEmpty()) {
                console().say("There are no nodes. Start one: millrace up");
                return ExitCode.OK;
            }
            var now = shell.world().now();
            var table =
                    new Table("node", "life", "last beat", ">open", ">slots", "process", "started", "queues", "kinds");
            for (var node : nodes)
                table.cells(
                        Cell.of(node.name()),
                        new Cell(node.life().name().toLowerCase(Locale.ROOT), style(node.life()), false),
                        Cell.of(Durations.text(node.sinceBeat()) + " ago"),
                        Cell.of(Integer.toString(node.open())),
                        Cell.of(Integer.toString(node.slots())),
                        Cell.of("%d on %s".formatted(node.pid(), node.host())),
                        Cell.of(Times.distance(node.startedAt(), now)),
                        Cell.of(String.join(" ", node.queues())),
                        Cell.of(String.join(" ", node.kinds())));
            table.lines(console()).forEach(console()::print);
            for (var node : nodes) stuck(node);
            return ExitCode.OK;
        }

        private void stuck(NodeView node) {
            var stuck = node.stuck();
            if (stuck != null)
                console()
                        .print("Node %s: %s told to end and %s not, %s%s ago: that of job %s"
                                .formatted(
                                        node.name(),
                                        stuck.handlers() == 1
                                                ? "a handler was"
                                                : "%,d handlers were".formatted(stuck.handlers()),
                                        stuck.handlers() == 1 ? "has" : "have",
                                        stuck.handlers() == 1 ? "" : "the first ",
                                        Durations.text(stuck.lasts()),
                                        stuck.oldest()));
        }

        private static Style style(NodeView.Life life) {
            return switch (life) {
                case ALIVE -> Style.COMPLETED;
                case DEPOSED -> Style.DISCARDED;
                case GONE -> Style.DIM;
            };
        }
    }
}
