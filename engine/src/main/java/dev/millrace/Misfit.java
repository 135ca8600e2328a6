package dev.millrace;

/**
 * Something in a text that does not fit what it is to be read as. Immutable.
 *
 * @param pointer where: a JSON Pointer (RFC 6901) such as {@code /lines/0/sku}; empty for the whole
 * @param message what is there and what is allowed, as a sentence without its stop: {@code /order is a text ("42"); it must be a whole number}
 */
public record Misfit(String pointer, String message) {}
