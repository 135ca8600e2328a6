package dev.millrace.app.http;

import dev.millrace.IfFailed;
import dev.millrace.JobId;
import dev.millrace.JobOptions;
import dev.millrace.Limit;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.Unique;
import dev.millrace.app.console.Durations;
import dev.millrace.app.wire.Json;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a request says of one job. Read strictly: a field that is not known, or of another type, is a slip that would otherwise be lost
 * in silence.
 */
record JobRequest(
        String kind,
        int version,
        String payload,
        @Nullable String queue,
        @Nullable Priority priority,
        @Nullable Duration delay,
        @Nullable Instant runAt,
        List<JobId> after,
        @Nullable IfFailed ifFailed,
        @Nullable Duration expiresAfter,
        @Nullable String idempotencyKey,
        @Nullable Unique unique,
        List<Object> inOrder,
        @Nullable Limited limit,
        @Nullable String tenant,
        int share,
        List<String> tags,
        Map<String, String> headers) {

    /** As the engine has it; said here again, since only here it is a status of its own. */
    static final int PAYLOAD_BYTES = 256 * 1024;

    private static final Set<String> FIELDS = new TreeSet<>(Set.of(
            "kind",
            "version",
            "payload",
            "queue",
            "priority",
            "delay",
            "runAt",
            "after",
            "ifFailed",
            "expiresAfter",
            "idempotencyKey",
            "unique",
            "inOrder",
            "limit",
            "tenant",
            "share",
            "tags",
            "headers"));

    private static final Set<String> UNIQUE_FIELDS = Set.of("by", "within", "replace", "debounce", "atMost");

    private static final String UNIQUE =
            "an object such as {\"by\":[7,\"due\"]}, with one of \"within\":\"1d\", \"replace\":true, and \"debounce\":\"5s\" with \"atMost\":\"1m\"";

    private static final Set<String> LIMIT_FIELDS =
            new TreeSet<>(Set.of("name", "concurrency", "rate", "weight", "by"));

    private static final String LIMIT = "{\"name\":\"shop\",\"concurrency\":2,\"by\":[\"acme\"]}";

    private static final Set<String> RATE_FIELDS = new TreeSet<>(Set.of("count", "period", "burst"));

    private static final String RATE = "{\"count\":100,\"period\":\"1m\",\"burst\":20}";

    private static final String VALUES = "a list of texts, whole numbers and booleans such as [\"account\",7]";

    /**
     * A limit and whose it is.
     *
     * @param by empty if all jobs of the queue that name the limit share it
     */
    record Limited(Limit limit, List<Object> by) {}

    static JobRequest read(JsonNode json, String where) {
        if (!json.isObject())
            throw bad("%s is not an object. Send {\"kind\":\"echo\",\"payload\":{}}.".formatted(where));
        for (var name : json.propertyNames())
            if (!FIELDS.contains(name))
                throw bad("%s has a field \"%s\", which is not known. The fields are %s."
                        .formatted(where, shown(name), String.join(", ", FIELDS)));
        var fields = new Fields(json, where);
        var kind = fields.text("kind");
        if (kind == null) throw bad("%s has no kind. Say which handler runs it: \"kind\":\"echo\".".formatted(where));
        var delay = fields.span("delay");
        var runAt = fields.moment("runAt");
        if (delay != null && runAt != null)
            throw bad("%s has both delay and runAt, which say two things about when it runs. Send one of them."
                    .formatted(where));
        var after = fields.ids("after");
        var ifFailed = fields.ifFailed();
        if (ifFailed != null && after.isEmpty())
            throw bad("%s has ifFailed and no after: there is none that it runs after. Send \"after\":[\"<id>\"] too."
                    .formatted(where));
        return new JobRequest(
                kind,
                fields.count("version", 1),
                fields.payload(),
                fields.text("queue"),
                fields.priority(),
                delay,
                runAt,
                after,
                ifFailed,
                fields.span("expiresAfter"),
                fields.text("idempotencyKey"),
                fields.unique(),
                fields.inOrder(),
                fields.limit(),
                fields.text("tenant"),
                fields.count("share", 1),
                fields.texts("tags"),
                fields.pairs("headers"));
    }

    /** The same with the key of the request's header. */
    JobRequest withIdempotencyKey(@Nullable String header) {
        if (header == null) return this;
        if (idempotencyKey != null && !idempotencyKey.equals(header))
            throw bad("The header Idempotency-Key says \"%s\" and the body \"%s\". Send one of them."
                    .formatted(shown(header), shown(idempotencyKey)));
        return new JobRequest(
                kind,
                version,
                payload,
                queue,
                priority,
                delay,
                runAt,
                after,
                ifFailed,
                expiresAfter,
                header,
                unique,
                inOrder,
                limit,
                tenant,
                share,
                tags,
                headers);
    }

    JobOptions options(JobOptions o) {
        if (queue != null) o = o.queue(queue);
        if (priority != null) o = o.priority(priority);
        if (delay != null) o = o.in(delay);
        if (runAt != null) o = o.at(runAt);
        if (!after.isEmpty()) o = o.after(after);
        if (ifFailed != null) o = o.ifFailed(ifFailed);
        if (expiresAfter != null) o = o.expiresAfter(expiresAfter);
        if (idempotencyKey != null) o = o.idempotencyKey(idempotencyKey);
        if (unique != null) o = o.unique(unique);
        if (!inOrder.isEmpty()) o = o.inOrder(inOrder.toArray());
        if (limit != null) o = o.limit(limit.limit(), limit.by().toArray());
        if (tenant != null) o = o.tenant(tenant);
        if (share != 1) o = o.share(share);
        for (var tag : tags) o = o.tag(tag);
        for (var header : headers.entrySet()) o = o.header(header.getKey(), header.getValue());
        return o;
    }

    /** What was sent, as far as it fits in a sentence. */
    static String shown(String sent) {
        return sent.length() > 60 ? sent.substring(0, 59) + "…" : sent;
    }

    private static Problem bad(String detail) {
        return new Problem(ProblemType.BAD_REQUEST, detail);
    }

    /** The fields of one object; null counts as absent. */
    record Fields(JsonNode json, String where) {

        @Nullable
        JsonNode get(String name) {
            var value = json.get(name);
            return value == null || value.isNull() ? null : value;
        }

        @Nullable
        String text(String name) {
            var value = get(name);
            if (value == null) return null;
            if (!value.isString()) throw wrong(name, "a text");
            return value.stringValue();
        }

        int count(String name, int otherwise) {
            var value = get(name);
            if (value == null) return otherwise;
            if (!value.isIntegralNumber() || !value.canConvertToInt()) throw wrong(name, "a whole number");
            return value.intValue();
        }

        String payload() {
            var value = json.get("payload");
            var text = value == null ? "{}" : Json.write(value);
            int bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            if (bytes > PAYLOAD_BYTES)
                throw new Problem(
                        ProblemType.TOO_LARGE,
                        "%s has a payload of %,d bytes; at most %,d are stored. Keep the data in a table or a bucket of your own, and send its key."
                                .formatted(where, bytes, PAYLOAD_BYTES));
            return text;
        }

        @Nullable
        Priority priority() {
            var text = text("priority");
            try {
                return text == null ? null : Priority.of(text);
            } catch (MillraceException none) {
                throw new Problem(ProblemType.BAD_REQUEST, none.getMessage(), none);
            }
        }

        @Nullable
        Duration span(String name) {
            var text = text(name);
            if (text == null) return null;
            var span = Durations.parse(text);
            if (span == null) throw wrong(name, "a span of time such as \"30s\", \"1h30m\" or \"PT5M\"");
            return span;
        }

        @Nullable
        Instant moment(String name) {
            var text = text(name);
            try {
                return text == null ? null : OffsetDateTime.parse(text).toInstant();
            } catch (DateTimeException e) {
                throw wrong(name, "a moment with its offset such as \"2027-03-27T02:30:00Z\"");
            }
        }

        List<String> texts(String name) {
            var value = get(name);
            if (value == null) return List.of();
            var texts = new ArrayList<String>();
            if (!value.isArray()) throw wrong(name, "a list of texts");
            for (var element : value) {
                if (!element.isString()) throw wrong(name, "a list of texts");
                texts.add(element.stringValue());
            }
            return texts;
        }

        List<JobId> ids(String name) {
            try {
                return texts(name).stream().map(JobId::of).toList();
            } catch (MillraceException none) {
                throw new Problem(
                        ProblemType.BAD_REQUEST, "%s, in \"%s\": %s".formatted(where, name, none.getMessage()), none);
            }
        }

        @Nullable
        IfFailed ifFailed() {
            var text = text("ifFailed");
            try {
                return text == null ? null : IfFailed.of(text);
            } catch (MillraceException none) {
                throw new Problem(ProblemType.BAD_REQUEST, none.getMessage(), none);
            }
        }

        /** {@code {"by": [7, "due"]}}, and one of within, replace, debounce with atMost. */
        @Nullable
        Unique unique() {
            var value = get("unique");
            if (value == null) return null;
            if (!value.isObject()) throw wrong("unique", UNIQUE);
            for (var name : value.propertyNames()) if (!UNIQUE_FIELDS.contains(name)) throw wrong("unique", UNIQUE);
            var own = new Fields(value, where + "'s unique");
            try {
                var unique = Unique.by(own.values("by").toArray());
                var within = own.span("within");
                if (within != null) unique = unique.within(within);
                if (own.flag("replace")) unique = unique.replace();
                var quiet = own.span("debounce");
                var atMost = own.span("atMost");
                if ((quiet == null) != (atMost == null)) throw wrong("unique", UNIQUE);
                if (quiet != null && atMost != null) unique = unique.debounce(quiet, atMost);
                return unique;
            } catch (MillraceException refused) {
                throw new Problem(ProblemType.BAD_REQUEST, refused.getMessage(), refused);
            }
        }

        /** {@code ["account", 7]}; empty if the order does not matter. */
        List<Object> inOrder() {
            if (get("inOrder") == null) return List.of();
            var values = values("inOrder");
            if (values.isEmpty())
                throw wrong(
                        "inOrder",
                        "a list that says whose order it is, such as [\"account\",7]; if all jobs of the queue are to run one by one, a word such as [\"all\"]");
            return values;
        }

        /** {@code {"name": "shop", "concurrency": 2, "rate": {…}, "weight": 1, "by": ["acme"]}}: a name, and one of the next two. */
        @Nullable
        Limited limit() {
            var value = get("limit");
            if (value == null) return null;
            if (!value.isObject()) throw wrong("limit", "an object such as " + LIMIT);
            var own = new Fields(value, where + "'s limit");
            own.checkNames(LIMIT_FIELDS);
            var name = own.text("name");
            if (name == null)
                throw bad("%s has no name. Limits with one name are one limit: %s.".formatted(own.where(), LIMIT));
            var atOnce = own.number("concurrency");
            var weight = own.number("weight");
            if (atOnce == null && own.get("rate") == null)
                throw bad(
                        "%s has neither concurrency nor rate. Say how many of its jobs may run at once, %s, or start in a time: \"rate\":%s."
                                .formatted(own.where(), LIMIT, RATE));
            try {
                var limit = own.numbers(Limit.named(name));
                if (weight != null) limit = limit.weight(weight);
                return new Limited(limit, own.get("by") == null ? List.of() : own.values("by"));
            } catch (MillraceException refused) {
                throw new Problem(ProblemType.BAD_REQUEST, refused.getMessage(), refused);
            }
        }

        /** What is said of {@code concurrency} and {@code rate}. */
        Limit numbers(Limit limit) {
            var rated = rate(limit);
            var atOnce = number("concurrency");
            return atOnce == null ? rated : rated.concurrency(atOnce);
        }

        private Limit rate(Limit limit) {
            var value = get("rate");
            if (value == null) return limit;
            if (!value.isObject()) throw wrong("rate", "an object such as " + RATE);
            var own = new Fields(value, where + "'s rate");
            own.checkNames(RATE_FIELDS);
            var count = own.number("count");
            var period = own.span("period");
            var burst = own.number("burst");
            if (count == null || period == null)
                throw bad("%s has no %s. Say how many jobs may start in which time: %s."
                        .formatted(own.where(), count == null ? "count" : "period", RATE));
            var rated = limit.rate(count, period);
            return burst == null ? rated : rated.burst(burst);
        }

        private void checkNames(Set<String> known) {
            for (var name : json.propertyNames())
                if (!known.contains(name))
                    throw bad("%s has a field \"%s\", which is not known. The fields are %s."
                            .formatted(where, shown(name), String.join(", ", known)));
        }

        @Nullable
        Integer number(String name) {
            var value = get(name);
            if (value == null) return null;
            if (!value.isIntegralNumber() || !value.canConvertToInt())
                throw wrong(name, "a whole number from 1 to 100,000");
            return value.intValue();
        }

        private boolean flag(String name) {
            var value = get(name);
            if (value == null) return false;
            if (!value.isBoolean()) throw wrong(name, "true or false");
            return value.booleanValue();
        }

        List<Object> values(String name) {
            var value = get(name);
            if (value == null || !value.isArray()) throw wrong(name, VALUES);
            var values = new ArrayList<Object>();
            for (var element : value) {
                if (element.isString() && element.stringValue().isBlank())
                    throw bad(
                            "%s has an empty text in \"%s\": all jobs that have no such value would share it. Leave it out, or send a value."
                                    .formatted(where, name));
                if (element.isString()) values.add(element.stringValue());
                else if (element.isBoolean()) values.add(element.booleanValue());
                else if (element.isIntegralNumber()) values.add(element.bigIntegerValue());
                else throw wrong(name, VALUES);
            }
            return values;
        }

        Map<String, String> pairs(String name) {
            var value = get(name);
            if (value == null) return Map.of();
            if (!value.isObject()) throw wrong(name, "an object of texts");
            var pairs = new TreeMap<String, String>();
            for (var entry : value.properties()) {
                if (!entry.getValue().isString()) throw wrong(name, "an object of texts");
                pairs.put(entry.getKey(), entry.getValue().stringValue());
            }
            return pairs;
        }

        Problem wrong(String name, String wanted) {
            return bad("%s has %s for \"%s\", which must be %s."
                    .formatted(where, shown(String.valueOf(json.get(name))), name, wanted));
        }
    }
}
