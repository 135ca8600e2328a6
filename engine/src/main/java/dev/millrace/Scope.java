package dev.millrace;

import org.jspecify.annotations.Nullable;

/** What a pause applies to. Immutable. */
public sealed interface Scope {

    /** Of what sort it is, in lower case: {@code queue}, {@code kind}, {@code schedule}, {@code tenant}, {@code key} or {@code limit}. */
    String type();

    /** Which one of its sort it is, as text: of a key its queue and its values, {@code sync ("product",42)}. {@link #of} reads it. */
    String name();

    /** All jobs of a queue. */
    record Queue(String name) implements Scope {
        @Override
        public String type() {
            return "queue";
        }
    }

    /** All jobs of a kind, in every queue. */
    record OfKind(String name) implements Scope {
        @Override
        public String type() {
            return "kind";
        }
    }

    /** A schedule: it fires nothing. What it has enqueued runs. */
    record OfSchedule(String name) implements Scope {
        @Override
        public String type() {
            return "schedule";
        }
    }

    /** All jobs of a tenant, in every queue and whatever their kinds. */
    record Tenant(String name) implements Scope {
        @Override
        public String type() {
            return "tenant";
        }
    }

    /**
     * All jobs of a queue that stand in one order.
     *
     * @param key the values of the order as text, {@code ("product",42)}; for those who have values there is {@link #key(String, Object...)}
     */
    record Key(String queue, String key) implements Scope {
        @Override
        public String type() {
            return "key";
        }

        @Override
        public String name() {
            return queue + " " + key;
        }
    }

    /**
     * All jobs with a limit, in every queue.
     *
     * @param key whose limit it is, the values as text, {@code ("acme")}; null if all jobs with the limit are meant, whatever their values
     */
    record OfLimit(String limit, @Nullable String key) implements Scope {
        @Override
        public String type() {
            return "limit";
        }

        @Override
        public String name() {
            return key == null ? limit : limit + " " + key;
        }
    }

    /** All jobs of a queue. */
    static Scope queue(String name) {
        return new Queue(name);
    }

    /** All jobs of a kind, in every queue. */
    static Scope kind(String name) {
        return new OfKind(name);
    }

    /** A schedule: it fires nothing. What it has enqueued runs. */
    static Scope schedule(String name) {
        return new OfSchedule(name);
    }

    /** All jobs of a tenant, in every queue and whatever their kinds. */
    static Scope tenant(String name) {
        return new Tenant(name);
    }

    /**
     * All jobs of a queue that are in order with these values, whatever their kinds: {@code Scope.key("sync", "product", 42)} for those that said {@code
     * inOrder("product", 42)}. They stay in their line, and go on in order.
     *
     * @param values as for {@link JobOptions#inOrder}
     * @throws MillraceException if there are none, or one has no form that stays
     */
    static Scope key(String queue, Object... values) {
        if (values.length == 0)
            throw new MillraceException(
                    "The key of a pause has no values. Say those that its jobs gave to inOrder: Scope.key(\"sync\", \"product\", 42). For all jobs of a queue there is Scope.queue(\"sync\").");
        return new Key(queue, KeyText.key("key of a pause", values));
    }

    /**
     * All jobs with a limit, in every queue: {@code Scope.limit("shop", "acme")} for those that said {@code limit(PER_SHOP, "acme")}; without values all that have the
     * limit, whatever theirs. They stay where they wait for it.
     *
     * @param values as for {@link JobOptions#limit}
     * @throws MillraceException if a value has no form that stays
     */
    static Scope limit(String name, Object... values) {
        return new OfLimit(name, values.length == 0 ? null : KeyText.key("key of a pause", values));
    }

    /**
     * The scope of this type and name, as {@link #type} and {@link #name} tell them.
     *
     * @throws MillraceException if there is none of this type, or the name is none of one
     */
    static Scope of(String type, String name) {
        int space = name.indexOf(' ');
        return switch (type) {
            case "queue" -> new Queue(name);
            case "kind" -> new OfKind(name);
            case "schedule" -> new OfSchedule(name);
            case "tenant" -> new Tenant(name);
            case "limit" ->
                space < 0 ? new OfLimit(name, null) : new OfLimit(name.substring(0, space), name.substring(space + 1));
            case "key" -> {
                if (space < 0)
                    throw new MillraceException(
                            "\"%s\" names no key. It is a queue and the values of the key, with a space between them: sync (\"product\",42)."
                                    .formatted(name));
                yield new Key(name.substring(0, space), name.substring(space + 1));
            }
            default ->
                throw new MillraceException(
                        "There is no pause of a \"%s\". What can be paused is a queue, a kind, a schedule, a tenant, a key or a limit."
                                .formatted(type));
        };
    }
}
