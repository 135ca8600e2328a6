package dev.millrace.app.http;

import dev.millrace.world.World;
import io.javalin.http.Context;
import java.net.URI;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Admits requests. Without authentication the danger is the user's own browser: any web page can make it send requests to this machine.
 * So a request from another origin is refused, and on loopback so is one for a foreign host name, which a page's own domain could have
 * been pointed at (DNS rebinding).
 */
final class Guard {

    private static final String REQUEST_ID = "X-Request-Id";

    private static final Pattern GOOD_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    private final World world;
    private final boolean onlyThisMachine;

    Guard(World world, boolean onlyThisMachine) {
        this.world = world;
        this.onlyThisMachine = onlyThisMachine;
    }

    void admit(Context context) {
        context.attribute(REQUEST_ID, idOf(context));
        context.header(REQUEST_ID, requestId(context));
        context.header("X-Content-Type-Options", "nosniff");
        context.header("Referrer-Policy", "no-referrer");
        context.header("Cache-Control", "no-store");
        var host = context.host();
        if (onlyThisMachine && host != null && !LOOPBACK_NAMES.contains(nameOf(host)))
            throw new Problem(
                    ProblemType.MISDIRECTED,
                    "This server answers for this machine alone, and \"%s\" is not one of its names. Use http://127.0.0.1, or start it with --host."
                            .formatted(host));
        var origin = context.header("Origin");
        if (origin != null && !origin.equals("null") && sameHost(origin, host)) return;
        if (origin != null)
            throw new Problem(
                    ProblemType.FORBIDDEN,
                    "A page of %s asked for this. Only Millrace's own page may, since there is no authentication yet."
                            .formatted(origin));
    }

    private static boolean sameHost(String origin, @Nullable String host) {
        try {
            return host != null && host.equals(URI.create(origin).getRawAuthority());
        } catch (IllegalArgumentException noUri) {
            return false;
        }
    }

    private static String nameOf(String host) {
        return host.replaceAll(":\\d+$", "").toLowerCase(java.util.Locale.ROOT);
    }

    private String idOf(Context context) {
        var given = context.header(REQUEST_ID);
        return given != null && GOOD_ID.matcher(given).matches()
                ? given
                : HexFormat.of().toHexDigits(world.random().nextLong());
    }

    /** The id of this request, as the client gave it or as it was drawn. */
    static String requestId(Context context) {
        String id = context.attribute(REQUEST_ID);
        return id == null ? "none" : id;
    }
}
