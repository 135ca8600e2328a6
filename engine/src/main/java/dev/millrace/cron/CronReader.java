package dev.millrace.cron;

import dev.millrace.MillraceException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one expression, and says what is wrong with it. */
final class CronReader {

    /** Far more than anybody writes, and little enough to be shown. */
    private static final int LONGEST = 200;

    private static final Map<String, String> MACROS = Map.of(
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *",
            "@monthly", "0 0 1 * *",
            "@weekly", "0 0 * * 0",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@hourly", "0 * * * *");

    private static final Pattern PART = Pattern.compile("(\\*|\\?|\\w+)(?:-(\\w+))?(?:/(\\w+))?");
    private static final Pattern BEFORE_LAST = Pattern.compile("L(?:-(\\d{1,2}))?", Pattern.CASE_INSENSITIVE);
    private static final Pattern NEAREST = Pattern.compile("(\\d{1,2})W", Pattern.CASE_INSENSITIVE);
    private static final Pattern LAST_OF = Pattern.compile("([0-7]|[A-Z]{3})L", Pattern.CASE_INSENSITIVE);
    private static final Pattern NTH_OF = Pattern.compile("(\\w+)#(\\w+)");

    private final String expression;

    CronReader(String expression) {
        this.expression = expression.strip().replaceAll("\\s+", " ");
    }

    Cron read() {
        if (expression.isEmpty())
            throw new MillraceException(
                    "The cron expression is empty. Write five fields, minute hour day month weekday: \"30 2 * * *\" is half past two each night.");
        if (expression.length() > LONGEST)
            throw new MillraceException("The cron expression has %,d characters; at most %d are read."
                    .formatted(expression.length(), LONGEST));
        var cron = read(expression.startsWith("@") ? macro() : expression);
        if (!cron.everComes())
            throw new MillraceException(
                    "The cron expression \"%s\" never comes: no month that it names has such a day. Look at the day of the month and the month."
                            .formatted(expression));
        return cron;
    }

    private String macro() {
        var meant = MACROS.get(expression.toLowerCase(Locale.ROOT));
        if (meant == null)
            throw new MillraceException("\"%s\" is no macro of cron. There are %s."
                    .formatted(expression, String.join(", ", new TreeMap<>(MACROS).keySet())));
        return meant;
    }

    private Cron read(String fields) {
        var words = List.of(fields.split(" ", -1));
        if (words.getFirst().contains("="))
            throw new MillraceException(
                    "The cron expression \"%s\" begins with a setting. The zone is an argument of its own, beside the expression."
                            .formatted(expression));
        if (words.size() == 7)
            throw new MillraceException(
                    "The cron expression \"%s\" has seven fields. There is none for years: a schedule has a start and an end."
                            .formatted(expression));
        if (words.size() != 5 && words.size() != 6)
            throw new MillraceException(
                    "The cron expression \"%s\" has %d %s. It needs five, minute hour day month weekday, or six, with the second before them."
                            .formatted(expression, words.size(), words.size() == 1 ? "field" : "fields"));
        var second = words.size() == 6 ? words.getFirst() : "0";
        var rest = words.size() == 6 ? words.subList(1, 6) : words;
        var hour = rest.get(1);
        var day = rest.get(2);
        var weekday = rest.get(4);
        return new Cron(
                expression,
                plain(Field.SECOND, second),
                plain(Field.MINUTE, rest.get(0)),
                plain(Field.HOUR, hour),
                plain(Field.MONTH, rest.get(3)),
                new Days(daysOfMonth(day), daysOfWeek(weekday), restricts(day) && restricts(weekday)),
                hour.startsWith("*"));
    }

    private static boolean restricts(String days) {
        return !days.startsWith("*") && !days.startsWith("?");
    }

    /** A field of numbers alone. */
    private long plain(Field field, String word) {
        long set = 0;
        for (var part : parts(field, word)) set |= range(field, word, part);
        return set;
    }

    private Days.OfMonth daysOfMonth(String word) {
        long days = 0;
        long beforeLast = 0;
        long nearest = 0;
        boolean lastWeekday = false;
        for (var part : parts(Field.DAY, word)) {
            var fromLast = BEFORE_LAST.matcher(part);
            var near = NEAREST.matcher(part);
            if (part.equalsIgnoreCase("LW")) lastWeekday = true;
            else if (fromLast.matches()) beforeLast |= 1L << beforeLast(word, fromLast.group(1));
            else if (near.matches()) nearest |= 1L << number(Field.DAY, word, near.group(1));
            else days |= range(Field.DAY, word, part);
        }
        return new Days.OfMonth(days, beforeLast, nearest, lastWeekday);
    }

    private int beforeLast(String word, @Nullable String text) {
        int before = text == null ? 0 : Integer.parseInt(text);
        if (before > 30)
            throw wrong(Field.DAY, word, "no month has a day that is %d before its last; at most 30".formatted(before));
        return before;
    }

    private Days.OfWeek daysOfWeek(String word) {
        long days = 0;
        long last = 0;
        long nth = 0;
        for (var part : parts(Field.WEEKDAY, word)) {
            if (part.equalsIgnoreCase("L"))
                throw wrong(
                        Field.WEEKDAY,
                        word,
                        "L needs the day whose last one of the month is meant: 6L or SATL; every Saturday is 6");
            var lastOf = LAST_OF.matcher(part);
            var nthOf = NTH_OF.matcher(part);
            if (lastOf.matches()) last |= 1L << weekday(word, lastOf.group(1));
            else if (nthOf.matches()) nth |= 1L << (7 * which(word, nthOf.group(2)) + weekday(word, nthOf.group(1)));
            else days |= sundayOnce(range(Field.WEEKDAY, word, part));
        }
        return new Days.OfWeek(days, last, nth);
    }

    private int weekday(String word, String text) {
        return number(Field.WEEKDAY, word, text) % 7;
    }

    private int which(String word, String text) {
        if (text.matches("[1-5]")) return Integer.parseInt(text);
        throw wrong(
                Field.WEEKDAY,
                word,
                "there is no %s of a weekday in a month; 1 to 5, and L for the last".formatted(text));
    }

    /** 7 is Sunday too. */
    private static long sundayOnce(long set) {
        return (set & 0x7f) | (set >>> 7);
    }

    private List<String> parts(Field field, String word) {
        var parts = List.of(word.split(",", -1));
        if (parts.contains("")) throw wrong(field, word, "it has a comma with nothing beside it");
        return parts;
    }

    /** {@code *}, {@code a}, {@code a-b}, each with a step or without. */
    private long range(Field field, String word, String part) {
        var found = PART.matcher(part);
        if (!found.matches())
            throw wrong(
                    field,
                    word,
                    "\"%s\" can't be read; it takes %s, lists, ranges and steps".formatted(part, field.range()));
        var from = found.group(1);
        var to = found.group(2);
        boolean star = from.equals("*") || from.equals("?");
        if (from.equals("?") && field != Field.DAY && field != Field.WEEKDAY)
            throw wrong(field, word, "\"?\" stands for days only; write \"*\"");
        if (star && to != null) throw wrong(field, word, "\"%s\" is no range; a range has two numbers".formatted(part));
        int least = star ? field.least() : number(field, word, from);
        int most = to == null ? star || found.group(3) != null ? last(field) : least : number(field, word, to);
        if (field == Field.WEEKDAY) {
            if (to != null && most == 0 && least > 0) most = 7; // …-SUN ends a week
            if (least == 7 && most < 7 && (to != null || found.group(3) != null)) least = 0; // 7-… begins one
        }
        if (most < least)
            throw wrong(
                    field,
                    word,
                    "the range %s runs backwards; write %s-%d,%d-%s"
                            .formatted(part, from, last(field), field.least(), String.valueOf(to)));
        int step = found.group(3) == null ? 1 : step(field, word, found.group(3));
        long set = 0;
        for (int value = least; value <= most; value += step) set |= 1L << value;
        return set;
    }

    /** The last value that a star means: Sunday is 0 there, not 7 once more. */
    private static int last(Field field) {
        return field == Field.WEEKDAY ? 6 : field.most();
    }

    private int step(Field field, String word, String text) {
        int most = field.most() - field.least();
        if (text.matches("\\d{1,4}")) {
            int step = Integer.parseInt(text);
            if (step >= 1 && step <= most) return step;
        }
        throw wrong(field, word, "a step of %s is none; 1 to %d".formatted(text, most));
    }

    private int number(Field field, String word, String text) {
        int named = field.named(text);
        if (named >= 0) return named;
        if (text.matches("\\d{1,4}")) {
            int number = Integer.parseInt(text);
            if (number >= field.least() && number <= field.most()) return number;
        }
        throw wrong(field, word, "there is no %s %s; it is %s".formatted(field.words(), text, field.range()));
    }

    private MillraceException wrong(Field field, String word, String why) {
        return new MillraceException("The %s \"%s\" of the cron expression \"%s\" is wrong: %s."
                .formatted(field.words(), word, expression, why));
    }
}
