package dev.millrace.crawler.fetch;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jsoup.Jsoup;
import org.jspecify.annotations.Nullable;

/**
 * By which charset the bytes of a page are read, and why by this one. In the order of the HTML standard's
 * <a href="https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding">sniffing
 * algorithm</a>: a byte order mark, then the header, then what the document says about itself, then a guess. The guess
 * is UTF-8 if all bytes are, otherwise windows-1252, as in browsers: undeclared pages are either new or old and
 * western.
 *
 * <p>Names mean what the <a href="https://encoding.spec.whatwg.org/#names-and-labels">encoding standard</a> says: a
 * page that says ISO-8859-1 is read as windows-1252, since that is what its author's editor wrote.
 *
 * @param charset the charset
 * @param source  why this one
 * @param unknown a name that was given and that nobody knows; the page is read as UTF-8 then
 */
public record TextEncoding(
        Charset charset, Source source, @Nullable String unknown) {

    /** What decided about a charset. */
    public enum Source {
        /** A byte order mark. */
        BYTE_ORDER_MARK,
        /** The {@code Content-Type} header. */
        HEADER,
        /** A {@code meta} element or an XML declaration. */
        DOCUMENT,
        /** Nothing said anything. */
        GUESS
    }

    private static final int PRESCAN_BYTES = 4_096; // the standard asks for 1,024; some pages put scripts first
    private static final Pattern XML_ENCODING =
            Pattern.compile("^\\s*<\\?xml[^>]*\\sencoding\\s*=\\s*[\"']([A-Za-z0-9._:-]+)");
    private static final Pattern CHARSET = Pattern.compile("(?i)charset\\s*=\\s*[\"']?\\s*([^\\s\"';,]+)");

    /** Labels whose meaning differs from Java's, or that Java doesn't know. */
    private static final Map<String, String> LABELS = Map.ofEntries(
            Map.entry("iso-8859-1", "windows-1252"),
            Map.entry("iso8859-1", "windows-1252"),
            Map.entry("iso_8859-1", "windows-1252"),
            Map.entry("latin1", "windows-1252"),
            Map.entry("latin-1", "windows-1252"),
            Map.entry("ascii", "windows-1252"),
            Map.entry("us-ascii", "windows-1252"),
            Map.entry("iso-8859-9", "windows-1254"),
            Map.entry("iso-8859-11", "x-windows-874"),
            Map.entry("tis-620", "x-windows-874"),
            Map.entry("gb2312", "GB18030"),
            Map.entry("gbk", "GB18030"),
            Map.entry("x-gbk", "GB18030"),
            Map.entry("big5", "Big5-HKSCS"),
            Map.entry("shift_jis", "windows-31j"),
            Map.entry("shift-jis", "windows-31j"),
            Map.entry("x-sjis", "windows-31j"),
            Map.entry("euc-kr", "x-windows-949"),
            Map.entry("ks_c_5601-1987", "x-windows-949"),
            Map.entry("utf-16", "UTF-16LE"),
            Map.entry("unicode", "UTF-16LE"));

    static TextEncoding detect(byte[] bytes, ContentType type) {
        var marked = byteOrderMark(bytes);
        if (marked != null) return new TextEncoding(marked, Source.BYTE_ORDER_MARK, null);

        var named = type.charset();
        if (named != null) {
            var charset = charset(named);
            if (charset != null) return new TextEncoding(charset, Source.HEADER, null);
        }
        var declared = type.isText() ? declaredIn(bytes) : null;
        if (declared != null) {
            var charset = charset(declared);
            // A document whose "charset=utf-16" could be read byte by byte is not in UTF-16.
            if (charset != null) {
                boolean wide = charset.name().startsWith("UTF-16");
                return new TextEncoding(wide ? StandardCharsets.UTF_8 : charset, Source.DOCUMENT, null);
            }
        }
        var unknown = named != null ? named : declared;
        boolean utf8 = unknown != null || isUtf8(bytes);
        return new TextEncoding(utf8 ? StandardCharsets.UTF_8 : Charset.forName("windows-1252"), Source.GUESS, unknown);
    }

    String decode(byte[] bytes) {
        int mark = source != Source.BYTE_ORDER_MARK ? 0 : charset.equals(StandardCharsets.UTF_8) ? 3 : 2;
        return new String(bytes, mark, bytes.length - mark, charset); // replaces what it can't read
    }

    private static @Nullable Charset byteOrderMark(byte[] b) {
        if (b.length >= 3 && b[0] == (byte) 0xef && b[1] == (byte) 0xbb && b[2] == (byte) 0xbf) {
            return StandardCharsets.UTF_8;
        }
        if (b.length >= 2 && b[0] == (byte) 0xfe && b[1] == (byte) 0xff) return StandardCharsets.UTF_16BE;
        if (b.length >= 2 && b[0] == (byte) 0xff && b[1] == (byte) 0xfe) return StandardCharsets.UTF_16LE;
        return null;
    }

    private static @Nullable String declaredIn(byte[] bytes) {
        var start = new String(bytes, 0, Math.min(bytes.length, PRESCAN_BYTES), StandardCharsets.ISO_8859_1);
        var xml = XML_ENCODING.matcher(start);
        if (xml.find()) return xml.group(1);
        if (!start.regionMatches(true, 0, "<", 0, 1)
                && !start.toLowerCase(Locale.ROOT).contains("<meta")) return null;
        for (var meta : Jsoup.parse(start).select("meta[charset], meta[http-equiv=content-type]")) {
            if (meta.hasAttr("charset")) return meta.attr("charset").strip();
            var content = CHARSET.matcher(meta.attr("content"));
            if (content.find()) return content.group(1);
        }
        return null;
    }

    private static @Nullable Charset charset(String name) {
        var label = name.strip().toLowerCase(Locale.ROOT);
        try {
            return Charset.forName(LABELS.getOrDefault(label, label));
        } catch (IllegalCharsetNameException | UnsupportedCharsetException unknown) {
            return null;
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException other) {
            return false;
        }
    }
}
