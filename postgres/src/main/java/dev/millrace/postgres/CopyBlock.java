package dev.millrace.postgres;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Rows on their way into a table by binary COPY, a bounded block at a time (PostgreSQL documentation, COPY, binary format). A COPY may stay open for the
 * next blocks, so that the server stores one while the next is made; until it is ended, nothing else can be done on its connection.
 */
final class CopyBlock {

    /** A block is sent when it holds so many bytes. */
    static final int BYTES = 1 << 20;

    /** The server begins with a block when it has all of it: where a COPY stays open, small ones keep both at work. */
    private static final int POURED = 128 << 10;

    /** So much goes into one COPY: a statement should not last. */
    private static final int MOST_POURED = 16 << 20;

    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    private static final long EPOCH_MICROS =
            Instant.parse("2000-01-01T00:00:00Z").getEpochSecond() * 1_000_000;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final String copy;

    /** Reused from block to block. */
    private byte[] bytes = new byte[BYTES + BYTES / 2];

    private int size;
    private @Nullable CopyIn open;
    private int poured;

    CopyBlock(String copy) {
        this.copy = copy;
    }

    boolean full() {
        return size >= BYTES;
    }

    /** Whether it is worth while to {@linkplain #pour} what there is. */
    boolean pours() {
        return size >= POURED;
    }

    /** Whether a COPY is open, so that its connection can do nothing else. */
    boolean isOpen() {
        return open != null;
    }

    CopyBlock row(int fields) {
        if (size == 0 && open == null) put(HEADER);
        put(fields >>> 8);
        put(fields);
        return this;
    }

    CopyBlock number(int value) {
        int32(4);
        int32(value);
        return this;
    }

    CopyBlock flag(boolean value) {
        int32(1);
        put(value ? 1 : 0);
        return this;
    }

    CopyBlock id(UUID value) {
        int32(16);
        int64(value.getMostSignificantBits());
        int64(value.getLeastSignificantBits());
        return this;
    }

    CopyBlock text(String value) {
        var encoded = value.getBytes(StandardCharsets.UTF_8);
        int32(encoded.length);
        put(encoded);
        return this;
    }

    /** A jsonb: its binary form is a version byte and the text. */
    CopyBlock json(@Nullable String value) {
        if (value == null) return nothing();
        var encoded = value.getBytes(StandardCharsets.UTF_8);
        int32(encoded.length + 1);
        put(1);
        put(encoded);
        return this;
    }

    CopyBlock instant(@Nullable Instant value) {
        if (value == null) return nothing();
        int32(8);
        int64(
                value.equals(Session.NO_TIME)
                        ? Long.MAX_VALUE
                        : value.getEpochSecond() * 1_000_000 + value.getNano() / 1_000 - EPOCH_MICROS);
        return this;
    }

    private CopyBlock nothing() {
        int32(-1);
        return this;
    }

    /** Sends what there is, into a COPY that stays open in the connection's transaction. */
    void pour(Connection connection) throws SQLException {
        write(connection);
        if (poured >= MOST_POURED) send(connection);
    }

    /** Sends what there is, and ends the COPY. */
    void send(Connection connection) throws SQLException {
        if (size == 0 && open == null) return;
        put(0xFF);
        put(0xFF);
        var into = write(connection);
        open = null;
        poured = 0;
        try {
            into.endCopy();
        } finally {
            if (into.isActive()) into.cancelCopy();
        }
    }

    private CopyIn write(Connection connection) throws SQLException {
        var into = open;
        if (into == null)
            into = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(copy);
        open = into;
        try {
            into.writeToCopy(bytes, 0, size);
            into.flushCopy();
        } finally {
            poured += size;
            size = 0;
        }
        return into;
    }

    /** Gives up what is open, so that the connection's transaction can go back. */
    void leave(Throwable because) {
        var into = open;
        open = null;
        try {
            if (into != null && into.isActive()) into.cancelCopy();
        } catch (SQLException broken) {
            because.addSuppressed(broken); // the connection is of no use any more
        }
    }

    private void put(int value) {
        room(1);
        bytes[size++] = (byte) value;
    }

    private void put(byte[] values) {
        room(values.length);
        System.arraycopy(values, 0, bytes, size, values.length);
        size += values.length;
    }

    private void int32(int value) {
        room(Integer.BYTES);
        INT.set(bytes, size, value);
        size += Integer.BYTES;
    }

    private void int64(long value) {
        room(Long.BYTES);
        LONG.set(bytes, size, value);
        size += Long.BYTES;
    }

    private void room(int more) {
        if (bytes.length - size < more) bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
    }
}
