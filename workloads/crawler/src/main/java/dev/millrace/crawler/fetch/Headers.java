package dev.millrace.crawler.fetch;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The headers of an answer that a crawler can use; all others are dropped on receipt.
 *
 * @param values by name in lower case
 */
public record Headers(Map<String, List<String>> values) {

    static final Set<String> KEPT = Set.of(
            "age",
            "cache-control",
            "content-language",
            "content-type",
            "date",
            "etag",
            "expires",
            "last-modified",
            "link",
            "retry-after",
            "server",
            "x-robots-tag");

    /** Freezes the values. */
    public Headers {
        values = Map.copyOf(values);
    }

    /** All values of a header, in the order of the answer. */
    public List<String> all(String name) {
        return values.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    }

    /** The first value of a header. */
    public Optional<String> first(String name) {
        return all(name).stream().findFirst();
    }
}
