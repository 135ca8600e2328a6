package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.EncryptionKey;
import dev.millrace.KeyRing;
import dev.millrace.Misfit;
import java.time.LocalDate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What does not fit is named, with what is allowed there, and the field that was meant. */
class JsonMisfitsTest {

    enum Urgency {
        LOW,
        HIGH
    }

    record Line(String sku, int count) {}

    record SendInvoice(
            long order,
            @Nullable String note,
            Urgency urgency,
            LocalDate due,
            List<Line> lines,
            Map<String, Integer> counts) {}

    private final JsonCodec codec = new JsonCodec();
    private final String schema = codec.schema(SendInvoice.class);

    private List<String> said(String text) {
        return codec.misfits(text.replace('\'', '"'), schema, "send-invoice v2").stream()
                .map(misfit -> misfit.pointer() + ": " + misfit.message())
                .toList();
    }

    private static String with(String field, String value) {
        var whole = "{'order':1,'note':null,'urgency':'LOW','due':'2027-03-27','lines':[],'counts':{}}";
        return whole.replaceAll("'" + field + "':[^,}]*}?", "'" + field + "':" + value);
    }

    @Test
    void what_fits_has_nothing_said_about_it() {
        assertThat(said(with("note", "'a'"))).isEmpty();
    }

    @Test
    void names_that_no_schema_has_are_stars_where_a_text_must_not_be_told() {
        var ring = KeyRing.writing(EncryptionKey.of("now", Base64.getEncoder().encodeToString(new byte[32])));
        var text = with("counts", "{'jane@example.com':'x'}").replace('\'', '"');

        assertThat(codec.misfits(text, schema, "it"))
                .extracting(Misfit::pointer, Misfit::named)
                .containsExactly(tuple("/counts/jane@example.com", "/counts/*"));
        assertThat(codec.encrypted(ring).misfits(text, schema, "it"))
                .singleElement()
                .asString()
                .contains("/counts/*")
                .doesNotContain("jane");
    }

    @Test
    void a_slip_in_a_name_is_told_with_the_name_that_was_meant() {
        assertThat(said("{'ordr':1,'note':null,'urgency':'LOW','due':'2027-03-27','lines':[],'counts':{}}"))
                .containsExactly(
                        "/ordr: \"ordr\" is no field of send-invoice v2; did you mean \"order\"?",
                        "/order: \"order\" is missing; it must be a whole number from -9,223,372,036,854,775,808 to 9,223,372,036,854,775,807");
    }

    @Test
    void a_name_that_is_like_none_is_told_with_those_that_there_are() {
        assertThat(said(with("lines", "[{'sku':'a','count':1,'colour':'red'}]")))
                .containsExactly(
                        "/lines/0/colour: \"colour\" is no field of /lines/0; its fields are \"sku\", \"count\"");
    }

    @Test
    void a_value_of_another_type_is_told_with_what_is_allowed() {
        assertThat(said(with("order", "'42'")))
                .singleElement()
                .asString()
                .startsWith("/order: /order is a text (\"42\"); it must be a whole number from");
        assertThat(said(with("order", "1.5")))
                .singleElement()
                .asString()
                .contains("/order is the fraction 1.5; it must be a whole number");
        assertThat(said(with("order", "null")))
                .singleElement()
                .asString()
                .contains("/order is null; it must be a whole number");
        assertThat(said(with("note", "7"))).containsExactly("/note: /note is the number 7; it must be a text");
        assertThat(said(with("lines", "{}"))).containsExactly("/lines: /lines is an object; it must be a list");
        assertThat(said(with("counts", "{'a/b':true}")))
                .singleElement()
                .asString()
                .startsWith("/counts/a~1b: /counts/a~1b is true; it must be a whole number");
        assertThat(said("[]")).containsExactly(": The payload is a list; it must be an object");
        assertThat(said("null")).containsExactly(": The payload is null; it must be an object");
    }

    @Test
    void a_number_beyond_its_range_is_told_with_the_range() {
        assertThat(said(with("lines", "[{'sku':'a','count':3000000000}]")))
                .containsExactly(
                        "/lines/0/count: /lines/0/count is the number 3000000000; it must be a whole number from -2,147,483,648 to 2,147,483,647");
    }

    @Test
    void a_constant_and_a_date_are_told_with_what_they_look_like() {
        assertThat(said(with("urgency", "'HIHG'")))
                .containsExactly(
                        "/urgency: /urgency is a text (\"HIHG\"); it must be one of \"LOW\", \"HIGH\"; did you mean \"HIGH\"?");
        assertThat(said(with("due", "'27.03.2027'")))
                .containsExactly("/due: /due is a text (\"27.03.2027\"); it must be a date such as \"2027-03-27\"");
    }

    @Test
    void twenty_misfits_are_enough() {
        assertThat(said(with("lines", "[" + "7,".repeat(99) + "7]"))).hasSize(20);
    }

    @Test
    void a_schema_of_a_newer_build_is_understood_as_far_as_it_goes() {
        var newer =
                "{\"type\":[\"object\",\"date\"],\"properties\":{\"a\":{\"format\":\"isbn\",\"multipleOf\":3},\"b\":{\"$ref\":\"#/$defs/none\"},\"c\":{\"$ref\":\"other.json\"}},\"unheardOf\":7}";

        assertThat(codec.misfits("{\"a\":1,\"b\":[],\"c\":true,\"d\":null}", newer, "it"))
                .isEmpty();
        assertThat(codec.misfits("{}", "no schema at all", "it")).isEmpty();
        assertThat(codec.misfits("{\"a\":1}", "{\"$ref\":\"#\"}", "it")).isEmpty();
        assertThat(codec.misfits("{\"a\":{}}", "{\"properties\":{\"a\":{\"$ref\":\"#/properties/a\"}}}", "it"))
                .isEmpty();
    }

    @Test
    void what_can_t_be_read_at_all_is_told_as_that() {
        assertThat(codec.misfits("1e99999999999", schema, "it"))
                .extracting(Misfit::pointer)
                .containsExactly("");
    }
}
