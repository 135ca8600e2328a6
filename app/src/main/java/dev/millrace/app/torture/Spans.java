package dev.millrace.app.torture;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * A set of times: spans on the clock of a run, in order and apart from each other.
 *
 * @param spans ascending, none touching another
 */
record Spans(List<Span> spans) {

    /** From one millisecond of the run to another; the latter not included. */
    record Span(long from, long to) {

        boolean touches(long since, long until) {
            return from <= until && to >= since;
        }
    }

    static final Spans NEVER = new Spans(List.of());

    /** Whenever one of these is. */
    static Spans union(Collection<Span> spans) {
        var sorted = spans.stream()
                .filter(span -> span.to > span.from)
                .sorted(Comparator.comparingLong(Span::from))
                .toList();
        var joined = new ArrayList<Span>();
        for (var span : sorted) {
            var last = joined.isEmpty() ? null : joined.getLast();
            if (last == null || last.to < span.from) joined.add(span);
            else joined.set(joined.size() - 1, new Span(last.from, Math.max(last.to, span.to)));
        }
        return new Spans(List.copyOf(joined));
    }

    Spans or(Spans other) {
        var all = new ArrayList<>(spans);
        all.addAll(other.spans);
        return union(all);
    }

    /** Whenever both are. */
    Spans and(Spans other) {
        var common = new ArrayList<Span>();
        for (var one : spans)
            for (var two : other.spans) common.add(new Span(Math.max(one.from, two.from), Math.min(one.to, two.to)));
        return union(common);
    }

    /** Each with another end. */
    Spans longer(LongUnaryOperator end) {
        return union(spans.stream()
                .map(span -> new Span(span.from, end.applyAsLong(span.to)))
                .toList());
    }

    /** How much of the time between lies in it, in milliseconds. */
    long within(long since, long until) {
        long sum = 0;
        for (var span : spans) sum += Math.max(0, Math.min(span.to, until) - Math.max(span.from, since));
        return sum;
    }

    boolean touches(long since, long until) {
        return spans.stream().anyMatch(span -> span.touches(since, until));
    }

    long length() {
        return within(Long.MIN_VALUE, Long.MAX_VALUE);
    }
}
