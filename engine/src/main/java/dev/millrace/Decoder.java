package dev.millrace;

import dev.millrace.store.Payload;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the payloads of one kind, whatever version they were stored in, as the newest one.
 *
 * @param steps by version: how to read it, and the way up from it
 */
record Decoder(Payloads payloads, KindType newest, Map<Integer, Step> steps) {

    /**
     * One version.
     *
     * @param up gives the value of version {@code to}; null for the newest
     */
    record Step(Type type, int to, @Nullable Function<Object, Object> up) {}

    /** A payload does not fit its kind. */
    static final class Undecodable extends Exception {
        private static final long serialVersionUID = 1L;

        private final String why;

        Undecodable(String why, @Nullable Throwable cause) {
            super(why, cause);
            this.why = why;
        }

        String why() {
            return why;
        }
    }

    /** The job of a payload. */
    Object job(int version, Payload payload) throws Undecodable {
        var step = steps.get(version);
        if (step == null) throw new Undecodable(noWayUp(version), null);
        var value = read(version, step.type(), payload);
        while (step != null && step.up() != null) {
            value = raise(version, step.up(), value);
            version = step.to();
            step = steps.get(version);
        }
        if (newest.type().isInstance(value)) return value;
        throw new Undecodable(
                "The payload of kind %s became a %s, and %s is what runs."
                        .formatted(
                                newest.name(),
                                value.getClass().getName(),
                                newest.type().getName()),
                null);
    }

    private Object read(int version, Type type, Payload payload) throws Undecodable {
        try {
            var value = payloads.value(payload, type);
            if (value != null) return value;
        } catch (UnknownEncryptionKey | Encoding.Damaged unread) {
            throw new Undecodable(
                    "The payload of kind %s version %d can't be read. %s"
                            .formatted(newest.name().name(), version, unread.getMessage()),
                    unread);
        } catch (RuntimeException | LinkageError | StackOverflowError refused) {
            throw new Undecodable(
                    "The payload of kind %s version %d does not fit %s: %s"
                            .formatted(newest.name().name(), version, type.getTypeName(), refused.getMessage()),
                    refused);
        }
        throw new Undecodable(
                "The payload of kind %s version %d is null."
                        .formatted(newest.name().name(), version),
                null);
    }

    private Object raise(int version, Function<Object, Object> up, Object value) throws Undecodable {
        try {
            return up.apply(value);
        } catch (RuntimeException | LinkageError | StackOverflowError refused) {
            throw new Undecodable(
                    "The upcast of kind %s from version %d threw %s: %s"
                            .formatted(
                                    newest.name().name(),
                                    version,
                                    refused.getClass().getName(),
                                    refused.getMessage()),
                    refused);
        }
    }

    /**
     * Refuses what this node could not read, if it is of this kind.
     *
     * @throws MillraceException with the reason
     */
    void refuse(KindName kind, Payload payload) {
        if (!kind.name().equals(newest.name().name()) || !steps.containsKey(kind.version())) return;
        try {
            job(kind.version(), payload);
        } catch (Undecodable refused) {
            throw new MillraceException(refused.why(), refused);
        }
    }

    private String noWayUp(int version) {
        if (RawBody.isRaw(newest))
            return "The job is of kind %s version %d, and the raw handler on this node says that it reads version%s %s. Name this version too where it is registered, if it does; or run a node that reads it."
                    .formatted(newest.name().name(), version, steps.size() == 1 ? "" : "s", versions());
        return "The job is of kind %s version %d, and this node reads version%s %s. Register the way up: upcast(V%d.class, …)."
                .formatted(newest.name().name(), version, steps.size() == 1 ? "" : "s", versions(), version);
    }

    private String versions() {
        return String.join(
                ", ", steps.keySet().stream().sorted().map(String::valueOf).toList());
    }
}
