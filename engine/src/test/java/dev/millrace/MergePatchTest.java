package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MergePatchTest {

    private static String patched(String text, String patch) {
        return MergePatch.of(patch).applied(text);
    }

    @Test
    void the_cases_of_rfc_7396_whose_patch_is_an_object() {
        assertThat(patched("{\"a\":\"b\"}", "{\"a\":\"c\"}")).isEqualTo("{\"a\":\"c\"}");
        assertThat(patched("{\"a\":\"b\"}", "{\"b\":\"c\"}")).isEqualTo("{\"a\":\"b\",\"b\":\"c\"}");
        assertThat(patched("{\"a\":\"b\"}", "{\"a\":null}")).isEqualTo("{}");
        assertThat(patched("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}")).isEqualTo("{\"b\":\"c\"}");
        assertThat(patched("{\"a\":[\"b\"]}", "{\"a\":\"c\"}")).isEqualTo("{\"a\":\"c\"}");
        assertThat(patched("{\"a\":\"c\"}", "{\"a\":[\"b\"]}")).isEqualTo("{\"a\":[\"b\"]}");
        assertThat(patched("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}"))
                .isEqualTo("{\"a\":{\"b\":\"d\"}}");
        assertThat(patched("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}")).isEqualTo("{\"a\":[1]}");
        assertThat(patched("{\"e\":null}", "{\"a\":1}")).isEqualTo("{\"e\":null,\"a\":1}");
        assertThat(patched("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}")).isEqualTo("{\"a\":{\"bb\":{}}}");
    }

    @Test
    void what_is_not_named_stays_as_it_was_to_the_letter() {
        var text =
                "{ \"cents\" : 12345678901234567890.10, \"e\":1.0E+2, \"t\":\"\\u00e9\\n\\\"\", \"l\":[ 1 , {\"x\":null} ], \"currency\":\"USD\" }";

        assertThat(patched(text, "{\"currency\":\"EUR\"}"))
                .isEqualTo(
                        "{\"cents\":12345678901234567890.10,\"e\":1.0E+2,\"t\":\"\\u00e9\\n\\\"\",\"l\":[ 1 , {\"x\":null} ],\"currency\":\"EUR\"}");
    }

    @Test
    void a_patch_that_changes_nothing_gives_the_text_itself() {
        assertThat(patched("{ \"a\" : 1 }", "{\"a\":1}")).isEqualTo("{ \"a\" : 1 }");
        assertThat(patched("{ \"a\" : 1 }", "{\"b\":null}")).isEqualTo("{ \"a\" : 1 }");
    }

    @Test
    void a_name_is_the_same_however_it_is_escaped() {
        assertThat(patched("{\"\\u0061\\/\":1}", "{\"a/\":2}")).isEqualTo("{\"a/\":2}");
        assertThat(patched("{\"\\\"\\\\\\u0001\":1}", "{\"b\":2}")).isEqualTo("{\"\\\"\\\\\\u0001\":1,\"b\":2}");
    }

    @Test
    void what_is_no_patch_is_refused() {
        for (var patch : new String[] {
            "", "1", "[]", "null", "\"a\"", "{\"a\":}", "{\"a\":1,}", "{\"a\":1} x", "{a:1}", "{\"a\":01}", "{\"a"
        }) assertThatThrownBy(() -> MergePatch.of(patch)).as(patch).isInstanceOf(MillraceException.class);
        assertThatThrownBy(() -> MergePatch.of("{}")).hasMessageContaining("changes nothing");
        assertThatThrownBy(() -> MergePatch.of("{\"a\":".repeat(600) + "1" + "}".repeat(600)))
                .hasMessageContaining("nested deeper");
    }

    @Test
    void a_payload_that_is_no_object_is_refused_without_telling_what_it_is() {
        assertThatThrownBy(() -> patched("\"a secret\"", "{\"a\":1}"))
                .hasMessageContaining("no object")
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> patched("a secret", "{\"a\":1}"))
                .hasMessageContaining("no JSON")
                .hasMessageNotContaining("secret");
    }
}
