package dev.millrace.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node tells of itself when it joins; shown, never used to decide.
 *
 * @param kinds what it handles, each as {@code name:version} with the newest version that it reads
 * @param reads all that it reads, each as {@code name:version}; null if it does not tell
 */
public record NodeCard(
        NodeId id,
        String name,
        String host,
        long pid,
        String version,
        int slots,
        List<String> queues,
        List<String> kinds,
        @Nullable List<String> reads) {

    /** Of a node that does not tell which older versions it reads. */
    public NodeCard(
            NodeId id,
            String name,
            String host,
            long pid,
            String version,
            int slots,
            List<String> queues,
            List<String> kinds) {
        this(id, name, host, pid, version, slots, queues, kinds, null);
    }
}
