package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class KindTypeTest {

    @Kind(value = "send-invoice", version = 2)
    record SendInvoice(long order) implements Job<String> {}

    interface Report<T> extends Job<List<T>> {}

    @Kind("daily")
    record Daily() implements Report<Integer> {}

    interface Fetched<T> extends Job<T> {}

    @Kind("fetch")
    record Fetch() implements Comparable<Fetch>, Fetched<byte[]> {
        @Override
        public int compareTo(Fetch other) {
            return 0;
        }
    }

    @Kind("open")
    record Open<T>() implements Job<T> {}

    record Nameless() implements Job<Void> {}

    @Kind("Not A Name")
    record BadName() implements Job<Void> {}

    @Kind(value = "zero", version = 0)
    record ZerothVersion() implements Job<Void> {}

    @Test
    void a_class_tells_its_name_its_version_and_what_comes_back() {
        var kind = KindType.of(SendInvoice.class);

        assertThat(kind.name()).isEqualTo(new KindName("send-invoice", 2));
        assertThat(kind.result()).isEqualTo(String.class);
    }

    @Test
    void what_comes_back_is_found_through_other_interfaces() {
        assertThat(KindType.of(Fetch.class).result()).isEqualTo(byte[].class);
    }

    @Test
    void type_arguments_within_what_comes_back_are_found_too() {
        assertThat(KindType.of(Daily.class).result())
                .isEqualTo(TypeRef.listOf(Integer.class).type());
    }

    @Test
    void a_class_that_leaves_it_open_gives_back_any_value() {
        assertThat(KindType.of(Open.class).result()).isEqualTo(Object.class);
    }

    @Test
    void a_job_without_a_kind_is_told_a_name_that_would_do() {
        assertThatThrownBy(() -> KindType.of(Nameless.class))
                .isInstanceOf(MillraceException.class)
                .hasMessage(
                        "Nameless has no @Kind. Stored jobs outlive class names, so a job needs a name of its own: @Kind(\"nameless\") would do.");
    }

    @Test
    void a_kind_that_is_no_name_or_no_version_is_refused() {
        assertThatThrownBy(() -> KindType.of(BadName.class)).hasMessageContaining("\"not-a-name\" would do");
        assertThatThrownBy(() -> KindType.of(ZerothVersion.class)).hasMessageContaining("can't be 0");
    }
}
