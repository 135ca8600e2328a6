package dev.millrace.app.database;

import dev.millrace.Node;
import dev.millrace.app.embedded.EmbeddedServerException;
import dev.millrace.world.World;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Keeps written down, in the data directory, which node works on it: the next owner of the directory knows then that this node is dead,
 * and takes over its jobs at once instead of waiting for its lease. A node gets a new identity whenever it joins anew, hence the watch.
 * A record that is a moment late costs that wait and nothing else.
 */
public final class NodeRecord implements AutoCloseable {

    private static final Duration PULSE = Duration.ofSeconds(1);

    private final Node node;
    private final Database database;
    private final World world;
    private final Thread watch;
    private @Nullable UUID recorded;

    private NodeRecord(Node node, Database database, World world) {
        this.node = node;
        this.database = database;
        this.world = world;
        this.watch = Thread.ofPlatform().daemon().name("millrace-node-record").unstarted(this::watch);
    }

    /** Writes it down now, and watches for changes. Without an embedded server there is nothing to do. */
    public static NodeRecord of(Node node, Database database, World world) {
        var record = new NodeRecord(node, database, world);
        record.look();
        if (database.server().isPresent()) record.watch.start();
        return record;
    }

    private void watch() {
        try {
            while (true) {
                world.sleep(PULSE);
                look();
            }
        } catch (InterruptedException closed) {
            // by close()
        }
    }

    private void look() {
        var now = node.status().id();
        var server = database.server();
        if (now == null || now.equals(recorded) || server.isEmpty()) return;
        try {
            server.get().recordNode(now);
            recorded = now;
        } catch (EmbeddedServerException full) {
            System.getLogger(NodeRecord.class.getName())
                    .log(
                            Level.WARNING,
                            "The node could not be written down: after a crash its jobs wait for its lease. "
                                    + full.getMessage());
        }
    }

    @Override
    public void close() {
        watch.interrupt();
    }
}
