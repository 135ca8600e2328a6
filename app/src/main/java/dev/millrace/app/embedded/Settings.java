package dev.millrace.app.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The server's settings: PostgreSQL's defaults but for what is argued here.
 *
 * <p>{@code postgresql.conf} is ours and written at every start. A person's own settings belong to {@code ALTER SYSTEM
 * SET …}, which is read after it. What durability hangs on is given on the command line, where neither can reach it; so
 * is the address, where we must find it.
 */
final class Settings {

    private static final String DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on";

    private Settings() {}

    /** Read by the start tool's shell: keep it free of anything that a shell would read twice. */
    static String commandLine(int port) {
        return "%s -c listen_addresses=127.0.0.1 -c port=%d".formatted(DURABLE, port);
    }

    static String text(Platform platform, String fingerprint) {
        return """
                # Written by Millrace at every start; changes are lost. Your own settings: ALTER SYSTEM SET ... = ...
                # Given on the command line, and not to be changed: fsync, synchronous_commit, full_page_writes = on,
                # listen_addresses = 127.0.0.1, port.

                unix_socket_directories = ''       # one door is enough, and a socket's path may be too long
                max_connections = 100              # a node needs four and its handlers' pool; a few nodes fit in
                max_prepared_transactions = 0      # a forgotten one would hold back cleaning up for ever

                shared_buffers = 128MB             # the job stream is appended and read once, soon after: it fits in
                max_wal_size = 2GB                 # no forced checkpoint in a million jobs; costs disk and seconds of replay
                wal_level = replica                # the default; 'minimal' saves little here and forbids online backups
                %s
                jit = off                          # our statements run for milliseconds; compiling them takes longer

                timezone = 'UTC'
                lc_messages = 'C'                  # errors are read by a program
                logging_collector = on
                log_directory = '../log'
                log_filename = 'server-%%Y%%m%%d-%%H%%M%%S.log'
                log_rotation_size = 10MB           # the newest few files are kept, the others deleted by Millrace
                log_rotation_age = 0
                log_timezone = 'UTC'

                millrace.fingerprint = '%s'
                """.formatted(walSync(platform), fingerprint);
    }

    /**
     * What the default would not do: on these systems only write-through reaches the platter, not the drive's cache.
     */
    private static String walSync(Platform platform) {
        return platform.linux() ? "" : "wal_sync_method = fsync_writethrough";
    }

    /** Tells whether a running server was started as this build would start it. */
    static String fingerprint(Platform platform, String binaries, int fixedPort) {
        try {
            var all = text(platform, "") + commandLine(fixedPort) + binaries;
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(all.getBytes(UTF_8)), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
