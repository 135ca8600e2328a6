package dev.millrace.postgres;

import dev.millrace.Codec;
import java.sql.Connection;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What can be set about a PostgreSQL store. Validated by {@link PostgresStore}. */
record Settings(
        String schema,
        boolean migrate,
        boolean listen,
        Keeping keeping,
        Codec codec,
        Supplier<? extends @Nullable Connection> joining) {

    static final Settings DEFAULT = new Settings(
            "millrace",
            true,
            true,
            new Keeping(Duration.ofDays(1), Duration.ofHours(1), Duration.ofDays(7), Duration.ofHours(24)),
            new JsonCodec(),
            () -> null);

    /**
     * How long things are kept.
     *
     * @param partition how long a partition takes new deliveries
     * @param lead how long a partition is attached before it is used, and closed before it is sealed
     * @param retention how long ended jobs are kept, counted from when their partition was closed
     * @param idempotency how long an idempotency key is kept
     */
    record Keeping(Duration partition, Duration lead, Duration retention, Duration idempotency) {}

    Settings withSchema(String schema) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }

    Settings withMigrate(boolean migrate) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }

    Settings withListen(boolean listen) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }

    Settings withKeeping(Keeping keeping) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }

    Settings withJoining(Supplier<? extends @Nullable Connection> joining) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }

    Settings withCodec(Codec codec) {
        return new Settings(schema, migrate, listen, keeping, codec, joining);
    }
}
