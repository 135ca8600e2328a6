package dev.millrace.benchmarks.contender;

/**
 * Where a contender plays.
 *
 * @param url the database's JDBC address
 * @param schema exists and is empty; it is dropped by who made it
 */
public record Ground(String url, String user, String password, String schema) {

    /** Its text keeps the password to itself. */
    @Override
    public String toString() {
        return "the schema " + schema;
    }
}
