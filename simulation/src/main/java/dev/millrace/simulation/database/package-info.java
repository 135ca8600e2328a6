/**
 * What a protocol step can rely on in PostgreSQL, and nothing more: transactions with ids, snapshots with lists of what is in progress,
 * statements that see the world anew, locks that are waited for, rows in versions, connections that are lost, restarts, failover.
 */
@NullMarked
package dev.millrace.simulation.database;

import org.jspecify.annotations.NullMarked;
