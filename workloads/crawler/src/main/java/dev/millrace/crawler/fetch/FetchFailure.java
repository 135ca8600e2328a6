package dev.millrace.crawler.fetch;

/**
 * Carries a failure from where it is found to where the fetch ends. Never leaves this package, hence no stack trace.
 */
final class FetchFailure extends Exception {

    private final Reason reason;

    FetchFailure(Reason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    Reason reason() {
        return reason;
    }

    String sentence() {
        return String.valueOf(getMessage());
    }
}
