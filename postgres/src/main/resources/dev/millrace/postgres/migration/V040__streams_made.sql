-- Nodes hear of streams that are made: what was enqueued into a queue's new keyed or side shards waited until their list of streams was a second old. Other builds
-- than those that know it take it for work of a queue that nobody has.
CREATE FUNCTION tell_of_streams() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
BEGIN
    PERFORM pg_notify(current_schema() || '_wake', '+' || m.queue) FROM (SELECT DISTINCT queue FROM made) m;
    RETURN NULL;
END $$;

CREATE TRIGGER made AFTER INSERT ON stream REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION tell_of_streams();
