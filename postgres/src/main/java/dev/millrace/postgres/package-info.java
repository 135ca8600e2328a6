/**
 * The durable store: the job log, its claims and outcomes in PostgreSQL 15 to 18, in a schema of its own. Depends on the engine's
 * storage contract, pgjdbc, Flyway and Jackson. The protocol itself is SQL: see {@code migration/V002__protocol.sql}.
 */
@NullMarked
package dev.millrace.postgres;

import org.jspecify.annotations.NullMarked;
