package dev.millrace;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A type with its arguments, for values that are read back: {@code new TypeRef<Map<String, Hold>>() {}}. Immutable.
 *
 * @param <T> the type
 */
public abstract class TypeRef<T> {

    private final Type type;

    /** The type that the subclass names: {@code new TypeRef<List<Hold>>() {}}. */
    protected TypeRef() {
        if (!(getClass().getGenericSuperclass() instanceof ParameterizedType named))
            throw new MillraceException(
                    "A TypeRef without its type can't be read back. Name it: new TypeRef<List<String>>() {}.");
        this.type = named.getActualTypeArguments()[0];
    }

    private TypeRef(Type type) {
        this.type = type;
    }

    /** A list of these. */
    public static <E> TypeRef<List<E>> listOf(Class<E> element) {
        return new Known<>(Generic.of(List.class, element));
    }

    /** A set of these. */
    public static <E> TypeRef<Set<E>> setOf(Class<E> element) {
        return new Known<>(Generic.of(Set.class, element));
    }

    /** A map from these to those. */
    public static <K, V> TypeRef<Map<K, V>> mapOf(Class<K> key, Class<V> value) {
        return new Known<>(Generic.of(Map.class, key, value));
    }

    /** The type as reflection knows it. */
    public final Type type() {
        return type;
    }

    @Override
    public final boolean equals(Object other) {
        return other instanceof TypeRef<?> ref && ref.type.equals(type);
    }

    @Override
    public final int hashCode() {
        return type.hashCode();
    }

    @Override
    public final String toString() {
        return type.getTypeName();
    }

    private static final class Known<T> extends TypeRef<T> {
        Known(Type type) {
            super(type);
        }
    }
}
