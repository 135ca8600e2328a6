package dev.millrace;

/**
 * A job that runs when all parts of a batch have ended, and sees how each of them ended: {@code record Publish(String album) implements Reduce<Image,
 * Album>}. It is enqueued together with the parts, by {@link Millrace#batch}, and handled by {@link NodeBuilder#reduce}.
 *
 * @param <C> what its parts give back; each result is read as this type, whatever subtype a part's own kind names
 * @param <R> what it gives back itself
 */
public interface Reduce<C, R> extends Job<R> {}
