package dev.millrace;

import java.lang.reflect.InaccessibleObjectException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The values of a key as text that does not change from version to version, nor from process to process.
 *
 * @param what the key is, for errors
 */
record KeyText(String what) {

    /** All of them, in brackets. */
    static String of(String what, Object... values) {
        var text = new KeyText(what);
        return Arrays.stream(values).map(text::of).collect(Collectors.joining(",", "(", ")"));
    }

    /** The same, short enough for a header: a hash of it if it is longer. */
    static String key(String what, Object... values) {
        var text = of(what, values);
        return text.length() <= Bounds.WORD ? text : "(" + Words.sha256(text) + ")";
    }

    /** A value as it stands in a key: none looks otherwise tomorrow, and a number is not its text. */
    private String of(@Nullable Object value) {
        return switch (value) {
            case null ->
                throw new MillraceException(
                        "One of the values of the %s is null. Leave it out, or say what it means: \"none\"."
                                .formatted(what));
            case Integer number -> number.toString();
            case Long number -> number.toString();
            case Short number -> number.toString();
            case Byte number -> number.toString();
            case BigInteger number -> number.toString();
            case BigDecimal number -> number.stripTrailingZeros().toPlainString();
            case Boolean flag -> flag.toString();
            case Enum<?> constant -> quoted(constant.name());
            case CharSequence text -> quoted(storable(text.toString()));
            case Character character -> quoted(storable(character.toString()));
            case UUID id -> quoted(id.toString());
            case JobId id -> quoted(id.toString());
            case URI uri -> quoted(uri.toString());
            case Temporal time -> quoted(time.toString());
            case Duration span -> quoted(span.toString());
            case Record record -> recordText(record);
            default ->
                throw new MillraceException(
                        "The %s can't be made of a %s: it must look the same tomorrow, and in every version of your program. It may hold text, whole and decimal numbers, booleans, enums, UUIDs, URIs, dates and times, and records of these: order.id(), for example."
                                .formatted(what, value.getClass().getName()));
        };
    }

    private String recordText(Record record) {
        var values = new ArrayList<String>();
        for (var component : record.getClass().getRecordComponents()) {
            try {
                var accessor = component.getAccessor();
                accessor.setAccessible(true); // a record of yours need not be public
                values.add(of(accessor.invoke(record)));
            } catch (ReflectiveOperationException | InaccessibleObjectException closed) {
                throw new MillraceException(
                        "The component %s of the record %s can't be read for the %s: %s. Open its package to dev.millrace, or give its values one by one."
                                .formatted(
                                        component.getName(), record.getClass().getName(), what, closed.getMessage()),
                        closed);
            }
        }
        return "(" + String.join(",", values) + ")";
    }

    private String storable(String text) {
        if (!Words.storable(text).equals(text))
            throw new MillraceException(
                    "One of the values of the %s holds a zero or half of a surrogate pair, which no database keeps. Use visible characters, or a hash."
                            .formatted(what));
        return text;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
