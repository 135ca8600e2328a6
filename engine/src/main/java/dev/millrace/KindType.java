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
        return firstArgument(type, Job.class);
    }

    /** What the parts of a batch give back that such a job follows: {@code C} of {@code Reduce<C, R>}; {@code Object} if the class leaves it open. */
    static Type partOf(Class<?> type) {
        return firstArgument(type, Reduce.class);
    }

    private static Type firstArgument(Class<?> type, Class<?> of) {
        var found = argument(type, of, new HashMap<>());
        return found == null || found instanceof TypeVariable<?> ? Object.class : found;
    }

    /** Climbs to what is wanted, carrying along what the type variables on the way stand for. */
    private static @Nullable Type argument(@Nullable Type at, Class<?> of, Map<Type, Type> known) {
        if (at instanceof ParameterizedType named) {
            var raw = (Class<?>) named.getRawType();
            var arguments = named.getActualTypeArguments();
            for (int i = 0; i < arguments.length; i++)
                known.put(raw.getTypeParameters()[i], resolved(arguments[i], known));
            return raw == of ? known.get(of.getTypeParameters()[0]) : argumentAbove(raw, of, known);
        }
        return at instanceof Class<?> raw ? argumentAbove(raw, of, known) : null;
    }

    private static @Nullable Type argumentAbove(Class<?> raw, Class<?> of, Map<Type, Type> known) {
        for (var above : raw.getGenericInterfaces()) {
            var found = argument(above, of, known);
            if (found != null) return found;
        }
        return argument(raw.getGenericSuperclass(), of, known);
    }

    /** The type with all that is known put in the place of its variables. */
    private static Type resolved(Type type, Map<Type, Type> known) {
        if (!(type instanceof ParameterizedType named)) return known.getOrDefault(type, type);
        var arguments = named.getActualTypeArguments();
        for (int i = 0; i < arguments.length; i++) arguments[i] = resolved(arguments[i], known);
        return Generic.of((Class<?>) named.getRawType(), arguments);
    }
}
