package dev.millrace;

/**
 * Something in a text that does not fit what it is to be read as. Immutable.
 *
 * @param pointer where: a JSON Pointer (RFC 6901) such as {@code /amounts/jane@example.com}; empty for the whole
 * @param named the same with a star for each name that no schema has, such as a key of a map: {@code /amounts/*}. It tells nothing of the text, and is all
 *     that is told of one that is encrypted
 * @param message what is there and what is allowed, as a sentence without its stop: {@code /order is a text ("42"); it must be a whole number}
 */
public record Misfit(String pointer, String named, String message) {

    /** One of which the schema names the whole place. */
    public Misfit(String pointer, String message) {
        this(pointer, pointer, message);
    }
}
