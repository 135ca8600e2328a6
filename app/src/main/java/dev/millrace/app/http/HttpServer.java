package dev.millrace.app.http;

import dev.millrace.Millrace;
import dev.millrace.Node;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.http.worker.Workers;
import dev.millrace.app.wire.Json;
import dev.millrace.world.World;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;

/** The HTTP side of {@code up}. */
public final class HttpServer implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(HttpServer.class.getName());

    private final Javalin javalin;
    private final Health health;
    private final Metrics metrics;
    private final Workers workers;
    private final String url;

    private HttpServer(Javalin javalin, Health health, Metrics metrics, Workers workers, String url) {
        this.javalin = javalin;
        this.health = health;
        this.metrics = metrics;
        this.workers = workers;
        this.url = url;
    }

    /**
     * Where to listen.
     *
     * @param port  0 takes a free one
     * @param names by which it may be asked for, beside its address and those of this machine
     */
    public record Address(String host, int port, List<String> names) {

        /** Without further names. */
        public Address(String host, int port) {
            this(host, port, List.of());
        }

        /** Freezes the list. */
        public Address {
            names = List.copyOf(names);
        }

        /** The host as a URL has it: an IPv6 address in brackets. */
        String inUrl() {
            return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
        }

        /** Whether only this machine can reach it. */
        public boolean onlyThisMachine() {
            try {
                return InetAddress.getByName(host).isLoopbackAddress();
            } catch (UnknownHostException e) {
                return false;
            }
        }

        /**
         * Refuses an address that can't be listened on, before anything expensive is begun.
         *
         * @throws CommandFailed if it is taken, not of this machine, or not allowed
         */
        public void check() {
            try (var socket = new ServerSocket()) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(InetAddress.getByName(host), port));
            } catch (IOException e) {
                throw refused(e);
            }
        }

        private CommandFailed refused(IOException e) {
            var said = String.valueOf(e.getMessage());
            if (e instanceof UnknownHostException || said.contains("Cannot assign"))
                return new CommandFailed(
                        ExitCode.REFUSED,
                        "\"%s\" is no address of this machine. Choose one of its own with --host: 127.0.0.1 for itself, 0.0.0.0 for everybody."
                                .formatted(host),
                        e);
            if (said.contains("Permission denied"))
                return new CommandFailed(
                        ExitCode.REFUSED,
                        "Port %d may not be used: below 1024 the system asks for a privilege. Choose another one with --port."
                                .formatted(port),
                        e);
            if (e instanceof BindException)
                return new CommandFailed(
                        ExitCode.PORT_TAKEN,
                        "Port %d on %s is taken by another program. Choose another one with --port (0 takes a free one), or stop that program."
                                .formatted(port, host),
                        e);
            return new CommandFailed(ExitCode.FAILED, "Listening on %s:%d failed: %s.".formatted(host, port, said), e);
        }
    }

    /** Starts to serve, over a database whose disk is not this machine's. */
    public static HttpServer start(
            Address address, Millrace millrace, Supplier<Node.Status> node, World world, String database) {
        return start(address, millrace, node, world, database, null);
    }

    /**
     * Starts to serve.
     *
     * @param database what it is called, without credentials
     * @param data     where the embedded database is kept; null if it is another one
     */
    public static HttpServer start(
            Address address,
            Millrace millrace,
            Supplier<Node.Status> node,
            World world,
            String database,
            @Nullable Path data) {
        var operations = millrace.operations("http");
        var health = new Health(operations, node, world);
        var metrics = new Metrics(operations, node, world);
        var jobs = new JobsApi(operations);
        var many = new OperationsApi(operations);
        var schedules = new SchedulesApi(operations, world);
        var kinds = new KindsApi(operations);
        var control = new ControlApi(operations);
        var overview = new Overview(operations, world, database);
        var doctor = new DoctorApi(operations, world, data);
        var guard = new Guard(world, address);
        var workers = new Workers(millrace, world);
        var connected = new WorkersApi(workers);
        var javalin = Javalin.create(config -> {
            manners(config, address);
            var routes = config.routes;
            routes.before(guard::admit);
            routes.post("/api/jobs", jobs::enqueue);
            routes.get("/api/jobs", jobs::list);
            routes.get("/api/jobs/{id}", jobs::one);
            routes.post("/api/jobs/{id}/cancel", jobs::cancel);
            routes.post("/api/jobs/{id}/retry", jobs::retry);
            routes.post("/api/operations", many::begin);
            routes.get("/api/operations", many::list);
            routes.get("/api/operations/{id}", many::one);
            routes.post("/api/operations/{id}/resume", many::resume);
            routes.post("/api/operations/{id}/stop", many::stop);
            routes.post("/api/operations/{id}/undo", many::undo);
            routes.get("/api/failures", many::failures);
            routes.post("/api/workers", connected::open);
            routes.post("/api/workers/{worker}/claim", connected::claim);
            routes.post("/api/workers/{worker}/heartbeat", connected::heartbeat);
            routes.post("/api/workers/{worker}/attempts/{attempt}/report", connected::report);
            routes.post("/api/workers/{worker}/attempts/{attempt}/complete", connected::complete);
            routes.delete("/api/workers/{worker}", connected::close);
            routes.get("/api/schedules", schedules::list);
            routes.get("/api/schedules/{name}", schedules::one);
            routes.put("/api/schedules/{name}", schedules::set);
            routes.delete("/api/schedules/{name}", schedules::remove);
            routes.get("/api/kinds", kinds::list);
            routes.get("/api/kinds/{kind}/schema", kinds::schema);
            routes.get("/api/pauses", control::pauses);
            routes.post("/api/pauses", control::pause);
            routes.delete("/api/pauses", control::resume);
            routes.get("/api/limits", control::limits);
            routes.put("/api/limits/{name}", control::limit);
            routes.delete("/api/limits/{name}", control::resetLimit);
            routes.put("/api/kinds/{name}", control::concurrency);
            routes.delete("/api/kinds/{name}", control::resetConcurrency);
            routes.get("/api/fleet", control::fleet);
            routes.put("/api/fleet/kinds/{name}", control::fleetKind);
            routes.delete("/api/fleet/kinds/{name}", control::resetFleetKind);
            routes.put("/api/fleet/queues/{name}", control::fleetQueue);
            routes.delete("/api/fleet/queues/{name}", control::resetFleetQueue);
            routes.get("/api/queues", jobs::queues);
            routes.get("/api/nodes", jobs::nodes);
            routes.get("/api/overview", overview::send);
            routes.get("/api/doctor", doctor::send);
            routes.get("/health/live", health::live);
            routes.get("/health/ready", health::ready);
            routes.get("/metrics", metrics::scrape);
            Page.addTo(routes);
            routes.exception(HttpResponseException.class, (e, context) -> tell(context, http(e, context)));
            routes.exception(Exception.class, (e, context) -> tell(context, Problem.of(e)));
        });
        try {
            javalin.start();
        } catch (RuntimeException e) {
            workers.close();
            metrics.close();
            javalin.stop();
            throw bindFailure(address, e);
        }
        return new HttpServer(javalin, health, metrics, workers, "http://" + address.inUrl() + ":" + javalin.port());
    }

    private static void manners(JavalinConfig config, Address address) {
        config.startup.showJavalinBanner = false;
        config.startup.startupWatcherEnabled = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = true;
        config.http.prefer405over404 = true;
        config.http.maxRequestSize = JobsApi.BODY_BYTES + 1L;
        config.jetty.host = address.host();
        config.jetty.port = address.port();
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setSendDateHeader(false);
        });
        config.jetty.modifyServer(server -> {
            server.setErrorHandler((request, response, callback) -> {
                var problem = new Problem(ProblemType.BAD_REQUEST, "The request is not HTTP as it should be.");
                response.setStatus(problem.type().status);
                response.getHeaders().put("Content-Type", "application/problem+json");
                org.eclipse.jetty.io.Content.Sink.write(response, true, Json.write(problem.json("none")), callback);
                return true;
            });
            server.setStopTimeout(2_000);
        });
    }

    private static RuntimeException bindFailure(Address address, RuntimeException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof IOException io) return address.refused(io);
        }
        return e;
    }

    /** What the router itself refuses. */
    private static Problem http(HttpResponseException e, Context context) {
        return switch (e.getStatus()) {
            case 404 ->
                new Problem(
                        ProblemType.NOT_FOUND,
                        "There is nothing at %s. The API begins at /api/jobs.".formatted(context.path()),
                        e);
            case 405 ->
                new Problem(
                        ProblemType.METHOD_NOT_ALLOWED,
                        "%s is not allowed at %s. %s"
                                .formatted(context.method().name(), context.path(), e.getMessage()),
                        e);
            case 413 ->
                new Problem(
                        ProblemType.TOO_LARGE,
                        "The body has more than %,d bytes, the most that is read. Send several requests."
                                .formatted(JobsApi.BODY_BYTES),
                        e);
            default -> new Problem(ProblemType.BAD_REQUEST, String.valueOf(e.getMessage()), e);
        };
    }

    private static void tell(Context context, Problem problem) {
        var id = Guard.requestId(context);
        if (problem.type() == ProblemType.INTERNAL)
            LOG.log(Level.ERROR, "Request %s failed".formatted(id), problem.getCause());
        context.status(problem.type().status);
        if (problem.type().status == 503) context.header("Retry-After", "5");
        // As bytes: of a text of this type Jetty would make ISO-8859-1.
        context.contentType("application/problem+json")
                .result(Json.write(problem.json(id)).getBytes(StandardCharsets.UTF_8));
    }

    /** Where it is, for a person to open. */
    public String url() {
        return url;
    }

    /** Says "not ready" from now on, and still answers. Workers get nothing new, and have 20 s to complete what they have. */
    public void stopping() {
        health.stopping();
        workers.stopping();
    }

    /** The connector, for tests that look at it. */
    @Nullable
    ServerConnector connector() {
        var connectors = javalin.jettyServer().server().getConnectors();
        return connectors.length > 0 && connectors[0] instanceof ServerConnector first ? first : null;
    }

    @Override
    public void close() {
        workers.close();
        javalin.stop();
        metrics.close();
    }
}
