package dev.millrace.crawler.fetch;

import dev.millrace.crawler.fetch.GuardedSocket.RefusedAddressException;
import dev.millrace.crawler.url.HostKey;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.client5.http.ClientProtocolException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.MalformedChunkCodingException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.TruncatedChunkException;
import org.jspecify.annotations.Nullable;

/** Says in one sentence what an exception of sockets, TLS or HTTP means. */
final class Failures {

    private Failures() {}

    static FetchFailure explain(IOException failed, HostKey host) {
        return switch (failed) {
            case RefusedAddressException refused -> Lookups.refused(host.host(), String.valueOf(refused.getMessage()));
            case ConnectionRequestTimeoutException full ->
                new FetchFailure(Reason.TIMEOUT, "No connection was free in time (maxConnections).");
            case ConnectTimeoutException slow ->
                new FetchFailure(
                        Reason.TIMEOUT, "%s did not accept a connection in time (connectTimeout).".formatted(host));
            case SocketTimeoutException silent ->
                new FetchFailure(Reason.TIMEOUT, "%s accepted the connection and then said nothing.".formatted(host));
            case ConnectException nobody ->
                new FetchFailure(
                        Reason.UNREACHABLE,
                        "Nothing answers at %s, port %d: %s.".formatted(host.host(), host.port(), lastClause(nobody)));
            case NoRouteToHostException away ->
                new FetchFailure(Reason.UNREACHABLE, "No route leads to %s.".formatted(host.host()));
            case SSLException tls -> explainTls(tls, host);
            case MessageConstraintException flood ->
                new FetchFailure(
                        Reason.PROTOCOL,
                        "%s sent more headers than the %d of at most %,d bytes that are taken."
                                .formatted(host, Connections.MAX_HEADERS, Connections.MAX_HEADER_LINE));
            case ClientProtocolException strange ->
                new FetchFailure(
                        Reason.PROTOCOL,
                        "What %s answered is not HTTP: %s.".formatted(host, shortened(innermost(strange))));
            case TruncatedChunkException early -> closedEarly(host);
            case MalformedChunkCodingException strange ->
                new FetchFailure(
                        Reason.PROTOCOL,
                        "The page that %s sent is cut into chunks wrongly: %s.".formatted(host, shortened(strange)));
            case NoHttpResponseException nothing ->
                new FetchFailure(Reason.CONNECTION_LOST, "%s closed the connection without an answer.".formatted(host));
            case ConnectionClosedException early -> closedEarly(host);
            case SocketException reset ->
                new FetchFailure(
                        Reason.CONNECTION_LOST, "The connection to %s broke: %s.".formatted(host, shortened(reset)));
            case InterruptedIOException aborted ->
                new FetchFailure(Reason.TIMEOUT, "The fetch from %s was broken off.".formatted(host));
            default ->
                new FetchFailure(
                        Reason.CONNECTION_LOST, "The connection to %s failed: %s.".formatted(host, shortened(failed)));
        };
    }

    /** Whether nothing was sent yet, so that the host's next address may be tried. */
    static boolean beforeConnection(IOException failed) {
        return failed instanceof ConnectException
                || failed instanceof ConnectTimeoutException
                || failed instanceof NoRouteToHostException;
    }

    private static FetchFailure closedEarly(HostKey host) {
        return new FetchFailure(
                Reason.CONNECTION_LOST, "%s closed the connection before the page was complete.".formatted(host));
    }

    private static FetchFailure explainTls(SSLException tls, HostKey host) {
        if (has(tls, SocketException.class) || has(tls, EOFException.class)) {
            return new FetchFailure(
                    Reason.CONNECTION_LOST, "%s closed the connection in the middle of TLS.".formatted(host));
        }
        if (tls instanceof SSLPeerUnverifiedException || has(tls, CertificateException.class)) {
            return new FetchFailure(
                    Reason.TLS,
                    "The certificate of %s can't be trusted: %s.".formatted(host, shortened(innermost(tls))));
        }
        return new FetchFailure(Reason.TLS, "No TLS connection to %s: %s.".formatted(host, shortened(tls)));
    }

    /** "Connection refused" of "Connect to … failed: Connection refused". */
    private static String lastClause(Throwable thrown) {
        var message = shortened(thrown);
        return message.substring(message.lastIndexOf(": ") + 1).strip();
    }

    private static boolean has(Throwable thrown, Class<? extends Throwable> type) {
        for (@Nullable Throwable t = thrown; t != null; t = t.getCause()) if (type.isInstance(t)) return true;
        return false;
    }

    private static Throwable innermost(Throwable thrown) {
        var t = thrown;
        while (t.getCause() != null) t = t.getCause();
        return t;
    }

    /** Of a message that a server may have written: one line, printable, not long. */
    private static String shortened(Throwable thrown) {
        var message = String.valueOf(thrown.getMessage());
        var start = message.length() > 160 ? message.substring(0, 160) + "…" : message;
        var clean = new StringBuilder(start.length());
        start.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
                .forEach(clean::appendCodePoint);
        var line = clean.toString().strip();
        return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
    }
}
