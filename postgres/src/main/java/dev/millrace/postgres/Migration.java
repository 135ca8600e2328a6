package dev.millrace.postgres;

import dev.millrace.MillraceException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Makes the schema, or brings it up to date, by the numbered SQL files. Several processes may start at once: Flyway lets one do it. */
final class Migration {

    private Migration() {}

    static void run(DataSource dataSource, String schema) {
        try {
            Flyway.configure(Migration.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(schema)
                    .defaultSchema(schema)
                    .table("schema_history")
                    .locations("classpath:dev/millrace/postgres/migration")
                    .placeholders(java.util.Map.of("schema", schema))
                    .placeholderReplacement(true)
                    .createSchemas(true)
                    .failOnMissingLocations(true)
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new MillraceException(
                    "The schema \"%s\" could not be made or brought up to date: %s Grant the role CREATE on the database, or run the numbered SQL files as its owner and use withoutMigration()."
                            .formatted(schema, root(e)),
                    e);
        }
    }

    private static String root(Throwable e) {
        var deepest = e;
        while (deepest.getCause() != null) deepest = deepest.getCause();
        return String.valueOf(deepest.getMessage()).replaceAll("\\s+", " ").strip() + ".";
    }
}
