package dev.millrace.node;

import dev.millrace.store.Storage;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The line between a node and its store: a test says what happens to which step, and sees which steps were asked for. */
final class Wire {

    private final Storage behind;
    private final Map<String, Deque<UnaryOperator<Callable<@Nullable Object>>>> planned = new ConcurrentHashMap<>();
    private final Map<String, Consumer<List<?>>> refused = new ConcurrentHashMap<>();
    private final Map<String, RuntimeException> down = new ConcurrentHashMap<>();
    private final List<String> tried = Collections.synchronizedList(new ArrayList<>());
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

    Wire(Storage behind) {
        this.behind = behind;
    }

    /** The next such step fails, and does nothing. */
    void fails(String step, RuntimeException failure) {
        plan(step, effect -> () -> {
            throw failure;
        });
    }

    /** The next such step does what it should, but its caller is told something else. */
    void doesAndFails(String step, RuntimeException failure) {
        plan(step, effect -> () -> {
            effect.call();
            throw failure;
        });
    }

    /** Such steps fail whenever what they carry is like this. */
    void refuses(String step, Predicate<List<?>> what, RuntimeException failure) {
        refused.put(step, given -> {
            if (!what.test(given)) return;
            tried.add(step);
            throw failure;
        });
    }

    /** How often such a step was refused so far. */
    long tried(String step) {
        return List.copyOf(tried).stream().filter(step::equals).count();
    }

    void allows(String step) {
        refused.remove(step);
    }

    /** The next such step does what it should, and its caller is told what becomes of its answer. */
    void changes(String step, UnaryOperator<Object> answer) {
        plan(step, effect -> () -> answer.apply(Objects.requireNonNull(effect.call())));
    }

    /** All such steps fail until further notice. */
    void isDown(String step, RuntimeException failure) {
        down.put(step, failure);
    }

    void isUp(String step) {
        down.remove(step);
    }

    private void plan(String step, UnaryOperator<Callable<@Nullable Object>> what) {
        planned.computeIfAbsent(step, name -> new ConcurrentLinkedDeque<>()).addLast(what);
    }

    /** How often a step was asked for so far. */
    long asked(String step) {
        return List.copyOf(asked).stream().filter(step::equals).count();
    }

    /** All steps so far, in order. */
    List<String> asked() {
        return asked;
    }

    Storage storage() {
        return (Storage) Proxy.newProxyInstance(
                Wire.class.getClassLoader(), new Class<?>[] {Storage.class}, (self, method, given) -> {
                    Callable<@Nullable Object> effect = () -> {
                        try {
                            return method.invoke(behind, given);
                        } catch (InvocationTargetException failed) {
                            if (failed.getCause() instanceof RuntimeException why) throw why;
                            throw failed;
                        }
                    };
                    refused.getOrDefault(method.getName(), all -> {})
                            .accept(given == null ? List.of() : Arrays.asList(given));
                    return step(method.getName(), effect).call();
                });
    }

    private Callable<@Nullable Object> step(String name, Callable<@Nullable Object> effect) {
        asked.add(name);
        var failure = down.get(name);
        if (failure != null) throw failure;
        var queue = planned.get(name);
        var next = queue == null ? null : queue.pollFirst();
        return next == null ? effect : next.apply(effect);
    }
}
