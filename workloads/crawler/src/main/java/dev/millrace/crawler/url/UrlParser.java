package dev.millrace.crawler.url;

import dev.millrace.crawler.url.ParsedUrl.Flaw;
import dev.millrace.crawler.url.ParsedUrl.Malformed;
import dev.millrace.crawler.url.ParsedUrl.Skipped;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlRules.TrailingSlash;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Locale;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * Reads URLs as browsers do and gives each page one spelling.
 *
 * <p><b>What does the work.</b> Parsing is that of the <a href="https://url.spec.whatwg.org/">URL standard</a>, since a
 * link means what a browser makes of it, not what RFC 3986 says: backslashes are slashes, tabs and line ends vanish,
 * host names are mapped by UTS 46. OkHttp's {@code HttpUrl} does that, and what it lacks is done here and in {@link
 * HostName}: white space and control characters around and inside the text, and hosts that are numbers. Of the 446
 * cases of the web platform tests that concern http and https, one goes another way ({@code [::%31]} is taken for
 * {@code [::1]}), and those with a user name or with a host or port that nobody can connect to are refused on purpose.
 * ({@code java.net.URI} agrees on 241, galimatias on 282, {@code HttpUrl} alone on 372; Spring's WHATWG parser on 421,
 * but it fails on {@code //host/path} and on characters beyond the basic plane, and its public face can't resolve a
 * link at all.)
 *
 * <p><b>What is folded</b>, always: case of scheme and host, international names to punycode, the default port, a dot
 * at the end of the host, dot segments, percent-encoding ({@link PercentEncoding}), an empty query, the fragment. By
 * {@link UrlRules}: tracking parameters, order of parameters, slashes and index files at the end. A canonical URL
 * parses to itself.
 *
 * <p><b>What is refused.</b> A URL with a user name or a password: stored and printed it would leak, and fetched
 * without it it would be another page than the one asked for. Behind an {@code @}, links are mostly a try to deceive
 * anyway.
 *
 * <p>Immutable; may be shared between threads.
 */
public final class UrlParser {

    private static final int SHOWN = 120;
    private static final int LONGEST_SCHEME = 64; // the longest registered one has 36 letters

    private static final Pattern HOST_AND_PORT =
            Pattern.compile("[^:]+:\\d+(/|$)"); // typed without http://, such as localhost:8080

    /** A name and a password as browsers find them: behind the scheme and any slashes, up to the last @ before the path. */
    private static final Pattern USER_INFO = Pattern.compile("^([^/\\\\?#@:]*:)?([/\\\\]*)[^/\\\\?#]*@");

    private final UrlRules rules;

    /** A parser by the given rules. */
    public UrlParser(UrlRules rules) {
        this.rules = rules;
    }

    /** The rules it works by. */
    public UrlRules rules() {
        return rules;
    }

    /** Reads a URL that stands by itself. */
    public ParsedUrl parse(String text) {
        return read(null, text);
    }

    /**
     * Reads a link as a page has it, relative to where the page was found (or to its {@code base}).
     *
     * @param base the page's own address, after redirects and not folded by rules such as {@link TrailingSlash#STRIP}:
     *             a slash at its end decides what a relative link means
     */
    public ParsedUrl resolve(CrawlUrl base, String href) {
        return read(base, href);
    }

    private ParsedUrl read(@Nullable CrawlUrl base, String raw) {
        int end = raw.length();
        int start = 0;
        while (start < end && raw.charAt(start) <= ' ') start++;
        while (end > start && raw.charAt(end - 1) <= ' ') end--;
        if (start == end && base == null) return malformed(Flaw.EMPTY, "There is no URL: the text is empty.");
        var scheme = schemeOf(raw, start, end);
        if (scheme != null && !scheme.equals("http") && !scheme.equals("https")) {
            return base == null && HOST_AND_PORT.matcher(raw).lookingAt() ? noScheme(raw) : new Skipped(scheme);
        }
        // Encoding can triple a text, removal of parameters can shorten it to anything: hence a bound on what is looked
        // at at all.
        if (end - start > 4 * rules.maxLength()) return tooLong(raw, end - start);
        var text = withoutLineEnds(raw.substring(start, end));
        if (base == null && scheme == null) return noScheme(raw);

        var parsed =
                base == null ? HttpUrl.parse(text) : HttpUrl.get(base.href()).resolve(text);
        if (parsed == null) return whyNot(base, text);
        if (!parsed.encodedUsername().isEmpty() || !parsed.encodedPassword().isEmpty()) {
            return malformed(Flaw.USER_INFO, """
                    The URL "%s" carries a user name or a password, which would be stored and printed with every page; \
                    remove the part up to the @.""".formatted(shown(
                    parsed.newBuilder().username("").password("").build().toString())));
        }
        var host = HostName.canonical(parsed.host());
        if (host == null) return noSuchHost(parsed.host(), text);
        var key = new HostKey(parsed.scheme(), host, parsed.port());
        var url = new CrawlUrl(key, path(parsed.encodedPath()), query(parsed.encodedQuery()));
        return url.href().length() > rules.maxLength() ? tooLong(raw, url.href().length()) : new Valid(url);
    }

    private String path(String encoded) {
        var path = PercentEncoding.ofPath(encoded);
        // Each rule can make room for the other (/a/index.html/), so both until nothing changes; each step is shorter.
        for (var before = ""; !before.equals(path); ) {
            before = path;
            if (rules.trailingSlash() == TrailingSlash.STRIP) {
                while (path.length() > 1 && path.endsWith("/")) path = path.substring(0, path.length() - 1);
            }
            int slash = path.lastIndexOf('/');
            if (rules.indexFiles().contains(path.substring(slash + 1))) path = path.substring(0, slash + 1);
        }
        return path;
    }

    private @Nullable String query(@Nullable String encoded) {
        if (encoded == null || encoded.isEmpty()) return null;
        var query = PercentEncoding.ofQuery(encoded);
        if (rules.dropParameters().isEmpty() && !rules.sortParameters()) return query;
        var parameters = new ArrayList<String>();
        for (var parameter : query.split("&", -1)) if (!rules.drops(nameOf(parameter))) parameters.add(parameter);
        if (rules.sortParameters()) parameters.sort(Comparator.comparing(UrlParser::nameOf));
        var kept = String.join("&", parameters);
        return kept.isEmpty() ? null : kept;
    }

    private static String nameOf(String parameter) {
        int equals = parameter.indexOf('=');
        return equals < 0 ? parameter : parameter.substring(0, equals);
    }

    /** The scheme in lower case, if the text begins with one; line ends inside it are skipped, as browsers do. */
    private static @Nullable String schemeOf(String raw, int start, int end) {
        var scheme = new StringBuilder();
        for (int i = start; i < end; i++) {
            char c = raw.charAt(i);
            if (isLineEnd(c)) continue;
            if (c == ':') return scheme.isEmpty() ? null : scheme.toString().toLowerCase(Locale.ROOT);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            boolean further = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
            if (!letter && (scheme.isEmpty() || !further)) return null;
            if (scheme.length() == LONGEST_SCHEME) return null;
            scheme.append(c);
        }
        return null;
    }

    private static String withoutLineEnds(String text) {
        if (text.chars().noneMatch(UrlParser::isLineEnd)) return text;
        var out = new StringBuilder(text.length());
        text.chars().filter(c -> !isLineEnd(c)).forEach(c -> out.append((char) c));
        return out.toString();
    }

    private static boolean isLineEnd(int c) {
        return c == '\t' || c == '\n' || c == '\r';
    }

    /**
     * The library says only that something is wrong; parsing once more, alone, tells what. Failures are rare enough.
     */
    private static ParsedUrl whyNot(@Nullable CrawlUrl base, String text) {
        var absolute = base != null && schemeOf(text, 0, text.length()) == null
                ? base.hostKey().scheme() + ":" + text
                : text;
        try {
            HttpUrl.get(absolute);
        } catch (IllegalArgumentException refused) {
            var why = String.valueOf(refused.getMessage());
            if (why.startsWith("Invalid URL port")) {
                return malformed(
                        Flaw.PORT, "The URL \"%s\" has a port that is not between 1 and 65535.".formatted(shown(text)));
            }
            if (why.startsWith("Invalid URL host")) return noSuchHost(null, text);
        }
        return malformed(Flaw.SYNTAX, "\"%s\" is not a URL.".formatted(shown(text)));
    }

    private static Malformed noSuchHost(@Nullable String host, String text) {
        return malformed(
                Flaw.HOST,
                "The URL \"%s\" has no possible host%s: check its name."
                        .formatted(shown(text), host == null ? "" : " (\"" + shown(host) + "\")"));
    }

    private static Malformed noScheme(String raw) {
        return malformed(
                Flaw.NO_SCHEME,
                "\"%s\" does not begin with http:// or https://; write one of them in front of it."
                        .formatted(shown(raw)));
    }

    private Malformed tooLong(String raw, int length) {
        return malformed(
                Flaw.TOO_LONG,
                "The URL \"%s\" has %,d characters, and at most %,d are taken (maxLength)."
                        .formatted(shown(raw), length, rules.maxLength()));
    }

    private static Malformed malformed(Flaw flaw, String message) {
        return new Malformed(flaw, message);
    }

    /** Short enough for a line, without what could drive a terminal, and without a password. */
    private static String shown(String text) {
        var masked = USER_INFO.matcher(text).replaceFirst("$1$2…@"); // first, as the cut could fall before the @
        var start = masked.length() <= SHOWN ? masked : masked.substring(0, SHOWN) + "…";
        var clean = new StringBuilder(start.length());
        start.codePoints().map(c -> isPrintable(c) ? c : 0xFFFD).forEach(clean::appendCodePoint);
        return clean.toString();
    }

    private static boolean isPrintable(int c) {
        int type = Character.getType(c);
        return !Character.isISOControl(c) && type != Character.FORMAT && type != Character.SURROGATE;
    }
}
