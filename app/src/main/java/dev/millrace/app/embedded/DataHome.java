package dev.millrace.app.embedded;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a user's data lives by default, by the custom of each operating system. */
public final class DataHome {

    private DataHome() {}

    /** The default data directory of the user who runs this process. Nothing is created. */
    public static Path ofThisUser() {
        return of(System.getProperty("os.name"), Path.of(System.getProperty("user.home")), System.getenv());
    }

    static Path of(String operatingSystem, Path home, Map<String, String> environment) {
        if (operatingSystem.startsWith("Mac")) {
            return home.resolve("Library").resolve("Application Support").resolve("millrace");
        }
        if (operatingSystem.startsWith("Windows")) {
            return absoluteOr(
                            environment.get("LOCALAPPDATA"),
                            home.resolve("AppData").resolve("Local"))
                    .resolve("millrace");
        }
        return absoluteOr(
                        environment.get("XDG_DATA_HOME"), home.resolve(".local").resolve("share"))
                .resolve("millrace");
    }

    /** The XDG specification: a relative path is invalid and to be ignored. */
    private static Path absoluteOr(@Nullable String configured, Path otherwise) {
        if (configured == null || configured.isBlank()) {
            return otherwise;
        }
        var path = Path.of(configured);
        return path.isAbsolute() ? path : otherwise;
    }
}
