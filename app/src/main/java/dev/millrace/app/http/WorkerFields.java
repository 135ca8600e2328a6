package dev.millrace.app.http;

import dev.millrace.LogLevel;
import dev.millrace.app.console.Durations;
import dev.millrace.app.http.worker.WorkerSession.Report;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The fields of what a worker says, read strictly: one that is not known, or of another type, is a slip that would otherwise be lost in silence.
 * Null counts as absent.
 *
 * @param where for messages, as the begin of a sentence
 */
record WorkerFields(JsonNode json, String where) {

    private static final String LINES = "a list of texts, or of objects such as {\"level\":\"warning\",\"text\":\"…\"}";

    WorkerFields {
        if (!json.isObject())
            throw new Problem(ProblemType.BAD_REQUEST, where + " is not an object. Send fields in braces: {…}.");
    }

    /** Refuses others. */
    void only(String... known) {
        var names = new TreeSet<>(Arrays.asList(known));
        for (var name : json.propertyNames())
            if (!names.contains(name))
                throw bad("%s has a field \"%s\", which is not known. %s"
                        .formatted(
                                where,
                                JobRequest.shown(name),
                                names.isEmpty()
                                        ? "It takes none."
                                        : "The fields are " + String.join(", ", names) + "."));
    }

    @Nullable
    JsonNode get(String name) {
        var value = json.get(name);
        return value == null || value.isNull() ? null : value;
    }

    /** A text that must be there, and not blank. */
    String needed(String name, String advice) {
        var value = get(name);
        if (value == null) throw bad("%s has no %s. %s".formatted(where, name, advice));
        if (!value.isString() || value.stringValue().isBlank()) throw wrong(name, "a text that is not empty");
        return value.stringValue();
    }

    String text(String name, String otherwise) {
        var value = get(name);
        if (value == null) return otherwise;
        if (!value.isString()) throw wrong(name, "a text");
        return value.stringValue();
    }

    boolean flag(String name) {
        var value = get(name);
        if (value == null) return false;
        if (!value.isBoolean()) throw wrong(name, "true or false");
        return value.booleanValue();
    }

    int count(String name, int otherwise, int least, int most) {
        var value = get(name);
        if (value == null) return otherwise;
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < least
                || value.intValue() > most) throw wrong(name, "a whole number from %,d to %,d".formatted(least, most));
        return value.intValue();
    }

    /** A number that must be there. */
    long whole(String name) {
        var value = get(name);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0)
            throw wrong(name, "a whole number from 0");
        return value.longValue();
    }

    @Nullable
    Duration span(String name) {
        var value = get(name);
        if (value == null) return null;
        var span = value.isString() ? Durations.parse(value.stringValue()) : null;
        if (span == null || span.isNegative())
            throw wrong(name, "a span of time such as \"30s\", \"1h30m\" or \"PT5M\"");
        return span;
    }

    Duration span(String name, Duration otherwise, Duration least, Duration most) {
        var span = span(name);
        if (span == null) return otherwise;
        if (span.compareTo(least) < 0 || span.compareTo(most) > 0)
            throw wrong(name, "from %s to %s".formatted(Durations.text(least), Durations.text(most)));
        return span;
    }

    /** Null if it is not there. */
    @Nullable
    List<String> texts(String name, int most) {
        var elements = elements(name, most, "a list of texts");
        if (elements == null) return null;
        var texts = new ArrayList<String>();
        for (var element : elements) {
            if (!element.isString()) throw wrong(name, "a list of texts");
            texts.add(element.stringValue());
        }
        return texts;
    }

    /** Lines of a log, each a text or an object with its level; empty if it is not there. */
    List<Report.Line> lines(String name, int most) {
        var elements = elements(name, most, LINES);
        var lines = new ArrayList<Report.Line>();
        if (elements != null)
            for (var element : elements) {
                if (element.isString()) lines.add(new Report.Line(LogLevel.INFO, element.stringValue()));
                else if (element.isObject()) lines.add(line(element, lines.size() + 1, name));
                else throw wrong(name, LINES);
            }
        return lines;
    }

    private static Report.Line line(JsonNode element, int nr, String name) {
        var line = new WorkerFields(element, "Line %d of \"%s\"".formatted(nr, name));
        line.only("level", "text");
        var said = line.get("text");
        if (said == null || !said.isString()) throw line.wrong("text", "a text");
        var level = line.text("level", LogLevel.INFO.wireName());
        for (var one : LogLevel.values())
            if (one.wireName().equals(level)) return new Report.Line(one, said.stringValue());
        throw line.wrong("level", "one of trace, debug, info, warning, error");
    }

    /** Null if it is not there. */
    @Nullable
    List<Integer> numbers(String name, int most) {
        var elements = elements(name, most, "a list of whole numbers");
        if (elements == null) return null;
        var numbers = new ArrayList<Integer>();
        for (var element : elements) {
            if (!element.isIntegralNumber() || !element.canConvertToInt()) throw wrong(name, "a list of whole numbers");
            numbers.add(element.intValue());
        }
        return numbers;
    }

    /** Empty if it is not there. */
    List<WorkerFields> objects(String name, int most) {
        var elements = elements(name, most, "a list of objects");
        var objects = new ArrayList<WorkerFields>();
        if (elements != null)
            for (var element : elements)
                objects.add(new WorkerFields(element, "Element %d of \"%s\"".formatted(objects.size(), name)));
        return objects;
    }

    private @Nullable JsonNode elements(String name, int most, String wanted) {
        var value = get(name);
        if (value == null) return null;
        if (!value.isArray()) throw wrong(name, wanted);
        if (value.size() > most)
            throw bad(
                    "%s has %,d elements in \"%s\"; at most %,d are taken.".formatted(where, value.size(), name, most));
        return value;
    }

    /** Null if it is not there. */
    @Nullable
    WorkerFields object(String name) {
        var value = get(name);
        if (value == null) return null;
        if (!value.isObject()) throw wrong(name, "an object");
        return new WorkerFields(value, "%s's %s".formatted(where, name));
    }

    Problem wrong(String name, String wanted) {
        return bad("%s has %s for \"%s\", which must be %s."
                .formatted(where, JobRequest.shown(String.valueOf(json.get(name))), name, wanted));
    }

    Problem bad(String detail) {
        return new Problem(ProblemType.BAD_REQUEST, detail);
    }
}
