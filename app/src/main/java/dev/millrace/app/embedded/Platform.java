package dev.millrace.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * An operating system and processor, in the words of the archives that hold the server's programs.
 *
 * @param system {@code linux}, {@code darwin} or {@code windows}; other systems under their own name
 * @param processor {@code x86_64} or {@code arm_64}; other processors under their own name
 * @param musl a Linux without glibc, such as Alpine: needs programs of its own
 */
record Platform(String system, String processor, boolean musl) {

    static Platform ofThisMachine() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"), hasOnlyMusl());
    }

    static Platform of(String osName, String osArch, boolean musl) {
        var name = osName.toLowerCase(Locale.ROOT);
        var system = name.startsWith("mac") ? "darwin" : name.startsWith("windows") ? "windows" : name;
        var processor = switch (osArch.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64", "x64" -> "x86_64";
            case "aarch64", "arm64" -> system.equals("windows") ? "x86_64" : "arm_64"; // Windows emulates
            default -> osArch;
        };
        return new Platform(system, processor, musl && system.equals("linux"));
    }

    boolean windows() {
        return system.equals("windows");
    }

    boolean linux() {
        return system.equals("linux");
    }

    /** The archive's name within the jar of the binaries. */
    String archive() {
        return "postgres-%s-%s%s.txz".formatted(system, processor, musl ? "-alpine_linux" : "");
    }

    @Override
    public String toString() {
        return system + "-" + processor + (musl ? "-musl" : "");
    }

    /** Both loaders may be there (a Debian with musl tools): then it is a glibc system. */
    private static boolean hasOnlyMusl() {
        return loaderIn(Path.of("/lib"), "ld-musl-*")
                && !loaderIn(Path.of("/lib"), "ld-linux-*")
                && !loaderIn(Path.of("/lib64"), "ld-linux-*");
    }

    private static boolean loaderIn(Path directory, String glob) {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (var found = Files.newDirectoryStream(directory, glob)) {
            return found.iterator().hasNext();
        } catch (IOException e) {
            return false;
        }
    }
}
