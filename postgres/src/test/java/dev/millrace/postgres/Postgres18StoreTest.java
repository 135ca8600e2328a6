package dev.millrace.postgres;

import org.junit.jupiter.api.AfterAll;

class Postgres18StoreTest extends PostgresContract {

    @Override
    TestServer start() {
        return TestServer.embedded();
    }

    @AfterAll
    void stopServer() {
        stop();
    }
}
