package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.FOREIGN_DIRECTORY;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.UNUSABLE_PATH;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * What lies where in a data directory.
 *
 * <pre>
 * DATA/millrace.lock             held, as long as a process uses the directory; its presence says: this is ours
 * DATA/millrace.owner            who holds it, or held it last
 * DATA/postgres/bin-VERSION-…/   the programs
 * DATA/postgres/cluster/         the data; appears whole, by one rename
 * DATA/postgres/making-…/        a cluster that is being made
 * DATA/postgres/log/             what the server says, bounded
 * DATA/torture/                  what tortures made: data directories of their own
 * </pre>
 */
record Layout(Path data) {

    /** Made by the system, or by a torture that ran here first, and in nobody's way. */
    private static final Set<String> HARMLESS = Set.of("lost+found", ".DS_Store", "torture");

    Path lock() {
        return data.resolve("millrace.lock");
    }

    Path owner() {
        return data.resolve("millrace.owner");
    }

    Path postgres() {
        return data.resolve("postgres");
    }

    Path cluster() {
        return postgres().resolve("cluster");
    }

    Path log() {
        return postgres().resolve("log");
    }

    /** Makes the data directory if it is missing, and refuses one that holds something else. */
    static Layout prepare(Path requested) {
        var data = requested.toAbsolutePath().normalize();
        refuseUnusableName(data);
        try {
            if (!Files.isDirectory(data)) {
                Files.createDirectories(data.getParent());
                Disk.makeDirectory(data);
            }
            var layout = new Layout(data.toRealPath());
            refuseUnusableName(layout.data);
            layout.refuseForeign();
            return layout;
        } catch (IOException e) {
            throw Diagnosis.of("Preparing the data directory", data, e);
        }
    }

    /** Whether somebody has prepared it. */
    static boolean isTaken(Path data) {
        return Files.exists(new Layout(data).lock());
    }

    void makeServerDirectories() throws IOException {
        Disk.makeDirectory(postgres());
        Disk.makeDirectory(log());
    }

    private void refuseForeign() throws IOException {
        if (Files.exists(lock())) {
            return;
        }
        try (var entries = Files.newDirectoryStream(data)) {
            for (var entry : entries) {
                var name = entry.getFileName().toString();
                if (!HARMLESS.contains(name)) {
                    throw new EmbeddedServerException(
                            FOREIGN_DIRECTORY, """
                            %s is not empty and is not a data directory of Millrace (it holds "%s", but no "%s"). \
                            Nothing was changed in it. Choose an empty or a new directory with --data.""".formatted(data, name, lock().getFileName()));
                }
            }
        }
    }

    /** The server's own start tool puts the path between double quotes into a shell command, without escapes. */
    private static void refuseUnusableName(Path data) {
        var unusable = data.getFileSystem().getSeparator().equals("\\") ? "\"%" : "\"$`\\";
        for (var c : data.toString().toCharArray()) {
            if (unusable.indexOf(c) >= 0 || Character.isISOControl(c)) {
                throw new EmbeddedServerException(UNUSABLE_PATH, """
                        The data directory %s can't be used: PostgreSQL's start tool does not get along with the \
                        character %s in a path. Choose a directory without it, with --data.""".formatted(
                                data, Character.isISOControl(c) ? "U+%04X".formatted((int) c) : c));
            }
        }
    }
}
