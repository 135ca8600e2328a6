package dev.millrace.benchmarks;

import dev.millrace.MillraceException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Where the peers are: in a folder {@code peers} beside the jar that this process was started from. They are on the class path of
 * children alone.
 */
final class PeerJars {

    private PeerJars() {}

    /** The class path of a child: that of this process, and behind it whatever peers there are. */
    static String classPath() {
        var own = System.getProperty("java.class.path");
        var peers = jars();
        return peers.isEmpty()
                ? own
                : own
                        + File.pathSeparator
                        + peers.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    /** Ends with what to do if there are none. */
    static void insist() {
        if (jars().isEmpty())
            throw new MillraceException(
                    "The peers are not built: there is no %s. Start it as ./millrace bench … --peers from the sources, which builds and downloads them once."
                            .formatted(folder()));
    }

    private static Path folder() {
        var first = System.getProperty("java.class.path").split(File.pathSeparator, 2)[0];
        return Path.of(first).toAbsolutePath().resolveSibling("peers");
    }

    private static List<Path> jars() {
        if (!Files.isDirectory(folder())) return List.of();
        try (var files = Files.list(folder())) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new MillraceException("The peers in %s can't be read: %s.".formatted(folder(), e.getMessage()), e);
        }
    }
}
