package dev.millrace;

import dev.millrace.node.Body;
import dev.millrace.node.Held;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.Place;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Runs a raw handler as {@link KindBody} runs others, and tells it what became of each attempt. */
final class RawBody implements Body {

    private final RawHandler handler;
    private final KindBody inner;

    /** Those that the handler was given and was not told the end of. */
    private final Map<Place, Given> given = new ConcurrentHashMap<>();

    /** What it was given, and what it decided. */
    private static final class Given {
        final RawJob job;
        volatile @Nullable Ending decided;

        Given(RawJob job) {
            this.job = job;
        }
    }

    RawBody(Engine engine, Decoder decoder, Judge judge, RawHandler handler, Duration deadline) {
        this.handler = handler;
        this.inner = new KindBody(engine, decoder, judge, this::handed, deadline);
    }

    /** Text that a handler gives or gets: checked with the store's codec, left as that would write it, and stored as all of its texts are. */
    static Payloads payloads(Engine engine, String kind) {
        var codec = engine.storage().codec();
        if (codec == null)
            throw new MillraceException(
                    "This store keeps values, not text, so the kind %s can have no raw handler. Give the store a codec: new MemoryStore(codec)."
                            .formatted(kind));
        boolean hides = EncodedCodec.of(codec).encoding().encrypts();
        return new Payloads(codec.around(inner -> new Text(inner, hides)));
    }

    /**
     * Text for text.
     *
     * @param hides whether texts are stored encrypted: what is said of one that is refused stands in the clear, and then tells nothing of it
     */
    private record Text(Codec codec, boolean hides) implements Codec {

        @Override
        public String encode(@Nullable Object value) {
            if (!(value instanceof String text))
                throw new MillraceException(
                        "A raw handler gives text, such as JSON, and this is %s. Write it as text first."
                                .formatted(
                                        value == null
                                                ? "null"
                                                : "a " + value.getClass().getName()));
            try {
                codec.decode(text, Object.class);
            } catch (RuntimeException unfit) {
                if (!hides) throw unfit;
                throw new MillraceException(
                        "A raw handler gave text that the store's codec can't read: a %s, which would tell in the clear what stands there. Give text that it reads, such as JSON; look at it in the handler."
                                .formatted(unfit.getClass().getSimpleName()));
            }
            return text;
        }

        @Override
        public Object decode(String text, Type type) {
            return text;
        }
    }

    private Verdict handed(Object payload, HeldAttempt attempt, Judge judge) throws Exception {
        var delivery = attempt.delivery();
        var entry = new Given(new RawJob(delivery, (String) payload));
        given.put(delivery.place(), entry);
        if (attempt.cancelled()) { // who took it away may have looked for it before it was there
            given.remove(delivery.place(), entry);
            throw new InterruptedException("Job %s was taken away before it ran".formatted(delivery.job()));
        }
        Ending ending;
        try {
            var outcome = handler.handle(entry.job, attempt);
            if (outcome == null)
                throw new MillraceException(
                        "The raw handler returned null instead of an outcome. Return Outcome.done(…), retry(…), snooze(…), cancel(…) or discard(…).");
            ending = judge.decided(outcome, attempt.number());
        } catch (Exception thrown) {
            if (attempt.cancelled() || KindBody.keyless(thrown) != null) throw thrown;
            ending = judge.failed(thrown, attempt.number());
        }
        entry.decided = ending;
        return new Verdict.ToFlush(ending);
    }

    @Override
    public Verdict run(Delivery delivery, Held held) throws InterruptedException {
        return inner.run(delivery, held);
    }

    @Override
    public Ending timedOut(Delivery delivery, Duration deadline) {
        return inner.timedOut(delivery, deadline);
    }

    @Override
    public void settled(Delivery delivery, Ending ending) {
        inner.settled(delivery, ending);
        var entry = given.remove(delivery.place());
        if (entry == null) return;
        handler.settled(entry.job, new Settlement.Written(ending.leadsTo(), ending.equals(entry.decided)));
    }

    @Override
    public void lost(Delivery delivery) {
        tell(delivery, new Settlement.Lost());
    }

    @Override
    public void unsettled(Delivery delivery) {
        tell(delivery, new Settlement.Unknown());
    }

    private void tell(Delivery delivery, Settlement settlement) {
        var entry = given.remove(delivery.place());
        if (entry != null) handler.settled(entry.job, settlement);
    }

    /** For {@link Decoder}: what a payload of any version is read as. */
    static KindType type(KindName newest) {
        return new KindType(String.class, newest, String.class);
    }

    /** Whether a decoder is of a raw kind. */
    static boolean isRaw(KindType kind) {
        return kind.type().equals(String.class);
    }
}
