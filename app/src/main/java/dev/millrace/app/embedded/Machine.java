package dev.millrace.app.embedded;

/**
 * What differs from machine to machine and from test to test.
 *
 * @param userNamespaces whether root may try to run the server in a user namespace of its own
 */
record Machine(Time time, Platform platform, boolean userNamespaces) {

    static Machine real() {
        return new Machine(new SystemTime(), Platform.ofThisMachine(), true);
    }
}
