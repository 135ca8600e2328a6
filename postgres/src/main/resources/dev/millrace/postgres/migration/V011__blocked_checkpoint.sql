-- A checkpoint waits for an earlier delivery of its job that has written one into a transaction still open. It waited as long as a statement may,
-- 30 s, and marks, timers and cancels of its node with it. As before, with a short wait: the node asks again later. In a handler's own
-- transaction only that handler waits, a little longer.

ALTER FUNCTION write_checkpoint(UUID, INT, INT, BIGINT, UUID, INT, INT, TEXT) SET lock_timeout = '200ms';
ALTER FUNCTION read_checkpoint(UUID, INT, UUID, INT, INT) SET lock_timeout = '200ms';
ALTER FUNCTION checkpoint_in(UUID, INT, INT, BIGINT, UUID, INT, INT, TEXT) SET lock_timeout = '1s';
