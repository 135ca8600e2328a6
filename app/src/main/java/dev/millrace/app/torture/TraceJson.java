package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import dev.millrace.app.wire.Json;
import dev.millrace.simulation.trace.TraceEvent;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/** Events of a trace as JSON: the record's components under their names, and its own name under {@code event}. */
final class TraceJson {

    private static final String EVENT = "event";

    private static final Map<String, Class<?>> EVENTS = Arrays.stream(TraceEvent.class.getPermittedSubclasses())
            .collect(Collectors.toMap(Class::getSimpleName, Function.identity()));

    private TraceJson() {}

    static String write(TraceEvent event) {
        var object = Json.object().put(EVENT, event.getClass().getSimpleName());
        object.setAll((ObjectNode) Json.tree((Record) event));
        return Json.write(object);
    }

    /** Reads one line back. A line that is not whole belongs to a process that was killed while it wrote. */
    static TraceEvent read(String line) throws Json.NotJson {
        if (!(Json.read(line) instanceof ObjectNode object)) throw new MillraceException("Not an event: " + line);
        var name = object.remove(EVENT);
        var type = name == null ? null : EVENTS.get(name.stringValue());
        if (type == null) throw new MillraceException("An event of no known kind: " + line);
        return (TraceEvent) Json.value(object, type);
    }
}
