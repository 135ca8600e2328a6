package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TypeRefTest {

    @Test
    void a_named_type_equals_one_that_was_put_together() {
        assertThat(new TypeRef<List<String>>() {})
                .isEqualTo(TypeRef.listOf(String.class))
                .hasSameHashCodeAs(TypeRef.listOf(String.class));
        assertThat(new TypeRef<Map<String, Integer>>() {}).isEqualTo(TypeRef.mapOf(String.class, Integer.class));
        assertThat(TypeRef.listOf(String.class)).isNotEqualTo(TypeRef.setOf(String.class));
    }

    @Test
    void a_type_prints_as_it_is_written() {
        assertThat(TypeRef.listOf(String.class)).hasToString("java.util.List<java.lang.String>");
    }

    @Test
    @SuppressWarnings({"rawtypes", "unchecked"})
    void a_type_without_its_name_is_refused() {
        assertThatThrownBy(() -> new TypeRef() {})
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("Name it");
    }
}
