package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Codec;
import dev.millrace.EncryptionKey;
import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.KeyRing;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.UUID;
import javax.crypto.KeyGenerator;
import javax.sql.DataSource;

/** Shows payloads and results that who reads the database, or a backup of it, can't read; and how their key is changed. */
final class EncryptedPayloads {

    @Kind("tell-patient")
    record TellPatient(String patient, String finding) implements Job<String> {}

    private EncryptedPayloads() {}

    public static void main(String[] args) throws Exception {
        var dataSource = ExampleDatabase.from(args);
        // An application takes its keys from where its other secrets are: EncryptionKey.of("2025-05", base64).
        var may = newKey("2025-05");
        var november = newKey("2025-11");
        var request = "request-" + UUID.randomUUID();
        var job = new TellPatient("Ada", "all is well");

        JobId id;
        try (var millrace = open(dataSource, PostgresStore.json().encrypted(KeyRing.writing(may)))) {
            id = millrace.enqueue(job, o -> o.idempotencyKey(request)).id();
            System.out.println("In the database: " + beginning(stored(dataSource, id)));
            System.out.println("An operator sees: " + shown(millrace, id));
        }
        try (var millrace = open(dataSource, PostgresStore.json())) {
            System.out.println("One without the key: " + shown(millrace, id));
        }

        // The key is changed: what was written before is read with the one of then.
        var ring = KeyRing.writing(november).alsoReading(may);
        try (var millrace = open(dataSource, PostgresStore.json().encrypted(ring))) {
            millrace.node()
                    .handle(TellPatient.class, told -> told.patient() + " was told that " + told.finding())
                    .start();
            System.out.println("After the change of keys: "
                    + millrace.find(TellPatient.class, id).get(ofSeconds(30)));
            var again = millrace.enqueue(job, o -> o.idempotencyKey(request));
            System.out.println("Sent again, it is the same job: " + again.id().equals(id));
            var next = millrace.enqueue(new TellPatient("Bob", "come again"));
            System.out.println("In the database now: " + beginning(stored(dataSource, next.id())));
            next.get(ofSeconds(30));
        }
    }

    private static Millrace open(DataSource dataSource, Codec codec) {
        return Millrace.on(new PostgresStore(dataSource).withCodec(codec));
    }

    private static EncryptionKey newKey(String id) throws NoSuchAlgorithmException {
        var generator = KeyGenerator.getInstance("AES");
        generator.init(256);
        return EncryptionKey.of(id, generator.generateKey());
    }

    private static String shown(Millrace millrace, JobId job) {
        return String.valueOf(
                millrace.operations("mara").find(job).orElseThrow().payload());
    }

    /** As who has the database has it. */
    private static String stored(DataSource dataSource, JobId job) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement =
                        connection.prepareStatement("SELECT payload FROM millrace.job_log WHERE job_id = ? LIMIT 1")) {
            statement.setObject(1, job.value());
            try (var rows = statement.executeQuery()) {
                rows.next();
                return rows.getString(1);
            }
        }
    }

    private static String beginning(String text) {
        return text.substring(0, 40) + "…";
    }
}
