package dev.millrace.app.http;

import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.Operations;
import dev.millrace.app.wire.Json;
import dev.millrace.world.World;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.function.Supplier;

/** Whether this process lives, and whether it can work. */
final class Health {

    private final Supplier<Node.Status> node;
    private final Cached<Boolean> database;
    private volatile boolean stopping;

    Health(Operations operations, Supplier<Node.Status> node, World world) {
        this.node = node;
        this.database = new Cached<>(Duration.ofSeconds(1), world, () -> {
            operations.nodes();
            return true;
        });
    }

    /** From now on this process wants no more traffic. */
    void stopping() {
        stopping = true;
    }

    void live(Context context) {
        JobsApi.answer(context, Json.object().put("status", "up"));
    }

    void ready(Context context) {
        if (stopping) throw notReady("This process is stopping.");
        try {
            database.get();
        } catch (MillraceException noDatabase) {
            throw notReady(noDatabase.getMessage());
        }
        if (!node.get().trusted())
            throw notReady(
                    "The node's signs of life do not go through, so it starts nothing. It goes on by itself when the database answers again.");
        JobsApi.answer(context, Json.object().put("status", "up"));
    }

    private static Problem notReady(String detail) {
        return new Problem(ProblemType.NOT_READY, detail);
    }
}
