package dev.millrace.benchmarks.trial;

import dev.millrace.Millrace;
import dev.millrace.benchmarks.trial.MillraceContender.Noop;
import dev.millrace.postgres.PostgresStore;
import java.time.Duration;
import java.util.Map;

/**
 * A node among others on one schema, each a process: runs what is there until it is ended, and tells ten times a second how many it has
 * run. Who started the processes adds up.
 */
final class OneOfMany implements Trial {

    private static final int CONNECTIONS = 9;
    private static final Duration REPORT = Duration.ofMillis(100);

    @Override
    public Findings play(Stage stage) throws Exception {
        try (var pool = Database.pool(stage.ground(), CONNECTIONS);
                var millrace = Millrace.on(
                        new PostgresStore(pool)
                                .withSchema(stage.ground().schema())
                                .withoutMigration(),
                        stage.world());
                var node = millrace.node()
                        .slots(stage.sizes().slots())
                        .handle(Noop.class, job -> {})
                        .start()) {
            long began = stage.world().nanoTime();
            while (!stage.over(began)) {
                stage.narrator().at(Narrator.RUN, node.status().counts().completed(), 0);
                stage.rest(REPORT);
            }
        }
        return Findings.of(Map.of(), MillraceContender.card(stage.sizes().slots()));
    }
}
