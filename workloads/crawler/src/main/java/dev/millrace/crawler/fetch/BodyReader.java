package dev.millrace.crawler.fetch;

import dev.millrace.crawler.fetch.FetchLimits.Oversize;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a body to its end or to its limits, whichever comes first, and undoes its compression on the way.
 *
 * <p>Three limits hold at once: bytes from the wire, bytes unpacked, and the ratio of the two. The first two keep
 * memory bounded; the third tells a bomb from a large page, and ends it after a mebibyte instead of at the size limit.
 * The check is made for each buffer, so no more than one buffer is ever unpacked beyond a limit.
 *
 * <p>{@code deflate} means zlib (RFC 9110, 8.4.1.2), but some servers send the bare stream; its first two bytes tell
 * which. More than one layer of compression, or one that was not offered, is refused.
 */
final class BodyReader {

    private static final int BUFFER = 16 * 1024;
    private static final long INFLATION_IS_JUDGED_FROM = 1L << 20;

    private final FetchLimits limits;
    private long transferred;

    BodyReader(FetchLimits limits) {
        this.limits = limits;
    }

    /** How many bytes have come from the wire. */
    long transferred() {
        return transferred;
    }

    /**
     * Reads it all.
     *
     * @throws IOException          as the stream throws it, when the connection fails
     * @throws InterruptedException if the fetch's time is up
     */
    byte[] read(InputStream stream, long declared, String encoding)
            throws IOException, FetchFailure, InterruptedException {
        boolean refuse = limits.oversize() == Oversize.REFUSE;
        if (refuse && declared > limits.maxBodyBytes()) {
            throw new FetchFailure(
                    Reason.TOO_LARGE,
                    "The page was not read: it has %,d bytes, and at most %,d are taken (maxBodyBytes)."
                            .formatted(declared, limits.maxBodyBytes()));
        }
        var out = new ByteArrayOutputStream();
        var buffer = new byte[BUFFER];
        try (var decoded = decoded(new Wire(stream), encoding)) {
            for (int n; (n = decoded.read(buffer)) >= 0; ) {
                if (Thread.interrupted()) throw new InterruptedException();
                long size = (long) out.size() + n;
                if (size > INFLATION_IS_JUDGED_FROM && size > transferred * limits.maxInflation()) throw bomb();
                if (size > limits.maxBodyBytes() || transferred > limits.maxBodyBytes()) {
                    if (refuse) throw tooLarge();
                    out.write(buffer, 0, Math.min(n, (int) (limits.maxBodyBytes() - out.size())));
                    break;
                }
                out.write(buffer, 0, n);
            }
        } catch (ZipException damaged) {
            throw new FetchFailure(
                    Reason.BAD_ENCODING, "The page could not be unpacked: its %s data is damaged.".formatted(encoding));
        } catch (EOFException cut) {
            throw new FetchFailure(
                    Reason.CONNECTION_LOST,
                    "The page ended in the middle of its %s data, after %,d bytes.".formatted(encoding, transferred));
        }
        return out.toByteArray();
    }

    private FetchFailure tooLarge() {
        return new FetchFailure(
                Reason.TOO_LARGE,
                "The page was given up: it has more than the %,d bytes that are taken (maxBodyBytes)."
                        .formatted(limits.maxBodyBytes()));
    }

    private FetchFailure bomb() {
        return new FetchFailure(Reason.BOMB, """
                The page was given up: its first %,d bytes unpack to more than %d times as many, \
                which no real page does.""".formatted(transferred, limits.maxInflation()));
    }

    private static InputStream decoded(InputStream wire, String encoding) throws IOException, FetchFailure {
        return switch (encoding.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity", "none" -> wire;
            case "gzip", "x-gzip" -> {
                var peeked = notEmpty(wire);
                yield peeked == null ? InputStream.nullInputStream() : new GZIPInputStream(peeked, BUFFER);
            }
            case "deflate" -> {
                var peeked = notEmpty(wire);
                yield peeked == null ? InputStream.nullInputStream() : inflating(peeked);
            }
            default ->
                throw new FetchFailure(
                        Reason.BAD_ENCODING,
                        "The page could not be unpacked: it was sent as \"%s\", and only gzip and deflate were offered."
                                .formatted(encoding.length() > 40 ? encoding.substring(0, 40) + "…" : encoding));
        };
    }

    /** Servers announce gzip for nothing at all, too. */
    private static @Nullable PushbackInputStream notEmpty(InputStream wire) throws IOException {
        var peeked = new PushbackInputStream(wire, 2);
        int first = peeked.read();
        if (first < 0) return null;
        peeked.unread(first);
        return peeked;
    }

    private static InputStream inflating(PushbackInputStream in) throws IOException {
        int first = in.read();
        int second = in.read();
        if (second >= 0) in.unread(second);
        in.unread(first);
        boolean zlib = (first & 0x0f) == 8 && second >= 0 && ((first << 8) + second) % 31 == 0; // RFC 1950, 2.2
        var inflater = new Inflater(!zlib);
        return new InflaterInputStream(in, inflater, BUFFER) {
            @Override
            public void close() throws IOException {
                inflater.end(); // one that was given is not ended by the stream
                super.close();
            }
        };
    }

    /** Counts. Is not closed with what reads from it: closing a body of HttpClient reads the rest of it. */
    private final class Wire extends FilterInputStream {

        Wire(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int b = super.read();
            if (b >= 0) count(1);
            return b;
        }

        @Override
        public int read(byte[] b, int off, int len) throws IOException {
            int n = super.read(b, off, len);
            if (n > 0) count(n);
            return n;
        }

        @Override
        public void close() {}

        private void count(int n) {
            transferred += n;
        }
    }
}
