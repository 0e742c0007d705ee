-- Functions of schema reporting.

-- SECURITY DEFINER: it reads tables of schema allo for readers who may not. Its arguments are values, never names or SQL.
CREATE OR REPLACE FUNCTION reporting.queue_as_of(user_id text, at timestamptz)
RETURNS TABLE (
  team_id text, answer text, read_at timestamptz, queue_id text, "position" int,
  entry_id bigint, number_masked text, number_key text, outcome text, call_start_date timestamptz, call_id text,
  routing_result text, sync_status text, valid_from timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 200
BEGIN ATOMIC
  WITH seen AS (
    SELECT t.team_id, a.queue_id, r.observed_at AS read_at,
      CASE
        WHEN a.user_id IS NULL OR $2 < team.history_from THEN 'unknown'
        -- After the last reading the answer is that of the last reading, unless the data are stale or $2 is in the future.
        WHEN t.last_observed_at < $2
          AND ($2 > clock_timestamp() OR fresh.age_seconds <= fresh.stale_after_seconds IS NOT TRUE) THEN 'unknown'
        WHEN a.missing_since <= $2 OR t.missing_since <= $2 THEN 'unknown'
        -- One reading contradicted the assignment, and the next one did not confirm it: the truth is unknown.
        WHEN r.status = 'not_found' OR r.status IS NOT NULL AND r.queue_id IS DISTINCT FROM a.queue_id THEN 'unknown'
        WHEN EXISTS (SELECT FROM allo.reading_gaps g WHERE g.user_id = $1 AND g.gap_from < $2 AND g.gap_to > $2) THEN 'unknown'
        WHEN a.queue_id IS NULL THEN 'no_queue'
        ELSE 'queue'
      END AS answer
    FROM (SELECT) asked
    LEFT JOIN allo.teammates t ON t.user_id = $1
    LEFT JOIN allo.teams team ON team.team_id = t.team_id
    LEFT JOIN reporting.data_freshness fresh ON fresh.user_id = t.user_id
    LEFT JOIN allo.queue_assignments a ON a.user_id = $1 AND a.valid_from <= $2 AND (a.valid_to > $2 OR a.valid_to IS NULL)
    LEFT JOIN LATERAL (
      SELECT status, queue_id, observed_at FROM allo.sync_reads
      WHERE user_id = $1 AND observed_at <= $2 AND status IN ('ok', 'no_queue', 'not_found')
      ORDER BY observed_at DESC LIMIT 1
    ) r ON true
  )
  SELECT s.team_id, s.answer, s.read_at, CASE WHEN s.answer = 'queue' THEN s.queue_id END, v.position, v.entry_id,
    allo.masked_number(e.number_to), e.number_key,
    CASE WHEN v.entry_id IS NOT NULL THEN allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left,
      v.routing_result, v.not_reached_destination_reason, v.call_start_date, v.call_id) END,
    v.call_start_date, v.call_id, v.routing_result, v.sync_status, v.valid_from
  FROM seen s
  LEFT JOIN allo.queue_number_versions v ON s.answer = 'queue' AND v.queue_id = s.queue_id AND v.valid_from <= $2
    AND (v.valid_to > $2 OR v.valid_to IS NULL)
  LEFT JOIN allo.queue_entries e ON e.entry_id = v.entry_id
  ORDER BY v.position;
END;
REVOKE ALL ON FUNCTION reporting.queue_as_of FROM PUBLIC;

-- SECURITY DEFINER, for the same reason. A teammate who was first seen within an hour after the first teammate of the team
-- was there before the mirror began, and did not join later. The gaps are read once for all periods.
CREATE OR REPLACE FUNCTION reporting.unread_times(since timestamptz[], until timestamptz[])
RETURNS TABLE (
  nth int, period_from timestamptz, period_to timestamptz, team_id text, user_id text, teammate_name text,
  is_on_team boolean, unread_seconds double precision, seconds_before_joining double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 200
BEGIN ATOMIC
  WITH teammate AS MATERIALIZED (
    SELECT t.team_id, t.user_id, t.name, t.is_listed OR t.left_at IS NULL AS is_on_team, times.unread,
      CASE WHEN t.first_seen_at > mirror.began_at + interval '1 hour' THEN t.first_seen_at END AS joined_at
    FROM allo.teammates t
    JOIN (SELECT team_id, min(first_seen_at) AS began_at FROM allo.teammates GROUP BY team_id) mirror USING (team_id)
    JOIN allo.unread_times times ON times.user_id = t.user_id
  )
  SELECT period.nth::int, period.since, period.until, t.team_id, t.user_id, t.name, t.is_on_team,
    -- Most periods were read whole, or not at all: that is told without a call of the function, which costs ten times as much.
    CASE WHEN NOT t.unread && period.span THEN 0
      WHEN t.unread @> period.span THEN extract(epoch FROM upper(period.span) - lower(period.span))::double precision
      ELSE allo.seconds_within(t.unread, period.since, period.until) END,
    CASE WHEN t.joined_at > period.since
      THEN extract(epoch FROM least(t.joined_at, period.until) - period.since)::double precision ELSE 0 END
  FROM teammate t
  CROSS JOIN (
    SELECT since, until, nth, tstzrange(since, greatest(since, until)) AS span
    FROM ROWS FROM (unnest($1), unnest($2)) WITH ORDINALITY AS given(since, until, nth)
  ) period;
END;
REVOKE ALL ON FUNCTION reporting.unread_times FROM PUBLIC;

CREATE OR REPLACE FUNCTION reporting.unread_time(since timestamptz, until timestamptz)
RETURNS TABLE (
  team_id text, user_id text, teammate_name text, is_on_team boolean, unread_seconds double precision,
  seconds_before_joining double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 20
BEGIN ATOMIC
  SELECT team_id, user_id, teammate_name, is_on_team, unread_seconds, seconds_before_joining
  FROM reporting.unread_times(ARRAY[$1], ARRAY[$2]);
END;
REVOKE ALL ON FUNCTION reporting.unread_time FROM PUBLIC;

-- SECURITY DEFINER: it reads the report time zone.
CREATE OR REPLACE FUNCTION reporting.start_of_day(day date) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  RETURN allo.start_of_day($1, coalesce((SELECT report_time_zone FROM allo.settings), 'UTC'));
REVOKE ALL ON FUNCTION reporting.start_of_day FROM PUBLIC;

-- Rates for readers who add up counts over rows themselves.
CREATE OR REPLACE FUNCTION reporting.rate(part numeric, whole numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate(part::bigint, whole::bigint);

CREATE OR REPLACE FUNCTION reporting.rate_low(part numeric, whole numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate_low(part::bigint, whole::bigint);

CREATE OR REPLACE FUNCTION reporting.rate_high(part numeric, whole numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate_high(part::bigint, whole::bigint);
