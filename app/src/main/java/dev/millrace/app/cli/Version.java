package dev.millrace.app.cli;

/** Which build this is. */
final class Version {

    static final String NUMBER = number();

    static final String OF_THIS_BUILD =
            "millrace %s (Java %s)".formatted(NUMBER, Runtime.version().feature());

    private Version() {}

    /** From the jar; classes that lie in a folder have none. */
    private static String number() {
        var version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
