package dev.millrace;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A payload that was given as text does not fit the schema that nodes have published for its kind and version: no node could read it. Nothing was
 * enqueued, and no schedule set.
 */
public final class PayloadRefused extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    /** As many as one reads. */
    private static final int TOLD = 5;

    private final String kind;
    private final int version;
    private final transient List<Misfit> misfits;

    PayloadRefused(KindName kind, List<Misfit> misfits) {
        super(message(kind, misfits));
        this.kind = kind.name();
        this.version = kind.version();
        this.misfits = List.copyOf(misfits);
    }

    private static String message(KindName kind, List<Misfit> misfits) {
        var told = misfits.stream().limit(TOLD).map(Misfit::message).collect(Collectors.joining(". "));
        int more = misfits.size() - TOLD;
        return "The payload does not fit %s, as the nodes that run it say, and nothing was done. %s.%s To see what fits: millrace kinds --schema %s --version %d."
                .formatted(
                        inShort(kind),
                        told,
                        more > 0 ? " There is more, %d in all.".formatted(misfits.size()) : "",
                        kind.name(),
                        kind.version());
    }

    /** As it is called in a sentence: {@code send-invoice v2}. */
    static String inShort(KindName kind) {
        return kind.name() + " v" + kind.version();
    }

    /** The wire name of the kind. */
    public String kind() {
        return kind;
    }

    /** The version of the payload. */
    public int version() {
        return version;
    }

    /** What does not fit, in the order of the text; at most 20. Empty in a copy that was serialized. */
    @SuppressWarnings("NullAway") // Java's serialization leaves it null
    public List<Misfit> misfits() {
        return misfits == null ? List.of() : misfits;
    }
}
