package dev.millrace.app.http;

import dev.millrace.Operations;
import dev.millrace.app.database.DiskRoom;
import dev.millrace.app.wire.Json;
import dev.millrace.app.wire.Shapes;
import dev.millrace.world.World;
import io.javalin.http.Context;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong, as {@code millrace doctor --json} tells it. It asks the server some twenty questions, so that who asks within ten seconds gets the same
 * answer. Its status is 200 whatever is found: the verdict is in the answer.
 */
final class DoctorApi {

    private static final Duration AGE = Duration.ofSeconds(10);

    private final Cached<String> latest;

    DoctorApi(Operations operations, World world, @Nullable Path data) {
        this.latest =
                new Cached<>(AGE, world, () -> Json.write(Shapes.checkup(DiskRoom.addedTo(operations.doctor(), data))));
    }

    void send(Context context) {
        context.contentType("application/json").result(latest.get());
    }
}
