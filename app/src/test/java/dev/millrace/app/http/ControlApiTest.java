package dev.millrace.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControlApiTest {

    private final HttpFixture http = new HttpFixture();

    @AfterAll
    void close() {
        http.close();
    }

    @Test
    void what_is_paused_is_listed_with_who_said_it_and_why_and_can_be_resumed_as_it_is_listed() {
        for (var body : new String[] {
            "{\"tenant\":\"acme & co\",\"reason\":\"the bill is open\"}",
            "{\"key\":{\"queue\":\"sync\",\"by\":[\"product\",42]}}",
            "{\"limit\":{\"name\":\"shop\",\"by\":[\"acme\"]}}",
            "{\"limit\":{\"name\":\"shop\"}}",
            "{\"kind\":\"send-invoice\"}"
        }) {
            var paused = http.post("/api/pauses", body);
            assertThat(paused.status()).as(paused.text()).isEqualTo(200);
        }

        var all = http.get("/api/pauses").json().get("pauses");
        assertThat(all).hasSize(5);
        assertThat(all.get(0).get("name").stringValue()).isEqualTo("sync (\"product\",42)");
        var tenant = all.get(4).get("scope").stringValue().equals("tenant") ? all.get(4) : all.get(3);
        assertThat(tenant.get("name").stringValue()).isEqualTo("acme & co");
        assertThat(tenant.get("by").stringValue()).isEqualTo("http");
        assertThat(tenant.get("reason").stringValue()).isEqualTo("the bill is open");
        assertThat(tenant.get("since").isNull()).isFalse();
        assertThat(http.get("/api/overview").json().get("pauses")).hasSize(5);

        for (var pause : all) {
            var name = URLEncoder.encode(pause.get("name").stringValue(), StandardCharsets.UTF_8);
            var resumed = http.send(
                    "DELETE",
                    "/api/pauses?scope=%s&name=%s".formatted(pause.get("scope").stringValue(), name));
            assertThat(resumed.status()).as(resumed.text()).isEqualTo(200);
        }
        assertThat(http.get("/api/pauses").json().get("pauses")).isEmpty();
    }

    @Test
    void a_pause_tells_what_it_meets_and_may_have_an_end() {
        http.post("/api/jobs", "{\"kind\":\"none\",\"queue\":\"unserved\",\"inOrder\":[\"product\",42]}");

        var slip = http.post(
                        "/api/pauses", "{\"key\":{\"queue\":\"unserved\",\"by\":[\"product\",\"42\"]},\"for\":\"2h\"}")
                .json();
        assertThat(slip.get("meets").stringValue()).isEqualTo("nothing");
        assertThat(slip.get("other").get("scope").stringValue()).isEqualTo("key");
        assertThat(slip.get("other").get("name").stringValue()).isEqualTo("unserved (\"product\",42)");
        assertThat(slip.get("note").stringValue()).contains("spelled otherwise");
        assertThat(slip.get("until").isString()).isTrue();

        var until = Instant.now().plus(Duration.ofDays(2)).truncatedTo(ChronoUnit.SECONDS);
        var meant = http.post(
                        "/api/pauses",
                        "{\"key\":{\"queue\":\"unserved\",\"by\":[\"product\",42]},\"until\":\"%s\"}".formatted(until))
                .json();
        assertThat(meant.get("meets").stringValue()).isEqualTo("something");
        assertThat(meant.get("until").stringValue()).isEqualTo(until.toString());
        assertThat(http.get("/api/pauses").json().get("pauses"))
                .anySatisfy(
                        pause -> assertThat(pause.get("until").stringValue()).isEqualTo(until.toString()));

        refused(
                http.post("/api/pauses", "{\"queue\":\"a\",\"until\":\"%s\",\"for\":\"2h\"}".formatted(until)),
                "both until and for");
        refused(
                http.post("/api/pauses", "{\"queue\":\"a\",\"until\":\"2020-01-01T00:00:00Z\"}"),
                "can't end at 2020-01-01T00:00:00Z");
        http.send("DELETE", "/api/pauses?scope=key&name=unserved+(%22product%22,42)");
        http.send("DELETE", "/api/pauses?scope=key&name=unserved+(%22product%22,%2242%22)");
        assertThat(http.get("/api/pauses").json().get("pauses")).isEmpty();
    }

    @Test
    void numbers_are_set_listed_and_reset() {
        var set = http.put(
                "/api/limits/shop",
                "{\"concurrency\":5,\"rate\":{\"count\":200,\"period\":\"1m\",\"burst\":20},\"reason\":\"they allow more\"}");
        assertThat(set.status()).as(set.text()).isEqualTo(200);
        assertThat(http.put("/api/kinds/echo", "{\"concurrency\":3}").status()).isEqualTo(200);

        var all = http.get("/api/limits").json().get("limits");
        assertThat(all).hasSize(2);
        var limit = all.get(0).get("of").stringValue().equals("limit") ? all.get(0) : all.get(1);
        assertThat(limit.get("name").stringValue()).isEqualTo("shop");
        assertThat(limit.get("concurrency").intValue()).isEqualTo(5);
        assertThat(limit.get("rate").get("period").stringValue()).isEqualTo("PT1M");
        assertThat(limit.get("reason").stringValue()).isEqualTo("they allow more");

        assertThat(http.send("DELETE", "/api/limits/shop?reason=as+it+was")
                        .json()
                        .get("before")
                        .booleanValue())
                .isTrue();
        assertThat(http.send("DELETE", "/api/limits/shop").json().get("before").booleanValue())
                .isFalse();
        assertThat(http.send("DELETE", "/api/kinds/echo").json().get("before").booleanValue())
                .isTrue();
        assertThat(http.get("/api/limits").json().get("limits")).isEmpty();
    }

    @Test
    void numbers_of_the_whole_fleet_are_set_listed_and_reset() {
        var set = http.put("/api/fleet/kinds/echo", "{\"concurrency\":20,\"reason\":\"they allow 20\"}");
        assertThat(set.status()).as(set.text()).isEqualTo(200);
        assertThat(http.put("/api/fleet/queues/mail", "{\"concurrency\":4}").status())
                .isEqualTo(200);

        var all = http.get("/api/fleet").json().get("fleet");
        assertThat(all).hasSize(2);
        var kind = all.get(0);
        assertThat(kind.get("of").stringValue()).isEqualTo("kind");
        assertThat(kind.get("name").stringValue()).isEqualTo("echo");
        assertThat(kind.get("concurrency").intValue()).isEqualTo(20);
        assertThat(kind.get("coded").booleanValue()).isFalse();
        assertThat(kind.get("running").intValue()).isZero();
        assertThat(all.get(1).get("of").stringValue()).isEqualTo("queue");
        assertThat(http.get("/api/limits").json().get("limits")).hasSize(2);

        for (var path : new String[] {"/api/fleet/kinds/echo?reason=as+it+was", "/api/fleet/queues/mail"})
            assertThat(http.send("DELETE", path).json().get("before").booleanValue())
                    .isTrue();
        assertThat(http.send("DELETE", "/api/fleet/queues/mail")
                        .json()
                        .get("before")
                        .booleanValue())
                .isFalse();
        assertThat(http.get("/api/fleet").json().get("fleet")).isEmpty();
    }

    @Test
    void what_can_not_be_understood_is_refused() {
        refused(http.post("/api/pauses", "{}"), "by one of queue, kind, schedule, tenant, key and limit");
        refused(http.post("/api/pauses", "{\"queue\":\"a\",\"kind\":\"b\"}"), "by one of");
        refused(http.post("/api/pauses", "{\"node\":\"a\"}"), "\"node\", which is not known");
        refused(http.post("/api/pauses", "{\"queue\":7}"), "must be a text");
        refused(http.post("/api/pauses", "{\"queue\":\"A\"}"), "can't be called");
        refused(http.post("/api/pauses", "{\"key\":{\"queue\":\"sync\"}}"), "The key has no values");
        refused(http.post("/api/pauses", "{\"key\":{\"queue\":\"sync\",\"by\":[]}}"), "has no values");
        refused(http.post("/api/pauses", "{\"limit\":\"shop\"}"), "The limit is not an object");
        refused(http.send("DELETE", "/api/pauses?scope=tenant"), "takes its scope and its name");
        refused(http.send("DELETE", "/api/pauses?scope=node&name=a"), "There is no pause of a \"node\"");
        refused(http.send("DELETE", "/api/pauses?scope=key&name=sync"), "names no key");
        refused(http.put("/api/limits/shop", "{}"), "Nothing is said of the limit shop");
        refused(http.put("/api/limits/shop", "{\"concurrency\":0}"), "It is 1 to 100,000");
        refused(http.put("/api/limits/shop", "{\"weight\":2}"), "\"weight\", which is not known");
        refused(http.put("/api/kinds/echo", "{}"), "The kind has no concurrency");
        refused(http.put("/api/fleet/queues/mail", "{}"), "The queue has no concurrency");
        refused(http.put("/api/fleet/kinds/echo", "{\"concurrency\":0}"), "It is 1 to 1,000,000. To let nothing start");
        refused(http.put("/api/fleet/kinds/Echo", "{\"concurrency\":1}"), "can't be called");
    }

    private static void refused(HttpFixture.Answer answer, String why) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains(why);
    }
}
