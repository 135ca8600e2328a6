package dev.millrace;

/** What a node does at its start if jobs wait that it handles and can't read: see {@link NodeBuilder#checkStored}. */
public enum IfUnreadable {
    /** It does not look. They are parked when they are claimed, and say why. */
    IGNORE,
    /** It starts, looks beside that, and logs a warning for each kind and version. Where it can't look, it says so and runs. The default. */
    WARN,
    /** It looks before it joins the fleet, and does not start: what it would have parked stays for nodes that can read it. */
    REFUSE
}
