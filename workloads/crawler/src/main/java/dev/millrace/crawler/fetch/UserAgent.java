package dev.millrace.crawler.fetch;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Who the crawler says it is. Site owners write the product token into their robots.txt and look at the address when
 * something is wrong, so a good one has both: {@code Millrace/0.1 (+https://example.org/our-crawler)}.
 *
 * @param header the whole text, as it is sent
 */
public record UserAgent(String header) {

    private static final int MAX_LENGTH = 256;
    /** RFC 9309, 2.2.1: a product token is letters, hyphens and underscores. */
    private static final Pattern TOKEN = Pattern.compile("^([A-Za-z_-]+)");
    /** Those who must look like a browser to be let in name themselves behind "compatible". */
    private static final Pattern COMPATIBLE = Pattern.compile("^Mozilla/[^(]*\\(compatible;\\s*([A-Za-z_-]+)");

    /** Checks that it can be sent, and that robots.txt can address it. */
    public UserAgent {
        if (header.length() > MAX_LENGTH || !header.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw new IllegalArgumentException(
                    "A user agent is at most %d printable ASCII characters.".formatted(MAX_LENGTH));
        }
        if (!TOKEN.matcher(header).find()) {
            throw new IllegalArgumentException("""
                    The user agent "%s" has no name that a robots.txt could contain. Begin it with a word of letters, \
                    such as MyCrawler/1.0 (+https://example.org/about-it).""".formatted(header));
        }
    }

    /** Millrace's own name. */
    public static UserAgent millrace(String version, String about) {
        return new UserAgent("Millrace/%s (+%s)".formatted(version, about));
    }

    /** The name by which robots.txt addresses it, in lower case: {@code millrace}. */
    public String token() {
        var compatible = COMPATIBLE.matcher(header);
        if (compatible.find()) return compatible.group(1).toLowerCase(Locale.ROOT);
        var token = TOKEN.matcher(header);
        if (!token.find()) throw new AssertionError("checked above: " + header);
        return token.group(1).toLowerCase(Locale.ROOT);
    }
}
