package dev.millrace.app.database;

import dev.millrace.Checkup;
import dev.millrace.Finding;
import dev.millrace.Finding.Remedy;
import dev.millrace.Finding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How much room is left where the embedded database is kept. Of a server of the user's own nobody can ask that by SQL. */
public final class DiskRoom {

    /** The log grows by so much between two checkpoints: with less, a busy minute may fill the disk. */
    private static final long LITTLE = 2L << 30;

    /** Some segments of the log, and some of what a partition grows by in minutes. */
    private static final long ALMOST_NONE = 512L << 20;

    /** A large disk of which so little is free is filling up; a small one may be meant so. */
    private static final double FILLING = 0.05;

    private static final long PLENTY = 20L << 30;

    private DiskRoom() {}

    /**
     * What the doctor found, and the disk.
     *
     * @param data where the embedded database is kept; null if it is another one, whose disk is not this machine's
     */
    public static Checkup addedTo(Checkup checkup, @Nullable Path data) {
        if (data == null || !Files.isDirectory(data)) return checkup;
        try {
            var store = Files.getFileStore(data);
            return checkup.plus(judge(data, store.getUsableSpace(), store.getTotalSpace()), List.of(Finding.Type.DISK));
        } catch (IOException e) {
            return checkup.plus(List.of(unseen(data, String.valueOf(e.getMessage()))), List.of());
        }
    }

    private static Finding unseen(Path data, String why) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("directory", data.toString());
        facts.put("because", why);
        return new Finding(
                Finding.Type.DISK,
                Severity.UNKNOWN,
                data.toString(),
                "Not known, because the disk of %s could not be asked: %s.".formatted(data, why),
                "It may be full, or not.",
                List.of(new Remedy("Ask it by hand.", "df -h " + data)),
                facts);
    }

    /**
     * Whether there is enough.
     *
     * @param usable bytes that this user may still write there
     * @param total bytes of the whole disk
     */
    static List<Finding> judge(Path data, long usable, long total) {
        boolean filling = usable < PLENTY && usable < total * FILLING;
        if (usable >= LITTLE && !filling) return List.of();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("directory", data.toString());
        facts.put("usableBytes", usable);
        facts.put("totalBytes", total);
        var remedies = new ArrayList<Remedy>();
        remedies.add(new Remedy("See what has the room.", "du -xh --max-depth=2 %s | sort -h | tail".formatted(data)));
        remedies.add(
                Remedy.of(
                        "Make room, or move the data directory to a larger disk while nothing runs there; --data says where it is."));
        return List.of(new Finding(
                Finding.Type.DISK,
                usable < ALMOST_NONE ? Severity.CRITICAL : Severity.WARNING,
                data.toString(),
                "The disk of the embedded database, in %s, has %,d MB left of %,d MB."
                        .formatted(data, usable >> 20, total >> 20),
                "When it is full, nothing can be enqueued and nothing that runs can be written down; nothing acknowledged is lost.",
                remedies,
                facts));
    }
}
