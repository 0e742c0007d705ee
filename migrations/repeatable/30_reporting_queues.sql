-- Schema reporting: what analysts query. Columns are only ever added; a breaking change goes to reporting_v2.
--
-- A view runs with its owner's rights, so its readers need none in schema allo. A filter on queue, teammate or time
-- must use the index of the table. So values per row are computed in lateral joins, and a view has no window function
-- above the filtered table. A teammate's first or last dial is found as the next row in the order of (user_id, time),
-- because with `user_id = …` Postgres may scan all dials of the team in the order of time. Postgres searches the best
-- order of at most eight joins (join_collapse_limit), so a view that is often joined to another one has at most four.
-- Figures are as of the last reading, not now(), so that numbers do not get older while the worker is stopped. Only
-- data_freshness and live_freshness use the clock.
--
-- This file: the current state of teams, teammates and queues.

CREATE OR REPLACE VIEW reporting.teams AS
SELECT team.team_id, team.name, team.history_from, read.data_as_of, read.teammates, read.teammates_read,
  coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS report_time_zone,
  EXISTS (SELECT FROM allo.settings WHERE number_key_fingerprint IS NOT NULL) AS has_number_key,
  greatest(read.data_as_of, (SELECT max(last_look_applied_at) FROM allo.queues WHERE team_id = team.team_id)) AS live_as_of
FROM allo.teams team
CROSS JOIN LATERAL (
  SELECT max(last_observed_at) AS data_as_of, count(*) FILTER (WHERE is_listed) AS teammates,
    count(*) FILTER (WHERE is_listed AND last_observed_at IS NOT NULL) AS teammates_read
  FROM allo.teammates WHERE team_id = team.team_id
) read;

CREATE OR REPLACE VIEW reporting.teammates AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, t.email, t.role, t.status, t.is_listed, t.first_seen_at, t.left_at,
  t.last_observed_at AS data_as_of,
  CASE WHEN a.user_id IS NULL OR a.missing_since IS NOT NULL OR t.missing_since IS NOT NULL OR q.is_current IS FALSE
      OR a.queue_id IS NOT NULL AND q.is_current IS NULL THEN 'unknown'
    WHEN a.queue_id IS NULL THEN 'no_queue' ELSE 'queue' END AS queue_state,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN q.queue_id END AS queue_id,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN (
    SELECT numbers FROM allo.queue_snapshots WHERE queue_id = q.queue_id ORDER BY observed_at DESC LIMIT 1) END AS numbers,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN (
    SELECT remaining FROM allo.queue_snapshots WHERE queue_id = q.queue_id ORDER BY observed_at DESC LIMIT 1) END AS remaining,
  (SELECT last_dial_at FROM (
      SELECT user_id, coalesce(dialled_at, first_seen_at) AS last_dial_at FROM allo.dials
      WHERE user_id <= t.user_id ORDER BY user_id DESC, coalesce(dialled_at, first_seen_at) DESC LIMIT 1
    ) d WHERE d.user_id = t.user_id) AS last_dial_at
FROM allo.teammates t
LEFT JOIN allo.queue_assignments a ON a.user_id = t.user_id AND a.valid_to IS NULL
LEFT JOIN allo.queues q ON q.queue_id = a.queue_id;

CREATE OR REPLACE VIEW reporting.queues AS
SELECT q.team_id, q.queue_id, q.name AS queue_name, q.user_id,
  (SELECT name FROM allo.teammates WHERE user_id = q.user_id) AS teammate_name,
  CASE WHEN q.is_current THEN 'current' WHEN q.is_current IS NULL THEN 'unknown' ELSE 'ended' END AS queue_state,
  coalesce(q.is_current AND s.remaining = 0, false) AS is_exhausted,
  q.created_at, q.first_seen_at, q.last_observed_at AS data_as_of, q.ended_at, q.end_reason, q.replaced_by_queue_id,
  s.numbers, s.remaining, s.numbers - s.remaining AS dialled, s.in_progress, s.connected, s.voicemail, s.not_reached,
  s.failed, s.other,
  e.numbers_ever, e.dialled_ever, allo.rate(e.dialled_ever, e.numbers_ever) AS penetration_rate,
  d.dials, d.resolved_dials, d.connected_dials, d.picked_up_dials,
  allo.rate(d.connected_dials, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected_dials, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected_dials, d.resolved_dials) AS connection_rate_high,
  d.first_dial_at, d.last_dial_at, e.median_seconds_to_first_dial,
  CASE WHEN q.ended_at IS NOT NULL THEN s.remaining END AS uncalled_at_end,
  CASE WHEN q.ended_at IS NOT NULL THEN s.in_progress END AS in_progress_at_end,
  extract(epoch FROM q.ended_at - q.last_observed_at)::double precision AS unseen_seconds_before_end,
  extract(epoch FROM q.ended_at - greatest(q.last_observed_at, q.last_look_applied_at))::double precision
    AS unlooked_seconds_before_end
FROM allo.queues q
LEFT JOIN LATERAL (
  SELECT * FROM allo.queue_snapshots WHERE queue_id = q.queue_id ORDER BY observed_at DESC LIMIT 1
) s ON true
CROSS JOIN LATERAL (
  SELECT NOT EXISTS (SELECT FROM allo.teams WHERE team_id = q.team_id AND history_from > q.first_seen_at) AS is_whole
) history
LEFT JOIN LATERAL (
  SELECT count(*) AS numbers_ever, count(*) FILTER (WHERE outcome <> 'remaining' OR dial_count > 0) AS dialled_ever,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY
      CASE WHEN first_dialled_at >= coalesce(source_created_at, first_seen_at)
        THEN extract(epoch FROM first_dialled_at - coalesce(source_created_at, first_seen_at))::double precision END
    ) AS median_seconds_to_first_dial
  FROM allo.queue_entries WHERE queue_id = q.queue_id
) e ON history.is_whole
LEFT JOIN LATERAL (
  SELECT count(*) AS dials, count(*) FILTER (WHERE allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE allo.is_connected(outcome)) AS connected_dials,
    count(*) FILTER (WHERE allo.is_picked_up(outcome)) AS picked_up_dials,
    min(coalesce(dialled_at, first_seen_at)) AS first_dial_at, max(coalesce(dialled_at, first_seen_at)) AS last_dial_at
  FROM allo.dials WHERE queue_id = q.queue_id
) d ON history.is_whole;

CREATE OR REPLACE VIEW reporting.current_numbers AS
SELECT q.team_id, n.queue_id, n.position, q.user_id, t.name AS teammate_name, n.entry_id,
  allo.masked_number(n.number_to) AS number_masked, e.number_key,
  e.outcome, e.outcome <> 'remaining' AS is_dialled, allo.is_resolved(e.outcome) AS is_resolved,
  allo.is_connected(e.outcome) AS is_connected,
  n.created_at, n.updated_at, n.call_start_date, n.call_id, n.routing_result, n.sync_status,
  n.detected_outbound_voicemail, n.not_reached_destination_reason, n.voicemail_left,
  e.first_seen_at, e.first_dialled_at, e.last_dialled_at, e.dial_count,
  CASE WHEN e.outcome = 'remaining' AND e.dial_count = 0 THEN greatest(0,
    extract(epoch FROM q.last_observed_at - coalesce(n.created_at, e.first_seen_at)))::double precision END AS waiting_seconds,
  q.last_observed_at AS data_as_of
FROM allo.queues q
JOIN allo.queue_numbers n USING (queue_id)
JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.teammates t ON t.user_id = q.user_id
WHERE q.is_current;

CREATE OR REPLACE VIEW reporting.stale_numbers AS
SELECT team_id, queue_id, position, user_id, teammate_name, entry_id, number_masked, number_key, created_at,
  first_seen_at, waiting_seconds, data_as_of
FROM reporting.current_numbers
WHERE waiting_seconds > extract(epoch FROM allo.stale_after());
