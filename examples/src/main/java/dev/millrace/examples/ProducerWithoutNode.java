package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobId;
import dev.millrace.Kind;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresStore;
import javax.sql.DataSource;

/** Shows a process that only enqueues: it needs the record, not the handler. Another one, started later, does the work. */
final class ProducerWithoutNode {

    @Kind("resize-image")
    record ResizeImage(String file, int width) implements Job<String> {}

    private ProducerWithoutNode() {}

    public static void main(String[] args) {
        var dataSource = ExampleDatabase.from(args);
        var job = produce(dataSource);
        work(dataSource, job);
    }

    /** As in a web server. */
    private static JobId produce(DataSource dataSource) {
        try (var millrace = Millrace.on(new PostgresStore(dataSource))) {
            var handle = millrace.enqueue(new ResizeImage("rome.png", 640));
            System.out.println("The producer leaves behind a job that is " + handle.state());
            return handle.id();
        }
    }

    /** As in a worker, after the producer has gone. */
    private static void work(DataSource dataSource, JobId job) {
        // The schema is there: who may not create one uses it like this.
        try (var millrace = Millrace.on(new PostgresStore(dataSource).withoutMigration())) {
            millrace.node()
                    .handle(ResizeImage.class, image -> image.file() + " is now " + image.width() + " wide")
                    .start();
            System.out.println(
                    "The worker: " + millrace.find(ResizeImage.class, job).get(ofSeconds(30)));
        }
    }
}
