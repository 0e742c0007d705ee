-- The outcome of a number. The first rule that matches applies. Every combination of fields, also with unknown values,
-- has exactly one outcome. The body is one expression without settings, so that Postgres inlines it.
CREATE OR REPLACE FUNCTION allo.number_outcome(
  detected_outbound_voicemail boolean,
  voicemail_left boolean,
  routing_result text,
  not_reached_destination_reason text,
  call_start_date timestamptz,
  call_id text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN detected_outbound_voicemail OR voicemail_left OR routing_result = 'VOICEMAIL' THEN 'voicemail'
  WHEN not_reached_destination_reason IS NOT NULL THEN 'not_reached'
  WHEN routing_result IN ('FAILED', 'FAILED_EXTERNAL', 'BLOCKED') THEN 'failed'
  WHEN routing_result IN ('ANSWERED', 'TRANSFERRED_EXTERNAL', 'TRANSFERRED_BLAND', 'TRANSFERRED_ELEVEN_LABS')
    THEN 'connected'
  WHEN routing_result IS NOT NULL THEN 'other'
  WHEN call_start_date IS NOT NULL OR call_id IS NOT NULL THEN 'in_progress'
  ELSE 'remaining'
END;
COMMENT ON FUNCTION allo.number_outcome IS
  'Outcome of a number from the API''s fields, definition 1: voicemail, not_reached, failed, connected, other, in_progress or remaining. The first rule that matches applies. sync_status is about the creation of the contact and never counts.';
