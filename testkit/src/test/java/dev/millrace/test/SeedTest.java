package dev.millrace.test;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Retry;
import dev.millrace.test.Shop.Remind;
import dev.millrace.test.Shop.SendInvoice;
import dev.millrace.test.Shop.Unreachable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SeedTest {

    @Test
    void the_same_seed_is_the_same_story() {
        for (long seed = 1; seed <= 5; seed++) assertThat(story(seed)).isEqualTo(story(seed));
    }

    @Test
    void other_seeds_are_other_stories() {
        var stories = new HashSet<List<String>>();
        for (long seed = 1; seed <= 5; seed++) stories.add(story(seed));

        assertThat(stories).hasSize(5);
    }

    /** Three nodes, failures, crashes, work that takes time: who ran what, and when. */
    private static List<String> story(long seed) {
        var story = new ArrayList<String>();
        try (var millrace = TestMillrace.withOptions(o -> o.seed(seed))) {
            for (int i = 1; i <= 3; i++) {
                var name = "node-" + i;
                millrace.node()
                        .name(name)
                        .slots(4)
                        .handle(Remind.class, (job, attempt) -> {
                            story.add("%s %s reminds %d (%d)"
                                    .formatted(millrace.now(), name, job.order(), attempt.number()));
                            millrace.sleep(ofMillis(10 * job.order()));
                            if (job.order() % 5 == attempt.number()) throw new Unreachable();
                            if (job.order() == 7) attempt.enqueue(new SendInvoice(7));
                        })
                        .retry(Retry.exponential(ofMinutes(1)))
                        .handle(SendInvoice.class, job -> {
                            story.add("%s %s sends %d".formatted(millrace.now(), name, job.order()));
                            return new Shop.Receipt("R");
                        })
                        .onEvent(event -> story.add("%s %s".formatted(millrace.now(), event)))
                        .start();
            }
            millrace.crashAfter("send-invoice");
            millrace.crashBefore("remind");
            millrace.enqueueAll(LongStream.range(0, 30).mapToObj(Remind::new));
            millrace.advance(ofHours(3));
        }
        return story;
    }
}
