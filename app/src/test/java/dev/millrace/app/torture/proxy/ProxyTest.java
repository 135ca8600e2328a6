package dev.millrace.app.torture.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.world.SystemWorld;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProxyTest {

    /** A port of the system, and none that a test beside this one could be given: of tcpmux, which nobody has used for decades. */
    private static final int NOBODY_LISTENS = 1;

    private final SystemWorld world = new SystemWorld();
    private final AtomicInteger torn = new AtomicInteger();
    private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
    private ServerSocket server;
    private Proxy proxy;

    @BeforeEach
    void open() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
        proxy = Proxy.to("127.0.0.1", server.getLocalPort(), world, torn::incrementAndGet);
    }

    private void accept() {
        try {
            while (true) accepted.add(server.accept());
        } catch (IOException closed) {
            // the end of the test
        }
    }

    @AfterEach
    void close() throws IOException {
        proxy.close();
        server.close();
        for (var socket : accepted) socket.close();
    }

    /** Both ends of a connection through the proxy. */
    private record Pair(Socket client, Socket server) implements AutoCloseable {

        void ask(String text) throws IOException {
            client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        void answer(String text) throws IOException {
            server.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        static String read(Socket socket, int length) throws IOException {
            return new String(socket.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private Pair connect() throws Exception {
        var client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        var there = accepted.poll(10, TimeUnit.SECONDS);
        if (there == null) throw new AssertionError("The server was not reached.");
        client.setSoTimeout(10_000);
        there.setSoTimeout(10_000);
        return new Pair(client, there);
    }

    @Test
    void what_is_not_told_to_fail_goes_through_both_ways() throws Exception {
        try (var pair = connect()) {
            pair.ask("ping");
            assertThat(Pair.read(pair.server(), 4)).isEqualTo("ping");

            pair.answer("pong".repeat(50_000));
            assertThat(Pair.read(pair.client(), 200_000)).isEqualTo("pong".repeat(50_000));
        }
    }

    @Test
    void an_end_of_one_side_is_an_end_for_the_other_after_all_that_was_said() throws Exception {
        try (var pair = connect()) {
            pair.ask("bye");
            pair.client().shutdownOutput();
            assertThat(Pair.read(pair.server(), 100)).isEqualTo("bye");

            pair.answer("farewell");
            pair.server().close();
            assertThat(Pair.read(pair.client(), 100)).isEqualTo("farewell");
        }
        Awaitility.await().until(() -> proxy.connections() == 0);
    }

    @Test
    void a_cut_is_an_orderly_end_for_both() throws Exception {
        try (var pair = connect()) {
            pair.ask("x");
            assertThat(Pair.read(pair.server(), 1)).isEqualTo("x");

            proxy.cut();

            assertThat(pair.client().getInputStream().read()).isEqualTo(-1);
            assertThat(pair.server().getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void a_reset_is_an_error_for_both() throws Exception {
        try (var pair = connect()) {
            pair.ask("x");
            assertThat(Pair.read(pair.server(), 1)).isEqualTo("x");

            proxy.reset();

            assertThatThrownBy(() -> pair.client().getInputStream().read()).isInstanceOf(SocketException.class);
            assertThatThrownBy(() -> pair.server().getInputStream().read()).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void a_question_can_be_torn_in_the_middle() throws Exception {
        try (var pair = connect()) {
            pair.ask("let me in");
            assertThat(Pair.read(pair.server(), 9)).isEqualTo("let me in");

            proxy.cutAfter(Direction.TO_SERVER, 6);
            pair.ask("com");
            pair.ask("mit and more");

            assertThat(Pair.read(pair.server(), 100)).isEqualTo("commit");
            assertThat(torn).hasValue(1);
        }
    }

    @Test
    void an_answer_can_be_torn_while_the_question_arrived() throws Exception {
        try (var pair = connect()) {
            proxy.cutAfter(Direction.TO_CLIENT, 1);
            pair.ask("commit");
            assertThat(Pair.read(pair.server(), 6)).isEqualTo("commit");
            pair.answer("done");

            assertThat(Pair.read(pair.client(), 100)).isEqualTo("d");
        }
    }

    @Test
    void a_limit_is_for_those_that_are_open_when_it_is_set() throws Exception {
        try (var before = connect()) {
            before.ask("x");
            assertThat(Pair.read(before.server(), 1)).isEqualTo("x");
            proxy.cutAfter(Direction.TO_SERVER, 1);

            try (var after = connect()) {
                after.ask("unharmed");
                assertThat(Pair.read(after.server(), 8)).isEqualTo("unharmed");
            }
        }
    }

    @Test
    void a_black_hole_swallows_nothing_it_only_keeps() throws Exception {
        try (var pair = connect()) {
            proxy.hold();
            pair.ask("where are you");
            pair.client().shutdownOutput();
            pair.server().setSoTimeout(200);
            assertThatThrownBy(() -> Pair.read(pair.server(), 1)).isInstanceOf(SocketTimeoutException.class);

            proxy.release();

            pair.server().setSoTimeout(10_000);
            assertThat(Pair.read(pair.server(), 100)).isEqualTo("where are you");
        }
    }

    @Test
    void a_connection_into_a_black_hole_reaches_the_server_when_it_ends() throws Exception {
        proxy.hold();
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
            client.getOutputStream().write('x');
            assertThat(accepted.poll(200, TimeUnit.MILLISECONDS)).isNull();

            proxy.release();

            var there = accepted.poll(10, TimeUnit.SECONDS);
            assertThat(there).isNotNull();
            assertThat(there.getInputStream().read()).isEqualTo('x');
            there.close();
        }
    }

    @Test
    void what_is_in_a_black_hole_can_be_cut() throws Exception {
        try (var pair = connect()) {
            proxy.hold();
            pair.ask("lost");
            Awaitility.await().until(() -> proxy.connections() == 1);

            proxy.cut();

            assertThat(pair.server().getInputStream().read()).isEqualTo(-1);
            Awaitility.await().until(() -> proxy.connections() == 0);
        }
    }

    @Test
    void a_slow_way_is_slow_and_nothing_else() throws Exception {
        try (var pair = connect()) {
            proxy.delay(Duration.ofMillis(150));
            long asked = System.nanoTime();
            pair.ask("slow");

            assertThat(Pair.read(pair.server(), 4)).isEqualTo("slow");
            assertThat(Duration.ofNanos(System.nanoTime() - asked)).isGreaterThanOrEqualTo(Duration.ofMillis(150));
        }
    }

    @Test
    void without_a_server_behind_it_a_connection_is_broken() throws Exception {
        try (var toNobody = Proxy.to("127.0.0.1", NOBODY_LISTENS, world, torn::incrementAndGet);
                var client = new Socket(InetAddress.getLoopbackAddress(), toNobody.port())) {
            client.setSoTimeout(10_000);

            assertThatThrownBy(() -> {
                        if (client.getInputStream().read() == -1) throw new SocketException("ended");
                    })
                    .isInstanceOf(SocketException.class);
        }
    }
}
