package dev.millrace;

/** What became of an attempt that a {@link RawHandler} was given. */
public sealed interface Settlement {

    /**
     * An outcome of it is durable.
     *
     * @param state the job's state since then
     * @param asDecided whether that outcome is what the handler decided. If not, the node had decided before: its deadline had passed, it was shutting
     *     down, or what the handler decided can't be stored
     */
    record Written(State state, boolean asDecided) implements Settlement {}

    /** Somebody else had ended it: the job was cancelled, or another node had taken it over. Nothing that the handler decided was written. */
    record Lost() implements Settlement {}

    /**
     * The node was deposed, or given up, before it had heard that an outcome is durable. If one was on its way it may have been written; else the
     * job runs elsewhere.
     */
    record Unknown() implements Settlement {}
}
