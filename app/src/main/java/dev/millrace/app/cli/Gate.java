package dev.millrace.app.cli;

import dev.millrace.Millrace;
import dev.millrace.app.console.Console;
import dev.millrace.app.database.Database;
import dev.millrace.app.database.StoreOptions;
import dev.millrace.postgres.PostgresStore;

/** How a short command reaches the engine; tests give one that leads into memory. */
@FunctionalInterface
public interface Gate {

    /** Opens the engine for a look or a change. */
    Visit visit(StoreOptions options, String command, Console console);

    /** An open engine. Closing it closes everything below. */
    record Visit(Millrace millrace, AutoCloseable below) implements AutoCloseable {
        @Override
        public void close() {
            try (below) {
                millrace.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("Closing the database failed", e);
            }
        }
    }

    /** The gate to PostgreSQL. */
    static Gate toPostgres() {
        return (options, command, console) -> {
            var codec = options.codec();
            Database database = options.visit("millrace " + command, 3, console);
            try {
                var store = new PostgresStore(database.dataSource()).withCodec(codec);
                if (options.looksOnly()) store = store.withoutMigration();
                return new Visit(Millrace.on(store.withoutListening()), database);
            } catch (RuntimeException e) {
                database.close();
                throw e;
            }
        };
    }
}
