package dev.millrace.app.console;

import dev.millrace.MillraceException;
import dev.millrace.app.embedded.EmbeddedServerException;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import java.sql.SQLException;

/** What an exception means to who typed the command: a code and a sentence. */
public record Trouble(ExitCode code, String message) {

    /** Looks at what was thrown, not at what it says. */
    public static Trouble of(Throwable thrown) {
        return new Trouble(codeOf(thrown), sentence(thrown));
    }

    private static ExitCode codeOf(Throwable thrown) {
        return switch (thrown) {
            case CommandFailed failed -> failed.code();
            case EmbeddedServerException noServer -> codeOf(noServer.reason());
            case Unavailable unavailable -> ExitCode.DATABASE_UNREACHABLE;
            case CommitUnknown unknown -> ExitCode.DATABASE_UNREACHABLE;
            case MillraceException refused -> noWayIn(refused) ? ExitCode.DATABASE_UNREACHABLE : ExitCode.REFUSED;
            default -> ExitCode.FAILED;
        };
    }

    private static ExitCode codeOf(EmbeddedServerException.Reason reason) {
        return switch (reason) {
            case IN_USE, FOREIGN_DIRECTORY, UNUSABLE_PATH, DAMAGED, WRONG_VERSION, DISK_FULL, READ_ONLY ->
                ExitCode.DATA_DIRECTORY;
            case PERMISSION_DENIED, STILL_RUNNING -> ExitCode.DATA_DIRECTORY;
            case PORT_TAKEN -> ExitCode.PORT_TAKEN;
            case KEEPS_DYING -> ExitCode.SERVER_GIVEN_UP;
            case INTERRUPTED -> ExitCode.INTERRUPTED;
            case MEMORY, UNSUPPORTED_PLATFORM, MISSING_LIBRARY, ROOT_REFUSED, START_TIMEOUT, START_FAILED ->
                ExitCode.FAILED;
        };
    }

    /** Wrong login, no such database, or no connection: the database is not to be had, whatever was asked of it. */
    private static boolean noWayIn(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql && sql.getSQLState() != null) {
                var state = sql.getSQLState();
                if (state.startsWith("08")
                        || state.startsWith("28")
                        || state.startsWith("57P")
                        || state.equals("3D000")) return true;
            }
        }
        return false;
    }

    private static String sentence(Throwable thrown) {
        var said = thrown.getMessage();
        boolean ours = thrown instanceof MillraceException
                || thrown instanceof CommandFailed
                || thrown instanceof EmbeddedServerException;
        if (ours && said != null) return said;
        return "This should not have happened: %s. Nothing is known to be lost; run it again with --verbose and report what it prints."
                .formatted(
                        said == null
                                ? thrown.getClass().getSimpleName()
                                : thrown.getClass().getSimpleName() + ": " + said);
    }
}
