package dev.millrace.app.cli;

import dev.millrace.Handle;
import dev.millrace.IfFailed;
import dev.millrace.JobOptions;
import dev.millrace.Limit;
import dev.millrace.MillraceException;
import dev.millrace.NodeView;
import dev.millrace.Operations;
import dev.millrace.Priority;
import dev.millrace.Unique;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.Durations;
import dev.millrace.app.console.ExitCode;
import dev.millrace.app.wire.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Enqueues one job by the name of its kind. */
@Command(
        name = "enqueue",
        description = "Enqueue a job. Its id goes to standard output; when it is printed, the job is durable.",
        footer = {
            "  millrace enqueue echo '{\"hello\":\"world\"}'",
            "  millrace enqueue sleep '{\"millis\":5000}' --in 10s --priority high",
            "  millrace enqueue echo - <payload.json --key import-2027-03",
            "  millrace enqueue sleep '{\"millis\":5000}' --unique 42 --unique due --within 1d",
            "  millrace enqueue echo --in-order account --in-order 7",
            "  millrace enqueue echo --after 01932c07-209c-7fff-8a5c-3a1f8b2d9e10 --if-failed run",
            "  millrace enqueue echo --limit shop=2 --limit-by acme",
            "  millrace enqueue echo --limit shop=100/1m,burst=20,weight=5 --limit-by acme",
        })
final class EnqueueCommand extends EngineCommand {

    @Parameters(index = "0", paramLabel = "KIND", description = "The wire name of the kind. `up` runs echo and sleep.")
    String kind = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "JSON",
            defaultValue = "{}",
            description = "The payload; - reads it from standard input. Default: ${DEFAULT-VALUE}.")
    String payload = "{}";

    @Option(
            names = "--version",
            paramLabel = "N",
            defaultValue = "1",
            description = "The version of the kind. Default: 1.")
    int version = 1;

    @Option(names = "--queue", paramLabel = "NAME", description = "The queue it waits in. Default: default.")
    @Nullable
    String queue;

    @Option(names = "--priority", paramLabel = "P", description = "urgent, high, normal or bulk. Default: normal.")
    @Nullable
    String priority;

    @Option(
            names = "--in",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "Not before this span has passed: 30s, 10m, 2d.")
    @Nullable
    Duration in;

    @Option(
            names = "--at",
            paramLabel = "TIME",
            converter = Moment.class,
            description = "Not before this moment: 2027-03-27T02:30:00Z.")
    @Nullable
    Instant at;

    @Option(
            names = "--after",
            paramLabel = "ID",
            split = ",",
            description = {
                "Not before these jobs have ended: their ids, with commas between them, or repeated. With --in",
                "and --at: when both is true."
            })
    List<String> after = new ArrayList<>();

    @Option(
            names = "--if-failed",
            paramLabel = "WHAT",
            description = {
                "With --after: what becomes of it if one of them is cancelled or discarded: cancel or run.",
                "Default: cancel."
            })
    @Nullable
    String ifFailed;

    @Option(
            names = "--expires",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "Discarded if it has not started by then.")
    @Nullable
    Duration expires;

    @Option(
            names = "--key",
            paramLabel = "TEXT",
            description = "An idempotency key: the same request again gives the job that is there.")
    @Nullable
    String key;

    @Option(
            names = "--unique",
            paramLabel = "VALUE",
            description = {
                "One job of this kind and value at a time: if there is one that has not ended, it is given. May be",
                "repeated. A whole number counts as one, true and false as themselves, anything else as text."
            })
    List<String> unique = new ArrayList<>();

    @Option(
            names = "--within",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "With --unique: one in this span, whether it has ended or not.")
    @Nullable
    Duration within;

    @Option(names = "--replace", description = "With --unique: the newest wins, unless the one before runs.")
    boolean replace;

    @Option(
            names = "--debounce",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "With --unique: runs once when there was quiet for this span; see --at-most.")
    @Nullable
    Duration debounce;

    @Option(
            names = "--at-most",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "With --debounce: runs so long after the first at the latest.")
    @Nullable
    Duration atMost;

    @Option(
            names = "--in-order",
            paramLabel = "VALUE",
            description = {
                "Jobs of its queue with this value run one after the other, as they were enqueued. May be",
                "repeated; values as in --unique."
            })
    List<String> inOrder = new ArrayList<>();

    @Option(
            names = "--limit",
            paramLabel = "NAME=SAID",
            converter = LimitConverter.class,
            description = {
                "No more jobs of its queue with this limit run at once, or start in a time, than this says, on all",
                "nodes: N at once, N/TIME, burst=N, weight=N, with commas between them: shop=2,100/1m,burst=20."
            })
    @Nullable
    Limit limit;

    @Option(
            names = "--limit-by",
            paramLabel = "VALUE",
            description = "With --limit: whose it is. May be repeated; values as in --unique.")
    List<String> limitBy = new ArrayList<>();

    @Option(names = "--tenant", paramLabel = "NAME", description = "Whose job it is.")
    @Nullable
    String tenant;

    @Option(
            names = "--share",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "With --tenant: how much it gets, relative to others, where tenants have so much to do that it must be shared: 1 to 100, default ${DEFAULT-VALUE}.")
    int share;

    /** Far more than is stored, since spaces between the values are not. */
    private static final int MOST_INPUT = 4 << 20;

    EnqueueCommand(Shell shell) {
        super(shell);
    }

    @Override
    void checkArguments() {
        if (in != null && at != null)
            throw new CommandFailed(
                    ExitCode.USAGE, "--in and --at say two things about when the job runs. Give one of them.");
        for (var job : after) id(job);
        if (ifFailed != null && after.isEmpty())
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--if-failed says what becomes of the job if one that it runs after failed, and there is none. Add --after ID.");
        if (ifFailed != null) ifFailed(ifFailed);
        if (unique.isEmpty() && (within != null || replace || debounce != null))
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--within, --replace and --debounce say how a key is unique, and there is none. Add --unique VALUE.");
        if ((debounce == null) != (atMost == null))
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--debounce and --at-most go together: how long it must be quiet, and how long that is waited for.");
        if (limit == null && !limitBy.isEmpty())
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--limit-by says whose a limit is, and there is none. Add --limit NAME=N, such as --limit shop=2.");
        refuseBlank("--unique", unique);
        refuseBlank("--in-order", inOrder);
        refuseBlank("--limit-by", limitBy);
        payload = json();
    }

    @Override
    ExitCode run(Operations operations) {
        var handle = operations.enqueue(kind, version, payload, this::options);
        var note = note(operations);
        if (common.json) {
            var json = Json.object();
            json.put("id", handle.id().toString());
            json.put("existed", handle.existed());
            json.put("checked", checked(operations));
            json.put("note", note);
            print(json);
        } else {
            console().print(handle.id().toString());
            tell(handle, note);
            if (!checked(operations))
                console()
                        .hint(
                                "Its payload was not checked: no node has published what those of %s version %d look like."
                                        .formatted(kind, version));
        }
        return ExitCode.OK;
    }

    /** Whether its payload was held against a schema: a node has published one. */
    private boolean checked(Operations operations) {
        return operations.kind(kind, version).isPresent();
    }

    private void tell(Handle<?> handle, @Nullable String note) {
        if (handle.existed() && (replace || debounce != null))
            console().say("It was there already, and waits: it is what you have enqueued now.");
        else if (handle.existed()) console().say("It was there already: nothing was enqueued.");
        else if (note != null) console().say(note);
        console().hint("See it: millrace job " + handle.id());
    }

    /** A kind that nobody knows is not an error: its node may be started later. It is a likely slip, though. */
    private @Nullable String note(Operations operations) {
        try {
            var alive = operations.nodes().stream()
                    .filter(node -> node.life() == NodeView.Life.ALIVE)
                    .toList();
            if (alive.isEmpty()) return "No node is alive, so it waits. Start one: millrace up";
            if (alive.stream().anyMatch(node -> node.kinds().stream().anyMatch(this::named))) return null;
            return "No node that is alive runs \"%s\", so it waits until one does. Is the name right?".formatted(kind);
        } catch (MillraceException noAnswer) {
            return null; // the job is enqueued: that is the answer
        }
    }

    private boolean named(String known) {
        return known.equals(kind) || known.startsWith(kind + ":");
    }

    private JobOptions options(JobOptions o) {
        if (queue != null) o = o.queue(queue);
        if (priority != null) o = o.priority(Priority.of(priority));
        if (in != null) o = o.in(in);
        if (at != null) o = o.at(at);
        if (!after.isEmpty()) o = o.after(after.stream().map(EnqueueCommand::id).toList());
        if (ifFailed != null) o = o.ifFailed(ifFailed(ifFailed));
        if (expires != null) o = o.expiresAfter(expires);
        if (key != null) o = o.idempotencyKey(key);
        if (!unique.isEmpty()) o = o.unique(key());
        if (!inOrder.isEmpty()) o = o.inOrder(values(inOrder));
        if (limit != null) o = o.limit(limit, values(limitBy));
        if (tenant != null) o = o.tenant(tenant);
        if (share != 1) o = o.share(share);
        return o;
    }

    private static IfFailed ifFailed(String said) {
        try {
            return IfFailed.of(said);
        } catch (MillraceException none) {
            throw new CommandFailed(ExitCode.USAGE, none.getMessage() + " Write --if-failed run, for example.", none);
        }
    }

    private Unique key() {
        var by = Unique.by(values(unique));
        if (within != null) by = by.within(within);
        if (replace) by = by.replace();
        if (debounce != null && atMost != null) by = by.debounce(debounce, atMost);
        return by;
    }

    /** A value that is not there: a variable of a script that is not set, most likely. All jobs without it would be one. */
    static void refuseBlank(String option, List<String> said) {
        if (said.stream().anyMatch(String::isBlank))
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "%s is empty: all jobs that have no such value would share it. Leave it out, or give it a value: %s 42."
                            .formatted(option, option));
    }

    /** What a key consists of. */
    static Object[] values(List<String> said) {
        return said.stream().map(EnqueueCommand::value).toArray();
    }

    /** As a program would give it: the same key for the same value. */
    private static Object value(String said) {
        if (said.matches("0|-?[1-9][0-9]*")) return new BigInteger(said);
        return said.equals("true") || said.equals("false") ? (Object) Boolean.valueOf(said) : said;
    }

    private String json() {
        return json(payload, "Nothing was enqueued");
    }

    /** A payload written anew, so that spaces do not make two requests of one. */
    static String json(String payload, String kept) {
        try {
            return Json.write(Json.read(payload.equals("-") ? standardInput() : payload));
        } catch (Json.NotJson why) {
            throw new CommandFailed(
                    ExitCode.REFUSED,
                    "The payload is not JSON: %s. %s. A text needs quotes of its own: '\"text\"'."
                            .formatted(why.getMessage(), kept),
                    why);
        }
    }

    private static String standardInput() {
        try {
            var bytes = System.in.readNBytes(MOST_INPUT + 1);
            if (bytes.length > MOST_INPUT)
                throw new CommandFailed(
                        ExitCode.REFUSED,
                        "The payload has more than %,d bytes, and at most 262,144 are stored. Nothing was enqueued. Keep large things in a store of their own, and enqueue where they are."
                                .formatted(MOST_INPUT));
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CommandFailed(ExitCode.FAILED, "Standard input can't be read: %s.".formatted(e.getMessage()), e);
        }
    }

    /** A limit by its name and what it says: {@code shop=2,100/1m,burst=20,weight=5}. */
    static final class LimitConverter implements ITypeConverter<Limit> {

        private static final Pattern SAID = Pattern.compile(
                "(?<atOnce>[0-9]{1,9})|(?<count>[0-9]{1,9})/(?<period>.+)|burst=(?<burst>[0-9]{1,9})|weight=(?<weight>[0-9]{1,9})");

        @Override
        public Limit convert(String text) {
            int named = text.indexOf('=');
            if (named < 1) throw notALimit(text);
            try {
                var limit = Limit.named(text.substring(0, named));
                for (var said : text.substring(named + 1).split(",", -1)) limit = with(limit, said, text);
                return limit;
            } catch (MillraceException refused) {
                throw new TypeConversionException(refused.getMessage());
            }
        }

        private static Limit with(Limit limit, String said, String text) {
            var parts = SAID.matcher(said);
            if (!parts.matches()) throw notALimit(text);
            var atOnce = parts.group("atOnce");
            var burst = parts.group("burst");
            var weight = parts.group("weight");
            if (atOnce != null) return limit.concurrency(Integer.parseInt(atOnce));
            if (burst != null) return limit.burst(Integer.parseInt(burst));
            if (weight != null) return limit.weight(Integer.parseInt(weight));
            var period = Durations.parse(parts.group("period"));
            if (period == null) throw notALimit(text);
            return limit.rate(Integer.parseInt(parts.group("count")), period);
        }

        private static TypeConversionException notALimit(String text) {
            return new TypeConversionException(
                    "\"%s\" is not a limit. Write its name, and how many of its jobs may run at once, shop=2, or start in a time, shop=100/1m, or both: shop=2,100/1m,burst=20,weight=5."
                            .formatted(text));
        }
    }

    /** A moment with its offset. */
    static final class Moment implements ITypeConverter<Instant> {
        @Override
        public Instant convert(String text) {
            try {
                return OffsetDateTime.parse(text).toInstant();
            } catch (DateTimeException e) {
                throw new TypeConversionException(
                        "\"%s\" is not a moment. Write it with its offset: 2027-03-27T02:30:00Z or …+01:00."
                                .formatted(text));
            }
        }
    }
}
