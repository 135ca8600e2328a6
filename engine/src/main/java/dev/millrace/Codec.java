package dev.millrace;

import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * Turns payloads, results and checkpoints into text and back. A store brings one (PostgreSQL: JSON), so that the engine itself needs
 * no JSON library. Implementations are stateless or safe for use by many threads.
 */
public interface Codec {

    /**
     * The text of a value, such as JSON. The same value always gives the same text: idempotency keys compare it.
     *
     * @throws MillraceException if the value can't be written; the message names the class and the component
     */
    String encode(@Nullable Object value);

    /**
     * The value of a text, as the given type.
     *
     * @throws MillraceException if the text does not fit the type; the message names both
     */
    @Nullable
    Object decode(String text, Type type);
}
