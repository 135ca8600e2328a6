package dev.millrace.benchmarks.trial;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.world.SystemWorld;
import dev.millrace.world.World;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ServiceLoader;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.json.JsonMapper;

/**
 * The process of a contender: reads an {@link Order} from its standard input, warms up, measures, and prints its {@link Findings}, one
 * line of JSON, and nothing else on standard output; then it waits for the next one. How far it is stands on standard error, for the
 * reader of {@link Narrator}. It ends at once when its standard input ends, so that it never outlives who started it.
 */
public final class Child {

    /** The name of Millrace among contenders. */
    public static final String MILLRACE = "millrace";

    /** The name of the database alone. */
    public static final String RAW = "raw";

    private static final int FAILED = 1;

    private final World world;
    private final PrintStream err;
    private final LinkedBlockingQueue<String> orders = new LinkedBlockingQueue<>();

    private Child(World world, PrintStream err) {
        this.world = world;
        this.err = err;
    }

    /** Takes no arguments: others on this machine could read them. */
    public static void main(String[] arguments) throws InterruptedException {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // a library that prints must not spoil the result
        Logger.getLogger("").setLevel(Level.WARNING);
        var child = new Child(new SystemWorld(), err);
        Thread.ofPlatform().daemon().name("hear the parent").start(child::hear);
        var json = new JsonMapper();
        while (true) {
            var findings = child.carryOut(json.readValue(child.orders.take(), Order.class));
            out.println(json.writeValueAsString(findings));
        }
    }

    private void hear() {
        try (var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line; (line = in.readLine()) != null; ) orders.add(line);
        } catch (IOException gone) {
            // as good as its end
        }
        Runtime.getRuntime().halt(FAILED);
    }

    private Findings carryOut(Order order) {
        Contender contender;
        try {
            contender = contender(order);
        } catch (MillraceException unknown) {
            return Findings.none(String.valueOf(unknown.getMessage()));
        }
        try {
            var trial = order.contender().equals(RAW) ? new RawLimit(order.regime()) : Trial.of(order.regime());
            var warm = order.warm();
            if (warm != null)
                trial.play(stage(order, contender, warm, order.sizes().warmUp(), true));
            return trial.play(stage(order, contender, order.ground(), order.sizes(), false));
        } catch (NotPlayable e) {
            return Findings.none(String.valueOf(e.getMessage()));
        } catch (Exception e) {
            e.printStackTrace(err);
            err.flush();
            Runtime.getRuntime().halt(FAILED);
            throw new IllegalStateException(e);
        }
    }

    private Stage stage(Order order, Contender contender, Ground ground, Sizes sizes, boolean warmUp) {
        return new Stage(world, contender, ground, sizes, order.held(), new Narrator(err, world, warmUp));
    }

    private Contender contender(Order order) {
        if (order.contender().equals(MILLRACE) || order.contender().equals(RAW))
            return new MillraceContender(world, order.sizes().slots());
        var peers = ServiceLoader.load(Contender.class);
        for (var peer : peers) if (peer.name().equals(order.contender())) return peer;
        throw new MillraceException("There is no contender \"%s\" here. There are: %s."
                .formatted(
                        order.contender(),
                        StreamSupport.stream(peers.spliterator(), false)
                                .map(Contender::name)
                                .sorted()
                                .collect(Collectors.joining(", "))));
    }
}
