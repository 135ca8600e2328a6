package dev.millrace;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A class with type arguments, equal to what reflection gives for the same type. */
final class Generic implements ParameterizedType {

    private final Class<?> raw;
    private final List<Type> arguments;

    private Generic(Class<?> raw, List<Type> arguments) {
        this.raw = raw;
        this.arguments = arguments;
    }

    static Generic of(Class<?> raw, Type... arguments) {
        return new Generic(raw, List.of(arguments));
    }

    @Override
    public Type[] getActualTypeArguments() {
        return arguments.toArray(Type[]::new);
    }

    @Override
    public Type getRawType() {
        return raw;
    }

    @Override
    public @Nullable Type getOwnerType() {
        return raw.getDeclaringClass();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ParameterizedType type
                && raw.equals(type.getRawType())
                && Objects.equals(getOwnerType(), type.getOwnerType())
                && Arrays.equals(getActualTypeArguments(), type.getActualTypeArguments());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(getActualTypeArguments()) ^ Objects.hashCode(getOwnerType()) ^ raw.hashCode();
    }

    @Override
    public String toString() {
        return arguments.stream().map(Type::getTypeName).collect(Collectors.joining(", ", raw.getName() + "<", ">"));
    }
}
