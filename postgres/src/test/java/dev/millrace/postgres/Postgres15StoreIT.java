package dev.millrace.postgres;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The oldest version that is promised; where it is not installed, this does not run and the build says so. */
@EnabledIf(value = "isInstalled", disabledReason = "PostgreSQL 15 is not installed on this machine")
class Postgres15StoreIT extends PostgresContract {

    @TempDir
    static Path data;

    private @Nullable TestServer server;

    static boolean isInstalled() {
        return TestServer.installed15().isPresent();
    }

    @Override
    TestServer server() {
        var started = TestServer.installed15(data.resolve("pg15"));
        server = started;
        return started;
    }

    @Override
    protected void closeRest() {
        super.closeRest();
        if (server != null) server.close();
    }
}
