package dev.millrace.crawler;

import dev.millrace.MillraceException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Makes the crawler's schema, or brings it up to date, by the numbered SQL files. Several processes may start at once. */
final class Migration {

    private Migration() {}

    static void run(DataSource dataSource, String schema) {
        try {
            Flyway.configure(Migration.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(schema)
                    .defaultSchema(schema)
                    .table("schema_history")
                    .locations("classpath:dev/millrace/crawler/migration")
                    .createSchemas(true)
                    .failOnMissingLocations(true)
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new MillraceException(
                    "The schema \"%s\" of the crawler could not be made or brought up to date: %s. Grant the role CREATE on the database, or let its owner start the crawler once."
                            .formatted(schema, root(e)),
                    e);
        }
    }

    private static String root(Throwable e) {
        var deepest = e;
        while (deepest.getCause() != null) deepest = deepest.getCause();
        return String.valueOf(deepest.getMessage()).replaceAll("\\s+", " ").strip();
    }
}
