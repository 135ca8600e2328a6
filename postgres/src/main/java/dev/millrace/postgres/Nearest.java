package dev.millrace.postgres;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The word that was meant, perhaps. */
final class Nearest {

    /** Longer ones are no slip of the hand, and would take long to compare. */
    private static final int LONGEST = 100;

    private Nearest() {}

    /** Of these words the one that takes the fewest changes, if a third of its letters at most; case does not count. */
    static Optional<String> of(String word, Collection<String> words) {
        if (word.length() > LONGEST) return Optional.empty();
        record Near(String word, int changes) {}
        return words.stream()
                .filter(other -> other.length() <= LONGEST)
                .map(other -> new Near(other, changes(plain(word), plain(other))))
                .filter(near -> near.changes() <= Math.max(1, near.word().length() / 3))
                .min(Comparator.comparingInt(Near::changes))
                .map(Near::word);
    }

    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replaceAll("[_-]", "");
    }

    /** Letters to insert, to leave out, or to replace; two that changed places are one. */
    private static int changes(String from, String to) {
        var before = new int[to.length() + 1];
        var last = new int[to.length() + 1];
        var now = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) last[j] = j;
        for (int i = 1; i <= from.length(); i++) {
            now[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int same = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
                now[j] = Math.min(Math.min(now[j - 1], last[j]) + 1, last[j - 1] + same);
                if (i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2) && from.charAt(i - 2) == to.charAt(j - 1))
                    now[j] = Math.min(now[j], before[j - 2] + 1);
            }
            var spare = before;
            before = last;
            last = now;
            now = spare;
        }
        return last[to.length()];
    }
}
