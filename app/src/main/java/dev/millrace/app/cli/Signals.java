package dev.millrace.app.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;

/**
 * Asks to stop, from outside: Ctrl-C, SIGTERM, SIGHUP. The first one is to be obeyed in order; a second Ctrl-C ends the process at once,
 * since who presses it does not want to wait. A shutdown hook could not tell the two apart.
 *
 * <p>{@code sun.misc.Signal} is in every JDK but not in its API, hence the reflection. Where it is missing, the JVM's own end is all there
 * is: nothing is lost then, but nothing is waited for.
 */
public final class Signals {

    private static final int INTERRUPTED = 130;

    private final CountDownLatch asked = new CountDownLatch(1);

    private Signals() {}

    /** From now on signals come here. */
    public static Signals caught() {
        var signals = new Signals();
        for (var name : new String[] {"INT", "TERM", "HUP"}) signals.handle(name);
        return signals;
    }

    private void handle(String name) {
        try {
            var signal = Class.forName("sun.misc.Signal");
            var handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler heard = (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) arrived(name);
                return null;
            };
            var proxy = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, heard);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException | IllegalArgumentException notHere) {
            // such as HUP on Windows: the JVM's own way remains
        }
    }

    private void arrived(String name) {
        if (asked.getCount() == 0 && name.equals("INT")) Runtime.getRuntime().halt(INTERRUPTED);
        asked.countDown();
    }

    /** Waits for the first one. */
    void await() {
        try {
            asked.await();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether somebody asked. */
    public boolean asked() {
        return asked.getCount() == 0;
    }
}
