-- Whether the data can be trusted, and definitions.

-- The only definition of stale data. The alert, status, the pages, the metrics, the checks and data_freshness use it.
-- Data are stale when judged_age_seconds is greater than the target: promised_seconds, or a process's own FRESHNESS_SLO.
CREATE OR REPLACE VIEW allo.teammate_freshness AS
SELECT t.team_id, t.user_id, t.name, t.last_observed_at, age.age_seconds,
  CASE WHEN last_try.error_code = 'not_asked' THEN NULL
    -- A teammate who came back has old data, but the pass that listed them will read them.
    WHEN t.last_observed_at < last_pass.started_at AND coalesce(last_try.pass_id, 0) < last_pass.pass_id THEN 0
    ELSE age.age_seconds END AS judged_age_seconds,
  promise.stale_after_seconds AS promised_seconds, coalesce(last_try.error_code = 'not_asked', false) AS is_left_out,
  last_try.observed_at AS last_try_at, last_try.status AS last_try_status, last_try.error_code AS last_try_error_code,
  last_try.error_message AS last_try_error_message
FROM allo.teams team
LEFT JOIN LATERAL (
  SELECT stale_after_seconds FROM allo.sync_passes
  WHERE team_id = team.team_id AND finished_at IS NOT NULL AND stale_after_seconds IS NOT NULL ORDER BY started_at DESC LIMIT 1
) promise ON true
LEFT JOIN LATERAL (
  SELECT pass_id, started_at FROM allo.sync_passes
  WHERE team_id = team.team_id AND is_whole_team AND status IN ('ok', 'partial') ORDER BY started_at DESC LIMIT 1
) last_pass ON true
JOIN allo.teammates t ON t.team_id = team.team_id AND (t.is_listed OR t.left_at IS NULL)
LEFT JOIN LATERAL (
  SELECT pass_id, status, observed_at, error_code, error_message FROM allo.sync_reads
  WHERE user_id = t.user_id ORDER BY observed_at DESC LIMIT 1
) last_try ON true
CROSS JOIN LATERAL (
  SELECT greatest(extract(epoch FROM clock_timestamp() - coalesce(t.last_observed_at, t.first_seen_at)), 0)::double precision
    AS age_seconds
) age;
COMMENT ON VIEW allo.teammate_freshness IS 'One row per teammate on the team: the age of their data, and the age that is compared with the freshness target.';
COMMENT ON COLUMN allo.teammate_freshness.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.teammate_freshness.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.teammate_freshness.name IS 'Name of the teammate.';
COMMENT ON COLUMN allo.teammate_freshness.last_observed_at IS 'Observed: end of the last reading that was applied. Null: never read.';
COMMENT ON COLUMN allo.teammate_freshness.age_seconds IS 'Seconds since last_observed_at or, before the first reading, since the teammate was first listed.';
COMMENT ON COLUMN allo.teammate_freshness.judged_age_seconds IS 'Data are stale when this is greater than the freshness target. It is age_seconds, with two exceptions: 0 for a teammate who came back, until a pass over the team has finished; null for a teammate left out by configuration.';
COMMENT ON COLUMN allo.teammate_freshness.promised_seconds IS 'The freshness target that the last finished pass recorded: FRESHNESS_SLO, or three intervals. Null: no pass recorded one.';
COMMENT ON COLUMN allo.teammate_freshness.is_left_out IS 'Left out by configuration at the last try.';
COMMENT ON COLUMN allo.teammate_freshness.last_try_at IS 'Observed: end of the last reading, successful or not.';
COMMENT ON COLUMN allo.teammate_freshness.last_try_status IS 'Status of the last reading.';
COMMENT ON COLUMN allo.teammate_freshness.last_try_error_code IS 'Error code of the last reading. Null: none.';
COMMENT ON COLUMN allo.teammate_freshness.last_try_error_message IS 'Error message of the last reading. Null: none.';

-- The views read allo.looks through this function only. allo.looks is unlogged: on a replica, Postgres refuses every query
-- that names it, at planning. plpgsql plans the inner query only if it runs. SECURITY DEFINER, because a function in a view
-- runs with the rights of the reader.
CREATE OR REPLACE FUNCTION allo.looks_on_record()
RETURNS TABLE (team_id text, user_id text, queue_id text, looked_at timestamptz, interval_seconds double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 200 AS $$
BEGIN
  IF NOT pg_is_in_recovery() THEN
    RETURN QUERY SELECT l.team_id, l.user_id, l.queue_id, l.looked_at, l.interval_seconds FROM allo.looks l
      WHERE l.looked_at IS NOT NULL;
  END IF;
END $$;
COMMENT ON FUNCTION allo.looks_on_record IS 'The teammates who were looked at: when last, and how often. No row on a replica, which does not have allo.looks.';

CREATE OR REPLACE VIEW reporting.data_freshness AS
SELECT f.team_id, f.user_id, f.name AS teammate_name, f.last_observed_at,
  CASE WHEN f.last_observed_at IS NOT NULL THEN f.age_seconds END AS age_seconds, target.stale_after_seconds, f.is_left_out,
  CASE WHEN f.is_left_out THEN NULL
    ELSE f.last_observed_at IS NULL OR f.judged_age_seconds > target.stale_after_seconds END AS is_stale,
  f.last_try_at, f.last_try_status, f.last_try_error_code,
  l.looked_at, CASE WHEN l.looked_at IS NOT NULL
    THEN greatest(extract(epoch FROM clock_timestamp() - l.looked_at), 0)::double precision END AS look_age_seconds,
  l.interval_seconds AS look_interval_seconds
FROM allo.teammate_freshness f
CROSS JOIN LATERAL (SELECT coalesce(f.promised_seconds, 900) AS stale_after_seconds) target
LEFT JOIN allo.looks_on_record() l ON l.user_id = f.user_id;

-- Each dial opens a version of its entry, and versions have an index by time. What the first reading of a queue found may
-- be older than the mirror, so it says nothing about the lag: changed_after is null. A reading leaves its observed_at in
-- sync_reads, and a look does not.
CREATE OR REPLACE VIEW reporting.live_freshness AS
SELECT team.team_id, span.measured_from, span.measured_at, look.teammates_looked_at, look.teammates_dialling,
  look.look_interval_p50_seconds, look.look_interval_p95_seconds,
  lag.dials, lag.dials_seen_by_look, lag.lag_p50_seconds, lag.lag_p95_seconds
FROM allo.teams team
CROSS JOIN LATERAL (SELECT clock_timestamp() AS measured_at, clock_timestamp() - interval '1 hour' AS measured_from) span
CROSS JOIN LATERAL (
  SELECT count(*) AS teammates_looked_at, count(*) FILTER (WHERE is_dialling) AS teammates_dialling,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY interval_seconds) FILTER (WHERE is_dialling) AS look_interval_p50_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY interval_seconds) FILTER (WHERE is_dialling) AS look_interval_p95_seconds
  FROM (
    SELECT l.interval_seconds, EXISTS (SELECT FROM allo.queue_snapshots s
        WHERE s.queue_id = q.queue_id AND s.observed_at > span.measured_at - interval '5 minutes') AS is_dialling
    FROM allo.looks_on_record() l
    JOIN allo.queues q ON q.queue_id = l.queue_id AND q.user_id = l.user_id AND q.is_current
    WHERE l.team_id = team.team_id AND l.looked_at > span.measured_from
  ) looked_at
) look
CROSS JOIN LATERAL (
  SELECT count(*) AS dials, count(*) FILTER (WHERE is_seen_by_look) AS dials_seen_by_look,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY lag_seconds) AS lag_p50_seconds,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY lag_seconds) AS lag_p95_seconds
  FROM (
    SELECT greatest(extract(epoch FROM d.first_seen_at - d.dialled_at), 0)::double precision AS lag_seconds,
      NOT EXISTS (SELECT FROM allo.sync_reads r WHERE r.user_id = d.user_id AND r.observed_at = d.first_seen_at)
        AS is_seen_by_look
    FROM allo.queue_number_versions v
    JOIN allo.dials d ON d.entry_id = v.entry_id AND d.first_seen_at = v.valid_from
    WHERE v.valid_from > span.measured_from AND v.changed_after IS NOT NULL AND d.team_id = team.team_id
      AND d.changed_after IS NOT NULL AND d.dialled_at IS NOT NULL
  ) first_seen
) lag;

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
  p.error_code, p.error_message, p.version, p.gap_after_seconds
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
    'A machine answered, or a voicemail was left.', false),
  (2, 'not_reached', 'not_reached_destination_reason is set', 'The call was not answered, or the line was busy.', false),
  (3, 'failed', 'routing_result is FAILED, FAILED_EXTERNAL or BLOCKED', 'The call could not be placed.', true),
  (4, 'connected', 'routing_result is ANSWERED, TRANSFERRED_EXTERNAL, TRANSFERRED_BLAND or TRANSFERRED_ELEVEN_LABS',
    'A person answered.', true),
  (5, 'other', 'routing_result is any other word (RECEIVED, CLOSED, future words)',
    'The call has a result that Allo does not document.', true),
  (6, 'in_progress', 'call_start_date or call_id is set, and nothing else',
    'Dialled; no result yet, or none was seen before the number was removed.', false),
  (7, 'remaining', 'none of these is set', 'Not dialled.', false)
) d(priority, outcome, rule, meaning, is_our_reading);
