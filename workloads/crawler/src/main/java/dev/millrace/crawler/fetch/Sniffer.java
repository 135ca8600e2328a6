package dev.millrace.crawler.fetch;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Guesses what an answer is made of when its header does not say, from its first bytes, as the
 * <a href="https://mimesniff.spec.whatwg.org/#rules-for-identifying-an-unknown-mime-type">MIME sniffing standard</a>
 * has it: markup that begins a page makes it HTML, the JDK knows the marks of common formats, and text without control
 * characters is text. A header that says something is believed: that is what its author wanted.
 */
final class Sniffer {

    /** How many bytes are looked at. */
    static final int LOOKS_AT = 512;

    private static final Pattern HTML = Pattern.compile("(?i)^(\\xEF\\xBB\\xBF)?[\\t\\n\\f\\r ]*<(!doctype html|!--|"
            + "(html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta|link)[\\s>])");
    private static final Pattern PDF = Pattern.compile("^%PDF-");

    private Sniffer() {}

    static ContentType guess(byte[] bytes) {
        int length = Math.min(bytes.length, LOOKS_AT);
        var start = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        if (HTML.matcher(start).find()) return guessed("text/html");
        if (PDF.matcher(start).find()) return guessed("application/pdf");
        try {
            var known = URLConnection.guessContentTypeFromStream(new ByteArrayInputStream(bytes, 0, length));
            if (known != null) return guessed(known);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        boolean binary =
                start.chars().anyMatch(c -> c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != 0x1b);
        return binary ? ContentType.UNKNOWN : guessed("text/plain");
    }

    private static ContentType guessed(String type) {
        return new ContentType(type, null, true);
    }
}
