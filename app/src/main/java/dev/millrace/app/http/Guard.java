package dev.millrace.app.http;

import dev.millrace.world.World;
import io.javalin.http.Context;
import java.net.URI;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Admits requests. Without authentication the danger is the user's own browser: any web page can make it send requests to this machine.
 * So a request from another origin is refused, and so is one for a foreign host name, which a page's own domain could have been pointed at
 * (DNS rebinding). A name that is an address can't have been.
 */
final class Guard {

    private static final String REQUEST_ID = "X-Request-Id";

    private static final Pattern GOOD_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");

    private final World world;
    private final boolean onlyThisMachine;
    private final Set<String> names;

    Guard(World world, HttpServer.Address address) {
        this.world = world;
        this.onlyThisMachine = address.onlyThisMachine();
        var ours = new HashSet<>(LOOPBACK_NAMES);
        ours.add(address.inUrl().toLowerCase(Locale.ROOT));
        for (var name : address.names()) ours.add(name.toLowerCase(Locale.ROOT));
        this.names = Set.copyOf(ours);
    }

    void admit(Context context) {
        context.attribute(REQUEST_ID, idOf(context));
        context.header(REQUEST_ID, requestId(context));
        context.header("X-Content-Type-Options", "nosniff");
        context.header("Referrer-Policy", "no-referrer");
        context.header("Cache-Control", "no-store");
        var host = context.host();
        if (host != null && !isOurs(nameOf(host)))
            throw new Problem(
                    ProblemType.MISDIRECTED,
                    "\"%s\" is not a name of this server: any web page could have let its own name lead here. Ask for it by its address, or start it with --allow-host %1$s."
                            .formatted(nameOf(host)));
        var origin = context.header("Origin");
        if (origin != null && !origin.equals("null") && sameHost(origin, host)) return;
        if (origin != null)
            throw new Problem(
                    ProblemType.FORBIDDEN,
                    "A page of %s asked for this. Only Millrace's own page may, since there is no authentication yet."
                            .formatted(origin));
    }

    /** What listens for this machine alone is not asked for by another machine's address. */
    private boolean isOurs(String name) {
        return names.contains(name)
                || (!onlyThisMachine && ADDRESS.matcher(name).matches());
    }

    private static boolean sameHost(String origin, @Nullable String host) {
        try {
            return host != null && host.equals(URI.create(origin).getRawAuthority());
        } catch (IllegalArgumentException noUri) {
            return false;
        }
    }

    private static String nameOf(String host) {
        return host.replaceAll(":\\d+$", "").toLowerCase(Locale.ROOT);
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
