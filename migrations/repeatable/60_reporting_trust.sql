-- How far the data can be trusted, and what the words mean.

CREATE OR REPLACE VIEW reporting.data_freshness AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, t.last_observed_at,
  extract(epoch FROM clock_timestamp() - t.last_observed_at)::double precision AS age_seconds, pass.stale_after_seconds,
  coalesce(last_try.error_code = 'not_asked', false) AS is_left_out,
  CASE WHEN last_try.error_code = 'not_asked' THEN NULL
    ELSE coalesce(clock_timestamp() - t.last_observed_at > make_interval(secs => pass.stale_after_seconds), true)
  END AS is_stale,
  last_try.observed_at AS last_try_at, last_try.status AS last_try_status, last_try.error_code AS last_try_error_code
FROM allo.teammates t
LEFT JOIN LATERAL (
  SELECT status, observed_at, error_code FROM allo.sync_reads WHERE user_id = t.user_id ORDER BY observed_at DESC LIMIT 1
) last_try ON true
CROSS JOIN LATERAL (
  SELECT coalesce((SELECT stale_after_seconds FROM allo.sync_passes
    WHERE team_id = t.team_id AND stale_after_seconds IS NOT NULL ORDER BY started_at DESC LIMIT 1), 900) AS stale_after_seconds
) pass
WHERE t.is_listed OR t.left_at IS NULL;

CREATE OR REPLACE VIEW reporting.coverage_gaps AS
SELECT g.team_id, g.user_id, t.name AS teammate_name, g.gap_from, g.gap_to, false AS is_open,
  extract(epoch FROM g.gap_to - g.gap_from)::double precision AS gap_seconds, g.reason
FROM allo.reading_gaps g
LEFT JOIN allo.teammates t USING (user_id)
UNION ALL
SELECT g.team_id, g.user_id, t.name, g.gap_from, NULL, true,
  extract(epoch FROM g.gap_to - g.gap_from)::double precision, g.reason
FROM allo.open_gaps g
LEFT JOIN allo.teammates t USING (user_id);

CREATE OR REPLACE VIEW reporting.sync_passes AS
SELECT p.team_id, p.pass_id, p.trigger, p.status, p.started_at, p.finished_at,
  extract(epoch FROM p.finished_at - p.started_at)::double precision AS duration_seconds, p.is_whole_team, p.teammates,
  r.teammates_read, r.teammates_failed, r.numbers_read, r.numbers_added, r.numbers_changed, r.numbers_moved, r.numbers_removed,
  p.requests, p.throttled AS throttled_requests, p.throttled_ms / 1000.0::double precision AS throttled_seconds,
  p.error_code, p.error_message, p.version
FROM allo.sync_passes p
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE status IN ('ok', 'no_queue')) AS teammates_read,
    count(*) FILTER (WHERE status NOT IN ('ok', 'no_queue') AND error_code IS DISTINCT FROM 'not_asked') AS teammates_failed,
    sum(numbers_stored) AS numbers_read, sum(added) AS numbers_added, sum(changed) AS numbers_changed,
    sum(moved) AS numbers_moved, sum(removed) AS numbers_removed
  FROM allo.sync_reads WHERE pass_id = p.pass_id
) r;

CREATE OR REPLACE VIEW reporting.data_quality AS
SELECT team_id, check_name, severity, checked, failing, status, sentence, checked_at FROM allo.quality_results;

CREATE OR REPLACE VIEW reporting.outcome_definitions AS
SELECT d.priority, d.outcome, d.rule, d.meaning, d.outcome <> 'remaining' AS is_dialled,
  allo.is_resolved(d.outcome) AS is_resolved, allo.is_connected(d.outcome) AS is_connected,
  allo.is_picked_up(d.outcome) AS is_picked_up, d.is_our_reading, 1 AS definition_version
FROM (VALUES
  (1, 'voicemail', 'detected_outbound_voicemail or voicemail_left is true, or routing_result is VOICEMAIL',
    'A machine answered, or a message was left.', false),
  (2, 'not_reached', 'not_reached_destination_reason is set', 'Nobody answered, or the line was busy.', false),
  (3, 'failed', 'routing_result is FAILED, FAILED_EXTERNAL or BLOCKED', 'The call could not be placed.', true),
  (4, 'connected', 'routing_result is ANSWERED, TRANSFERRED_EXTERNAL, TRANSFERRED_BLAND or TRANSFERRED_ELEVEN_LABS',
    'A person answered.', true),
  (5, 'other', 'routing_result is any other word (RECEIVED, CLOSED, words to come)',
    'The call has a result that Allo does not explain.', true),
  (6, 'in_progress', 'call_start_date or call_id is set, and nothing else',
    'Dialled; no result yet, or none was seen before the number left.', false),
  (7, 'remaining', 'none of these is set', 'Not dialled.', false)
) d(priority, outcome, rule, meaning, is_our_reading);

CREATE OR REPLACE VIEW reporting.data_dictionary AS
SELECT n.nspname::text AS schema_name, c.relname::text AS view_name, a.attname::text AS column_name, a.attnum::int AS position,
  format_type(a.atttypid, a.atttypmod) AS data_type, col_description(c.oid, a.attnum) AS meaning,
  obj_description(c.oid, 'pg_class') AS view_meaning
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('v', 'm')
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('reporting', 'reporting_pii');
