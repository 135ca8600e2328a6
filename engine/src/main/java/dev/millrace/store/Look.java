package dev.millrace.store;

/** What was seen, or why it could not be. What was not seen is never taken for empty. */
public sealed interface Look<T> {

    /** It was seen. */
    record Seen<T>(T what) implements Look<T> {}

    /**
     * It was not.
     *
     * @param because why, as the end of a sentence: {@code permission denied for function pg_ls_waldir}
     * @param privilege whether a right is missing that could be granted
     */
    record Unseen<T>(String because, boolean privilege) implements Look<T> {}

    /** It was seen. */
    static <T> Look<T> seen(T what) {
        return new Seen<>(what);
    }
}
