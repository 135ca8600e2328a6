package dev.millrace.crawler;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
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
 * <p>The file is written anew when it is shorter than the row says, when it does not end there as it should, or when the database is not
 * the one that the snapshot is from, as after a restore. The pages of another crawl are not overwritten, unless that one was forgotten.
 */
final class PageFile implements AutoCloseable {

    /** Sees nothing: the first append reads all. */
    private static final String NOTHING = "1:1:";

    private static final int FETCH_SIZE = 100;

    private final Database database;
    private final CrawlSql sql;
    private final long crawl;
    private final OutputFile file;
    private final JsonMapper json = JsonMapper.builder().build();
    private final Cluster cluster;
    private State state;

    private record Cluster(long system, long database) {}

    private record State(long length, String snapshot) {}

    private record Kept(long crawl, State state, String tail, Cluster cluster) {}

    private record Owner(
            @Nullable String identity, @Nullable String seed) {}

    private PageFile(Database database, CrawlSql sql, long crawl, OutputFile file, Cluster cluster) {
        this.database = database;
        this.sql = sql;
        this.crawl = crawl;
        this.file = file;
        this.cluster = cluster;
        this.state = new State(0, NOTHING);
    }

    /**
     * Refuses a file that holds the pages of another crawl.
     *
     * @param identity of the crawl that is to write it
     * @param anew     whether it begins anew: then pages that nobody knows any more may go
     */
    static void check(Database database, CrawlSql sql, OutputFile file, String identity, boolean anew) {
        if (file.size() == 0) return;
        var found = database.transaction(
                "see whose file " + file.path() + " is",
                tx -> Database.one(
                        tx,
                        sql.ownerOfExport,
                        row -> new Owner(row.getString("identity"), row.getString("seed")),
                        file.path().toString()));
        if (found.isEmpty()) {
            if (anew) return;
            throw file.refused(
                    "it holds pages of a crawl that this database does not know. Name another file, remove it, or begin the crawl anew");
        }
        var owner = found.get();
        if (owner.identity() == null || owner.identity().equals(identity)) return;
        throw file.refused(
                "it holds the pages of another crawl, of %s. Name another file, or remove it".formatted(owner.seed()));
    }

    /** Makes the file what the database says it is. */
    static PageFile of(Database database, CrawlSql sql, long crawl, OutputFile file) {
        var cluster = database.transaction(
                "learn which database this is",
                tx -> Database.one(tx, sql.cluster, row -> new Cluster(row.getLong(1), row.getLong(2)))
                        .orElseThrow());
        var opened = new PageFile(database, sql, crawl, file, cluster);
        opened.recover();
        return opened;
    }

    private void recover() {
        var kept = kept();
        if (kept.isPresent()) {
            var row = kept.get();
            boolean same = row.crawl() == crawl
                    && row.cluster().equals(cluster)
                    && file.size() >= row.state().length()
                    && row.tail().equals(file.tail(row.state().length()));
            if (same) state = row.state();
        }
        file.cut(state.length());
    }

    private Optional<Kept> kept() {
        return database.transaction(
                "read how far " + file.path() + " is",
                tx -> Database.one(
                        tx,
                        sql.readExport,
                        row -> new Kept(
                                row.getLong("crawl"),
                                new State(row.getLong("length"), row.getString("snap")),
                                row.getString("tail"),
                                new Cluster(row.getLong("cluster"), row.getLong("database"))),
                        file.path().toString()));
    }

    /**
     * Appends what was committed since the last time. The lines are on the disk when this returns.
     *
     * @return how many lines
     */
    long append() {
        return database.snapshot(
                        "read the pages for " + file.path(),
                        tx -> {
                            var now = Database.one(tx, sql.snapshot, row -> row.getString(1))
                                    .orElseThrow();
                            try {
                                var channel = file.channel();
                                file.cut(state.length()); // what a failed append left
                                channel.position(state.length());
                                long lines = write(tx);
                                if (lines > 0) channel.force(true);
                                var written = new State(channel.position(), now);
                                Database.update(
                                        tx,
                                        sql.keepExport,
                                        file.path().toString(),
                                        crawl,
                                        written.length(),
                                        now,
                                        file.tail(written.length()),
                                        cluster.system(),
                                        cluster.database());
                                return new Appended(lines, written);
                            } catch (IOException e) {
                                throw file.refused(e);
                            }
                        },
                        appended -> state = appended.state())
                .lines();
    }

    private record Appended(long lines, State state) {}

    private long write(Connection tx) throws SQLException, IOException {
        long lines = 0;
        // Not closed: that would close the channel. Each line is flushed into the buffer, and the buffer at the end.
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file.channel()), 1 << 16);
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
        file.close();
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
