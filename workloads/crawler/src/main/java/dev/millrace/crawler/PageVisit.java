package dev.millrace.crawler;

import dev.millrace.crawler.Finding.Item;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Gathers what a page handler says. */
final class PageVisit implements Visit {

    private final Plan plan;
    private final CrawlUrl page;
    private final int depth;
    private final List<CrawlUrl> links;
    private final Set<CrawlUrl> followed = new LinkedHashSet<>();
    private final List<Item> items = new ArrayList<>();

    PageVisit(Plan plan, CrawlUrl page, int depth, List<CrawlUrl> links) {
        this.plan = plan;
        this.page = page;
        this.depth = depth;
        this.links = links;
    }

    @Override
    public void save(Object value) {
        items.add(new Item(value.getClass().getSimpleName(), plan.json().writeValueAsString(value)));
    }

    @Override
    public void followAll() {
        followed.addAll(links);
    }

    @Override
    public boolean follow(String link) {
        if (!(plan.parser().resolve(page, link) instanceof Valid(var url))) return false;
        if (!plan.scope().admit(url, depth + 1).isIn()) return false;
        followed.add(url);
        return true;
    }

    @Override
    public int depth() {
        return depth;
    }

    List<CrawlUrl> followed() {
        return List.copyOf(followed);
    }

    List<Item> items() {
        return List.copyOf(items);
    }
}
