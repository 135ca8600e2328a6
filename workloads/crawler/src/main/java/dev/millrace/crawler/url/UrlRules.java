package dev.millrace.crawler.url;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * How far two spellings may differ and still be one page. What the standards call equivalent (case of scheme and host,
 * default ports, dot segments, percent-encoding of plain letters, fragments) is always folded; these rules are for what
 * is only usually so.
 *
 * @param maxLength      the longest canonical URL that is taken, in characters
 * @param dropParameters names of query parameters that are removed, in lower case; a name that ends in {@code *} is a
 *                       prefix
 * @param sortParameters whether query parameters are put in order of their names; equal names keep their order
 * @param trailingSlash  what happens to slashes at the end of a path
 * @param indexFiles     file names that mean the folder itself, such as {@code index.html}; empty: no name does
 */
public record UrlRules(
        int maxLength,
        Set<String> dropParameters,
        boolean sortParameters,
        TrailingSlash trailingSlash,
        Set<String> indexFiles) {

    /** What happens to slashes at the end of a path. */
    public enum TrailingSlash {
        /** {@code /a} and {@code /a/} are two pages. The default, since they are on most servers. */
        KEEP,
        /**
         * {@code /a/} is {@code /a}. Only for sites that answer both: where one redirects, each page costs two
         * requests.
         */
        STRIP
    }

    /**
     * Parameters by which advertisers and newsletters follow people. None of them selects content. Session ids are
     * not among them: dropping one can turn a page into a login form.
     */
    public static final Set<String> TRACKING_PARAMETERS = Set.copyOf(List.of(
            "utm_*", // Google Analytics, copied by everybody
            "gclid",
            "gclsrc",
            "dclid",
            "gbraid",
            "wbraid",
            "srsltid",
            "_ga",
            "_gl", // Google
            "fbclid",
            "igshid",
            "igsh", // Meta
            "msclkid", // Microsoft
            "yclid",
            "ysclid",
            "_openstat", // Yandex
            "ttclid",
            "twclid",
            "li_fat_id",
            "rdt_cid",
            "epik", // TikTok, X, LinkedIn, Reddit, Pinterest
            "mc_cid",
            "mc_eid", // Mailchimp
            "_hsenc",
            "_hsmi",
            "hsctatracking", // HubSpot
            "mkt_tok",
            "vero_id",
            "oly_anon_id",
            "oly_enc_id",
            "wickedid")); // Marketo, Vero, Omeda, Wicked Reports

    private static final int DEFAULT_MAX_LENGTH =
            2_048; // what sitemaps.org and old browsers allow, and fits an index entry
    private static final int LARGEST_MAX_LENGTH = 8_192; // what servers commonly read as a request line
    private static final int MAX_NAMES = 1_000;

    /** Checks the limits and folds the names to lower case. */
    public UrlRules {
        if (maxLength < 16 || maxLength > LARGEST_MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "maxLength is between 16 and %,d characters, not %,d.".formatted(LARGEST_MAX_LENGTH, maxLength));
        }
        dropParameters = names("dropParameters", dropParameters, true);
        indexFiles = names("indexFiles", indexFiles, false);
    }

    /**
     * The rules of a crawl that says nothing else: tracking parameters go, everything else stays as the site wrote it.
     */
    public static UrlRules defaults() {
        return new UrlRules(DEFAULT_MAX_LENGTH, TRACKING_PARAMETERS, false, TrailingSlash.KEEP, Set.of());
    }

    /**
     * Only what the standards call equivalent is folded. For addresses that a server chose, such as the target of a
     * redirect: a rule that changed one could lead back to where it came from.
     */
    public static UrlRules asWritten() {
        return new UrlRules(LARGEST_MAX_LENGTH, Set.of(), false, TrailingSlash.KEEP, Set.of());
    }

    /** With another limit of length. */
    public UrlRules maxLength(int characters) {
        return new UrlRules(characters, dropParameters, sortParameters, trailingSlash, indexFiles);
    }

    /** With other parameters to remove. */
    public UrlRules dropParameters(Set<String> names) {
        return new UrlRules(maxLength, names, sortParameters, trailingSlash, indexFiles);
    }

    /** With parameters sorted, or left in their order. */
    public UrlRules sortParameters(boolean sort) {
        return new UrlRules(maxLength, dropParameters, sort, trailingSlash, indexFiles);
    }

    /** With another rule for slashes at the end. */
    public UrlRules trailingSlash(TrailingSlash rule) {
        return new UrlRules(maxLength, dropParameters, sortParameters, rule, indexFiles);
    }

    /** With other names that mean the folder itself. */
    public UrlRules indexFiles(Set<String> names) {
        return new UrlRules(maxLength, dropParameters, sortParameters, trailingSlash, names);
    }

    boolean drops(String parameterName) {
        var name = parameterName.toLowerCase(Locale.ROOT);
        if (dropParameters.contains(name)) return true;
        for (var pattern : dropParameters) {
            if (pattern.endsWith("*") && name.startsWith(pattern.substring(0, pattern.length() - 1))) return true;
        }
        return false;
    }

    private static Set<String> names(String component, Set<String> names, boolean foldCase) {
        if (names.size() > MAX_NAMES) {
            throw new IllegalArgumentException(
                    "%s takes at most %,d names, and got %,d.".formatted(component, MAX_NAMES, names.size()));
        }
        var folded = new TreeSet<String>();
        for (var name : names) {
            if (name.isEmpty() || name.equals("*") || name.contains("/")) {
                throw new IllegalArgumentException(
                        "%s has the name \"%s\": write a name of one character or more, without a slash."
                                .formatted(component, name));
            }
            folded.add(foldCase ? name.toLowerCase(Locale.ROOT) : name);
        }
        return Set.copyOf(folded);
    }
}
