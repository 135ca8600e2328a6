package dev.millrace.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What payloads of each kind look like, as the nodes that run it publish it: for who enqueues without having the kind's class. */
public interface Catalogue {

    /** Bytes of a schema: one that is larger is not published. */
    int SCHEMA_BYTES = 64 * 1024;

    /**
     * Says what payloads of the kinds look like that this node runs. Where nodes say different things of one kind and version, the one that joined last
     * is right, also if it says it first. What is known already is not written again. Repeating it changes nothing, so unknown: publish again.
     *
     * @throws StoreException.Fenced if the lease is over; then nothing was written
     */
    void publish(Lease lease, List<KindSchema> schemas);

    /**
     * What a node says of one version of a kind.
     *
     * @param schema null if it can't tell: what others said before of it is forgotten
     */
    record KindSchema(String kind, int version, @Nullable String schema) {}

    /** What is known of one version of a kind; empty if no node has published it. */
    Optional<Published> schema(String kind, int version);

    /** All that is published, by kind and version. */
    List<Published> schemas();

    /**
     * A schema as the store keeps it. It stays until a node that joined later says otherwise, whether or not a node that runs the kind is alive.
     *
     * @param by the node that said it first
     * @param at when, on the store's clock
     */
    record Published(String kind, int version, String schema, NodeId by, Instant at) {}
}
