package dev.millrace;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a job's class says of its kind.
 *
 * @param result what comes back: {@code R} of {@code Job<R>}; {@code Object} if the class leaves it open
 */
record KindType(Class<?> type, KindName name, Type result) {

    static KindType of(Class<?> type) {
        return new KindType(type, KindName.of(type), resultOf(type));
    }

    private static Type resultOf(Class<?> type) {
        var found = argumentOfJob(type, new HashMap<>());
        return found == null || found instanceof TypeVariable<?> ? Object.class : found;
    }

    /** Climbs to {@code Job}, carrying along what the type variables on the way stand for. */
    private static @Nullable Type argumentOfJob(@Nullable Type at, Map<Type, Type> known) {
        if (at instanceof ParameterizedType named) {
            var raw = (Class<?>) named.getRawType();
            var arguments = named.getActualTypeArguments();
            for (int i = 0; i < arguments.length; i++)
                known.put(raw.getTypeParameters()[i], resolved(arguments[i], known));
            return raw == Job.class ? known.get(Job.class.getTypeParameters()[0]) : argumentAbove(raw, known);
        }
        return at instanceof Class<?> raw ? argumentAbove(raw, known) : null;
    }

    private static @Nullable Type argumentAbove(Class<?> raw, Map<Type, Type> known) {
        for (var above : raw.getGenericInterfaces()) {
            var found = argumentOfJob(above, known);
            if (found != null) return found;
        }
        return argumentOfJob(raw.getGenericSuperclass(), known);
    }

    /** The type with all that is known put in the place of its variables. */
    private static Type resolved(Type type, Map<Type, Type> known) {
        if (!(type instanceof ParameterizedType named)) return known.getOrDefault(type, type);
        var arguments = named.getActualTypeArguments();
        for (int i = 0; i < arguments.length; i++) arguments[i] = resolved(arguments[i], known);
        return Generic.of((Class<?>) named.getRawType(), arguments);
    }
}
