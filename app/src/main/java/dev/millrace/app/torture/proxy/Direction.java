package dev.millrace.app.torture.proxy;

/** Which way bytes go through a proxy. */
public enum Direction {
    /** From the client: what it asks. */
    TO_SERVER,
    /** From the server: what it answers. */
    TO_CLIENT
}
