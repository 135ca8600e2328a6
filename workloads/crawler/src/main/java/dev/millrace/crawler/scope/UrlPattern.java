package dev.millrace.crawler.scope;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.millrace.crawler.url.CrawlUrl;

/**
 * A pattern for pages, as people type it after {@code --include} and {@code --exclude}. Three forms:
 *
 * <ul>
 *   <li>{@code /guide/**}: a path from the root on. {@code *} is any text without a slash, {@code **} any text, and
 *       {@code /**} at the end also means the folder itself.
 *   <li>{@code *.pdf} or <code>**&#47;print/*</code>: a path that may begin below any folder, as in {@code .gitignore}.
 *   <li>{@code re:^https?://[^/]+/\d+$}: a regular expression, searched in the whole URL.
 * </ul>
 *
 * <p>A path pattern is matched with the path, and with path and query when it contains a {@code ?}, which is the
 * question mark of a URL and no wildcard. Case counts, as it does on most servers.
 *
 * <p>Regular expressions are RE2/J's: no back references and no look-around, and for that no pattern takes more than
 * time linear in the URL, whatever a page links to.
 */
public final class UrlPattern {

    private static final int MAX_LENGTH = 1_000;

    private final String text;
    private final Pattern pattern;
    private final Subject subject;

    private enum Subject {
        PATH,
        PATH_AND_QUERY,
        URL
    }

    private UrlPattern(String text, Pattern pattern, Subject subject) {
        this.text = text;
        this.pattern = pattern;
        this.subject = subject;
    }

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static UrlPattern of(String text) {
        if (text.isBlank() || text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("A URL pattern has between 1 and %,d characters, and this one has %,d."
                    .formatted(MAX_LENGTH, text.length()));
        }
        if (text.startsWith("re:")) return new UrlPattern(text, compile(text, text.substring(3)), Subject.URL);
        if (text.contains("://")) {
            throw new IllegalArgumentException("""
                    The URL pattern "%s" looks like a whole URL, and a path was expected. Write the path alone, \
                    such as /guide/**, or a regular expression, such as re:^https://example[.]org/guide/.""".formatted(text));
        }
        var subject = text.contains("?") ? Subject.PATH_AND_QUERY : Subject.PATH;
        return new UrlPattern(text, compile(text, regexOf(text)), subject);
    }

    /** Whether it covers the page. */
    public boolean matches(CrawlUrl url) {
        return switch (subject) {
            case PATH -> pattern.matches(url.path());
            case PATH_AND_QUERY -> pattern.matches(url.pathAndQuery());
            case URL -> pattern.matcher(url.href()).find();
        };
    }

    private static String regexOf(String glob) {
        var regex = new StringBuilder(glob.startsWith("/") ? "" : "(?:.*/)?");
        int end = glob.endsWith("/**") ? glob.length() - 3 : glob.length();
        for (int i = 0; i < end; i++) {
            if (glob.startsWith("**", i)) {
                regex.append(".*");
                i++;
            } else if (glob.charAt(i) == '*') {
                regex.append("[^/]*");
            } else {
                regex.append(Pattern.quote(glob.substring(i, i + 1)));
            }
        }
        return end < glob.length() ? regex.append("(?:/.*)?").toString() : regex.toString();
    }

    private static Pattern compile(String text, String regex) {
        try {
            return Pattern.compile(regex, Pattern.DOTALL);
        } catch (PatternSyntaxException wrong) {
            throw new IllegalArgumentException(
                    "The URL pattern \"%s\" can't be read: %s. Correct it; the syntax is RE2's."
                            .formatted(text, wrong.getDescription()),
                    wrong);
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
