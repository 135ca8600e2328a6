package dev.millrace.app.cli;

import dev.millrace.Millrace;
import dev.millrace.app.console.Console;
import dev.millrace.app.database.Database;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.postgres.PostgresStore;

/** How a short command reaches the engine; tests give one that leads into memory. */
@FunctionalInterface
public interface Gate {

    /** Opens the engine for a look or a change. */
    Visit visit(DatabaseOptions options, String command, Console console);

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
            Database database = options.visit("millrace " + command, 3, console);
            try {
                return new Visit(Millrace.on(new PostgresStore(database.dataSource()).withoutListening()), database);
            } catch (RuntimeException e) {
                database.close();
                throw e;
            }
        };
    }
}
