package dev.millrace.crawler.url;

import java.nio.charset.StandardCharsets;

/**
 * Gives a path or a query the one percent-encoding that RFC 3986 section 6.2.2 prefers: what may stand plain and means
 * the same stands plain ({@code %7E} is {@code ~}), hexadecimal digits are upper case, and what may not stand plain is
 * encoded.
 *
 * <p>Browsers send some characters raw that RFC 3986 forbids ({@code | [ ] ^} and their kind). A server decodes both
 * forms to the same text, so one form is enough, and the encoded one can be read by everything downstream. A percent
 * sign that begins no octet becomes {@code %25}: left alone, it could form an octet with what is decoded behind it, and
 * canonical would not be idempotent ({@code %%34%31}, {@code %41}, {@code A}).
 */
final class PercentEncoding {

    private static final String UNRESERVED_MARKS = "-._~";
    private static final String ALSO_PLAIN_IN_A_PATH = "/!$&'()*+,;=:@";
    private static final String ALSO_PLAIN_IN_A_QUERY = "/!$&'()*+,;=:@?";

    private PercentEncoding() {}

    static String ofPath(String path) {
        return normalised(path, ALSO_PLAIN_IN_A_PATH);
    }

    static String ofQuery(String query) {
        return normalised(query, ALSO_PLAIN_IN_A_QUERY);
    }

    private static String normalised(String text, String alsoPlain) {
        var out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (c == '%') {
                int octet = octetAt(text, i + 1);
                if (octet < 0) {
                    encode(out, '%');
                    i++;
                } else {
                    if (isUnreserved(octet)) out.append((char) octet);
                    else encode(out, octet);
                    i += 3;
                }
            } else {
                if (isUnreserved(c) || alsoPlain.indexOf(c) >= 0) out.append((char) c);
                else for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) encode(out, b & 0xff);
                i += Character.charCount(c);
            }
        }
        return out.toString();
    }

    private static int octetAt(String text, int at) {
        if (at + 2 > text.length()) return -1;
        int high = hexDigit(text.charAt(at));
        int low = hexDigit(text.charAt(at + 1));
        return high < 0 || low < 0 ? -1 : (high << 4) | low;
    }

    /** ASCII only, unlike {@link Character#digit}. */
    private static int hexDigit(char c) {
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    private static void encode(StringBuilder out, int octet) {
        out.append('%')
                .append(Character.toUpperCase(Character.forDigit(octet >> 4, 16)))
                .append(Character.toUpperCase(Character.forDigit(octet & 0xf, 16)));
    }

    private static boolean isUnreserved(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || (c < 0x80 && UNRESERVED_MARKS.indexOf(c) >= 0);
    }
}
