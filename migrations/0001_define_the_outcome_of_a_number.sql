-- The one place that says what became of a number. First match wins; every combination has exactly one outcome,
-- values the API may still invent included. Kept inlinable: plain SQL, one expression, no settings of its own.
CREATE FUNCTION allo.number_outcome(
  detected_outbound_voicemail boolean,
  voicemail_left boolean,
  routing_result text,
  not_reached_destination_reason text,
  call_start_date timestamptz,
  call_id text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN detected_outbound_voicemail OR voicemail_left OR routing_result = 'VOICEMAIL' THEN 'voicemail'
    WHEN not_reached_destination_reason IS NOT NULL THEN 'not_reached'
    WHEN routing_result IN ('FAILED', 'FAILED_EXTERNAL', 'BLOCKED') THEN 'failed'
    WHEN routing_result IN ('ANSWERED', 'TRANSFERRED_EXTERNAL', 'TRANSFERRED_BLAND', 'TRANSFERRED_ELEVEN_LABS')
      THEN 'connected'
    WHEN routing_result IS NOT NULL THEN 'other'
    WHEN call_start_date IS NOT NULL OR call_id IS NOT NULL THEN 'in_progress'
    ELSE 'remaining'
  END
$$;
--> statement-breakpoint
COMMENT ON FUNCTION allo.number_outcome IS
  'Outcome of a number from the API''s fields, definition 1. One of voicemail, not_reached, failed, connected, other, in_progress, remaining; the first rule that matches wins. sync_status is contact creation and never counts.';
--> statement-breakpoint
-- Reservations are worth one second. Unlogged, they cost the customer''s database no WAL; after a crash the table
-- is empty and the first reservation waits that second (read-budget.ts).
ALTER TABLE allo.read_slots SET UNLOGGED;
--> statement-breakpoint
-- Rows updated at every reading or reservation: room on the page keeps these updates off the indexes.
ALTER TABLE allo.read_slots SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE allo.queues SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE allo.teammates SET (fillfactor = 50);
