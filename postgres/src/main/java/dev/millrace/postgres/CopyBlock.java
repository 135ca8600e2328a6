package dev.millrace.postgres;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Rows on their way into a table by binary COPY, a bounded block at a time (PostgreSQL documentation, COPY, binary format).
 */
final class CopyBlock {

    /** A block is sent when it holds so many bytes. */
    static final int BYTES = 1 << 20;

    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    private static final long EPOCH_MICROS =
            Instant.parse("2000-01-01T00:00:00Z").getEpochSecond() * 1_000_000;

    private final String copy;
    private final Buffer buffer = new Buffer();

    CopyBlock(String copy) {
        this.copy = copy;
    }

    /** The bytes themselves, reused from block to block. */
    private static final class Buffer extends ByteArrayOutputStream {
        private Buffer() {
            super(BYTES + BYTES / 2);
        }

        private byte[] bytes() {
            return buf;
        }
    }

    boolean full() {
        return buffer.size() >= BYTES;
    }

    CopyBlock row(int fields) {
        if (buffer.size() == 0) buffer.writeBytes(HEADER);
        buffer.write(fields >>> 8);
        buffer.write(fields);
        return this;
    }

    CopyBlock number(int value) {
        int32(4);
        int32(value);
        return this;
    }

    CopyBlock flag(boolean value) {
        int32(1);
        buffer.write(value ? 1 : 0);
        return this;
    }

    CopyBlock id(UUID value) {
        int32(16);
        int64(value.getMostSignificantBits());
        int64(value.getLeastSignificantBits());
        return this;
    }

    CopyBlock text(String value) {
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        int32(bytes.length);
        buffer.writeBytes(bytes);
        return this;
    }

    /** A jsonb: its binary form is a version byte and the text. */
    CopyBlock json(@Nullable String value) {
        if (value == null) return nothing();
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        int32(bytes.length + 1);
        buffer.write(1);
        buffer.writeBytes(bytes);
        return this;
    }

    CopyBlock instant(@Nullable Instant value) {
        if (value == null) return nothing();
        int32(8);
        int64(value.getEpochSecond() * 1_000_000 + value.getNano() / 1_000 - EPOCH_MICROS);
        return this;
    }

    private CopyBlock nothing() {
        int32(-1);
        return this;
    }

    /** Sends what there is, as one COPY in the connection's transaction. */
    void send(Connection connection) throws SQLException {
        if (buffer.size() == 0) return;
        buffer.write(0xFF);
        buffer.write(0xFF);
        var into = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(copy);
        try {
            into.writeToCopy(buffer.bytes(), 0, buffer.size());
            into.endCopy();
        } finally {
            if (into.isActive()) into.cancelCopy();
            buffer.reset();
        }
    }

    private void int32(int value) {
        buffer.write(value >>> 24);
        buffer.write(value >>> 16);
        buffer.write(value >>> 8);
        buffer.write(value);
    }

    private void int64(long value) {
        buffer.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
    }
}
