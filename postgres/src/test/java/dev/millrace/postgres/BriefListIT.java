package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.JobView;
import dev.millrace.store.Records.Query;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class BriefListIT {

    @Test
    void a_brief_list_is_the_whole_one_without_payloads_and_results() {
        try (var server = TestServer.embedded();
                var bench = new Workbench(server, "brief", UnaryOperator.identity())) {
            bench.enqueue(3);
            var whole = bench.storage.list(new Query(null, null, null, null, 10, false));
            var brief = bench.storage.list(new Query(null, null, null, null, 10, true));

            assertThat(whole).hasSize(3).allMatch(job -> "{}".equals(job.payload()));
            assertThat(brief).isEqualTo(whole.stream().map(JobView::brief).toList());
        }
    }
}
