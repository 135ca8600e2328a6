package dev.millrace.app.database;

import dev.millrace.Node;
import dev.millrace.app.embedded.EmbeddedServer;
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
final class NodeRecord implements AutoCloseable {

    private static final Duration PULSE = Duration.ofSeconds(1);

    private final Node node;
    private final EmbeddedServer server;
    private final World world;
    private final Thread watch;
    private @Nullable UUID recorded;

    private NodeRecord(Node node, EmbeddedServer server, World world) {
        this.node = node;
        this.server = server;
        this.world = world;
        this.watch = Thread.ofPlatform().daemon().name("millrace-node-record").unstarted(this::watch);
    }

    /** Writes it down now, and watches for changes until it is closed. */
    static NodeRecord kept(Node node, EmbeddedServer server, World world) {
        var record = new NodeRecord(node, server, world);
        record.look();
        record.watch.start();
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
        if (now == null || now.equals(recorded)) return;
        try {
            server.recordNode(now);
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
