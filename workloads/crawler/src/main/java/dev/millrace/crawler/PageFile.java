package dev.millrace.crawler;

import dev.millrace.MillraceException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * The output of a crawl: one line of JSON for each page, each once.
 *
 * <p>The file is derived; the database is the truth. One row keeps how long the file is and up to which snapshot its lines go. An
 * append reads the pages that are visible now and were not then, writes and syncs them, and only then moves the row. What a crash
 * leaves behind the kept length is cut off at the next start. Snapshots and not times or numbers, since pages are committed in another
 * order than they are numbered.
 *
 * <p>The file is written anew when it is shorter than the row says, when it does not end there as it should, when it belongs to another
 * crawl, or when the database is not the one that the snapshot is from, as after a restore.
 */
final class PageFile implements AutoCloseable {

    /** Sees nothing: the first append reads all. */
    private static final String NOTHING = "1:1:";

    private static final int TAIL = 4_096;
    private static final int FETCH_SIZE = 100;
    private static final byte[] OURS = "{\"url\":".getBytes(StandardCharsets.US_ASCII);

    private final Database database;
    private final CrawlSql sql;
    private final long crawl;
    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;
    private final JsonMapper json = JsonMapper.builder().build();
    private final Cluster cluster;
    private State state;

    private record Cluster(long system, long database) {}

    private record State(long length, String snapshot) {}

    private record Kept(long crawl, State state, String tail, Cluster cluster) {}

    private PageFile(
            Database database,
            CrawlSql sql,
            long crawl,
            Path path,
            FileChannel channel,
            FileLock lock,
            Cluster cluster) {
        this.database = database;
        this.sql = sql;
        this.crawl = crawl;
        this.path = path;
        this.channel = channel;
        this.lock = lock;
        this.cluster = cluster;
        this.state = new State(0, NOTHING);
    }

    /** Opens the file, and makes it what the database says it is. */
    static PageFile open(Database database, CrawlSql sql, long crawl, Path file) {
        FileChannel channel = null;
        try {
            if (Files.isDirectory(file)) throw refused(file, "it is a folder. Name a file in it");
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            var lock = lock(file, channel);
            var cluster = database.transaction(
                    "learn which database this is",
                    tx -> Database.one(tx, sql.cluster, row -> new Cluster(row.getLong(1), row.getLong(2)))
                            .orElseThrow());
            var opened = new PageFile(database, sql, crawl, file.toRealPath(), channel, lock, cluster);
            opened.recover();
            return opened;
        } catch (IOException | RuntimeException e) {
            try {
                if (channel != null) channel.close();
            } catch (IOException closing) {
                e.addSuppressed(closing);
            }
            if (e instanceof IOException io) throw refused(file, why(io));
            throw (RuntimeException) e;
        }
    }

    private static FileLock lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException byThisProcess) {
            lock = null;
        }
        if (lock == null) throw refused(file, "another crawl is writing it. Wait for its end, or name another file");
        return lock;
    }

    private static MillraceException refused(Path file, String why) {
        return new MillraceException("The pages can't be written to %s: %s.".formatted(file, why));
    }

    private static String why(IOException e) {
        if (e instanceof java.nio.file.NoSuchFileException) return "its folder does not exist. Make it first";
        if (e instanceof java.nio.file.AccessDeniedException)
            return "permission is denied. Choose a place that you may write to";
        if (e instanceof FileSystemException f && f.getReason() != null) return f.getReason();
        return String.valueOf(e.getMessage());
    }

    private void recover() throws IOException {
        var kept = kept();
        if (kept.isPresent()) {
            var row = kept.get();
            boolean same = row.crawl() == crawl
                    && row.cluster().equals(cluster)
                    && channel.size() >= row.state().length()
                    && row.tail().equals(tail(row.state().length()));
            if (same) {
                state = row.state();
                channel.truncate(state.length());
                return;
            }
        }
        refuseIfForeign();
        channel.truncate(0);
    }

    private Optional<Kept> kept() {
        return database.transaction(
                "read how far " + path + " is",
                tx -> Database.one(
                        tx,
                        sql.readExport,
                        row -> new Kept(
                                row.getLong("crawl"),
                                new State(row.getLong("length"), row.getString("snap")),
                                row.getString("tail"),
                                new Cluster(row.getLong("cluster"), row.getLong("database"))),
                        path.toString()));
    }

    /** What no crawl has written is not overwritten: a slip of the keyboard must not cost a thesis. */
    private void refuseIfForeign() throws IOException {
        if (channel.size() == 0) return;
        var start = ByteBuffer.allocate(OURS.length);
        channel.read(start, 0);
        if (!ByteBuffer.wrap(OURS).equals(start.flip())) {
            throw refused(path, "it exists, and was not written by a crawl. Name another file, or remove it");
        }
    }

    /** A fingerprint of the file's end, up to this length. */
    private String tail(long length) throws IOException {
        long from = Math.max(0, length - TAIL);
        var bytes = ByteBuffer.allocate((int) (length - from));
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, from + bytes.position()) < 0) break;
        }
        return Hashes.sha256(bytes.array());
    }

    /**
     * Appends what was committed since the last time. The lines are on the disk when this returns.
     *
     * @return how many lines
     */
    long append() {
        return database.snapshot(
                        "read the pages for " + path,
                        tx -> {
                            var now = Database.one(tx, sql.snapshot, row -> row.getString(1))
                                    .orElseThrow();
                            try {
                                channel.truncate(state.length()); // what a failed append left
                                channel.position(state.length());
                                long lines = write(tx);
                                if (lines > 0) channel.force(true);
                                var written = new State(channel.position(), now);
                                Database.update(
                                        tx,
                                        sql.keepExport,
                                        path.toString(),
                                        crawl,
                                        written.length(),
                                        now,
                                        tail(written.length()),
                                        cluster.system(),
                                        cluster.database());
                                return new Appended(lines, written);
                            } catch (IOException e) {
                                throw refused(path, why(e));
                            }
                        },
                        appended -> state = appended.state())
                .lines();
    }

    private record Appended(long lines, State state) {}

    private long write(Connection tx) throws SQLException, IOException {
        long lines = 0;
        // Not closed: that would close the channel. Each line is flushed into the buffer, and the buffer at the end.
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
        try (var s = Database.prepared(tx, sql.window, crawl, state.snapshot(), state.snapshot())) {
            s.setFetchSize(FETCH_SIZE);
            try (var rows = s.executeQuery()) {
                while (rows.next()) {
                    try (var line = json.createGenerator(new Unclosed(out), JsonEncoding.UTF8)) {
                        write(rows, line);
                    }
                    out.write('\n');
                    lines++;
                }
            }
        }
        out.flush();
        return lines;
    }

    private static void write(ResultSet row, JsonGenerator line) throws SQLException {
        line.writeStartObject();
        line.writeStringProperty("url", row.getString("url"));
        line.writeStringProperty("finalUrl", row.getString("final_url"));
        int status = row.getInt("status");
        if (!row.wasNull()) line.writeNumberProperty("status", status);
        text(line, "contentType", row.getString("content_type"));
        line.writeStringProperty(
                "fetchedAt",
                row.getObject("fetched_at", OffsetDateTime.class).toInstant().toString());
        line.writeNumberProperty("tookMillis", row.getInt("took_millis"));
        text(line, "title", row.getString("title"));
        text(line, "text", row.getString("text"));
        var links = row.getArray("links");
        if (links != null) {
            line.writeArrayPropertyStart("links");
            for (var link : (String[]) links.getArray()) line.writeString(link);
            line.writeEndArray();
        }
        text(line, "sha256", row.getString("sha256"));
        text(line, "reason", row.getString("reason"));
        text(line, "error", row.getString("error"));
        line.writeEndObject();
    }

    private static void text(JsonGenerator line, String name, @Nullable String value) {
        if (value != null) line.writeStringProperty(name, value);
    }

    @Override
    public void close() {
        try (channel) {
            lock.release();
        } catch (IOException e) {
            throw refused(path, why(e));
        }
    }

    /** A stream that outlives its writer. */
    private static final class Unclosed extends java.io.FilterOutputStream {

        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
