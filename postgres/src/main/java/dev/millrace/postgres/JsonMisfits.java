package dev.millrace.postgres;

import dev.millrace.Misfit;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds a text against a schema that {@link JsonSchemas} wrote, here or in a newer build: of JSON Schema it knows what is written there, and passes over what it does
 * not know. It says what a standard validator says, but for three things, in which it says what the codec says: 1.0 is no whole number, spaces around a
 * constant do no harm, and a format is not only told but looked at.
 */
final class JsonMisfits {

    /** More than anybody mends at once. */
    private static final int MOST = 20;

    /** Deeper than any text that is read; a schema that leads to itself ends here. */
    private static final int DEPTH = 1_200;

    private static final int SHOWN = 60;
    private static final int LONGEST_PLACE = 200;
    private static final int LISTED = 12;

    private final JsonMapper mapper;
    private final BiPredicate<String, Type> reads;
    private final String name;
    private final List<Misfit> found = new ArrayList<>();
    private JsonNode root;

    /** A place in a text: as a pointer, and with a star for what no schema names. */
    private record At(String pointer, String named) {

        static final At ALL = new At("", "");

        At known(String field) {
            return to(escaped(field), escaped(field));
        }

        At unknown(String field) {
            return to(escaped(field), "*");
        }

        At element(int index) {
            return to(Integer.toString(index), Integer.toString(index));
        }

        private At to(String end, String namedEnd) {
            return new At(pointer + "/" + end, named + "/" + namedEnd);
        }

        boolean isAll() {
            return pointer.isEmpty();
        }

        private static String escaped(String field) {
            return field.replace("~", "~0").replace("/", "~1");
        }
    }

    /**
     * For one text.
     *
     * @param reads whether the codec reads a text as a type
     * @param name what the text is of
     */
    JsonMisfits(JsonMapper mapper, BiPredicate<String, Type> reads, String name) {
        this.mapper = mapper;
        this.reads = reads;
        this.name = name;
        this.root = mapper.createObjectNode();
    }

    List<Misfit> of(String text, String schema) {
        try {
            root = mapper.readTree(schema);
        } catch (JacksonException ofAnotherBuild) {
            return List.of(); // it can't tell
        }
        try {
            check(mapper.readTree(text), root, At.ALL, 0);
        } catch (JacksonException unread) {
            return List.of(new Misfit("", "It can't be read: " + shown(unread.getOriginalMessage())));
        } catch (NumberFormatException unread) { // of an exponent beyond all numbers; Jackson lets it pass
            return List.of(new Misfit("", "It can't be read: " + shown(String.valueOf(unread.getMessage()))));
        }
        return List.copyOf(found);
    }

    private void check(JsonNode value, JsonNode written, At at, int depth) {
        if (found.size() >= MOST || depth > DEPTH) return;
        var schema = resolved(written);
        if (!schema.isObject()) return;
        var choices = schema.path("anyOf");
        if (choices.isArray()) {
            checkChoice(value, choices, at, depth);
            return;
        }
        if (!fits(value, schema)) {
            say(
                    at,
                    "%s is %s; it must be %s%s"
                            .formatted(where(at), shown(value), allowed(schema), meant(value, schema)));
            return;
        }
        if (value.isObject()) checkFields(value, schema, at, depth);
        if (value.isArray()) checkElements(value, schema, at, depth);
    }

    private JsonNode resolved(JsonNode schema) {
        var at = schema;
        for (int i = 0; i < DEPTH && at.path("$ref").isString(); i++) {
            var text = at.path("$ref").asString();
            at = text.startsWith("#/") ? root.at(text.substring(1)) : mapper.missingNode();
        }
        return at;
    }

    private void say(At at, String message) {
        found.add(new Misfit(at.pointer, at.named, message));
    }

    // ---- a value by itself

    private boolean fits(JsonNode value, JsonNode schema) {
        var type = schema.get("type");
        if (type != null && names(type).stream().noneMatch(one -> isOf(value, one))) return false;
        var constants = schema.get("enum");
        if (constants != null && constants.valueStream().noneMatch(constant -> isSame(value, constant))) return false;
        var constant = schema.get("const");
        if (constant != null && !constant.equals(value)) return false;
        if (value.isIntegralNumber()) {
            var whole = value.bigIntegerValue();
            var least = whole(schema, "minimum");
            var most = whole(schema, "maximum");
            if ((least != null && whole.compareTo(least) < 0) || (most != null && whole.compareTo(most) > 0))
                return false;
        }
        if (value.isArray()) {
            var size = BigInteger.valueOf(value.size());
            var least = whole(schema, "minItems");
            var most = whole(schema, "maxItems");
            if ((least != null && size.compareTo(least) < 0) || (most != null && size.compareTo(most) > 0))
                return false;
        }
        var format = format(schema);
        return format == null
                || value.isNull()
                || (value.isContainer() && !types(schema).contains("array"))
                || reads.test(mapper.writeValueAsString(value), format.type);
    }

    /** The codec passes over spaces around a constant. */
    private static boolean isSame(JsonNode value, JsonNode constant) {
        return value.equals(constant)
                || (value.isString()
                        && constant.isString()
                        && value.asString().strip().equals(constant.asString()));
    }

    private static @Nullable BigInteger whole(JsonNode schema, String keyword) {
        var bound = schema.path(keyword);
        return bound.isIntegralNumber() ? bound.bigIntegerValue() : null;
    }

    private static @Nullable Format format(JsonNode schema) {
        var said = schema.path("format");
        return said.isString() ? Format.named(said.asString()) : null;
    }

    private static List<String> types(JsonNode schema) {
        return schema.has("type") ? names(schema.path("type")) : List.of();
    }

    private static List<String> names(JsonNode type) {
        return type.isArray() ? type.valueStream().map(JsonNode::asString).toList() : List.of(type.asString());
    }

    private static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "null" -> value.isNull();
            case "string" -> value.isString();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "array" -> value.isArray();
            case "object" -> value.isObject();
            default -> true; // a newer build knows it
        };
    }

    // ---- what is inside

    private void checkFields(JsonNode value, JsonNode schema, At at, int depth) {
        var properties = schema.get("properties");
        var additional = schema.get("additionalProperties");
        var names = schema.get("propertyNames");
        for (var field : value.properties()) {
            var known = properties == null ? null : properties.get(field.getKey());
            var inside = known == null ? at.unknown(field.getKey()) : at.known(field.getKey());
            if (known != null) check(field.getValue(), known, inside, depth + 1);
            else if (additional != null && additional.isBoolean() && !additional.booleanValue())
                sayUnknown(at, inside, field.getKey(), properties == null ? List.of() : properties.propertyNames());
            else if (additional != null) check(field.getValue(), additional, inside, depth + 1);
            if (names != null && !fits(mapper.getNodeFactory().stringNode(field.getKey()), names))
                say(
                        inside,
                        "The name %s of %s must be %s%s"
                                .formatted(
                                        quoted(field.getKey()),
                                        where(at),
                                        allowed(names),
                                        meant(mapper.getNodeFactory().stringNode(field.getKey()), names)));
            if (found.size() >= MOST) return;
        }
        for (var one : schema.path("required")) {
            var field = one.asString();
            if (value.has(field) || found.size() >= MOST) continue;
            var known = properties == null ? null : properties.get(field);
            say(
                    at.known(field),
                    "%s is missing%s; it must be %s"
                            .formatted(quoted(field), inside(at), known == null ? "there" : allowed(resolved(known))));
        }
    }

    private void sayUnknown(At at, At inside, String field, Collection<String> known) {
        var near = Nearest.of(field, known);
        var instead = near.isPresent()
                ? "did you mean %s?".formatted(quoted(near.get()))
                : known.isEmpty()
                        ? "it has none"
                        : "its fields are "
                                + listed(known.stream().map(this::quoted).toList());
        say(inside, "%s is no field of %s; %s".formatted(quoted(field), at.isAll() ? name : place(at), instead));
    }

    private void checkElements(JsonNode value, JsonNode schema, At at, int depth) {
        var first = schema.get("prefixItems");
        var others = schema.get("items");
        for (int i = 0; i < value.size() && found.size() < MOST; i++) {
            var element = first != null && i < first.size() ? first.get(i) : others;
            if (element != null) check(value.get(i), element, at.element(i), depth + 1);
        }
    }

    // ---- one of some

    /** Held against the one that its tag names, if one does, so that what is said is about the slip and not about all the others. */
    private void checkChoice(JsonNode value, JsonNode choices, At at, int depth) {
        var tags = new ArrayList<String>();
        String property = null;
        for (var written : choices) {
            var choice = resolved(written);
            var tag = tag(choice);
            if (tag.isPresent()) {
                property = tag.get();
                var constant = choice.get("properties").get(property).get("const");
                tags.add(constant.toString());
                if (value.isObject() && constant.equals(value.get(property))) {
                    check(value, choice, at, depth + 1);
                    return;
                }
            } else if (fitsAll(value, choice)) return;
        }
        if (property == null) {
            say(at, "%s is %s; it must be %s".formatted(where(at), shown(value), either(choices)));
            return;
        }
        var inside = at.known(property);
        if (!value.isObject()) say(at, "%s is %s; it must be an object".formatted(where(at), shown(value)));
        else if (value.has(property))
            say(inside, "%s is %s; it must be %s".formatted(where(inside), shown(value.get(property)), oneOf(tags)));
        else say(inside, "%s is missing%s; it must be %s".formatted(quoted(property), inside(at), oneOf(tags)));
    }

    private boolean fitsAll(JsonNode value, JsonNode schema) {
        var before = found.size();
        if (!fits(value, schema)) return false;
        if (value.isObject()) checkFields(value, schema, At.ALL, 1);
        if (value.isArray()) checkElements(value, schema, At.ALL, 1);
        boolean fits = found.size() == before;
        while (found.size() > before) found.removeLast();
        return fits;
    }

    /** The field by whose constant it is told from others. */
    private static Optional<String> tag(JsonNode choice) {
        return choice.path("properties")
                .propertyStream()
                .filter(field -> field.getValue().has("const"))
                .map(field -> field.getKey())
                .findFirst();
    }

    // ---- words

    private String where(At at) {
        return at.isAll() ? "The payload" : place(at);
    }

    private static String inside(At at) {
        return at.isAll() ? "" : " in " + place(at);
    }

    /** Its end is what matters, if it is long. */
    private static String place(At at) {
        int cut = at.pointer.length() - LONGEST_PLACE;
        return shown(cut <= 0 ? at.pointer : "…" + at.pointer.substring(cut), LONGEST_PLACE + 1);
    }

    private String allowed(JsonNode schema) {
        if (schema.path("anyOf").isArray()) return either(schema.path("anyOf"));
        if (schema.has("enum"))
            return oneOf(schema.path("enum")
                    .valueStream()
                    .filter(one -> !one.isNull())
                    .map(JsonNode::toString)
                    .toList());
        if (schema.has("const")) return schema.path("const").toString();
        var format = format(schema);
        if (format != null) return format.inWords;
        var types = types(schema).stream()
                .filter(type -> !type.equals("null"))
                .map(type -> inWords(type, schema))
                .toList();
        if (types.isEmpty()) return types(schema).isEmpty() ? "there" : "null";
        return String.join(" or ", types);
    }

    private String either(JsonNode choices) {
        return choices.valueStream()
                .map(this::resolved)
                .map(this::allowed)
                .filter(said -> !said.equals("null"))
                .distinct()
                .collect(Collectors.joining(" or "));
    }

    private static String inWords(String type, JsonNode schema) {
        return switch (type) {
            case "string" -> "a text";
            case "integer" ->
                schema.has("minimum") && schema.has("maximum")
                        ? "a whole number from %,d to %,d"
                                .formatted(
                                        schema.get("minimum").bigIntegerValue(),
                                        schema.get("maximum").bigIntegerValue())
                        : "a whole number";
            case "number" -> "a number";
            case "boolean" -> "true or false";
            case "array" -> "a list";
            case "object" -> "an object";
            default -> type;
        };
    }

    private static String oneOf(List<String> constants) {
        return constants.size() == 1 ? constants.getFirst() : "one of " + listed(constants);
    }

    private static String listed(List<String> words) {
        return words.size() <= LISTED
                ? String.join(", ", words)
                : String.join(", ", words.subList(0, LISTED)) + " and %d more".formatted(words.size() - LISTED);
    }

    private String meant(JsonNode value, JsonNode schema) {
        if (!value.isString()) return "";
        return Nearest.of(
                        value.asString(),
                        schema.path("enum")
                                .valueStream()
                                .filter(JsonNode::isString)
                                .map(JsonNode::asString)
                                .toList())
                .map(near -> "; did you mean %s?".formatted(quoted(near)))
                .orElse("");
    }

    private String shown(JsonNode value) {
        if (value.isNull()) return "null";
        if (value.isArray()) return "a list";
        if (value.isObject()) return "an object";
        var text = shown(mapper.writeValueAsString(value));
        if (value.isString()) return "a text (%s)".formatted(text);
        return value.isBoolean() ? text : value.isIntegralNumber() ? "the number " + text : "the fraction " + text;
    }

    private String quoted(String text) {
        return shown(mapper.writeValueAsString(text));
    }

    /** In one line, as it can be printed. */
    private static String shown(String text) {
        return shown(text, SHOWN);
    }

    private static String shown(String text, int most) {
        var shown = new StringBuilder();
        text.codePoints()
                .limit(most)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? 0xFFFD : c)
                .forEach(shown::appendCodePoint);
        return shown.length() < text.length() ? shown.append('…').toString() : shown.toString();
    }
}
