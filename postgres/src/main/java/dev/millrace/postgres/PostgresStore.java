package dev.millrace.postgres;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import dev.millrace.Store;
import dev.millrace.postgres.Settings.Keeping;
import dev.millrace.store.Storage;
import dev.millrace.world.World;
import java.sql.Connection;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in PostgreSQL 15 to 18, in a schema of their own. Immutable: each {@code with…} gives a new one.
 *
 * <p>The data source is the caller's: it is not closed here. A node keeps {@value #NODE_CONNECTIONS} of its connections (beat, claim,
 * flush, upkeep, rescue, keep, listen) and needs at least one more for everything else; {@code start()} checks that.
 *
 * <p>The role needs no superuser and no extension: it owns the schema, or was given its use. Behind a proxy that pools transactions
 * add {@link #withoutListening()}.
 */
public final class PostgresStore implements Store {

    /** How many connections a node keeps for itself. */
    public static final int NODE_CONNECTIONS = 7;

    private static final Pattern SCHEMA = Pattern.compile("[a-z_][a-z0-9_]{0,40}");

    private final DataSource dataSource;
    private final Settings settings;

    /** Jobs in the database that this data source leads to, in the schema {@code millrace}. */
    public PostgresStore(DataSource dataSource) {
        this(dataSource, Settings.DEFAULT);
    }

    private PostgresStore(DataSource dataSource, Settings settings) {
        this.dataSource = dataSource;
        this.settings = settings;
    }

    /** In another schema: letters, digits and underscores, at most 41. Two schemas are two engines. */
    public PostgresStore withSchema(String schema) {
        if (!SCHEMA.matcher(schema).matches()) {
            throw new MillraceException(
                    "\"%s\" can't be the schema: it takes lower-case letters, digits and underscores, at most 41, not beginning with a digit."
                            .formatted(schema));
        }
        return new PostgresStore(dataSource, settings.withSchema(schema));
    }

    /** Leaves the schema alone: you run the numbered SQL files yourself. Without it the schema is made, or brought up to date, at first use. */
    public PostgresStore withoutMigration() {
        return new PostgresStore(dataSource, settings.withMigrate(false));
    }

    /** Without LISTEN: new work is found by polling alone. For proxies that pool transactions. */
    public PostgresStore withoutListening() {
        return new PostgresStore(dataSource, settings.withListen(false));
    }

    /** How long ended jobs are kept: 1 second to 10 years, by default 7 days, counted from when their partition was closed. */
    public PostgresStore withRetention(Duration retention) {
        var kept = settings.keeping();
        return new PostgresStore(
                dataSource,
                settings.withKeeping(new Keeping(
                        kept.partition(),
                        kept.lead(),
                        between("retention", retention, Duration.ofSeconds(1), Duration.ofDays(3650)),
                        kept.idempotency())));
    }

    /**
     * How long an {@linkplain dev.millrace.JobOptions#idempotencyKey idempotency key} stands for its request: 1 second to 10 years, by default 24 hours. It stands at
     * least so long on the database's clock, and goes within about a minute after, once a node runs. The nodes forget keys: say it where nodes are built; a
     * producer that has none needs not. Where nodes differ, the shortest holds. One that outlives {@linkplain #withRetention retention} stands for a job of which
     * nothing else is known any more; a repeated request then is still not run again.
     */
    public PostgresStore withIdempotencyKeysFor(Duration span) {
        var kept = settings.keeping();
        return new PostgresStore(
                dataSource,
                settings.withKeeping(new Keeping(
                        kept.partition(),
                        kept.lead(),
                        kept.retention(),
                        between("span for idempotency keys", span, Duration.ofSeconds(1), Duration.ofDays(3650)))));
    }

    /**
     * How long a partition takes new deliveries (1 second to 7 days, by default a day), and how long it is attached before its use and
     * closed before it is sealed (1 second to 1 day, by default an hour: no transaction that enqueues may be longer).
     */
    public PostgresStore withPartitions(Duration length, Duration lead) {
        var kept = settings.keeping();
        return new PostgresStore(
                dataSource,
                settings.withKeeping(new Keeping(
                        between("partition length", length, Duration.ofSeconds(1), Duration.ofDays(7)),
                        between("partition lead", lead, Duration.ofSeconds(1), Duration.ofDays(1)),
                        kept.retention(),
                        kept.idempotency())));
    }

    /**
     * The codec that is used unless you say otherwise: strict JSON. For stores in memory, whose tests should see what becomes of a payload
     * here: {@code new MemoryStore(PostgresStore.json())}.
     */
    public static Codec json() {
        return Settings.DEFAULT.codec();
    }

    /** With another codec than {@link #json}, or with that one compressed or encrypted: {@code withCodec(PostgresStore.json().encrypted(ring))}. */
    public PostgresStore withCodec(Codec codec) {
        return new PostgresStore(dataSource, settings.withCodec(codec));
    }

    /**
     * Joins the transaction that the caller is in, without being told of it each time: what is enqueued without a connection goes into the one that this gives, and
     * commits or rolls back with it. For frameworks that keep a connection for the current thread: {@code joining(() -> currentConnectionOrNull())}.
     *
     * @param current asked in the caller's thread at each enqueue; null, if it is in no transaction, means one of its own. A connection that it gives must lead to
     *     this database and not commit by itself; it is neither committed nor closed here.
     */
    public PostgresStore joining(Supplier<? extends @Nullable Connection> current) {
        return new PostgresStore(dataSource, settings.withJoining(current));
    }

    @Override
    public Storage open(World world) {
        return PostgresStorage.open(dataSource, settings, world);
    }

    private static Duration between(String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new MillraceException(
                    "The %s can't be %s: it lies between %s and %s.".formatted(what, value, least, most));
        }
        return value;
    }
}
