package dev.millrace;

import java.time.Instant;
import java.util.UUID;

/**
 * What payloads of one version of a kind look like, as nodes that run it have published. Immutable.
 *
 * @param kind its wire name
 * @param schema of JSON payloads: a JSON Schema, draft 2020-12. It accepts all that the kind's record can be read from; where it can't tell, it says nothing
 * @param publishedBy the node that said it first
 * @param publishedAt when, on the store's clock
 */
public record KindView(String kind, int version, String schema, UUID publishedBy, Instant publishedAt) {}
