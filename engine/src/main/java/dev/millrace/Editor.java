package dev.millrace;

import dev.millrace.Payloads.TooLarge;
import dev.millrace.store.Bulk.Editable;
import dev.millrace.store.Bulk.Shape;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the payloads of many jobs become others: by a function of the caller, or by a merge patch. Here, where the keys are; never in the store. */
sealed interface Editor {

    /** What becomes of a payload. */
    sealed interface Result {

        /** It becomes this; before and after are for people, in the clear. */
        record Edited(Payload payload, String before, String after) implements Result {}

        /**
         * It stays as it is.
         *
         * @param brief for who counts how many those are, and why: it tells nothing of the payload
         * @param why for who asks about this job
         */
        record Refused(String brief, String why) implements Result {}
    }

    Result edit(Editable job);

    /** The patch, to be kept; null if this is none. */
    Payload.@Nullable Text kept();

    /** What patched payloads are held against by whoever goes on with it; null if that is not known here. */
    @Nullable
    Shape shape();

    /** What was asked for, to be compared. */
    Asked asked();

    /**
     * What was asked for, to be compared.
     *
     * @param exactly the same for the same patch, and telling nothing of it
     * @param elsewhere what processes say of it that have other keys of encryption
     */
    record Asked(String exactly, Set<String> elsewhere) {}

    /** For people: what is done, as {@code with SendInvoice}. */
    String inWords();

    private static Result.Refused unread(MillraceException why) {
        return new Result.Refused(
                why instanceof UnknownEncryptionKey
                        ? "its payload is encrypted with a key that is not known where it was to be edited"
                        : "its payload can't be read",
                said(why));
    }

    private static String said(Throwable why) {
        return String.valueOf(why.getMessage());
    }

    private static Result.Refused same() {
        return new Result.Refused(
                "its payload is that already", "Its payload is that already: the edit changes nothing.");
    }

    /** What the edit made of it, as it is kept; refused if a node could not read it. */
    private static Result edited(
            Engine engine, Editable job, @Nullable KindType kind, Payloads.Packed packed, String before) {
        var after = packed.text();
        try {
            if (kind != null && kind.name().version() == job.kindVersion())
                if (engine.payloads().value(packed.kept(), kind.type()) == null)
                    return new Result.Refused("its payload would not fit its kind", "Its payload would be null.");
            engine.refuseUnreadable(
                    new KindName(job.kind(), job.kindVersion()),
                    after == null ? packed.kept() : new Payload.Text(after));
        } catch (MillraceException unfit) {
            return new Result.Refused("its payload would not fit its kind", said(unfit));
        }
        return new Result.Edited(packed.kept(), before, after == null ? String.valueOf(packed.kept()) : after);
    }

    /** By a function from the record as it is to the record as it becomes. */
    record Typed<J extends Job<?>>(Engine engine, Class<J> type, KindType kind, UnaryOperator<J> function)
            implements Editor {

        @Override
        public Result edit(Editable job) {
            var name = kind.name();
            if (!job.kind().equals(name.name()) || job.kindVersion() != name.version())
                return new Result.Refused(
                        "it is of another kind or version than the function edits",
                        "It is of kind %s version %d, and the function edits %s, which is %s. Edit it by a class of that version, or by a patch."
                                .formatted(job.kind(), job.kindVersion(), type.getSimpleName(), name));
            J old;
            try {
                var value = engine.payloads().value(job.payload(), type);
                if (value == null) return new Result.Refused("its payload can't be read", "Its payload is null.");
                old = type.cast(value);
            } catch (MillraceException why) {
                return unread(why);
            }
            try {
                return edited(job, old);
            } catch (TooLarge why) {
                return new Result.Refused("its payload would be too large", said(why));
            } catch (RuntimeException thrown) {
                return new Result.Refused(
                        "the function threw " + thrown.getClass().getName(),
                        "The function threw %s: %s".formatted(thrown.getClass().getName(), said(thrown)));
            }
        }

        private Result edited(Editable job, J old) {
            var become = function.apply(old);
            if (become.equals(old)) return same();
            var packed =
                    engine.payloads().packed("The payload of " + type.getSimpleName(), become, Bounds.PAYLOAD_BYTES);
            var text = packed.text();
            var before = text == null ? String.valueOf(old) : engine.payloads().opened(job.payload());
            var edited = Editor.edited(engine, job, kind, packed, before);
            return edited instanceof Result.Edited(var kept, var was, var after) && text == null
                    ? new Result.Edited(kept, was, String.valueOf(become))
                    : edited;
        }

        @Override
        public Payload.@Nullable Text kept() {
            return null;
        }

        @Override
        public @Nullable Shape shape() {
            return null;
        }

        @Override
        public Asked asked() {
            return new Asked(inWords(), Set.of());
        }

        @Override
        public String inWords() {
            return "by a function from %1$s to %1$s".formatted(type.getSimpleName());
        }
    }

    /**
     * By a merge patch.
     *
     * @param text as it was given
     * @param kind what the jobs are to be read as; null if that is not known here
     * @param shape what payloads of that class look like, as whoever began it says; null if that is not known
     * @param fields where payloads did not fit so far
     */
    record Patched(
            Engine engine,
            String text,
            MergePatch patch,
            @Nullable KindType kind,
            @Nullable Shape shape,
            Set<String> fields)
            implements Editor {

        /** Reasons are counted, and a map may have any number of keys. */
        private static final int FIELDS = 50;

        Patched(Engine engine, String text, @Nullable KindType kind, @Nullable Shape shape) {
            this(engine, text, MergePatch.of(text), kind, shape, ConcurrentHashMap.newKeySet());
        }

        @Override
        public Result edit(Editable job) {
            String before;
            try {
                before = engine.payloads().opened(job.payload());
            } catch (MillraceException why) {
                return unread(why);
            }
            try {
                var after = patch.applied(before);
                if (after.equals(before)) return same();
                var packed = engine.payloads().written("The payload of kind " + job.kind(), after);
                var misfits = engine.schemas().misfits(new KindName(job.kind(), job.kindVersion()), after, shape);
                return misfits.isEmpty()
                        ? Editor.edited(engine, job, kind, packed, before)
                        : new Result.Refused(brief(misfits.getFirst()), unfit(job, misfits));
            } catch (MergePatch.NoObject why) {
                return new Result.Refused("its payload is no JSON object", said(why));
            } catch (StoreException unasked) {
                throw unasked; // it says nothing of the payload
            } catch (TooLarge why) {
                return new Result.Refused("its payload would be too large", said(why));
            } catch (MillraceException why) {
                return new Result.Refused("its payload would not fit its kind", said(why));
            }
        }

        /** With the field, by which an operator finds what to mend; elements of a list are one, and so are all fields beyond the first fifty. */
        private String brief(Misfit misfit) {
            var field = Words.cut(Words.line(misfit.pointer().replaceAll("/\\d+(?=/|$)", "/*")), 100);
            if (fields.size() < FIELDS) fields.add(field);
            return "its payload would not fit its kind: "
                    + (field.isEmpty() ? "the whole of it" : fields.contains(field) ? field : "another field");
        }

        private static String unfit(Editable job, List<Misfit> misfits) {
            return "It would not fit %s v%d, as nodes that run it or its class say: %s."
                    .formatted(
                            job.kind(),
                            job.kindVersion(),
                            misfits.stream().limit(5).map(Misfit::message).collect(Collectors.joining(". ")));
        }

        /** Encrypted where payloads are: it may say what they say. */
        @Override
        public Payload.Text kept() {
            return (Payload.Text) packed().kept();
        }

        private Payloads.Packed packed() {
            return engine.payloads().written("The patch", text);
        }

        @Override
        public Asked asked() {
            var packed = packed();
            return new Asked(
                    "by the patch " + engine.payloads().digest(packed),
                    engine.payloads().digestsElsewhere(packed).stream()
                            .map("by the patch "::concat)
                            .collect(Collectors.toUnmodifiableSet()));
        }

        @Override
        public String inWords() {
            return "by the patch " + Words.cut(Words.line(text), 200);
        }
    }
}
