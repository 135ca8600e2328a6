package dev.millrace.store;

import java.util.UUID;

/** The identity of one incarnation of a node: drawn anew at each start, so that no two owners can be taken for one. */
public record NodeId(UUID value) {
    @Override
    public String toString() {
        return value.toString();
    }
}
