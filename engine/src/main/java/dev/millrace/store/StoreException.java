package dev.millrace.store;

import dev.millrace.MillraceException;
import java.io.Serial;

/** A step of the protocol did not go through. Which of the three it was decides what its caller must do. */
public abstract sealed class StoreException extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private StoreException(String message, Throwable cause) {
        super(message, cause);
    }

    private StoreException(String message) {
        super(message);
    }

    /** The node was deposed: it must throw everything away and join anew. Nothing was written. */
    public static final class Fenced extends StoreException {
        @Serial
        private static final long serialVersionUID = 1L;

        public Fenced(String message) {
            super(message);
        }
    }

    /** Nothing was written; the same step may be tried again. */
    public static sealed class Unavailable extends StoreException permits Blocked, Busy, Exhausted, NotOwner, Refused {
        @Serial
        private static final long serialVersionUID = 1L;

        public Unavailable(String message, Throwable cause) {
            super(message, cause);
        }

        public Unavailable(String message) {
            super(message);
        }
    }

    /** Nothing was written: somebody else's open transaction holds what the step needs. Other steps may go through meanwhile. */
    public static final class Blocked extends Unavailable {
        @Serial
        private static final long serialVersionUID = 1L;

        public Blocked(String message, Throwable cause) {
            super(message, cause);
        }

        public Blocked(String message) {
            super(message);
        }
    }

    /** Nothing was written: others hold, for a moment, what all of the step needs and no part of it alone. The same step goes through when they are done. */
    public static final class Busy extends Unavailable {
        @Serial
        private static final long serialVersionUID = 1L;

        public Busy(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Nothing was written: the storage is at a limit, of its disk, memory or connections. The same step goes through when there is room. */
    public static final class Exhausted extends Unavailable {
        @Serial
        private static final long serialVersionUID = 1L;

        public Exhausted(String message, Throwable cause) {
            super(message, cause);
        }

        public Exhausted(String message) {
            super(message);
        }
    }

    /** Nothing was written: the keyed shard belongs to another node, or to none. */
    public static final class NotOwner extends Unavailable {
        @Serial
        private static final long serialVersionUID = 1L;

        public NotOwner(String message, Throwable cause) {
            super(message, cause);
        }

        public NotOwner(String message) {
            super(message);
        }
    }

    /** Nothing was written, and the same step would be refused again: it is about what it carries, not about the storage. */
    public static final class Refused extends Unavailable {
        @Serial
        private static final long serialVersionUID = 1L;

        public Refused(String message, Throwable cause) {
            super(message, cause);
        }

        public Refused(String message) {
            super(message);
        }
    }

    /** The connection was lost on the way: the step may have been committed, or may yet be. */
    public static final class CommitUnknown extends StoreException {
        @Serial
        private static final long serialVersionUID = 1L;

        public CommitUnknown(String message, Throwable cause) {
            super(message, cause);
        }

        public CommitUnknown(String message) {
            super(message);
        }
    }
}
