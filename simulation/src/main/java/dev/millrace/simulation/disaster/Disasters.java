package dev.millrace.simulation.disaster;

import dev.millrace.simulation.fleet.Weather.Odds;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** All there are. */
public final class Disasters {

    private static final String FAILOVER = "failover";

    private static final List<Disaster> ALL = List.of(
            named("kill", sky -> {
                for (int i = sky.upTo(5); i > 0; i--) sky.toSomebody(node -> node.kill("out of the blue"));
            }),
            named("freeze", sky -> {
                for (int i = sky.upTo(3); i > 0; i--)
                    sky.toSomebody(node -> {
                        sky.tell("node %d freezes", node.no());
                        node.freeze(sky.aWhile());
                    });
            }),
            named("freeze-for-ever", sky -> {
                if (sky.random().nextInt(3) == 0)
                    sky.toSomebody(node -> {
                        sky.tell("node %d freezes for ever", node.no());
                        node.freezeForEver();
                    });
            }),
            named("cut-off", sky -> {
                for (int i = sky.upTo(2); i > 0; i--)
                    sky.toSomebody(node -> {
                        sky.tell("node %d is cut off", node.no());
                        node.cutOff(sky.aWhile());
                    });
            }),
            named("clock", Disasters::clocks),
            named("flaky", sky -> {
                sky.fleet().weather().odds(odds(sky));
                sky.sometime(() -> sky.fleet().weather().odds(odds(sky)));
            }),
            named("slow-store", sky -> {
                if (sky.random().nextInt(2) == 0)
                    sky.fleet()
                            .weather()
                            .slowStatements(Duration.ofMillis(20 + sky.random().nextInt(180)));
            }),
            named("stall", sky -> {
                if (sky.random().nextInt(3) == 0)
                    sky.sometime(() -> {
                        sky.tell("the store answers nobody");
                        sky.fleet().weather().down(sky.aWhile());
                    });
            }),
            named("terminate", sky -> {
                for (int i = sky.upTo(3); i > 0; i--)
                    sky.sometime(() -> {
                        int ended = sky.database().terminateSome(sky.random(), 0.5);
                        sky.tell("%d connections are terminated", ended);
                    });
            }),
            named("restart", sky -> {
                if (sky.random().nextInt(2) == 0)
                    sky.sometime(() -> {
                        sky.tell("the database restarts");
                        sky.database().restart();
                        sky.fleet()
                                .weather()
                                .down(Duration.ofMillis(300 + sky.random().nextInt(3_000)));
                    });
            }),
            named(
                    "hints",
                    sky -> sky.fleet()
                            .weather()
                            .hints(sky.random().nextDouble(0.5), sky.random().nextDouble(0.3))),
            named("drain", sky -> {
                for (int i = sky.upTo(2); i > 0; i--)
                    sky.toSomebody(
                            node -> node.close(Duration.ofMillis(sky.random().nextInt(4_000))));
            }),
            named("upgrade", Disasters::upgrade),
            named(
                    FAILOVER,
                    sky -> sky.sometime(() -> {
                        int lost = sky.database().failOver(1 + sky.random().nextInt(60));
                        sky.tell("another server takes over, without the last %d commits", lost);
                        sky.fleet()
                                .weather()
                                .down(Duration.ofMillis(300 + sky.random().nextInt(2_000)));
                        sky.afterFailover().run();
                    })));

    private Disasters() {}

    public static List<Disaster> all() {
        return ALL;
    }

    public static List<String> names() {
        return ALL.stream().map(Disaster::name).toList();
    }

    /** All that no promise makes an exception for: a failover that loses commits is to be asked for. */
    public static List<String> standard() {
        return names().stream().filter(name -> !name.equals(FAILOVER)).toList();
    }

    private record Named(String name, Consumer<Sky> happens) implements Disaster {
        @Override
        public void plan(Sky sky) {
            happens.accept(sky);
        }
    }

    private static Disaster named(String name, Consumer<Sky> happens) {
        return new Named(name, happens);
    }

    /** Nodes' clocks are set by minutes, the database's by seconds; nobody's monotonic one. */
    private static void clocks(Sky sky) {
        for (int i = sky.upTo(4); i > 0; i--)
            sky.toSomebody(node -> node.setClock(Duration.ofSeconds(sky.random().nextInt(-3_600, 3_600))));
        for (int i = sky.upTo(2); i > 0; i--)
            sky.sometime(() -> {
                var by = Duration.ofMillis(sky.random().nextInt(-5_000, 5_000));
                sky.tell("the database's clock is set by %s", by);
                sky.clock().jump(by);
            });
    }

    private static Odds odds(Sky sky) {
        return switch (sky.random().nextInt(4)) {
            case 0 -> new Odds(0.002, 0.002, 0.01, 0.0002, 0.0002);
            case 1 -> new Odds(0.03, 0.03, 0.02, 0.0002, 0.0002);
            case 2 -> new Odds(0.01, 0.08, 0.05, 0.0004, 0.0004);
            default -> new Odds(0.005, 0.01, 0.01, 0.001, 0.001);
        };
    }

    /** A fleet of the older build, which is replaced node by node. */
    private static void upgrade(Sky sky) {
        if (sky.random().nextInt(2) == 0) return;
        sky.fleet().build(1);
        sky.sometime(() -> {
            sky.tell("a newer build is rolled out");
            sky.fleet().build(2);
            for (var node : sky.fleet().living())
                sky.fleet()
                        .timeline()
                        .in(
                                Duration.ofMillis(sky.random().nextInt(8_000)),
                                () -> node.close(Duration.ofMillis(sky.random().nextInt(3_000))));
        });
    }
}
