package dev.millrace.simulation.fleet;

import dev.millrace.simulation.time.Timeline;
import dev.millrace.store.Ended;
import dev.millrace.store.Lease;
import dev.millrace.store.Settled;
import dev.millrace.store.Storage;
import dev.millrace.store.StoreException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/** A planted bug: it says that a flush is done, and does it a little later. */
final class HastyStorage {

    private HastyStorage() {}

    static Storage over(Storage real, Timeline timeline) {
        return (Storage) Proxy.newProxyInstance(
                HastyStorage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("flush")) {
                        @SuppressWarnings("unchecked")
                        var ended = (List<Ended>) arguments[1];
                        var lease = (Lease) arguments[0];
                        timeline.in(
                                Duration.ofMillis(40),
                                () -> timeline.start("a flush that was promised", () -> {
                                    try {
                                        @SuppressWarnings("unused")
                                        var unheard = real.flush(lease, ended);
                                    } catch (StoreException tooLate) {
                                        // and nobody will ever know
                                    }
                                }));
                        return Collections.nCopies(ended.size(), Settled.WON);
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getTargetException();
                    }
                });
    }
}
