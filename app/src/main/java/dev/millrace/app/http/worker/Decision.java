package dev.millrace.app.http.worker;

import dev.millrace.Outcome;
import dev.millrace.ReportedFailure;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What a worker decided of an attempt. */
public sealed interface Decision {

    /**
     * An outcome.
     *
     * @param print the same for the same words: by it a repetition is told from another decision
     */
    record Ends(Outcome<String> outcome, String print) implements Decision {}

    /** An error. */
    record Fails(ReportedFailure failure, String print) implements Decision {}

    /** What the worker said, as a short text. */
    String print();

    /** An outcome, as the worker said it. */
    static Decision ends(Outcome<String> outcome, String said) {
        return new Ends(outcome, printOf(said));
    }

    /** An error, as the worker said it. */
    static Decision fails(ReportedFailure failure, String said) {
        return new Fails(failure, printOf(said));
    }

    private static String printOf(String said) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(said.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("Every Java platform has SHA-256", impossible);
        }
    }
}
