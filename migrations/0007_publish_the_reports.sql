-- Schema reporting: what analysts query. Columns are only ever added; a change that breaks goes to reporting_v2.
--
-- Views run with the rights of their owner, so a reader of them needs nothing in schema allo. Filters reach the
-- tables: what is computed per row stands in a lateral join, and no window function stands between a filter on queue,
-- teammate or time and its index. The first or last dial of a teammate is asked for in the order of (user_id, time), as
-- the next after a row, because with `user_id = …` Postgres may walk all dials of the team in the order of time instead. All is as of the last reading, never now(), so that a stopped worker does not make
-- numbers older; data_freshness alone looks at the clock.

CREATE VIEW reporting.teams AS
SELECT team.team_id, team.name, team.history_from, read.data_as_of, read.teammates, read.teammates_read,
  coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS report_time_zone,
  EXISTS (SELECT FROM allo.settings WHERE number_key_fingerprint IS NOT NULL) AS has_number_key
FROM allo.teams team
CROSS JOIN LATERAL (
  SELECT max(last_observed_at) AS data_as_of, count(*) FILTER (WHERE is_listed) AS teammates,
    count(*) FILTER (WHERE is_listed AND last_observed_at IS NOT NULL) AS teammates_read
  FROM allo.teammates WHERE team_id = team.team_id
) read;
--> statement-breakpoint

CREATE VIEW reporting.teammates AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, t.email, t.role, t.status, t.is_listed, t.first_seen_at, t.left_at,
  t.last_observed_at AS data_as_of,
  CASE WHEN a.user_id IS NULL OR a.missing_since IS NOT NULL OR t.missing_since IS NOT NULL OR q.is_current IS FALSE
      OR a.queue_id IS NOT NULL AND q.is_current IS NULL THEN 'unknown'
    WHEN a.queue_id IS NULL THEN 'no_queue' ELSE 'queue' END AS queue_state,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN q.queue_id END AS queue_id,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN s.numbers END AS numbers,
  CASE WHEN q.is_current AND a.missing_since IS NULL AND t.missing_since IS NULL THEN s.remaining END AS remaining,
  d.last_dial_at
FROM allo.teammates t
LEFT JOIN allo.queue_assignments a ON a.user_id = t.user_id AND a.valid_to IS NULL
LEFT JOIN allo.queues q ON q.queue_id = a.queue_id
LEFT JOIN LATERAL (
  SELECT numbers, remaining FROM allo.queue_snapshots WHERE queue_id = q.queue_id ORDER BY observed_at DESC LIMIT 1
) s ON true
LEFT JOIN LATERAL (
  SELECT user_id, coalesce(dialled_at, first_seen_at) AS last_dial_at FROM allo.dials
  WHERE user_id <= t.user_id ORDER BY user_id DESC, coalesce(dialled_at, first_seen_at) DESC LIMIT 1
) d ON d.user_id = t.user_id;
--> statement-breakpoint

CREATE VIEW reporting.queues AS
SELECT q.team_id, q.queue_id, q.name AS queue_name, q.user_id, t.name AS teammate_name,
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
  extract(epoch FROM q.ended_at - q.last_observed_at)::double precision AS unseen_seconds_before_end
FROM allo.queues q
LEFT JOIN allo.teammates t ON t.user_id = q.user_id
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
--> statement-breakpoint

CREATE VIEW reporting.current_numbers AS
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
--> statement-breakpoint

CREATE VIEW reporting.number_entries AS
SELECT q.team_id, e.entry_id, e.queue_id, a.user_id, t.name AS teammate_name,
  allo.masked_number(e.number_to) AS number_masked, e.number_key,
  CASE WHEN e.last_seen_at IS NULL THEN CASE WHEN q.is_current THEN 'in_queue' ELSE 'unknown' END
    WHEN e.removed_at IS NULL THEN 'unknown' ELSE 'removed' END AS entry_state,
  e.source_created_at AS created_at, e.first_seen_at, e.last_seen_at, e.removed_at, e.removal_reason,
  extract(epoch FROM coalesce(e.removed_at, e.last_seen_at, q.last_observed_at) - e.first_seen_at)::double precision
    AS seconds_in_queue,
  e.outcome, e.dial_count > 0 OR e.outcome <> 'remaining' AS is_dialled, allo.is_resolved(e.outcome) AS is_resolved,
  allo.is_connected(e.outcome) AS is_connected, allo.is_picked_up(e.outcome) AS is_picked_up,
  e.first_dialled_at, e.last_dialled_at, e.dial_count,
  CASE WHEN e.first_dialled_at >= coalesce(e.source_created_at, e.first_seen_at)
    THEN extract(epoch FROM e.first_dialled_at - coalesce(e.source_created_at, e.first_seen_at))::double precision
  END AS seconds_to_first_dial
FROM allo.queue_entries e
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_assignments a ON a.queue_id = e.queue_id AND a.valid_from <= e.first_seen_at
  AND (a.valid_to > e.first_seen_at OR a.valid_to IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id;
--> statement-breakpoint

CREATE VIEW reporting.dials AS
SELECT d.team_id, d.dial_id, d.user_id, t.name AS teammate_name, d.queue_id, d.entry_id, d.position, d.call_id,
  allo.masked_number(e.number_to) AS number_masked, e.number_key,
  d.dialled_at, coalesce(d.dialled_at, d.first_seen_at) AS counted_at,
  (coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::date AS dialled_date,
  extract(isodow FROM coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::int AS dialled_weekday,
  extract(hour FROM coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::int AS dialled_hour,
  d.outcome, allo.is_resolved(d.outcome) AS is_resolved, allo.is_connected(d.outcome) AS is_connected,
  allo.is_picked_up(d.outcome) AS is_picked_up,
  d.outcome = 'in_progress' AND coalesce(d.dialled_at, d.first_seen_at) < t.last_observed_at - allo.unresolved_after()
    AS is_unresolved,
  d.routing_result, d.detected_outbound_voicemail, d.not_reached_destination_reason, d.voicemail_left,
  CASE WHEN d.dialled_at >= coalesce(e.source_created_at, e.first_seen_at)
    THEN extract(epoch FROM d.dialled_at - coalesce(e.source_created_at, e.first_seen_at))::double precision
  END AS seconds_since_added,
  d.first_seen_at, d.changed_after, d.last_changed_at
FROM allo.dials d
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
LEFT JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.teammates t ON t.user_id = d.user_id;
--> statement-breakpoint

-- A gap that goes on: others of the team were read since, or its teammate is not on it. It is known up to the last
-- reading of anybody.
CREATE VIEW allo.open_gaps AS
SELECT t.team_id, t.user_id, last_read.observed_at AS gap_from, team.data_as_of AS gap_to,
  coalesce(last_try.status, 'not_read') AS reason
FROM allo.teammates t
CROSS JOIN LATERAL (
  SELECT r.observed_at, coalesce(p.gap_after_seconds, 600) AS gap_after_seconds
  FROM allo.sync_reads r LEFT JOIN allo.sync_passes p USING (pass_id)
  WHERE r.user_id = t.user_id AND r.status IN ('ok', 'no_queue') ORDER BY r.observed_at DESC LIMIT 1
) last_read
CROSS JOIN LATERAL (SELECT max(last_observed_at) AS data_as_of FROM allo.teammates WHERE team_id = t.team_id) team
LEFT JOIN LATERAL (
  SELECT status FROM allo.sync_reads r WHERE r.user_id = t.user_id AND r.observed_at > last_read.observed_at
  ORDER BY r.observed_at DESC LIMIT 1
) last_try ON true
WHERE team.data_as_of > last_read.observed_at + make_interval(secs => last_read.gap_after_seconds)
  OR t.missing_since > last_read.observed_at;
--> statement-breakpoint
COMMENT ON VIEW allo.open_gaps IS 'One row per teammate who was read, but not lately: the stretch since then, as reading_gaps has those that are over.';
--> statement-breakpoint
COMMENT ON COLUMN allo.open_gaps.team_id IS 'Team of the teammate.';
--> statement-breakpoint
COMMENT ON COLUMN allo.open_gaps.user_id IS 'The teammate.';
--> statement-breakpoint
COMMENT ON COLUMN allo.open_gaps.gap_from IS 'Observed: end of the last reading that got an answer about a queue.';
--> statement-breakpoint
COMMENT ON COLUMN allo.open_gaps.gap_to IS 'Observed: end of the last reading of anybody on the team. It goes on.';
--> statement-breakpoint
COMMENT ON COLUMN allo.open_gaps.reason IS 'As in reading_gaps.';
--> statement-breakpoint

-- A queue is not read while its holder is not, nor from when it was out of sight until it was seen again or ended. Of
-- whom held it before history begins, the counts themselves tell.
CREATE VIEW reporting.queue_burndown AS
SELECT q.team_id, s.queue_id, s.observed_at, s.user_id, t.name AS teammate_name,
  span.valid_until, next.observed_at IS NULL AS is_last,
  s.numbers, s.remaining, s.numbers - s.remaining AS dialled, s.in_progress, s.connected, s.voicemail, s.not_reached,
  s.failed, s.other, s.api_total_count,
  unread.gap_seconds > 0 AS has_gap, unread.gap_seconds,
  CASE WHEN next.observed_at IS NULL THEN q.ended_at END AS ended_at,
  CASE WHEN next.observed_at IS NULL THEN q.end_reason END AS end_reason, s.definition_version
FROM allo.queue_snapshots s
JOIN allo.queues q USING (queue_id)
JOIN allo.teams team USING (team_id)
LEFT JOIN allo.teammates t ON t.user_id = s.user_id
LEFT JOIN LATERAL (
  SELECT observed_at FROM allo.queue_snapshots n WHERE n.queue_id = s.queue_id AND n.observed_at > s.observed_at
  ORDER BY n.observed_at LIMIT 1
) next ON true
CROSS JOIN LATERAL (SELECT coalesce(next.observed_at, q.ended_at, q.last_observed_at) AS valid_until) span
CROSS JOIN LATERAL (
  SELECT coalesce(sum(extract(epoch FROM least(gap.gap_to, span.valid_until) - greatest(gap.gap_from, s.observed_at))), 0)
    ::double precision AS gap_seconds
  FROM (
    SELECT user_id, valid_from, valid_to, end_reason FROM allo.queue_assignments WHERE queue_id = s.queue_id
    UNION ALL
    SELECT s.user_id, s.observed_at, NULL, NULL WHERE s.observed_at < team.history_from AND NOT EXISTS (
      SELECT FROM allo.queue_assignments b WHERE b.queue_id = s.queue_id AND b.valid_from <= s.observed_at
        AND (b.valid_to > s.observed_at OR b.valid_to IS NULL))
  ) a
  CROSS JOIN LATERAL (
    SELECT greatest(g.gap_from, a.valid_from) AS gap_from, least(g.gap_to, a.valid_to) AS gap_to
    FROM allo.reading_gaps g
    WHERE g.user_id = a.user_id AND g.gap_to > greatest(a.valid_from, s.observed_at)
      AND g.gap_from < least(a.valid_to, span.valid_until)
      -- Gaps of a teammate don't overlap: of those that began earlier, the last one alone can reach this far.
      AND g.gap_from >= coalesce((SELECT max(b.gap_from) FROM allo.reading_gaps b
        WHERE b.user_id = a.user_id AND b.gap_from <= s.observed_at), '-infinity')
    UNION ALL
    SELECT a.valid_to, coalesce((SELECT min(b.valid_from) FROM allo.queue_assignments b
      WHERE b.queue_id = s.queue_id AND b.valid_from >= a.valid_to), q.ended_at)
    WHERE a.end_reason IS NOT NULL
  ) gap
  WHERE gap.gap_to > s.observed_at AND gap.gap_from < span.valid_until
) unread;
--> statement-breakpoint

-- When a local day begins. Where the clock goes back at midnight, 00:00 comes twice: Postgres takes the second one.
CREATE FUNCTION allo.start_of_day(day date, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN ((day::timestamp AT TIME ZONE zone - interval '1 hour') AT TIME ZONE zone)::date = day
    THEN day::timestamp AT TIME ZONE zone - interval '1 hour' ELSE day::timestamp AT TIME ZONE zone END
$$;
--> statement-breakpoint
COMMENT ON FUNCTION allo.start_of_day IS 'First instant of a local day.';
--> statement-breakpoint

-- A row for every local day from the first one known to the last one read, so that a day without dials is a zero and
-- not a hole; a filter on the day reaches the dials as a range of their time.
CREATE VIEW reporting.daily_activity AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, calendar.day,
  span.until <= t.last_observed_at AS is_day_over, gaps.gap_seconds,
  d.dials, d.resolved_dials, d.connected, d.voicemail, d.not_reached, d.failed, d.other, d.in_progress, d.picked_up,
  allo.rate(d.connected, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected, d.resolved_dials) AS connection_rate_high,
  d.numbers_dialled, d.first_dial_at, d.last_dial_at, d.sessions, d.dialling_seconds
FROM allo.teammates t
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
LEFT JOIN LATERAL (
  SELECT user_id, coalesce(dialled_at, first_seen_at) AS at FROM allo.dials
  WHERE user_id >= t.user_id ORDER BY user_id, coalesce(dialled_at, first_seen_at) LIMIT 1
) earliest ON earliest.user_id = t.user_id
LEFT JOIN LATERAL (
  SELECT greatest(min(a.valid_from), min(whole.history_from)) AS since
  FROM allo.queue_assignments a JOIN allo.teams whole ON whole.team_id = t.team_id WHERE a.user_id = t.user_id
) known ON true
LEFT JOIN allo.open_gaps going_on ON going_on.user_id = t.user_id
CROSS JOIN LATERAL (
  SELECT days::date AS day FROM generate_series(
    date_trunc('day', least(earliest.at, t.first_seen_at) AT TIME ZONE zone.name),
    t.last_observed_at AT TIME ZONE zone.name, interval '1 day') days
) calendar
CROSS JOIN LATERAL (
  SELECT allo.start_of_day(calendar.day, zone.name) AS since, allo.start_of_day(calendar.day + 1, zone.name) AS until
) span
CROSS JOIN LATERAL (
  SELECT (greatest(0, extract(epoch FROM least(known.since, span.until) - span.since)) + coalesce(sum(
    greatest(0, extract(epoch FROM least(g.gap_to, span.until) - greatest(g.gap_from, known.since, span.since)))), 0))
    ::double precision AS gap_seconds
  FROM (
    SELECT gap_from, gap_to FROM allo.reading_gaps WHERE user_id = t.user_id
    UNION ALL SELECT going_on.gap_from, going_on.gap_to
  ) g WHERE g.gap_to > span.since AND g.gap_from < span.until
) gaps
CROSS JOIN LATERAL (
  SELECT count(*) AS dials, count(*) FILTER (WHERE allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE outcome = 'connected') AS connected, count(*) FILTER (WHERE outcome = 'voicemail') AS voicemail,
    count(*) FILTER (WHERE outcome = 'not_reached') AS not_reached, count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'other') AS other, count(*) FILTER (WHERE outcome = 'in_progress') AS in_progress,
    count(*) FILTER (WHERE allo.is_picked_up(outcome)) AS picked_up,
    count(DISTINCT entry_id) AS numbers_dialled, min(at) AS first_dial_at, max(at) AS last_dial_at,
    count(*) FILTER (WHERE pause IS NULL OR pause > allo.session_pause()) AS sessions,
    coalesce(sum(extract(epoch FROM pause)) FILTER (WHERE pause <= allo.session_pause()), 0)::double precision
      AS dialling_seconds
  FROM (
    SELECT entry_id, outcome, coalesce(dialled_at, first_seen_at) AS at,
      coalesce(dialled_at, first_seen_at) - lag(coalesce(dialled_at, first_seen_at))
        OVER (ORDER BY coalesce(dialled_at, first_seen_at)) AS pause
    FROM allo.dials
    WHERE user_id = t.user_id AND coalesce(dialled_at, first_seen_at) >= span.since
      AND coalesce(dialled_at, first_seen_at) < span.until
  ) of_the_day
) d;
--> statement-breakpoint

CREATE VIEW reporting.activity_heatmap AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, slot.weekday, slot.hour, span.since AS period_from,
  team.data_as_of AS period_to, coalesce(d.dials, 0) AS dials, coalesce(d.resolved_dials, 0) AS resolved_dials,
  coalesce(d.connected, 0) AS connected, coalesce(d.picked_up, 0) AS picked_up,
  allo.rate(d.connected, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected, d.resolved_dials) AS connection_rate_high
FROM allo.teammates t
JOIN (SELECT team_id, max(last_observed_at) AS data_as_of FROM allo.teammates GROUP BY team_id) team USING (team_id)
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (
  SELECT (team.data_as_of AT TIME ZONE zone.name - allo.heatmap_period()) AT TIME ZONE zone.name AS since
) span
CROSS JOIN (SELECT weekday, hour FROM generate_series(1, 7) weekday CROSS JOIN generate_series(0, 23) hour) slot
LEFT JOIN LATERAL (
  SELECT extract(isodow FROM coalesce(dialled_at, first_seen_at) AT TIME ZONE zone.name)::int AS weekday,
    extract(hour FROM coalesce(dialled_at, first_seen_at) AT TIME ZONE zone.name)::int AS hour,
    count(*) AS dials, count(*) FILTER (WHERE allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE allo.is_connected(outcome)) AS connected,
    count(*) FILTER (WHERE allo.is_picked_up(outcome)) AS picked_up
  FROM allo.dials
  WHERE user_id = t.user_id AND coalesce(dialled_at, first_seen_at) > span.since
    AND coalesce(dialled_at, first_seen_at) <= team.data_as_of
  GROUP BY 1, 2
) d ON d.weekday = slot.weekday AND d.hour = slot.hour
WHERE t.is_listed OR t.left_at IS NULL OR t.left_at > span.since;
--> statement-breakpoint

CREATE VIEW reporting.leaderboard_7d AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, span.since AS period_from, team.data_as_of AS period_to,
  d.dials, d.resolved_dials, d.connected, d.picked_up, d.voicemail, d.not_reached, d.numbers_dialled,
  allo.rate(d.connected, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected, d.resolved_dials) AS connection_rate_high,
  d.previous_dials, d.previous_resolved_dials, d.previous_connected,
  allo.rate(d.previous_connected, d.previous_resolved_dials) AS previous_connection_rate,
  gaps.gap_seconds, gaps.previous_gap_seconds
FROM allo.teammates t
JOIN (SELECT team_id, max(last_observed_at) AS data_as_of FROM allo.teammates GROUP BY team_id) team USING (team_id)
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (
  SELECT (team.data_as_of AT TIME ZONE zone.name - allo.leaderboard_period()) AT TIME ZONE zone.name AS since,
    (team.data_as_of AT TIME ZONE zone.name - 2 * allo.leaderboard_period()) AT TIME ZONE zone.name AS previous_since
) span
LEFT JOIN LATERAL (
  SELECT greatest(min(a.valid_from), min(whole.history_from)) AS since
  FROM allo.queue_assignments a JOIN allo.teams whole ON whole.team_id = t.team_id WHERE a.user_id = t.user_id
) known ON true
LEFT JOIN allo.open_gaps going_on ON going_on.user_id = t.user_id
CROSS JOIN LATERAL (
  SELECT (greatest(0, extract(epoch FROM least(known.since, team.data_as_of) - span.since)) + coalesce(sum(
    greatest(0, extract(epoch FROM g.gap_to - greatest(g.gap_from, known.since, span.since)))), 0))
    ::double precision AS gap_seconds,
    (greatest(0, extract(epoch FROM least(known.since, span.since) - span.previous_since)) + coalesce(sum(
    greatest(0, extract(epoch FROM least(g.gap_to, span.since) - greatest(g.gap_from, known.since, span.previous_since)))), 0))
    ::double precision AS previous_gap_seconds
  FROM (
    SELECT gap_from, gap_to FROM allo.reading_gaps WHERE user_id = t.user_id
    UNION ALL SELECT going_on.gap_from, going_on.gap_to
  ) g WHERE g.gap_to > span.previous_since AND g.gap_from < team.data_as_of
) gaps
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE is_now) AS dials,
    count(*) FILTER (WHERE is_now AND allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE is_now AND allo.is_connected(outcome)) AS connected,
    count(*) FILTER (WHERE is_now AND allo.is_picked_up(outcome)) AS picked_up,
    count(*) FILTER (WHERE is_now AND outcome = 'voicemail') AS voicemail,
    count(*) FILTER (WHERE is_now AND outcome = 'not_reached') AS not_reached,
    count(DISTINCT entry_id) FILTER (WHERE is_now) AS numbers_dialled,
    count(*) FILTER (WHERE NOT is_now) AS previous_dials,
    count(*) FILTER (WHERE NOT is_now AND allo.is_resolved(outcome)) AS previous_resolved_dials,
    count(*) FILTER (WHERE NOT is_now AND allo.is_connected(outcome)) AS previous_connected
  FROM (
    SELECT entry_id, outcome, coalesce(dialled_at, first_seen_at) > span.since AS is_now FROM allo.dials
    WHERE user_id = t.user_id AND coalesce(dialled_at, first_seen_at) > span.previous_since
      AND coalesce(dialled_at, first_seen_at) <= team.data_as_of
  ) of_both_periods
) d
WHERE t.is_listed OR t.left_at IS NULL OR t.left_at > span.previous_since;
--> statement-breakpoint

CREATE VIEW reporting.number_history AS
SELECT q.team_id, v.entry_id, v.queue_id, a.user_id, t.name AS teammate_name, v.position,
  allo.masked_number(e.number_to) AS number_masked, e.number_key,
  v.valid_from, v.valid_to, v.valid_to IS NULL AS is_open, v.changed_after, v.end_reason,
  allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id) AS outcome,
  v.call_start_date, v.call_id, v.routing_result, v.sync_status, v.detected_outbound_voicemail,
  v.not_reached_destination_reason, v.voicemail_left
FROM allo.queue_number_versions v
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.queue_assignments a ON a.queue_id = v.queue_id AND a.valid_from <= v.valid_from
  AND (a.valid_to > v.valid_from OR a.valid_to IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id;
--> statement-breakpoint

-- Who held a queue, until it had another holder: also when they do not hold it any more.
CREATE VIEW allo.queue_holders AS
SELECT a.queue_id, a.user_id, a.valid_from,
  (SELECT min(b.valid_from) FROM allo.queue_assignments b WHERE b.queue_id = a.queue_id AND b.valid_from > a.valid_from)
    AS next_from
FROM allo.queue_assignments a
WHERE a.queue_id IS NOT NULL;
--> statement-breakpoint
COMMENT ON VIEW allo.queue_holders IS 'One row per stretch from which a teammate held a queue, until it had another holder.';
--> statement-breakpoint
COMMENT ON COLUMN allo.queue_holders.queue_id IS 'The queue.';
--> statement-breakpoint
COMMENT ON COLUMN allo.queue_holders.user_id IS 'Who held it, or was the last to hold it.';
--> statement-breakpoint
COMMENT ON COLUMN allo.queue_holders.valid_from IS 'Observed: from when on they held it.';
--> statement-breakpoint
COMMENT ON COLUMN allo.queue_holders.next_from IS 'Observed: from when on somebody held it again. Null: nobody did.';
--> statement-breakpoint

-- A version without the one it followed (erased by age) tells no change: only a number's first version is an arrival.
CREATE VIEW reporting.number_changes AS
SELECT q.team_id, v.entry_id, v.valid_from AS changed_at, v.changed_after,
  CASE WHEN before.entry_id IS NULL THEN 'added'
    WHEN before.end_reason IS NOT NULL OR before.valid_to < v.valid_from THEN 'reappeared'
    WHEN (before.call_start_date, before.call_id, before.routing_result, before.detected_outbound_voicemail,
          before.not_reached_destination_reason, before.voicemail_left)
      IS DISTINCT FROM (v.call_start_date, v.call_id, v.routing_result, v.detected_outbound_voicemail,
          v.not_reached_destination_reason, v.voicemail_left) THEN 'changed'
    WHEN before.sync_status IS DISTINCT FROM v.sync_status THEN 'sync_changed'
    ELSE 'moved' END AS change_type,
  v.queue_id, a.user_id, t.name AS teammate_name, allo.masked_number(e.number_to) AS number_masked, e.number_key,
  before.position AS position_before, v.position AS position_after,
  CASE WHEN before.entry_id IS NOT NULL THEN
    allo.number_outcome(before.detected_outbound_voicemail, before.voicemail_left, before.routing_result,
      before.not_reached_destination_reason, before.call_start_date, before.call_id) END AS outcome_before,
  allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id) AS outcome_after,
  before.sync_status AS sync_status_before, v.sync_status AS sync_status_after, NULL AS removal_reason
FROM allo.queue_number_versions v
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.queue_assignments a ON a.queue_id = v.queue_id AND a.valid_from <= v.valid_from
  AND (a.valid_to > v.valid_from OR a.valid_to IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id
LEFT JOIN LATERAL (
  SELECT * FROM allo.queue_number_versions p WHERE p.entry_id = v.entry_id AND p.valid_from < v.valid_from
  ORDER BY p.valid_from DESC LIMIT 1
) before ON true
WHERE before.entry_id IS NOT NULL OR v.valid_from <= e.first_seen_at
UNION ALL
SELECT q.team_id, v.entry_id, v.valid_to, NULL, 'removed', v.queue_id, a.user_id, t.name,
  allo.masked_number(e.number_to), e.number_key, v.position, NULL,
  allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id), NULL, v.sync_status, NULL, v.end_reason
FROM allo.queue_number_versions v
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.queue_holders a ON a.queue_id = v.queue_id AND a.valid_from <= v.valid_to
  AND (a.next_from > v.valid_to OR a.next_from IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id
WHERE v.end_reason IS NOT NULL;
--> statement-breakpoint

CREATE VIEW reporting.queue_assignments AS
SELECT t.team_id, a.user_id, t.name AS teammate_name, a.queue_id,
  CASE WHEN a.queue_id IS NULL THEN 'no_queue' ELSE 'queue' END AS assignment_state,
  a.valid_from, a.valid_to, a.valid_to IS NULL AS is_open, a.missing_since AS unknown_since, a.changed_after, a.end_reason,
  extract(epoch FROM coalesce(a.valid_to, a.missing_since, t.last_observed_at) - a.valid_from)::double precision
    AS held_seconds
FROM allo.queue_assignments a
JOIN allo.teammates t USING (user_id)
WHERE a.missing_since IS DISTINCT FROM a.valid_from;
--> statement-breakpoint

CREATE VIEW reporting.queue_history AS
SELECT q.team_id, v.queue_id, v.valid_from, v.valid_to, v.valid_to IS NULL AS is_open, v.changed_after, v.end_reason,
  v.name AS queue_name, v.creator_id, v.assignee_id, v.voicemail_handling, v.do_not_disturb
FROM allo.queue_versions v
JOIN allo.queues q USING (queue_id);
--> statement-breakpoint

-- Filters meet the newest stay of a number; the others are looked up from there, and are the earlier ones.
CREATE VIEW reporting.requeued_numbers AS
SELECT q.team_id, e.entry_id, e.queue_id, a.user_id, t.name AS teammate_name,
  allo.masked_number(e.number_to) AS number_masked, e.number_key, e.first_seen_at, e.outcome, earlier.entries + 1 AS entries,
  earlier.first_seen_at AS first_ever_seen_at, earlier.previous_entry_id, earlier.previous_queue_id,
  earlier.previous_outcome, earlier.has_connected AS has_connected_before,
  extract(epoch FROM e.first_seen_at - earlier.previous_first_seen_at)::double precision AS seconds_since_previous
FROM allo.queue_entries e
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_assignments a ON a.queue_id = e.queue_id AND a.valid_from <= e.first_seen_at
  AND (a.valid_to > e.first_seen_at OR a.valid_to IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id
CROSS JOIN LATERAL (
  SELECT count(*) AS entries, min(x.first_seen_at) AS first_seen_at,
    (array_agg(x.entry_id ORDER BY x.first_seen_at DESC, x.entry_id DESC))[1] AS previous_entry_id,
    (array_agg(x.queue_id ORDER BY x.first_seen_at DESC, x.entry_id DESC))[1] AS previous_queue_id,
    (array_agg(x.outcome ORDER BY x.first_seen_at DESC, x.entry_id DESC))[1] AS previous_outcome,
    max(x.first_seen_at) AS previous_first_seen_at,
    bool_or(allo.is_connected(x.outcome)
      OR (SELECT coalesce(bool_or(allo.is_connected(outcome)), false) FROM allo.dials WHERE entry_id = x.entry_id))
      AS has_connected,
    bool_or((x.first_seen_at, x.entry_id) > (e.first_seen_at, e.entry_id)) AS has_later
  FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
  WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND xq.team_id = q.team_id
    AND x.entry_id <> e.entry_id
) earlier
WHERE earlier.entries > 0 AND NOT earlier.has_later;
--> statement-breakpoint

CREATE VIEW reporting.removed_uncalled AS
SELECT q.team_id, e.entry_id, e.queue_id, a.user_id, t.name AS teammate_name,
  allo.masked_number(e.number_to) AS number_masked, e.number_key, e.source_created_at AS created_at, e.first_seen_at,
  e.last_seen_at, e.removed_at, e.removal_reason,
  extract(epoch FROM e.removed_at - e.first_seen_at)::double precision AS seconds_in_queue
FROM allo.queue_entries e
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.queue_holders a ON a.queue_id = e.queue_id AND a.valid_from <= e.removed_at
  AND (a.next_from > e.removed_at OR a.next_from IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id
WHERE e.removed_at IS NOT NULL AND e.dial_count = 0 AND e.outcome = 'remaining' AND NOT EXISTS (
  SELECT FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
  WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND xq.team_id = q.team_id
    AND x.entry_id <> e.entry_id AND (x.last_seen_at IS NULL OR x.last_seen_at >= e.removed_at));
--> statement-breakpoint

CREATE VIEW reporting.stale_numbers AS
SELECT team_id, queue_id, position, user_id, teammate_name, entry_id, number_masked, number_key, created_at,
  first_seen_at, waiting_seconds, data_as_of
FROM reporting.current_numbers
WHERE waiting_seconds > extract(epoch FROM allo.stale_after());
--> statement-breakpoint

CREATE VIEW reporting.data_freshness AS
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
--> statement-breakpoint

CREATE VIEW reporting.coverage_gaps AS
SELECT g.team_id, g.user_id, t.name AS teammate_name, g.gap_from, g.gap_to, false AS is_open,
  extract(epoch FROM g.gap_to - g.gap_from)::double precision AS gap_seconds, g.reason
FROM allo.reading_gaps g
LEFT JOIN allo.teammates t USING (user_id)
UNION ALL
SELECT g.team_id, g.user_id, t.name, g.gap_from, NULL, true,
  extract(epoch FROM g.gap_to - g.gap_from)::double precision, g.reason
FROM allo.open_gaps g
LEFT JOIN allo.teammates t USING (user_id);
--> statement-breakpoint

CREATE VIEW reporting.sync_passes AS
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
--> statement-breakpoint

CREATE VIEW reporting.data_quality AS
SELECT team_id, check_name, severity, checked, failing, status, sentence, checked_at FROM allo.quality_results;
--> statement-breakpoint

CREATE VIEW reporting.outcome_definitions AS
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
--> statement-breakpoint

CREATE VIEW reporting_pii.numbers AS
SELECT q.team_id, e.entry_id, e.queue_id, e.number_to, e.number_key
FROM allo.queue_entries e JOIN allo.queues q USING (queue_id)
WHERE e.number_to IS NOT NULL;
--> statement-breakpoint

CREATE VIEW reporting.data_dictionary AS
SELECT n.nspname::text AS schema_name, c.relname::text AS view_name, a.attname::text AS column_name, a.attnum::int AS position,
  format_type(a.atttypid, a.atttypmod) AS data_type, col_description(c.oid, a.attnum) AS meaning,
  obj_description(c.oid, 'pg_class') AS view_meaning
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('v', 'm')
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('reporting', 'reporting_pii');
--> statement-breakpoint

-- Runs as its owner, so that a reader of schema reporting may ask it; it takes values, never names or SQL.
CREATE FUNCTION reporting.queue_as_of(user_id text, at timestamptz)
RETURNS TABLE (
  team_id text, answer text, read_at timestamptz, queue_id text, "position" int,
  entry_id bigint, number_masked text, number_key text, outcome text, call_start_date timestamptz, call_id text,
  routing_result text, sync_status text, valid_from timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 200 AS $$
  WITH seen AS (
    SELECT t.team_id, a.queue_id, r.observed_at AS read_at,
      CASE
        WHEN a.user_id IS NULL OR t.last_observed_at < $2 OR $2 < team.history_from THEN 'unknown'
        WHEN a.missing_since <= $2 OR t.missing_since <= $2 THEN 'unknown'
        -- One answer to the contrary, taken back by the next: who was right is not known.
        WHEN r.status = 'not_found' OR r.status IS NOT NULL AND r.queue_id IS DISTINCT FROM a.queue_id THEN 'unknown'
        WHEN EXISTS (SELECT FROM allo.reading_gaps g WHERE g.user_id = $1 AND g.gap_from < $2 AND g.gap_to > $2) THEN 'unknown'
        WHEN a.queue_id IS NULL THEN 'no_queue'
        ELSE 'queue'
      END AS answer
    FROM (SELECT) asked
    LEFT JOIN allo.teammates t ON t.user_id = $1
    LEFT JOIN allo.teams team ON team.team_id = t.team_id
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
  ORDER BY v.position
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION reporting.queue_as_of FROM PUBLIC;
--> statement-breakpoint

-- For those who add up counts over rows themselves. Bound when they are made, so that a reader needs nothing of allo.
CREATE FUNCTION reporting.rate(part numeric, whole numeric) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate(part::bigint, whole::bigint);
--> statement-breakpoint
CREATE FUNCTION reporting.rate_low(part numeric, whole numeric) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate_low(part::bigint, whole::bigint);
--> statement-breakpoint
CREATE FUNCTION reporting.rate_high(part numeric, whole numeric) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.rate_high(part::bigint, whole::bigint);
