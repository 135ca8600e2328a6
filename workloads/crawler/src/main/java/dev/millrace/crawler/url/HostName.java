package dev.millrace.crawler.url;

import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the URL standard for hosts that {@code HttpUrl} leaves out, applied to what it returned.
 *
 * <p>The important one is numbers. To the standard (and to the C library, hence to the connection) {@code 2130706433},
 * {@code 0x7f.1} and {@code 017700000001} are all 127.0.0.1, while {@code HttpUrl} takes them for names. A crawler that
 * let them through would check a name and connect to an address.
 *
 * <p>The rest is narrower than the standard, in which a host may contain {@code =} or <code>{</code>: no resolver knows
 * such a name, and {@link java.net.URI} can't read it. Hence letters, digits, hyphens and underscores, and DNS' own
 * limits of 63 octets to a label and 253 to a name (RFC 1035, 2.3.4).
 *
 * @see <a href="https://url.spec.whatwg.org/#host-parsing">URL standard, host parsing</a>
 */
final class HostName {

    private static final int MAX_LABEL = 63;
    private static final int MAX_NAME = 253;
    private static final long IPV4_ADDRESSES = 1L << 32;

    private HostName() {}

    /** The canonical spelling of a host, an IPv6 address in brackets; null if there can be no such host. */
    static @Nullable String canonical(String parsed) {
        if (parsed.contains(":")) return "[" + parsed + "]"; // HttpUrl has parsed and compressed it
        var host = parsed.endsWith(".") ? parsed.substring(0, parsed.length() - 1) : parsed;
        if (host.length() > MAX_NAME || !host.chars().allMatch(HostName::isPlain)) return null;
        var labels = host.split("\\.", -1);
        if (isNumber(labels[labels.length - 1])) return ipv4(labels);
        for (var label : labels) if (label.isEmpty() || label.length() > MAX_LABEL) return null;
        return host.contains("xn--") && !isReadBack(host) ? null : host;
    }

    /** {@code HttpUrl} makes punycode of some names, such as {@code é_}, that it does not take for names when it reads them. */
    private static boolean isReadBack(String host) {
        var again = HttpUrl.parse("http://" + host + "/");
        return again != null && again.host().equals(host);
    }

    /** Whether a canonical host is an IPv4 address. Its last label tells: no name of the DNS root is a number. */
    static boolean isIpv4(String canonicalHost) {
        return isNumber(canonicalHost.substring(canonicalHost.lastIndexOf('.') + 1));
    }

    /** What the rules for hosts allow (RFC 1123, 2.1), and the underscores that people use anyway. */
    private static boolean isPlain(int c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    }

    /** "Ends in a number" for one label: decimal digits, or hexadecimal ones after 0x. */
    private static boolean isNumber(String label) {
        if (label.startsWith("0x")) return label.chars().skip(2).allMatch(c -> Character.digit(c, 16) >= 0);
        return !label.isEmpty() && label.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** One to four numbers; the last fills all octets that the others left. */
    private static @Nullable String ipv4(String[] parts) {
        if (parts.length > 4) return null;
        long address = 0;
        for (int i = 0; i < parts.length; i++) {
            long number = number(parts[i]);
            boolean last = i == parts.length - 1;
            long limit = last ? IPV4_ADDRESSES >> (8 * i) : 256;
            if (number < 0 || number >= limit) return null;
            address += last ? number : number << (8 * (3 - i));
        }
        return "%d.%d.%d.%d".formatted(address >> 24, (address >> 16) & 0xff, (address >> 8) & 0xff, address & 0xff);
    }

    /**
     * A number in decimal, octal (leading 0) or hexadecimal (leading 0x); -1 if it is none, or too large for any
     * address.
     */
    private static long number(String text) {
        if (text.isEmpty()) return -1;
        int radix = text.startsWith("0x") ? 16 : text.length() > 1 && text.startsWith("0") ? 8 : 10;
        long number = 0;
        for (int i = radix == 16 ? 2 : 0; i < text.length(); i++) {
            int digit = Character.digit(text.charAt(i), radix);
            if (digit < 0) return -1;
            number = number * radix + digit;
            if (number >= IPV4_ADDRESSES) return -1;
        }
        return number;
    }
}
