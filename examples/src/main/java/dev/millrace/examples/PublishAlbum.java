package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Reduce;
import dev.millrace.Result;
import dev.millrace.Result.Cancelled;
import dev.millrace.Result.Completed;
import dev.millrace.Result.Discarded;
import dev.millrace.Result.Pending;
import dev.millrace.Retry;
import java.util.stream.Stream;

/** Shows a batch: the thumbnails of an album, some of which can't be made, and a job that publishes the others when the last one has ended. */
final class PublishAlbum {

    @Kind("thumbnail")
    record Thumbnail(String image) implements Job<String> {}

    @Kind("publish")
    record Publish(String album) implements Reduce<String, String> {}

    private PublishAlbum() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            var images = Stream.of("forum.png", "pantheon.bmp", "trevi.png", "ostia.tif");
            var rome = millrace.batch(images.map(Thumbnail::new), new Publish("Rome"));
            System.out.println("The album waits for " + rome.view().open() + " thumbnails: " + rome.state());
            rome.add(Stream.of(new Thumbnail("tiber.png")));

            millrace.node()
                    .handle(Thumbnail.class, PublishAlbum::scale)
                    .retry(Retry.none())
                    .reduce(Publish.class, (job, parts, attempt) -> {
                        parts.failed()
                                .forEach(part -> System.out.println(
                                        "Left out number " + part.number() + ": " + told(part.result())));
                        return job.album() + ": "
                                + String.join(", ", parts.values().toList());
                    })
                    .start();
            System.out.println(rome.get(ofSeconds(10)));

            var view = rome.view();
            System.out.println(
                    view.completed() + " of " + view.parts() + " were made, " + view.discarded() + " were not");
        }
    }

    private static String scale(Thumbnail job) {
        var image = job.image();
        if (!image.endsWith(".png")) throw new IllegalArgumentException(image + " is no PNG");
        return image.replace(".png", "-small.png");
    }

    private static String told(Result<String> result) {
        return switch (result) {
            case Completed(var thumbnail) -> thumbnail;
            case Cancelled(var reason) -> "cancelled: " + reason;
            case Discarded(var failure) -> failure.message();
            case Pending(var state) -> "still " + state;
        };
    }
}
