package dev.millrace.api;

import dev.millrace.MemoryStore;
import dev.millrace.Store;

/** A store in memory that keeps text. */
public final class TextStore {

    private TextStore() {}

    public static Store open() {
        return new MemoryStore(new WordsCodec());
    }
}
