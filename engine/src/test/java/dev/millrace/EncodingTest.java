package dev.millrace;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Encoding.Damaged;
import dev.millrace.Encoding.Opened;
import dev.millrace.store.Payload;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** How texts are stored: forms, keys, and what is said where one can't be read. */
class EncodingTest {

    private static final String ORDER = "{\"order\":42}";

    private final EncryptionKey may = key("2025-05", 77);
    private final EncryptionKey november = key("2025-11", 0);
    private final Encoding encrypting =
            new Encoding(false, KeyRing.writing(november).alsoReading(may));
    private final Encoding compressing = new Encoding(true, null);
    private final Encoding both = new Encoding(true, KeyRing.writing(november));

    private static EncryptionKey key(String id, int first) {
        return EncryptionKey.of(id, bytes(first, 32));
    }

    private static byte[] bytes(int first, int count) {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte) (first + i);
        return bytes;
    }

    /** JSON that can be made smaller. */
    private static String longText(int numbers) {
        return IntStream.range(0, numbers).boxed().toList().toString();
    }

    // ---- encryption

    @Test
    void an_encrypted_text_is_json_that_names_its_key_and_tells_nothing_else() {
        var stored = encrypting.stored(ORDER);

        assertThat(stored)
                .startsWith("{\"$millrace\":\"encrypted:1:2025-11:plain:")
                .endsWith("\"}")
                .doesNotContain("order")
                .doesNotContain("42");
        assertThat(encrypting.opened(stored)).isEqualTo(new Opened(ORDER, "2025-11"));
    }

    @Test
    void the_same_text_is_encrypted_to_another_one_each_time() {
        var stored = Stream.generate(() -> encrypting.stored(ORDER)).limit(100).toList();

        assertThat(stored).doesNotHaveDuplicates();
        assertThat(stored.stream().map(text -> text.substring(0, 56))) // the salts
                .doesNotHaveDuplicates();
    }

    @Test
    void what_is_kept_under_a_name_is_encrypted_to_the_same_text_for_the_same_name_and_text_only() {
        for (var text : List.of(ORDER, longText(1_000))) {
            var one = both.repeatable("nightly", both.stored(text));

            assertThat(both.repeatable("nightly", both.stored(text))).isEqualTo(one);
            assertThat(both.repeatable("daily", both.stored(text))).isNotEqualTo(one);
            assertThat(both.repeatable("nightly", both.stored(text + " "))).isNotEqualTo(one);
            assertThat(encrypting.repeatable("nightly", encrypting.stored(text)))
                    .isEqualTo(encrypting.repeatable("nightly", encrypting.stored(text)));
            assertThat(both.opened(one)).isEqualTo(new Opened(text, "2025-11"));
            assertThat(encrypting.opened(one)).isEqualTo(new Opened(text, "2025-11"));
        }
        assertThat(compressing.repeatable("nightly", ORDER)).isEqualTo(ORDER);
    }

    @Test
    void a_store_tells_what_is_compressed_or_encrypted_from_what_is_not() {
        for (var encoded : List.of(
                encrypting.stored(ORDER),
                compressing.stored(longText(1_000)),
                Encoding.PLAIN.stored("{\"$millrace\":1}"),
                "\n{ \"$millrace\" : \"encrypted:1:may:plain:\" }"))
            assertThat(new Payload.Text(encoded).isEncoded())
                    .as(encoded)
                    .isTrue()
                    .isEqualTo(Envelope.isOne(encoded));
        for (var plain : List.of(ORDER, "{\"note\":\"$millrace\"}", "{}", "", "{\"$mill\":1}"))
            assertThat(new Payload.Text(plain).isEncoded()).as(plain).isFalse().isEqualTo(Envelope.isOne(plain));
    }

    @Test
    void what_was_stored_once_can_be_read_for_ever() {
        // Made by another program from what the guide says of the form.
        assertThat(
                        encrypting.opened(
                                "{\"$millrace\":\"encrypted:1:2025-11:plain:ZGVmZ2hpamtsbW5vyMnKy8zNzs/Q0dLTi5kuqZNP0vNNMVIKUXBVlYhbwxD/XmFMatTOQg==\"}"))
                .isEqualTo(new Opened(ORDER, "2025-11"));
        assertThat(
                        encrypting.opened(
                                "{\"$millrace\":\"encrypted:1:2025-11:deflated:ZGVmZ2hpamtsbW5vyMnKy8zNzs/Q0dLTiCfqjT0F6phaV9JFmYeIVmGgQlCCPCWRQx5lMNEm4osVFlKR\"}"))
                .isEqualTo(new Opened(ORDER, "2025-11"));
        assertThat(encrypting.digest(ORDER))
                .isEqualTo("hmac-sha256:2025-11:bec8f9321fe51de4c4a072319880a505b4f401c436d2c99b5a78bb43df21d62d");
    }

    @Test
    void white_space_that_a_database_adds_to_json_does_not_matter() {
        var stored = encrypting.stored(ORDER).replace(":\"", " : \"").replace("{", " { ");

        assertThat(encrypting.opened(stored).text()).isEqualTo(ORDER);
    }

    @Test
    void texts_of_before_and_of_other_languages_are_read_as_they_are() {
        assertThat(both.opened(ORDER)).isEqualTo(new Opened(ORDER, null));
        assertThat(Encoding.PLAIN.stored(ORDER)).isEqualTo(ORDER);
    }

    @Test
    void a_ring_reads_with_all_its_keys_and_writes_with_one() {
        var before = new Encoding(false, KeyRing.writing(may));
        var after = new Encoding(false, KeyRing.writing(november).alsoReading(may));

        assertThat(after.opened(before.stored(ORDER))).isEqualTo(new Opened(ORDER, "2025-05"));
        assertThat(after.opened(after.stored(ORDER))).isEqualTo(new Opened(ORDER, "2025-11"));
    }

    @Test
    void a_ring_that_only_reads_writes_in_the_clear() {
        var onlyReading = new Encoding(false, KeyRing.onlyReading(november));

        assertThat(onlyReading.stored(ORDER)).isEqualTo(ORDER);
        assertThat(onlyReading.opened(encrypting.stored(ORDER)).text()).isEqualTo(ORDER);
    }

    @Test
    void an_unknown_key_is_named_with_those_that_are_known_and_what_to_do() {
        var stored = encrypting.stored(ORDER);

        assertThatThrownBy(() -> new Encoding(false, KeyRing.writing(may)).opened(stored))
                .isInstanceOfSatisfying(
                        UnknownEncryptionKey.class,
                        unknown -> assertThat(unknown.keyId()).isEqualTo("2025-11"))
                .hasMessage(
                        "It was encrypted with key 2025-11, which this process does not know; it knows 2025-05. Add it to the key ring, alsoReading(…), and start the process again.");
        assertThatThrownBy(() -> Encoding.PLAIN.opened(stored))
                .isInstanceOf(UnknownEncryptionKey.class)
                .hasMessageStartingWith("It was encrypted with key 2025-11, and this process has no keys.")
                .hasMessageContaining("PostgresStore.json().encrypted(ring)")
                .hasMessageContaining("--payload-key-file");
    }

    @Test
    void a_text_of_which_one_character_was_changed_does_not_open() {
        var stored = encrypting.stored(ORDER);

        for (int i = stored.indexOf("plain:") + 6; i < stored.length() - 5; i++) {
            var changed = new StringBuilder(stored);
            changed.setCharAt(i, stored.charAt(i) == 'A' ? 'B' : 'A');
            assertThatThrownBy(() -> encrypting.opened(changed.toString()))
                    .as("character %d", i)
                    .isInstanceOf(Damaged.class)
                    .hasMessageStartingWith("It does not open with key 2025-11: it was changed");
        }
    }

    @Test
    void what_is_said_in_front_of_an_encrypted_text_is_authenticated_too() {
        var stored = encrypting.stored(ORDER);
        var otherName = new Encoding(false, KeyRing.writing(EncryptionKey.of("other", bytes(0, 32))));

        assertThatThrownBy(() -> encrypting.opened(stored.replace(":plain:", ":deflated:")))
                .isInstanceOf(Damaged.class);
        assertThatThrownBy(() -> otherName.opened(stored.replace("2025-11", "other")))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("another key of that name");
    }

    @Test
    void a_text_that_was_cut_off_says_so() {
        assertThatThrownBy(() -> encrypting.opened("{\"$millrace\":\"encrypted:1:2025-11:plain:QUJD\"}"))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("its end is missing");
        assertThatThrownBy(() -> encrypting.opened(encrypting.stored(ORDER).substring(0, 60)))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("and is none");
        assertThatThrownBy(() -> encrypting.opened("{\"$millrace\":\"encrypted:1:2025-11:plain:=A=\"}"))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("and is none");
    }

    @Test
    void a_form_of_a_later_version_is_not_guessed_at() {
        assertThatThrownBy(() -> both.opened("{\"$millrace\":\"encrypted:2:2025-11:QUJD\"}"))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("does not know: encrypted:2:2025-11:QUJD. A newer one wrote it");
    }

    @Test
    void half_of_a_character_is_refused_and_not_lost() {
        assertThatThrownBy(() -> encrypting.stored("\"\ud83d\""))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("half of a surrogate pair");
        assertThat(encrypting.opened(encrypting.stored("\"\ud83d\ude00\"")).text())
                .isEqualTo("\"\ud83d\ude00\"");
    }

    // ---- compression

    @Test
    void a_long_text_is_deflated_and_read_by_everyone() {
        var text = longText(2_000);
        var stored = compressing.stored(text);

        assertThat(stored).startsWith("{\"$millrace\":\"deflated:1:").hasSizeLessThan(text.length() * 2 / 3);
        assertThat(Encoding.PLAIN.opened(stored)).isEqualTo(new Opened(text, null));
        assertThat(encrypting.opened(stored).text()).isEqualTo(text);
    }

    @Test
    void a_short_text_and_one_that_would_not_become_smaller_stay_as_they_are() {
        var random = "\""
                + Base64.getEncoder()
                        .encodeToString(new Encoding(false, KeyRing.writing(may))
                                .stored(longText(500))
                                .getBytes(US_ASCII))
                + "\"";
        var sealed = both.stored(ORDER);

        assertThat(compressing.stored("[" + "1,".repeat(400) + "1]")).startsWith("[1,1");
        assertThat(sealed).contains(":plain:");
        assertThat(compressing.opened(compressing.stored(random)).text()).isEqualTo(random);
        assertThat(compressing.stored(random).length()).isLessThanOrEqualTo(random.length());
    }

    @Test
    void a_text_is_compressed_before_it_is_encrypted() {
        var text = longText(2_000);
        var stored = both.stored(text);

        assertThat(stored).startsWith("{\"$millrace\":\"encrypted:1:2025-11:deflated:");
        assertThat(stored.length()).isLessThan(text.length() * 2 / 3);
        assertThat(encrypting.opened(stored).text()).isEqualTo(text);
    }

    @Test
    void a_text_that_unfolds_without_end_is_refused() {
        var bomb = compressing.stored("0".repeat(Bounds.COMPRESSED_BYTES + 1));

        assertThatThrownBy(() -> compressing.opened(bomb))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("unfolds into more than");
        assertThatThrownBy(() -> compressing.opened("{\"$millrace\":\"deflated:1:QUJD\"}"))
                .isInstanceOf(Damaged.class)
                .hasMessageContaining("can't be unfolded");
    }

    // ---- a user's text that looks like one of ours

    @Test
    void a_text_that_begins_as_a_stored_one_comes_back_as_it_was() {
        var foreign = encrypting.stored("{\"amount\":1}");

        for (var encoding : new Encoding[] {Encoding.PLAIN, compressing, encrypting, both}) {
            var stored = encoding.stored(foreign);
            assertThat(stored).isNotEqualTo(foreign);
            assertThat(encoding.opened(stored).text())
                    .as("the text, and not what it would open to")
                    .isEqualTo(foreign);
        }
    }

    // ---- what is shown

    @Test
    void a_text_is_shown_where_its_key_is_and_a_note_where_it_is_not() {
        var stored = encrypting.stored(ORDER);

        assertThat(encrypting.shown(stored)).isEqualTo(ORDER);
        assertThat(encrypting.shown(ORDER)).isEqualTo(ORDER);
        assertThat(Encoding.PLAIN.shown(stored)).isEqualTo("{\"$millrace\":\"encrypted with key 2025-11, 12 bytes\"}");
        assertThat(Encoding.PLAIN.shown(compressing.stored(longText(2_000)))).isEqualTo(longText(2_000));
    }

    @Test
    void a_note_says_that_a_text_was_changed() {
        var stored = encrypting.stored(ORDER);

        assertThat(encrypting.shown(stored.replace(":plain:", ":deflated:")))
                .isEqualTo(
                        "{\"$millrace\":\"encrypted with key 2025-11, 12 bytes; changed since, or this process knows another key of that name\"}");
        assertThat(encrypting.shown("{\"$millrace\":\"what\"}"))
                .contains("does not know: what")
                .endsWith("\"}");
    }

    // ---- what is compared

    @Test
    void a_digest_is_the_same_for_the_same_text_and_tells_nothing_without_the_key() {
        assertThat(encrypting.digest(ORDER)).isEqualTo(encrypting.digest(ORDER)).startsWith("hmac-sha256:2025-11:");
        assertThat(encrypting.digest(ORDER)).isNotEqualTo(encrypting.digest("{\"order\":43}"));
        assertThat(new Encoding(false, KeyRing.writing(key("2025-11", 1))).digest(ORDER))
                .isNotEqualTo(encrypting.digest(ORDER));
        assertThat(compressing.digest(ORDER)).isEqualTo(Words.sha256(ORDER));
    }

    @Test
    void the_same_text_is_recognised_before_and_after_a_key_was_changed_and_before_there_was_one() {
        var clear = Encoding.PLAIN;
        var first = new Encoding(false, KeyRing.writing(may).alsoReading(november));

        assertThat(encrypting.digestsElsewhere(ORDER)).contains(clear.digest(ORDER), first.digest(ORDER));
        assertThat(first.digestsElsewhere(ORDER)).contains(encrypting.digest(ORDER));
        assertThat(new Encoding(false, KeyRing.onlyReading(may)).digestsElsewhere(ORDER))
                .containsExactly(first.digest(ORDER));
        assertThat(clear.digestsElsewhere(ORDER)).isEmpty();
    }

    // ---- keys

    @Test
    void a_key_is_32_bytes_however_it_is_given() {
        var base64 = Base64.getEncoder().encodeToString(bytes(240, 32));
        var addresses = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes(240, 32));
        var stored = new Encoding(false, KeyRing.writing(key("a", 240))).stored(ORDER);

        for (var key : new EncryptionKey[] {
            EncryptionKey.of("a", " " + base64 + "\n"),
            EncryptionKey.of("a", addresses),
            EncryptionKey.of("a", new SecretKeySpec(bytes(240, 32), "AES"))
        })
            assertThat(new Encoding(false, KeyRing.writing(key)).opened(stored).text())
                    .isEqualTo(ORDER);
        assertThatThrownBy(() -> EncryptionKey.of("a", bytes(0, 16)))
                .hasMessage(
                        "The encryption key a has 16 bytes, and AES-256 takes 32. Make one with: openssl rand -base64 32");
        assertThatThrownBy(() -> EncryptionKey.of("a", "not base 64!")).hasMessageContaining("is not Base64");
    }

    @Test
    void no_message_and_no_text_for_people_tells_a_key() {
        var secret = Base64.getEncoder().encodeToString(bytes(7, 32));
        var key = EncryptionKey.of("2025-11", secret);

        assertThat(key).hasToString("encryption key 2025-11");
        assertThat(KeyRing.writing(key).alsoReading(may))
                .hasToString("key ring that writes with 2025-11, and reads with 2025-11, 2025-05");
        assertThat(KeyRing.onlyReading(key)).hasToString("key ring that writes in the clear, and reads with 2025-11");
        assertThatThrownBy(() -> EncryptionKey.of(secret, "2025-11"))
                .hasMessageContaining("comes before the key")
                .hasMessageNotContaining(secret.substring(0, 10));
        for (var text : new String[] {secret + " 2025-11", secret, "2025-11 " + secret + "x", "a b c"})
            assertThatThrownBy(() -> KeyRing.parse("# keys\n" + text))
                    .hasMessageStartingWith("Line 2 of the encryption keys")
                    .hasMessageNotContaining(secret.substring(0, 10));
    }

    @Test
    void a_ring_is_read_from_lines_of_which_the_first_key_writes() {
        var ring = KeyRing.parse("""
                # made in November

                2025-11 %s
                  2025-05   %s
                """.formatted(
                        Base64.getEncoder().encodeToString(bytes(0, 32)),
                        Base64.getEncoder().encodeToString(bytes(77, 32))));

        assertThat(ring).hasToString("key ring that writes with 2025-11, and reads with 2025-11, 2025-05");
        assertThat(new Encoding(false, ring).opened(encrypting.stored(ORDER)).text())
                .isEqualTo(ORDER);
        assertThatThrownBy(() -> KeyRing.parse("\n# nothing\n")).hasMessageContaining("no encryption keys");
    }

    @Test
    void a_name_stands_for_one_key() {
        assertThatThrownBy(() -> KeyRing.writing(may).alsoReading(key("2025-05", 1)))
                .hasMessageContaining("two encryption keys 2025-05");
        assertThatThrownBy(KeyRing::onlyReading).hasMessageContaining("without keys");
    }
}
