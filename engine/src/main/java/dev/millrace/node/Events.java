package dev.millrace.node;

import dev.millrace.JobEvent;

/** Where events go. Never blocks. */
interface Events {

    /** Whether anybody listens: if not, events need not be made. */
    boolean wanted();

    void happened(JobEvent event);

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
