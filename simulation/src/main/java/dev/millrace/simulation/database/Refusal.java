package dev.millrace.simulation.database;

/** Why a statement was not carried out. Its transaction is rolled back. */
public final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The classes of refusals that a step tells apart. */
    public enum Reason {
        /** The connection is gone: terminated, or its server was restarted. Before a commit: nothing was written. */
        CONNECTION_LOST,
        /** A lock was not had in time (55P03). */
        LOCK_TIMEOUT,
        /** Two transactions waited for each other (40P01). */
        DEADLOCK,
        /** Somebody changed what this snapshot has seen (40001). */
        SERIALIZATION,
        /** A row with this key exists (23505). */
        UNIQUE,
        /** Raised by a step of the protocol itself (MR…). */
        RAISED
    }

    @SuppressWarnings("serial") // an enum
    private final Reason reason;

    private final String code;

    public Refusal(Reason reason, String message) {
        this(reason, "", message);
    }

    private Refusal(Reason reason, String code, String message) {
        super(message, null, false, false);
        this.reason = reason;
        this.code = code;
    }

    /** What a function raises with an error code of its own. */
    public static Refusal raised(String code, String message) {
        return new Refusal(Reason.RAISED, code, message);
    }

    public Reason reason() {
        return reason;
    }

    /** The error code of a raised one; empty otherwise. */
    public String code() {
        return code;
    }
}
