package dev.millrace.postgres;

import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServer.class)
class Postgres18StoreIT extends PostgresContract {

    private final TestServer server;

    Postgres18StoreIT(TestServer server) {
        this.server = server;
    }

    @Override
    TestServer server() {
        return server;
    }
}
