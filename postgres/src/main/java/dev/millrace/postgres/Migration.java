package dev.millrace.postgres;

import dev.millrace.MillraceException;
import dev.millrace.store.Look;
import dev.millrace.store.Observations.Schema;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Makes the schema, or brings it up to date, by the numbered SQL files. Several processes may start at once: Flyway lets one do it. */
final class Migration {

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private Migration() {}

    static void run(DataSource dataSource, String schema) {
        try {
            flyway(dataSource, schema).migrate();
        } catch (FlywayException e) {
            throw new MillraceException(
                    "The schema \"%s\" could not be made or brought up to date: %s %s"
                            .formatted(schema, root(e), advice(e)),
                    e);
        }
    }

    private static String advice(Throwable e) {
        return lockNotHad(e)
                ? "Another transaction, such as a dump, holds a lock that this needs, and it waits for none longer than some seconds, since nodes wait behind it. Nothing was changed. Start again when that is over; millrace doctor names long transactions."
                : "Grant the role CREATE on the database, or run the numbered SQL files as its owner and use withoutMigration().";
    }

    private static boolean lockNotHad(Throwable e) {
        for (var cause = e; cause != null; cause = cause.getCause())
            if (cause instanceof SQLException failed && LOCK_NOT_AVAILABLE.equals(failed.getSQLState())) return true;
        return false;
    }

    private static Flyway flyway(DataSource dataSource, String schema) {
        return Flyway.configure(Migration.class.getClassLoader())
                .dataSource(dataSource)
                .schemas(schema)
                .defaultSchema(schema)
                .table("schema_history")
                .locations("classpath:dev/millrace/postgres/migration")
                .placeholders(Map.of("schema", schema))
                .placeholderReplacement(true)
                .createSchemas(true)
                .failOnMissingLocations(true)
                .load();
    }

    /** What was carried out here, beside what this build has. Changes nothing. */
    static Look<Schema> look(DataSource dataSource, String schema) {
        var installed = "";
        var missing = new ArrayList<String>();
        var newer = new ArrayList<String>();
        try {
            for (var step : flyway(dataSource, schema).info().all()) {
                if (step.getVersion() == null) continue; // that the schema itself was made
                var version = step.getVersion().getVersion();
                if (!step.getState().isApplied()) missing.add(version);
                else if (!step.getState().isResolved()) newer.add(version);
                if (step.getState().isApplied()) installed = version;
            }
        } catch (FlywayException e) {
            return new Look.Unseen<>(root(e).replaceAll("\\.$", ""), false);
        }
        return Look.seen(new Schema(installed, missing, newer));
    }

    private static String root(Throwable e) {
        var deepest = e;
        while (deepest.getCause() != null) deepest = deepest.getCause();
        return String.valueOf(deepest.getMessage()).replaceAll("\\s+", " ").strip() + ".";
    }
}
