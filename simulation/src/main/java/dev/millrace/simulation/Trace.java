package dev.millrace.simulation;

import dev.millrace.simulation.time.Timeline;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What happened, line by line: who, what, when. Its fingerprint (FNV-1a over all lines) is equal for equal runs, on any machine; the lines
 * themselves are kept only by who asks for them.
 */
public final class Trace {

    private static final long OFFSET = 0xCBF29CE484222325L;
    private static final long PRIME = 0x100000001B3L;

    /** Reads nothing. */
    static final Consumer<String> NOBODY = line -> {};

    private final Timeline timeline;
    private final Consumer<String> reader;
    private long fingerprint = OFFSET;

    /** @param reader hears each line, with its time */
    Trace(Timeline timeline, Consumer<String> reader) {
        this.timeline = timeline;
        this.reader = reader;
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    public void tell(String what, @Nullable Object... details) {
        var line = what.formatted(details);
        add(line);
        reader.accept("%12.6f  %s".formatted(timeline.now() / 1e9, line));
    }

    /** Something for the reader alone: it adds nothing to the fingerprint, and is not even put into words if nobody reads. */
    public void detail(Supplier<String> words) {
        if (!reader.equals(NOBODY)) reader.accept("%12.6f    %s".formatted(timeline.now() / 1e9, words.get()));
    }

    /** Something too small for a line, which must be equal in equal runs all the same. */
    public void note(String what, long number) {
        add(what);
        add(number);
    }

    private void add(String text) {
        for (int i = 0; i < text.length(); i++) fingerprint = (fingerprint ^ text.charAt(i)) * PRIME;
        add(timeline.now());
    }

    private void add(long number) {
        for (int shift = 0; shift < 64; shift += 16) fingerprint = (fingerprint ^ (number >>> shift & 0xFFFF)) * PRIME;
    }

    Consumer<String> reader() {
        return reader;
    }

    public long fingerprint() {
        return fingerprint;
    }
}
