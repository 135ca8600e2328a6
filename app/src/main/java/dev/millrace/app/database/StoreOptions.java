package dev.millrace.app.database;

import dev.millrace.Codec;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that reads or writes jobs: a database, and the keys for what is encrypted in it. A picocli mixin. */
public final class StoreOptions extends DatabaseOptions {

    @Option(
            names = "--payload-key-file",
            paramLabel = "FILE",
            defaultValue = "${env:MILLRACE_PAYLOAD_KEY_FILE}",
            description =
                    "The keys of encrypted payloads, a name and 32 bytes in Base64 a line; the first one writes. Only its owner may read it. Default: MILLRACE_PAYLOAD_KEY_FILE.")
    @Nullable
    Path payloadKeyFile;

    /** Whether there are keys: then who looks sees what is encrypted. */
    public boolean decrypts() {
        return payloadKeyFile != null;
    }

    /**
     * How payloads and results are read and written: as JSON; with a key file compressed and encrypted.
     *
     * @throws dev.millrace.app.console.CommandFailed if the key file can't be used
     */
    public Codec codec() {
        var file = payloadKeyFile;
        if (file == null) return PostgresStore.json();
        return PostgresStore.json().encrypted(KeyFile.read(file)).compressed();
    }
}
