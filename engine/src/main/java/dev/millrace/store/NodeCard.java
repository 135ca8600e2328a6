package dev.millrace.store;

import java.util.List;

/** What a node tells of itself when it joins; shown, never used to decide. */
public record NodeCard(
        NodeId id,
        String name,
        String host,
        long pid,
        String version,
        int slots,
        List<String> queues,
        List<String> kinds) {}
