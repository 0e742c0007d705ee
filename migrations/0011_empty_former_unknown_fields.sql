-- Until now unknown fields were kept as they came, and could hold phone numbers that nothing would find and erase.
-- The next reading of a queue that goes on writes what may be kept; with digests emptied, it sees that something differs.
WITH emptied AS (
  UPDATE allo.queue_numbers SET extra = NULL, row_digest = 0 WHERE extra IS NOT NULL RETURNING queue_id
)
UPDATE allo.queues SET content_digest = '' WHERE queue_id IN (SELECT queue_id FROM emptied);--> statement-breakpoint
UPDATE allo.queues SET extra = NULL WHERE extra IS NOT NULL;--> statement-breakpoint
UPDATE allo.teammates SET extra = NULL WHERE extra IS NOT NULL;
