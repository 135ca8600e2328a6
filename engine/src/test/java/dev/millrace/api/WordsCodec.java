package dev.millrace.api;

import dev.millrace.Codec;
import dev.millrace.MillraceException;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Currency;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Flat records of words and numbers, as words between bars. Enough to prove that text is what travels. */
final class WordsCodec implements Codec {

    @Override
    public String encode(@Nullable Object value) {
        if (!(value instanceof Record)) return String.valueOf(value);
        var words = new ArrayList<String>();
        for (var component : value.getClass().getRecordComponents()) words.add(String.valueOf(read(component, value)));
        return String.join("|", words);
    }

    @Override
    public @Nullable Object decode(String text, Type type) {
        if (type.equals(Object.class) || type.equals(String.class)) return text;
        if (!(type instanceof Class<?> of) || !of.isRecord()) return word(text, (Class<?>) type);
        var components = of.getRecordComponents();
        List<String> words = Arrays.asList(text.split("\\|", -1));
        if (words.size() != components.length)
            throw new MillraceException("%s has %d components, and the text %d words: %s"
                    .formatted(of.getSimpleName(), components.length, words.size(), text));
        var values = new @Nullable Object[components.length];
        for (int i = 0; i < values.length; i++) values[i] = word(words.get(i), components[i].getType());
        return made(of, components, values);
    }

    private static Object word(String word, Class<?> type) {
        if (type == long.class || type == Long.class) return Long.valueOf(word);
        if (type == int.class || type == Integer.class) return Integer.valueOf(word);
        if (type == Currency.class) return Currency.getInstance(word);
        return word;
    }

    private static Object made(Class<?> of, RecordComponent[] components, @Nullable Object[] values) {
        try {
            var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<?> constructor = of.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException refused) {
            throw new MillraceException(of.getSimpleName() + " refused its values", refused);
        }
    }

    private static Object read(RecordComponent component, Object value) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(value);
        } catch (ReflectiveOperationException refused) {
            throw new MillraceException(component.getName() + " can't be read", refused);
        }
    }
}
