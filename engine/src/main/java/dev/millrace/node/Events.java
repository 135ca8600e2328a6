package dev.millrace.node;

import dev.millrace.JobEvent;
import java.util.function.Consumer;

/** Where events go. Never blocks. */
interface Events {

    /** Whether anybody listens: if not, events need not be made. */
    boolean wanted();

    void happened(JobEvent event);

    /** To one who always listens. */
    static Events to(Consumer<JobEvent> ear) {
        return new Events() {
            @Override
            public boolean wanted() {
                return true;
            }

            @Override
            public void happened(JobEvent event) {
                ear.accept(event);
            }
        };
    }

    Events NOBODY = new Events() {
        @Override
        public boolean wanted() {
            return false;
        }

        @Override
        public void happened(JobEvent event) {
            // nobody listens
        }
    };
}
