-- Attempts to reach a number, dials that were not needed, and the sessions in which teammates dial.

-- A filter on the week becomes a range of times on the dials.
CREATE OR REPLACE VIEW reporting.attempts AS
SELECT team.team_id, calendar.week, d.attempt, span.until <= life.until AS is_week_over, d.dials, d.resolved_dials,
  d.connected, allo.rate(d.connected, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected, d.resolved_dials) AS connection_rate_high
FROM allo.teams team
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (
  SELECT min(first_known_at) AS since, max(last_observed_at) AS until
  FROM allo.teammate_lives WHERE team_id = team.team_id
) life
CROSS JOIN LATERAL (
  SELECT weeks::date AS week FROM generate_series(
    date_trunc('week', life.since AT TIME ZONE zone.name), life.until AT TIME ZONE zone.name, interval '7 days') weeks
) calendar
CROSS JOIN LATERAL (
  SELECT allo.start_of_day(calendar.week, zone.name) AS since, allo.start_of_day(calendar.week + 7, zone.name) AS until
) span
CROSS JOIN LATERAL (
  SELECT attempt_of_number AS attempt, count(*) AS dials, count(*) FILTER (WHERE is_resolved) AS resolved_dials,
    count(*) FILTER (WHERE is_connected) AS connected
  FROM reporting.dials
  WHERE team_id = team.team_id AND counted_at >= span.since AND counted_at < span.until AND connected_before IS NOT TRUE
  GROUP BY attempt_of_number
) d;

-- The first reason that applies, so that the dials of all reasons can be added up.
CREATE OR REPLACE VIEW reporting.wasted_dials AS
SELECT team_id, dial_id, user_id, teammate_name, queue_id, entry_id, number_masked, number_key, counted_at, local_day,
  CASE WHEN connected_before THEN 'connected_before' WHEN not_in_service_before THEN 'not_in_service' ELSE 'too_soon' END
    AS reason,
  connected_before, not_in_service_before, coalesce(redial.is_too_soon, false) AS is_too_soon,
  attempt_of_number, hours_since_previous_attempt, outcome, previous_holder_id
FROM reporting.dials
CROSS JOIN LATERAL (
  SELECT hours_since_previous_attempt < extract(epoch FROM allo.redial_pause()) / 3600 AS is_too_soon
) redial
WHERE connected_before OR not_in_service_before OR redial.is_too_soon;

-- Without a known number, only the dials of the entry itself can show that a person answered.
CREATE OR REPLACE VIEW reporting.cadence AS
SELECT q.team_id, n.queue_id, n.position, q.user_id, t.name AS teammate_name, n.entry_id,
  allo.masked_number(n.number_to) AS number_masked, e.number_key,
  e.dial_count AS attempts_of_stay, of_number.attempts, of_number.last_attempt_at,
  CASE WHEN of_number.last_attempt_at < q.last_observed_at
    THEN extract(epoch FROM q.last_observed_at - of_number.last_attempt_at) / 86400
    WHEN of_number.attempts > 0 THEN 0 END AS days_since_last_attempt,
  of_number.teammates, of_number.is_not_in_service, q.last_observed_at AS data_as_of
FROM allo.queues q
JOIN allo.queue_numbers n USING (queue_id)
JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.teammates t ON t.user_id = q.user_id
CROSS JOIN LATERAL (SELECT allo.known_number(e.number_key, e.number_to) AS number) known
LEFT JOIN LATERAL (
  SELECT count(*)::int AS attempts, count(DISTINCT p.user_id)::int AS teammates,
    max(coalesce(p.dialled_at, p.first_seen_at)) AS last_attempt_at,
    coalesce(bool_or(allo.is_connected(p.outcome)), false) AS is_connected,
    coalesce(bool_or(allo.is_not_in_service(p.not_reached_destination_reason)), false) AS is_not_in_service
  FROM allo.queue_entries x JOIN allo.dials p USING (entry_id)
  WHERE coalesce(x.number_key, x.number_to) = known.number AND p.team_id = q.team_id
) of_number ON known.number IS NOT NULL
WHERE q.is_current AND NOT allo.is_connected(e.outcome) AND of_number.is_connected IS NOT TRUE
  AND NOT EXISTS (SELECT FROM allo.dials p WHERE p.entry_id = e.entry_id AND allo.is_connected(p.outcome));

-- A session is of one local day, as in daily_activity, so sessions can be added up to days.
CREATE OR REPLACE VIEW reporting.sessions AS
SELECT t.team_id, t.user_id, t.teammate_name, t.day, s.session, s.started_at, s.ended_at,
  t.until > t.last_observed_at AND s.ended_at >= greatest(t.last_observed_at, s.last_of_day) - allo.session_pause()
    AS is_open,
  s.dials, s.resolved_dials, s.connected,
  extract(epoch FROM s.ended_at - s.started_at)::double precision AS dialling_seconds,
  (s.dials - 1) * 3600 / nullif(extract(epoch FROM s.ended_at - s.started_at), 0) AS dials_per_hour,
  s.longest_pause_seconds
FROM allo.teammate_days t
CROSS JOIN LATERAL (
  SELECT session, min(at) AS started_at, max(at) AS ended_at, min(last_of_day) AS last_of_day, count(*) AS dials,
    count(*) FILTER (WHERE allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE allo.is_connected(outcome)) AS connected,
    extract(epoch FROM max(pause) FILTER (WHERE NOT allo.starts_session(pause)))::double precision
      AS longest_pause_seconds
  FROM (
    SELECT at, outcome, pause, max(at) OVER () AS last_of_day,
      (count(*) FILTER (WHERE allo.starts_session(pause)) OVER (ORDER BY at, first_seen_at, dial_id))::int AS session
    FROM (
      SELECT dial_id, outcome, first_seen_at, coalesce(dialled_at, first_seen_at) AS at,
        coalesce(dialled_at, first_seen_at) - lag(coalesce(dialled_at, first_seen_at))
          OVER (ORDER BY coalesce(dialled_at, first_seen_at), first_seen_at, dial_id) AS pause
      FROM allo.dials
      WHERE user_id = t.user_id AND coalesce(dialled_at, first_seen_at) >= t.since
        AND coalesce(dialled_at, first_seen_at) < t.until
    ) of_the_day
  ) of_a_session
  GROUP BY session
) s;
