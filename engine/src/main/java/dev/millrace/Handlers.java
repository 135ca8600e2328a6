package dev.millrace;

/**
 * A bundle of handlers and listeners: one per module of an application, a workflow, a crawl. {@code node.with(billing).with(crawl)}.
 */
@FunctionalInterface
public interface Handlers {

    /** Adds them to the node that is being built. */
    void addTo(NodeBuilder node);
}
