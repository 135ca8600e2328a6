package dev.millrace.crawler.fetch;

import java.util.Locale;
import java.util.Set;
import org.apache.hc.core5.http.message.BasicHeaderValueParser;
import org.apache.hc.core5.http.message.ParserCursor;
import org.jspecify.annotations.Nullable;

/**
 * What an answer is made of.
 *
 * @param type    such as {@code text/html}, lower case, without parameters
 * @param charset the charset that the header names, as it names it
 * @param guessed whether the header said nothing and the first bytes decided
 */
public record ContentType(String type, @Nullable String charset, boolean guessed) {

    static final ContentType UNKNOWN = new ContentType("application/octet-stream", null, true);

    private static final Set<String> HTML = Set.of("text/html", "application/xhtml+xml");
    private static final Set<String> SAYS_NOTHING =
            Set.of("unknown/unknown", "application/unknown", "*/*"); // as the sniffing standard lists them

    /** Whether it is a page: HTML or XHTML. */
    public boolean isHtml() {
        return HTML.contains(type);
    }

    /** Whether it is text of any kind. */
    public boolean isText() {
        return type.startsWith("text/") || type.endsWith("+xml") || type.equals("application/xml") || isHtml();
    }

    /** Reads the header; null if there is none, or none that says anything, and the bytes have to be asked. */
    static @Nullable ContentType of(@Nullable String header) {
        if (header == null) return null;
        // Not HttpCore's own ContentType: a charset that Java calls illegal makes it throw.
        var element = BasicHeaderValueParser.INSTANCE.parseHeaderElement(header, new ParserCursor(0, header.length()));
        var type = String.valueOf(element.getName()).strip().toLowerCase(Locale.ROOT);
        if (!type.contains("/") || SAYS_NOTHING.contains(type)) return null;
        var charset = element.getParameterByName("charset");
        return new ContentType(type, charset == null ? null : charset.getValue(), false);
    }

    @Override
    public String toString() {
        return charset == null ? type : type + "; charset=" + charset;
    }
}
