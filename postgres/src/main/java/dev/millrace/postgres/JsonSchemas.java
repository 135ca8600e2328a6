package dev.millrace.postgres;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON Schemas (draft 2020-12) of what {@link JsonCodec} reads. One rule stands above all: what the codec would read is never refused. So where something might be
 * read otherwise than this knows, because of an annotation, a factory method, or a class that is no record, nothing is said: {@code {}}. What can be
 * asked of the codec is asked, not assumed: which texts are an enum's, and whether a date may be a number.
 *
 * <p>Each component is required, since the codec wants all of them; null is allowed for all that is no primitive, since the codec gives it to the record. What a record's
 * constructor refuses is no schema's affair.
 */
final class JsonSchemas {

    private static final String DRAFT = "https://json-schema.org/draft/2020-12/schema";

    /** Of the values that a class might be read from; a JSON type none of whose samples is read is not allowed. */
    private static final Map<String, List<String>> SAMPLES = Map.of(
            "integer", List.of("0", "1", "12", "2024", "1700000000"),
            "number", List.of("0.5", "1700000000.25"),
            "boolean", List.of("true", "false"),
            "array",
                    List.of(
                            "[]",
                            "[1]",
                            "[2024]",
                            "[3,4]",
                            "[2024,1]",
                            "[2024,1,2]",
                            "[2024,1,2,3,4]",
                            "[1,2,3,4,5,6]",
                            "[3,4,5,\"Z\"]",
                            "[\"a\"]"),
            "object", List.of("{}"));

    private static final List<String> TYPES = List.of("string", "integer", "number", "boolean", "array", "object");

    /** Annotations of a class that change nothing here, or that are looked at. */
    private static final Set<Class<?>> OF_CLASSES = Set.of(
            JsonTypeInfo.class,
            JsonSubTypes.class,
            JsonTypeName.class,
            JsonIgnoreProperties.class,
            JsonPropertyOrder.class);

    private final JsonMapper mapper;
    private final BiPredicate<String, Type> reads;
    private final ObjectNode definitions;
    private final Map<String, String> names = new HashMap<>();

    /** @param reads whether the codec reads a text as a type */
    JsonSchemas(JsonMapper mapper, BiPredicate<String, Type> reads) {
        this.mapper = mapper;
        this.reads = reads;
        this.definitions = mapper.createObjectNode();
    }

    /** For one type. */
    String schema(Type type) {
        var javaType = mapper.constructType(type);
        var root = object().put("$schema", DRAFT);
        var record = Shape.of(javaType.getRawClass());
        root.setAll(
                record == null || isPolymorphic(javaType.getRawClass())
                        ? of(javaType)
                        : body(javaType, record, null, false));
        if (!definitions.isEmpty()) root.set("$defs", definitions);
        return mapper.writeValueAsString(root);
    }

    private ObjectNode object() {
        return mapper.createObjectNode();
    }

    private ObjectNode of(JavaType type) {
        var raw = type.getRawClass();
        if (raw == String.class) return typed(true, "string");
        if (raw == boolean.class || raw == Boolean.class) return typed(!raw.isPrimitive(), "boolean");
        var range = Range.of(raw);
        if (range != null)
            return typed(!raw.isPrimitive(), "integer")
                    .put("minimum", range.least())
                    .put("maximum", range.most());
        if (raw == BigInteger.class) return typed(true, "integer");
        var format = Format.of(boxed(raw));
        if (format != null) return formatted(raw, format);
        if (raw.isEnum()) return constants(raw);
        if (raw == Optional.class) return nullable(of(type.getReferencedType()));
        if (type.isArrayType() && raw != byte[].class && raw != char[].class)
            return typed(true, "array").set("items", of(type.getContentType()));
        if (type.isCollectionLikeType() && isOfJava(raw))
            return typed(true, "array").set("items", of(type.getContentType()));
        if (type.isMapLikeType() && isOfJava(raw)) return map(type);
        if (isPolymorphic(raw)) return oneOfSome(type);
        var shape = Shape.of(raw);
        return shape == null ? object() : reference(type, shape);
    }

    private static boolean isOfJava(Class<?> raw) {
        return raw.getName().startsWith("java.util.");
    }

    private static Class<?> boxed(Class<?> raw) {
        if (raw == double.class) return Double.class;
        return raw == float.class ? Float.class : raw;
    }

    private ObjectNode typed(boolean nullable, String type) {
        var schema = object();
        if (!nullable) return schema.put("type", type);
        schema.putArray("type").add(type).add("null");
        return schema;
    }

    /** Null beside what there is; what has no type allows it anyway. */
    private ObjectNode nullable(ObjectNode schema) {
        if (schema.get("type") instanceof ArrayNode types) {
            if (types.valueStream().noneMatch(type -> type.asString().equals("null"))) types.add("null");
        } else if (schema.get("type") != null) {
            var only = schema.get("type").asString();
            schema.putArray("type").add(only).add("null");
        }
        return schema;
    }

    private record Range(BigInteger least, BigInteger most) {

        /** A byte is read from what is one with a sign, and from what is one without. */
        static @Nullable Range of(Class<?> raw) {
            if (raw == byte.class || raw == Byte.class) return of(Byte.MIN_VALUE, 255);
            if (raw == short.class || raw == Short.class) return of(Short.MIN_VALUE, Short.MAX_VALUE);
            if (raw == int.class || raw == Integer.class) return of(Integer.MIN_VALUE, Integer.MAX_VALUE);
            return raw == long.class || raw == Long.class ? of(Long.MIN_VALUE, Long.MAX_VALUE) : null;
        }

        private static Range of(long least, long most) {
            return new Range(BigInteger.valueOf(least), BigInteger.valueOf(most));
        }
    }

    private ObjectNode formatted(Class<?> raw, Format format) {
        var allowed = new ArrayList<String>();
        for (var type : TYPES)
            if (type.equals("string")
                    || SAMPLES.getOrDefault(type, List.of()).stream().anyMatch(one -> reads.test(one, raw)))
                allowed.add(type);
        if (allowed.contains("number")) allowed.remove("integer");
        if (!raw.isPrimitive()) allowed.add("null");
        if (format == Format.DECIMAL) allowed.remove("string");
        var schema = object();
        if (allowed.size() == 1) schema.put("type", allowed.getFirst());
        else allowed.forEach(schema.putArray("type")::add);
        return schema.put("format", format.wireName);
    }

    /** The texts that the codec reads as a constant. */
    private ObjectNode constants(Class<?> raw) {
        var texts = texts(raw);
        if (texts == null) return object();
        var schema = object();
        var allowed = schema.putArray("enum");
        texts.forEach(allowed::add);
        allowed.addNull();
        return schema;
    }

    /** Null if the codec might read more than can be listed. */
    private @Nullable Set<String> texts(Class<?> raw) {
        if (raw.getName().startsWith("java.time.")) return null;
        if (!annotations(raw).isEmpty()) return null;
        for (var member : members(raw)) if (!annotations(member).isEmpty()) return null;
        var texts = new LinkedHashSet<String>();
        for (var constant : raw.getEnumConstants())
            for (var text : List.of(
                    mapper.writeValueAsString(constant),
                    quoted(((Enum<?>) constant).name()),
                    quoted(constant.toString())))
                if (reads.test(text, raw)) texts.add(mapper.readTree(text).asString());
        return texts;
    }

    private String quoted(String text) {
        return mapper.writeValueAsString(text);
    }

    private ObjectNode map(JavaType type) {
        var schema = typed(true, "object");
        var key = type.getKeyType().getRawClass();
        var texts = key.isEnum() ? texts(key) : null;
        if (texts != null) {
            var names = schema.putObject("propertyNames").putArray("enum");
            texts.forEach(names::add);
        }
        return schema.set("additionalProperties", of(type.getContentType()));
    }

    // ---- records

    private ObjectNode reference(JavaType type, Shape shape) {
        return refer(type.toCanonical(), shape.raw().getSimpleName(), name -> body(type, shape, null, true));
    }

    private ObjectNode refer(String key, String wanted, Function<String, ObjectNode> body) {
        var name = names.get(key);
        if (name == null) {
            name = wanted;
            for (int i = 2; names.containsValue(name); i++) name = wanted + i;
            names.put(key, name); // before its body, which may refer to it
            definitions.putNull(name); // holds its place: in the order in which they are met
            definitions.set(name, body.apply(name));
        }
        return object().put("$ref", "#/$defs/" + name);
    }

    /** @param tag what tells it from others where one of some is read; null if it is no such one */
    private ObjectNode body(JavaType type, Shape shape, @Nullable Tag tag, boolean nullable) {
        var schema = object();
        if (!shape.alsoFromOther()) schema.setAll(typed(nullable, "object"));
        var properties = schema.putObject("properties");
        var required = new ArrayList<String>();
        if (tag != null) {
            properties.putObject(tag.property()).put("const", tag.value());
            required.add(tag.property());
        }
        var components = shape.raw().getRecordComponents();
        for (var component : components) {
            var name = shape.names().get(component.getName());
            properties.set(
                    name,
                    of(mapper.getTypeFactory().resolveMemberType(component.getGenericType(), type.getBindings())));
            required.add(name);
        }
        if (!required.isEmpty()) required.forEach(schema.putArray("required")::add);
        if (!shape.ignoresUnknown()) schema.put("additionalProperties", false);
        return schema;
    }

    /** What tells one of some from the others. */
    private record Tag(String property, String value) {}

    /**
     * A record as the codec reads it.
     *
     * @param names of the components in JSON
     * @param alsoFromOther whether something else than an object may become one: there is another constructor, or a factory
     */
    private record Shape(Class<?> raw, Map<String, String> names, boolean ignoresUnknown, boolean alsoFromOther) {

        /** Null if it is no record, or has something about it that is not known here. */
        static @Nullable Shape of(Class<?> raw) {
            if (!raw.isRecord()) return null;
            boolean ignoresUnknown = false;
            for (var at : hierarchy(raw)) {
                for (var annotation : annotations(at)) {
                    if (!OF_CLASSES.contains(annotation.annotationType())) return null;
                    if (annotation instanceof JsonIgnoreProperties ignoring) {
                        if (ignoring.value().length > 0) return null;
                        ignoresUnknown |= ignoring.ignoreUnknown();
                    }
                }
                if (at != raw)
                    for (var method : at.getDeclaredMethods())
                        if (!annotations(method).isEmpty()) return null;
            }
            for (var member : members(raw)) if (!annotations(member).stream().allMatch(Shape::names)) return null;
            var names = new LinkedHashMap<String, String>();
            for (var component : raw.getRecordComponents()) {
                var said = component.getAccessor().getAnnotation(JsonProperty.class);
                var name = said == null ? "" : said.value();
                names.put(component.getName(), name.isEmpty() ? component.getName() : name);
            }
            if (Set.copyOf(names.values()).size() < names.size()) return null;
            boolean others = Stream.of(raw.getDeclaredConstructors())
                                    .filter(one -> one.getParameterCount() == 1)
                                    .count()
                            > (names.size() == 1 ? 1 : 0)
                    || Stream.of(raw.getDeclaredMethods()).anyMatch(Shape::isFactory);
            return new Shape(raw, names, ignoresUnknown, others);
        }

        /** Jackson takes a text, or a number, to a static method of such a name. */
        private static boolean isFactory(Method method) {
            return Modifier.isStatic(method.getModifiers())
                    && method.getParameterCount() == 1
                    && Set.of("valueOf", "fromString").contains(method.getName());
        }

        /** Whether an annotation says no more than a name. */
        private static boolean names(Annotation annotation) {
            return annotation instanceof JsonProperty said
                    && said.access() == JsonProperty.Access.AUTO
                    && said.namespace().isEmpty()
                    && said.defaultValue().isEmpty()
                    && said.index() == JsonProperty.INDEX_UNKNOWN;
        }
    }

    /** It, and all that is above it. */
    private static Collection<Class<?>> hierarchy(Class<?> raw) {
        var all = new LinkedHashSet<Class<?>>();
        var open = new ArrayList<Class<?>>(List.of(raw));
        while (!open.isEmpty()) {
            var at = open.removeLast();
            if (!all.add(at)) continue;
            open.addAll(List.of(at.getInterfaces()));
            if (at.getSuperclass() != null) open.add(at.getSuperclass());
        }
        return all;
    }

    private static List<AnnotatedElement> members(Class<?> raw) {
        var all = new ArrayList<AnnotatedElement>(List.of(raw.getDeclaredFields()));
        all.addAll(List.of(raw.getDeclaredMethods()));
        for (var constructor : raw.getDeclaredConstructors()) {
            all.add(constructor);
            all.addAll(List.of(constructor.getParameters()));
        }
        return all;
    }

    /** Those that Jackson looks at; also one that bundles some of them. */
    private static List<Annotation> annotations(AnnotatedElement element) {
        return Stream.of(element.getDeclaredAnnotations())
                .filter(one -> isJacksons(one.annotationType())
                        || Stream.of(one.annotationType().getDeclaredAnnotations())
                                .anyMatch(above -> isJacksons(above.annotationType())))
                .toList();
    }

    private static boolean isJacksons(Class<?> annotation) {
        return annotation.getName().startsWith("com.fasterxml.jackson.")
                || annotation.getName().startsWith("tools.jackson.");
    }

    // ---- one of some

    private static boolean isPolymorphic(Class<?> raw) {
        return hierarchy(raw).stream().anyMatch(at -> at.isAnnotationPresent(JsonTypeInfo.class));
    }

    /** One of the classes that a field of the object names. */
    private ObjectNode oneOfSome(JavaType type) {
        var raw = type.getRawClass();
        var infos = hierarchy(raw).stream()
                .map(at -> at.getAnnotation(JsonTypeInfo.class))
                .filter(info -> info != null)
                .toList();
        if (infos.size() != 1 || !type.getBindings().isEmpty() || !isPlain(infos.getFirst())) return object();
        var config = mapper.deserializationConfig();
        var above = config.classIntrospectorInstance().introspectClassAnnotations(type);
        var tags = new LinkedHashMap<String, Shape>();
        for (var named : config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, above)) {
            if (Modifier.isAbstract(named.getType().getModifiers())) continue;
            var shape = Shape.of(named.getType());
            if (shape == null || shape.alsoFromOther()) return object();
            tags.put(named.hasName() ? named.getName() : withoutPackage(named.getType()), shape);
        }
        if (tags.isEmpty()) return object();
        var said = infos.getFirst().property();
        var property = said.isEmpty() ? infos.getFirst().use().getDefaultPropertyName() : said;
        var schema = object();
        var choices = schema.putArray("anyOf");
        tags.forEach((value, shape) -> choices.add(choice(new Tag(property, value), shape)));
        pair(choices, tags.keySet());
        choices.add(object().put("type", "null"));
        return schema;
    }

    /** What Jackson calls a class that has no name. */
    private static String withoutPackage(Class<?> type) {
        return type.getName().substring(type.getName().lastIndexOf('.') + 1);
    }

    /** {@code ["card", {…}]}, which is read as well. */
    private void pair(ArrayNode choices, Set<String> values) {
        var pair = choices.addObject().put("type", "array").put("minItems", 2).put("maxItems", 2);
        values.forEach(pair.putArray("prefixItems").addObject().putArray("enum")::add);
    }

    private static boolean isPlain(JsonTypeInfo info) {
        return info.use() == JsonTypeInfo.Id.NAME
                && info.include() == JsonTypeInfo.As.PROPERTY
                && info.defaultImpl() == JsonTypeInfo.class
                && !info.visible();
    }

    private ObjectNode choice(Tag tag, Shape shape) {
        var type = mapper.constructType(shape.raw());
        return refer(
                tag.value() + " " + type.toCanonical(),
                shape.raw().getSimpleName(),
                name -> body(type, shape, tag, false));
    }
}
