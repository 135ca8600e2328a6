package dev.millrace;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A connection that notes what is asked of it, in order, and fails where it is told to. */
final class ScriptedConnection {

    final List<String> calls = new ArrayList<>();
    boolean autoCommit = true;

    @Nullable
    RuntimeException onOpen;

    @Nullable
    SQLException onBegin;

    @Nullable
    SQLException onCommit;

    Connection open() {
        if (onOpen != null) throw onOpen;
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "getAutoCommit" -> {
                            return autoCommit;
                        }
                        case "setAutoCommit" -> {
                            if (onBegin != null) throw onBegin;
                            autoCommit = (boolean) arguments[0];
                            calls.add("setAutoCommit " + autoCommit);
                        }
                        case "commit" -> {
                            calls.add("commit");
                            if (onCommit != null) throw onCommit;
                        }
                        default -> calls.add(method.getName());
                    }
                    return null;
                });
    }
}
