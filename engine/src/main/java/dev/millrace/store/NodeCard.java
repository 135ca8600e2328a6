package dev.millrace.store;

import java.util.List;

/**
 * What a node tells of itself when it joins; shown, never used to decide.
 *
 * @param kinds what it handles, each as {@code name:version} with the newest version that it reads
 */
public record NodeCard(
        NodeId id,
        String name,
        String host,
        long pid,
        String version,
        int slots,
        List<String> queues,
        List<String> kinds) {}
