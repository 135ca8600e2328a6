-- An output file may outlive its crawl. Its row stays, and tells that the pages in it were forgotten on purpose.

ALTER TABLE export
    DROP CONSTRAINT export_crawl_fkey;
