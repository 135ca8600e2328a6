package dev.millrace.app.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** The live page: a few files, known by name, that ask for nothing from anywhere else. */
final class Page {

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, String> FILES = Map.of(
            "index.html", "text/html; charset=utf-8",
            "page.js", "text/javascript; charset=utf-8",
            "page.css", "text/css; charset=utf-8",
            "mark.svg", "image/svg+xml");

    private Page() {}

    static void addTo(RoutesConfig routes) {
        routes.get("/", context -> send(context, "index.html"));
        for (var name : FILES.keySet()) routes.get("/" + name, context -> send(context, name));
        routes.get("/favicon.ico", context -> send(context, "mark.svg"));
    }

    private static void send(Context context, String name) {
        context.header("Content-Security-Policy", POLICY);
        context.header("Cache-Control", "no-cache");
        context.contentType(FILES.getOrDefault(name, "application/octet-stream"));
        context.result(read(name));
    }

    private static byte[] read(String name) {
        try (var in = Page.class.getResourceAsStream("page/" + name)) {
            if (in == null) throw new IllegalStateException("The build is not whole: " + name + " is missing.");
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
