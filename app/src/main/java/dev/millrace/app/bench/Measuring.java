package dev.millrace.app.bench;

import dev.millrace.MillraceException;
import dev.millrace.app.cli.Common;
import dev.millrace.app.cli.Shell;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.database.DatabaseOptions;
import dev.millrace.benchmarks.Bench;
import dev.millrace.benchmarks.Login;
import dev.millrace.benchmarks.Stopped;
import java.sql.SQLException;
import javax.sql.DataSource;

/** What surrounds every measurement: an open database, a way to tell, and an answer to what goes wrong. */
final class Measuring {

    private Measuring() {}

    /** What is done once the database is open. */
    @FunctionalInterface
    interface Work<T> {
        T with(DataSource dataSource, Login login, ConsoleTelling telling) throws SQLException, InterruptedException;
    }

    /** Opens the database for some work, and closes it behind it. */
    static <T> T on(DatabaseOptions database, Common common, Shell shell, Work<T> work) throws InterruptedException {
        try (var telling = new ConsoleTelling(shell, common.json());
                var open = database.open("millrace bench", Bench.CONNECTIONS, shell.console())) {
            var login = open.login();
            return work.with(open.dataSource(), new Login(login.url(), login.user(), login.password()), telling);
        } catch (SQLException e) {
            throw new MillraceException("The database refused a measurement: %s.".formatted(e.getMessage()), e);
        } catch (Stopped e) {
            throw new CommandFailed(ExitCode.INTERRUPTED, String.valueOf(e.getMessage()), e);
        }
    }
}
