-- Until now unknown fields were kept as they came, and could hold phone numbers that nothing would find and erase.
-- The next reading of a queue that goes on writes what may be kept; with digests emptied, it sees that something differs.
WITH emptied AS (
  UPDATE allo.queue_numbers SET extra = NULL, row_digest = 0 WHERE extra IS NOT NULL RETURNING queue_id
)
UPDATE allo.queues SET content_digest = '' WHERE queue_id IN (SELECT queue_id FROM emptied);--> statement-breakpoint
UPDATE allo.queues SET extra = NULL WHERE extra IS NOT NULL;--> statement-breakpoint
UPDATE allo.teammates SET extra = NULL WHERE extra IS NOT NULL;--> statement-breakpoint
-- Of results and settings only words are kept from now on (src/allo/record.ts): what else is stored is rewritten alike, or
-- the next reading would see changes that did not happen. A word has three digits at most.
DO $$
DECLARE
  place record;
BEGIN
  FOR place IN SELECT * FROM (VALUES
    ('queue_numbers', 'routing_result'), ('queue_numbers', 'sync_status'), ('queue_numbers', 'not_reached_destination_reason'),
    ('queue_number_versions', 'routing_result'), ('queue_number_versions', 'sync_status'),
    ('queue_number_versions', 'not_reached_destination_reason'),
    ('dials', 'routing_result'), ('dials', 'not_reached_destination_reason'),
    ('queues', 'voicemail_handling'), ('queues', 'do_not_disturb'),
    ('queue_versions', 'voicemail_handling'), ('queue_versions', 'do_not_disturb'),
    ('teammates', 'role'), ('teammates', 'status')) AS of_words (relation, field)
  LOOP
    EXECUTE format('UPDATE allo.%1$I SET %2$I = ''[not a word]''
      WHERE %2$I !~ ''^[A-Za-z0-9_]{1,40}$'' OR %2$I ~ ''([0-9][^0-9]*){4}''', place.relation, place.field);
  END LOOP;
END $$;--> statement-breakpoint
-- The planner keeps samples of what stood in the columns.
ANALYZE allo.queue_numbers, allo.queue_number_versions, allo.dials, allo.queues, allo.queue_versions, allo.teammates;
