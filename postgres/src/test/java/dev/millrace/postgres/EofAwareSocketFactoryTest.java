package dev.millrace.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGProperty;

/** A server whose answer ends in its midst. */
@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EofAwareSocketFactoryTest {

    /** What a server does with one connection. */
    private interface Talk {
        void with(Socket client) throws IOException;
    }

    private static ServerSocket serverThat(Talk talk) throws IOException {
        var listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().start(() -> {
            while (true)
                try (var client = listening.accept()) {
                    talk.with(client);
                } catch (IOException closed) {
                    if (listening.isClosed()) return;
                }
        });
        return listening;
    }

    @Test
    void a_torn_answer_breaks_the_connection_for_the_real_driver() throws Exception {
        try (var server = serverThat(EofAwareSocketFactoryTest::logsInAndTearsItsFirstAnswer)) {
            var url = "jdbc:postgresql://127.0.0.1:%d/any?sslmode=disable&gssEncMode=disable&assumeMinServerVersion=15"
                    .formatted(server.getLocalPort());
            var properties = new Properties();
            PGProperty.USER.set(properties, "anybody");
            properties.setProperty(EofAwareSocketFactory.PROPERTY, EofAwareSocketFactory.class.getName());
            try (var connection = DriverManager.getConnection(url, properties);
                    var statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute("SELECT 1"))
                        .isInstanceOf(SQLException.class)
                        .hasRootCauseInstanceOf(EOFException.class)
                        .satisfies(torn ->
                                assertThat(SqlErrors.torn((SQLException) torn)).isTrue());
                assertThat(connection.isClosed()).isTrue();
            }
        }
    }

    @Test
    void what_is_there_is_skipped_and_read_as_with_any_socket() throws Exception {
        try (var server = serverThat(client -> client.getOutputStream().write("0123456789".getBytes(UTF_8)));
                var socket = new EofAwareSocketFactory().createSocket(server.getInetAddress(), server.getLocalPort())) {
            var in = socket.getInputStream();

            assertThat(in.skip(0)).isZero();
            assertThat(in.skip(-1)).isZero();
            for (long left = 4; left > 0; ) left -= in.skip(left);
            assertThat(in.readNBytes(6)).isEqualTo("456789".getBytes(UTF_8));
            assertThatThrownBy(() -> in.skip(1)).isInstanceOf(EOFException.class);
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    // ---- as much of the protocol as is needed (PostgreSQL's documentation, "Message Formats")

    private static void logsInAndTearsItsFirstAnswer(Socket client) throws IOException {
        var in = new DataInputStream(client.getInputStream());
        in.skipNBytes(in.readInt() - 4L);
        var out = client.getOutputStream();
        message(out, 'R', new byte[] {0, 0, 0, 0});
        parameter(out, "server_version", "18.0");
        parameter(out, "client_encoding", "UTF8");
        parameter(out, "DateStyle", "ISO, MDY");
        parameter(out, "standard_conforming_strings", "on");
        parameter(out, "integer_datetimes", "on");
        message(out, 'K', new byte[8]);
        message(out, 'Z', new byte[] {'I'});
        out.flush();

        in.readByte();
        in.skipNBytes(in.readInt() - 4L);
        message(out, '1', new byte[0]);
        message(out, '2', new byte[0]);
        torn(out, 'd', 500); // a message that the driver does not want, and skips
        client.shutdownOutput();
        in.readAllBytes(); // or its connection would be reset, where it is to end
    }

    private static void parameter(OutputStream out, String name, String value) throws IOException {
        message(out, 'S', (name + '\0' + value + '\0').getBytes(UTF_8));
    }

    private static void message(OutputStream out, char type, byte[] body) throws IOException {
        var data = new DataOutputStream(out);
        data.writeByte(type);
        data.writeInt(body.length + 4);
        data.write(body);
    }

    private static void torn(OutputStream out, char type, int missing) throws IOException {
        var data = new DataOutputStream(out);
        data.writeByte(type);
        data.writeInt(missing + 4);
        data.write(new byte[missing / 2]);
        data.flush();
    }
}
