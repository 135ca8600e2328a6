package dev.millrace;

import java.util.Locale;

/** What becomes of a job if one of those that it {@linkplain JobOptions#after runs after} did not complete: it was cancelled, or discarded. */
public enum IfFailed {
    /** It is cancelled, at once, with a reason that names the other. The default. */
    CANCEL,
    /** It runs, as soon as all of them have ended: for what tidies up, or reports. */
    RUN;

    /** The name as it is written outside of Java: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The one with this name.
     *
     * @throws MillraceException if there is none
     */
    public static IfFailed of(String wireName) {
        for (var one : values()) if (one.wireName().equals(wireName)) return one;
        throw new MillraceException(
                "\"%s\" is not what becomes of a job if one that it runs after failed. It is cancel or run."
                        .formatted(Words.cut(wireName, 80)));
    }
}
