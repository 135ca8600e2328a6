package dev.millrace.benchmarks.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** Which version of a peer the build put on the class path, or names for download. */
final class Version {

    private Version() {}

    static String of(String peer) {
        var versions = new Properties();
        try (var in = Objects.requireNonNull(Version.class.getResourceAsStream("versions.properties"))) {
            versions.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Objects.requireNonNull(versions.getProperty(peer), peer);
    }
}
