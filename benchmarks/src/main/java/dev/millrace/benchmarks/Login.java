package dev.millrace.benchmarks;

import dev.millrace.benchmarks.contender.Ground;
import org.jspecify.annotations.Nullable;

/** How a child gets into the database; what is not given is left to the driver. Its text says nothing. */
public record Login(
        String url, @Nullable String user, @Nullable String password) {

    Ground ground(String schema) {
        return new Ground(url, user == null ? "" : user, password == null ? "" : password, schema);
    }

    @Override
    public String toString() {
        return "a login";
    }
}
