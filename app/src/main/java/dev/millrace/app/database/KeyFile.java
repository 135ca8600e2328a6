package dev.millrace.app.database;

import static java.nio.file.attribute.PosixFilePermission.GROUP_WRITE;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_READ;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_WRITE;

import dev.millrace.KeyRing;
import dev.millrace.MillraceException;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * A file of encryption keys. One that others on the machine may read, or that a group may write, is refused, as by ssh; a group may read it, since
 * secrets are mounted so. Nothing of what stands there is ever told.
 */
final class KeyFile {

    /** Hundreds of keys. */
    private static final int MOST_BYTES = 64 * 1024;

    private static final Set<PosixFilePermission> TOO_OPEN =
            Set.copyOf(EnumSet.of(OTHERS_READ, OTHERS_WRITE, OTHERS_EXECUTE, GROUP_WRITE));

    private KeyFile() {}

    /** The keys in it. */
    static KeyRing read(Path file) {
        if (file.toString().isBlank())
            throw refused(
                    file,
                    "has an empty name",
                    "Name it by --payload-key-file or MILLRACE_PAYLOAD_KEY_FILE; or unset that variable, to go without keys.");
        if (Files.isDirectory(file)) throw refused(file, "is a directory", "Name the file in it.");
        try {
            refuseIfTooOpen(file);
            try (var in = Files.newInputStream(file)) {
                var bytes = in.readNBytes(MOST_BYTES + 1);
                if (bytes.length > MOST_BYTES)
                    throw refused(
                            file,
                            "has more than %,d bytes, and holds no keys".formatted(MOST_BYTES),
                            "Check the path.");
                return KeyRing.parse(new String(bytes, StandardCharsets.UTF_8));
            }
        } catch (NoSuchFileException missing) {
            throw refused(file, "does not exist", "Check the path.");
        } catch (IOException unreadable) {
            throw refused(
                    file,
                    "can't be read: " + unreadable.getClass().getSimpleName(),
                    "Give it to the user that runs this command.");
        } catch (MillraceException noKeys) {
            throw refused(file, "can't be used", noKeys.getMessage());
        }
    }

    private static void refuseIfTooOpen(Path file) throws IOException {
        var view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view == null) return; // a system without such permissions
        var permissions = view.readAttributes().permissions();
        if (permissions.stream().noneMatch(TOO_OPEN::contains)) return;
        throw refused(
                file,
                "may be read or changed by others (%s)".formatted(PosixFilePermissions.toString(permissions)),
                "Keep it to its owner: chmod 600 " + file);
    }

    private static CommandFailed refused(Path file, String why, String remedy) {
        return new CommandFailed(
                ExitCode.USAGE,
                "The payload key file%s %s. %s Nothing was changed."
                        .formatted(file.toString().isBlank() ? "" : " " + file, why, remedy));
    }
}
