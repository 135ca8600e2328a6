package dev.millrace.simulation.contract;

import dev.millrace.store.Catalogue.KindSchema;
import dev.millrace.store.Catalogue.Published;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Nodes publish what payloads of their kinds look like; the newest node is right. */
abstract class PublishChapter extends Chapter {

    private static final String OLD = "{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"integer\"}}}";
    private static final String NEW = "{\"type\":\"object\"}";

    PublishChapter(StoreContract contract) {
        super(contract);
    }

    private void publish(TestNode node, int version, @Nullable String schema) {
        given.store.publish(node.lease, List.of(new KindSchema(given.kind, version, schema)));
    }

    private Optional<String> schema(int version) {
        return given.store.schema(given.kind, version).map(Published::schema);
    }

    @Test
    void what_nobody_has_published_is_not_known() {
        assertThat(given.store.schema(given.kind, 1)).isEmpty();
    }

    @Test
    void what_a_node_publishes_is_known_word_for_word_and_by_version() {
        var node = given.node();

        publish(node, 1, OLD);
        publish(node, 2, NEW);

        assertThat(schema(1)).contains(OLD);
        assertThat(schema(2)).contains(NEW);
        assertThat(schema(3)).isEmpty();
        assertThat(given.store.schemas().stream()
                        .filter(one -> one.kind().equals(given.kind))
                        .toList())
                .extracting(Published::version, Published::by)
                .containsExactly(tuple(1, node.id()), tuple(2, node.id()));
    }

    @Test
    void what_is_known_already_is_not_written_again() {
        var older = given.node();
        publish(older, 1, OLD);
        var before = given.store.schema(given.kind, 1);

        publish(older, 1, OLD);
        publish(given.node(), 1, OLD);

        assertThat(given.store.schema(given.kind, 1)).isEqualTo(before);
    }

    @Test
    void a_node_that_joined_later_is_right_whoever_speaks_last() {
        var older = given.node();
        publish(older, 1, OLD);
        given.letSoonPass();

        var newer = given.node();
        publish(newer, 1, NEW);
        assertThat(schema(1)).contains(NEW);

        publish(older, 1, OLD);
        publish(older, 1, null);
        assertThat(schema(1)).contains(NEW);
    }

    @Test
    void a_node_that_can_not_tell_takes_back_what_an_older_one_said() {
        publish(given.node(), 1, OLD);

        publish(given.node(), 1, null);

        assertThat(given.store.schema(given.kind, 1)).isEmpty();
    }

    @Test
    void what_was_published_stays_when_its_node_leaves() {
        var node = given.node();
        publish(node, 1, OLD);

        given.store.leave(node.lease);

        assertThat(schema(1)).contains(OLD);
    }
}
