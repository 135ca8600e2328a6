package dev.millrace.app.embedded;

import dev.millrace.app.embedded.EmbeddedServerException.Reason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns what the operating system or the server said into what happened, why, and what to do.
 *
 * <p>Both speak English: the server runs with {@code lc_messages = C}, and Java passes the system's words through.
 * Where the system speaks another language, or the disk was too full even for the log, the free space is looked at, and
 * otherwise the words are passed on as they are.
 */
final class Diagnosis {

    /** The disk counts as full when less than one segment of the write-ahead log is left. */
    private static final long ALMOST_NOTHING = 16L << 20;

    private static final Pattern COMPLAINT = Pattern.compile("(PANIC|FATAL|ERROR|error|failed|could not|cannot)\\b.*");

    /** What is said, and what it means. The first match counts, so the specific comes before the general. */
    private static final List<Symptom> SYMPTOMS = List.of(
            new Symptom(Reason.MISSING_LIBRARY, "error while loading shared libraries|Library not loaded"),
            new Symptom(
                    Reason.MEMORY,
                    "could not (create|map|resize|attach to|open) (anonymous )?(shared memory|semaphores?)"
                            + "|Cannot allocate memory|out of memory"),
            new Symptom(
                    Reason.STILL_RUNNING,
                    "pre-existing shared memory block|lock file \"[^\"]*\" already exists|another server might be running"),
            new Symptom(Reason.PORT_TAKEN, "Address already in use|could not bind|could not create any TCP/IP sockets"),
            new Symptom(Reason.DISK_FULL, "No space left on device|Disk quota exceeded|not enough space on the disk"),
            new Symptom(Reason.READ_ONLY, "Read-only file system"),
            new Symptom(
                    Reason.ROOT_REFUSED, "cannot be run as root|execution by a user with administrative permissions"),
            new Symptom(Reason.WRONG_VERSION, "incompatible with server"),
            new Symptom(
                    Reason.DAMAGED,
                    "PANIC|valid checkpoint record|incorrect checksum in control file|invalid page in block"
                            + "|is not a valid data directory|could not open file \"[^\"]*pg_control\"|could not find the database system"
                            + "|could not open control file"),
            new Symptom(Reason.PERMISSION_DENIED, "Permission denied|Operation not permitted|Access is denied"),
            new Symptom(Reason.UNUSABLE_PATH, "Not a directory|File name too long"));

    private record Symptom(Reason reason, Pattern words) {
        Symptom(Reason reason, String words) {
            this(reason, Pattern.compile(words));
        }
    }

    private Diagnosis() {}

    /** What a failed file operation or a program that could not be executed means. */
    static EmbeddedServerException of(String doing, Path where, IOException e) {
        var words = words(e);
        return explain(doing, where, reasonOf(words, where), words, "", e);
    }

    /** What the last words of a program or of the server mean. */
    static EmbeddedServerException ofServer(String doing, Path where, String said) {
        return explain(doing, where, reasonOf(said, where), complaintIn(said), said, null);
    }

    static Reason reasonOf(String words, Path where) {
        for (var symptom : SYMPTOMS) {
            if (symptom.words.matcher(words).find()) {
                return symptom.reason;
            }
        }
        return usable(where) < ALMOST_NOTHING ? Reason.DISK_FULL : Reason.START_FAILED;
    }

    private static EmbeddedServerException explain(
            String doing, Path where, Reason reason, String detail, String said, @Nullable Throwable cause) {
        var why = why(reason, where, detail);
        return new EmbeddedServerException(reason, "%s failed: %s".formatted(doing, why), said, cause);
    }

    private static String why(Reason reason, Path where, String detail) {
        return switch (reason) {
            case DISK_FULL -> """
                no space is left on the disk of %s (%s). Nothing that was acknowledged is lost. Free some space, or \
                choose a directory on another disk with --data, and start again.""".formatted(where, free(where));
            case READ_ONLY -> """
                the file system of %s is mounted read-only. Mount it writable, or choose another directory with --data.\
                """.formatted(where);
            case PERMISSION_DENIED -> """
                the user "%s" may not do that in %s (%s). Make the directory that user's own (chown) and see that its \
                file system allows programs to run (no "noexec"), or choose another directory with --data.""".formatted(System.getProperty("user.name"), where, detail);
            case UNUSABLE_PATH -> """
                %s can't be a directory (%s). Something on the way is a file. Choose another directory with --data.\
                """.formatted(where, detail);
            case MEMORY -> """
                the system refused the server its memory (%s). The server needs about 200 MB, and some shared memory \
                in /dev/shm: free some, or give a container more (docker run --shm-size=256m).""".formatted(detail);
            case PORT_TAKEN -> """
                the port is taken by another program (%s). Choose another one, or none: then a free one is taken.\
                """.formatted(detail);
            case MISSING_LIBRARY -> """
                a system library is missing (%s). Install it (on Debian: apt-get install libstdc++6), or use a \
                PostgreSQL of your own with --database jdbc:postgresql://….""".formatted(detail);
            case ROOT_REFUSED -> """
                PostgreSQL does not run as root or administrator, and no way was found to run it as somebody else \
                (%s). Start Millrace as an ordinary user, allow user namespaces, or use a PostgreSQL of your own with \
                --database jdbc:postgresql://….""".formatted(detail);
            case STILL_RUNNING -> """
                an earlier server still holds %s and does not end (%s). Wait a moment and start again; if that does \
                not help, end the processes named "postgres" that work there.""".formatted(where, detail);
            case DAMAGED -> """
                the data in %s is damaged (%s). Nothing was changed. Put back a backup of the directory, or move it \
                away to begin with an empty one; jobs that are only in there are then gone.""".formatted(where, detail);
            case WRONG_VERSION -> """
                the data in %s was made by another PostgreSQL (%s). Use the version of Millrace that made it, or \
                choose another directory with --data.""".formatted(where, detail);
            case START_FAILED,
                    START_TIMEOUT,
                    IN_USE,
                    FOREIGN_DIRECTORY,
                    UNSUPPORTED_PLATFORM,
                    KEEPS_DYING,
                    INTERRUPTED -> """
                %s. The server's log is in %s. If it does not help, use a PostgreSQL of your own with \
                --database jdbc:postgresql://….""".formatted(detail.isBlank() ? "the server gave no reason" : detail, where);
        };
    }

    private static String words(IOException e) {
        var message = e.getMessage() == null ? "" : e.getMessage();
        if (e instanceof AccessDeniedException) {
            return "Permission denied: " + message;
        }
        if (e instanceof FileAlreadyExistsException) {
            return "Not a directory: " + message;
        }
        if (e instanceof FileSystemException f && f.getReason() == null) {
            return e.getClass().getSimpleName() + ": " + message;
        }
        return message.isBlank() ? e.getClass().getSimpleName() : message;
    }

    /** The line that complains, without the time and process in front of it. */
    private static String complaintIn(String said) {
        var matcher = COMPLAINT.matcher(said);
        var complaint = "";
        while (matcher.find()) {
            var line = matcher.group();
            if (complaint.isEmpty()
                    || line.startsWith("PANIC")
                    || (line.startsWith("FATAL") && !complaint.startsWith("PANIC"))) {
                complaint = line;
            }
        }
        return complaint.isEmpty() ? said.strip().lines().reduce("", (first, line) -> line) : complaint.strip();
    }

    private static String free(Path where) {
        var usable = usable(where);
        return usable == Long.MAX_VALUE
                ? "free space unknown"
                : String.format(Locale.ROOT, "%.1f MB free", usable / 1048576.0);
    }

    private static long usable(Path where) {
        for (var path = where; path != null; path = path.getParent()) {
            try {
                return Files.getFileStore(path).getUsableSpace();
            } catch (IOException e) {
                // not there, or not readable: its parent lies on the same disk, or at least answers
            }
        }
        return Long.MAX_VALUE;
    }
}
