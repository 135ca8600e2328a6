package dev.millrace.app.torture;

import dev.millrace.app.torture.proxy.Proxy;
import dev.millrace.world.World;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The ways to the database: a proxy for each seat, and one for the producers. */
final class Ways implements AutoCloseable {

    private final Login login;
    private final List<Proxy> seats;
    private final Proxy producers;

    Ways(Login login, int seats, World world, RunClock clock, Timeline timeline) {
        this.login = login;
        this.seats = IntStream.range(0, seats)
                .mapToObj(seat -> Proxy.to(
                        login.host(),
                        login.port(),
                        world,
                        () -> timeline.happened(FaultKind.CUT_AFTER, seat, clock.now(), clock.now())))
                .toList();
        this.producers = Proxy.to(login.host(), login.port(), world, () -> {});
    }

    List<Proxy> seats() {
        return seats;
    }

    Proxy producers() {
        return producers;
    }

    Login loginOfProducers() {
        return login.through(producers.port());
    }

    /** How the process in each seat gets into the database. */
    List<Map<String, String>> environments() {
        return seats.stream()
                .map(way -> login.through(way.port()).environment())
                .toList();
    }

    @Override
    public void close() {
        seats.forEach(Proxy::close);
        producers.close();
    }
}
