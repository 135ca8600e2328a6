package dev.millrace.app.cli;

import dev.millrace.Handlers;
import dev.millrace.KindBuilder;
import dev.millrace.NodeBuilder;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A node builder for code that is not known: it takes all that is said, and can't be started, so that nothing joins the fleet. */
final class UnstartedNode implements InvocationHandler {

    private final NodeBuilder real;

    private UnstartedNode(NodeBuilder real) {
        this.real = real;
    }

    static NodeBuilder of(NodeBuilder real) {
        return (NodeBuilder) Proxy.newProxyInstance(
                UnstartedNode.class.getClassLoader(), new Class<?>[] {KindBuilder.class}, new UnstartedNode(real));
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] given) throws Throwable {
        switch (method.getName()) {
            case "start" ->
                throw new CommandFailed(
                        ExitCode.REFUSED,
                        "The handlers start the node that they are added to, and a check joins no fleet. Leave start() to the program that makes the node. Nothing was looked at.");
            case "with" -> {
                ((Handlers) Objects.requireNonNull(given)[0]).addTo((NodeBuilder) self);
                return self;
            }
            default -> {}
        }
        try {
            var answer = method.invoke(real, given);
            return answer instanceof NodeBuilder next ? of(next) : answer;
        } catch (InvocationTargetException thrown) {
            throw Objects.requireNonNullElse(thrown.getCause(), thrown);
        }
    }
}
