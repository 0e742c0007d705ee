-- Activity over time, and the periods in which it is unknown.

-- Gaps that continue: other teammates were read since, or the teammate is not on the team. Such a gap is known until the
-- last reading of any teammate, which is found once per team: a lateral join would look for it once per teammate.
CREATE OR REPLACE VIEW allo.open_gaps AS
SELECT t.team_id, t.user_id, last_read.observed_at AS gap_from, team.data_as_of AS gap_to,
  coalesce(last_try.status, 'not_read') AS reason
FROM allo.teammates t
CROSS JOIN LATERAL (
  SELECT r.observed_at, coalesce(p.gap_after_seconds, 600) AS gap_after_seconds
  FROM allo.sync_reads r LEFT JOIN allo.sync_passes p USING (pass_id)
  WHERE r.user_id = t.user_id AND r.status IN ('ok', 'no_queue') ORDER BY r.observed_at DESC LIMIT 1
) last_read
JOIN (SELECT team_id, max(last_observed_at) AS data_as_of FROM allo.teammates GROUP BY team_id) team USING (team_id)
LEFT JOIN LATERAL (
  SELECT status FROM allo.sync_reads r WHERE r.user_id = t.user_id AND r.observed_at > last_read.observed_at
  ORDER BY r.observed_at DESC LIMIT 1
) last_try ON true
WHERE team.data_as_of > last_read.observed_at + make_interval(secs => last_read.gap_after_seconds)
  OR t.missing_since > last_read.observed_at;
COMMENT ON VIEW allo.open_gaps IS 'One row per teammate with a gap that continues: the period since their last reading. reading_gaps has the gaps that are over.';
COMMENT ON COLUMN allo.open_gaps.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.open_gaps.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.open_gaps.gap_from IS 'Observed: end of the last reading that got an answer about a queue.';
COMMENT ON COLUMN allo.open_gaps.gap_to IS 'Observed: end of the last reading of any teammate of the team. The gap continues.';
COMMENT ON COLUMN allo.open_gaps.reason IS 'As in reading_gaps.';

-- When a teammate was not read: before the first reading, before the start of history, and in gaps. This is the only
-- definition: the days, the leaderboard and unread_time use it.
CREATE OR REPLACE VIEW allo.unread_times AS
SELECT t.user_id, times.unread
FROM allo.teammates t
LEFT JOIN LATERAL (
  SELECT range_agg(period) AS unread FROM (
    SELECT tstzrange(NULL, (
        SELECT greatest(min(a.valid_from), min(team.history_from))
        FROM allo.queue_assignments a JOIN allo.teams team ON team.team_id = t.team_id WHERE a.user_id = t.user_id
      )) AS period
    UNION ALL SELECT tstzrange(gap_from, gap_to) FROM allo.reading_gaps WHERE user_id = t.user_id AND gap_from < gap_to
    UNION ALL SELECT tstzrange(gap_from, gap_to) FROM allo.open_gaps WHERE user_id = t.user_id AND gap_from < gap_to
  ) periods
) times ON true;
COMMENT ON VIEW allo.unread_times IS 'One row per teammate: when they were not read.';
COMMENT ON COLUMN allo.unread_times.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.unread_times.unread IS 'All periods in which the teammate was not read, until the last reading of the team: the time before the first reading (or before teams.history_from, if that is later), and all gaps.';

-- A queue is not read while its holder is not read. It is also not read from when it was missing until it was seen again
-- or ended. Before history_from, take the holder from the snapshot. The lateral join is an outer join of an aggregate, so
-- Postgres skips it if none of its columns is selected.
CREATE OR REPLACE VIEW reporting.queue_burndown AS
SELECT q.team_id, s.queue_id, s.observed_at, s.user_id, t.name AS teammate_name,
  coalesce(after.next_at, q.ended_at, greatest(q.last_observed_at, q.last_look_applied_at)) AS valid_until,
  after.next_at IS NULL AS is_last,
  s.numbers, s.remaining, s.numbers - s.remaining AS dialled, s.in_progress, s.connected, s.voicemail, s.not_reached,
  s.failed, s.other, s.api_total_count,
  after.gap_seconds > 0 AS has_gap, after.gap_seconds,
  CASE WHEN after.next_at IS NULL THEN q.ended_at END AS ended_at,
  CASE WHEN after.next_at IS NULL THEN q.end_reason END AS end_reason, s.definition_version
FROM allo.queue_snapshots s
JOIN allo.queues q USING (queue_id)
LEFT JOIN allo.teammates t ON t.user_id = s.user_id
LEFT JOIN LATERAL (
  SELECT min(next.observed_at) AS next_at,
    coalesce(sum(extract(epoch FROM least(gap.gap_to, span.valid_until) - greatest(gap.gap_from, s.observed_at)))
      FILTER (WHERE gap.gap_to IS NOT NULL), 0)::double precision AS gap_seconds
  FROM (
    SELECT min(observed_at) AS observed_at FROM allo.queue_snapshots n
    WHERE n.queue_id = s.queue_id AND n.observed_at > s.observed_at
  ) next
  CROSS JOIN LATERAL (
    SELECT coalesce(next.observed_at, q.ended_at, greatest(q.last_observed_at, q.last_look_applied_at)) AS valid_until
  ) span
  LEFT JOIN LATERAL (
    SELECT period.gap_from, period.gap_to
    FROM (
      SELECT user_id, valid_from, valid_to, end_reason FROM allo.queue_assignments WHERE queue_id = s.queue_id
      UNION ALL
      SELECT s.user_id, s.observed_at, NULL, NULL
      WHERE s.observed_at < (SELECT history_from FROM allo.teams WHERE team_id = q.team_id) AND NOT EXISTS (
        SELECT FROM allo.queue_assignments b WHERE b.queue_id = s.queue_id AND b.valid_from <= s.observed_at
          AND (b.valid_to > s.observed_at OR b.valid_to IS NULL))
    ) a
    CROSS JOIN LATERAL (
      SELECT greatest(g.gap_from, a.valid_from) AS gap_from, least(g.gap_to, a.valid_to) AS gap_to
      FROM allo.reading_gaps g
      WHERE g.user_id = a.user_id AND g.gap_to > greatest(a.valid_from, s.observed_at)
        AND g.gap_from < least(a.valid_to, span.valid_until)
        -- Gaps of one teammate do not overlap. So of the gaps that began earlier, only the last one can end later than this.
        AND g.gap_from >= coalesce((SELECT max(b.gap_from) FROM allo.reading_gaps b
          WHERE b.user_id = a.user_id AND b.gap_from <= s.observed_at), '-infinity')
      UNION ALL
      SELECT a.valid_to, coalesce((SELECT min(b.valid_from) FROM allo.queue_assignments b
        WHERE b.queue_id = s.queue_id AND b.valid_from >= a.valid_to), q.ended_at)
      WHERE a.end_reason IS NOT NULL
    ) period
  ) gap ON gap.gap_to > s.observed_at AND gap.gap_from < span.valid_until
) after ON true;

-- A row for every local day of a queue's life, so that the days of all queues can be added up. Before the first reading
-- only its dials are known. A filter on the day applies before the joins per day.
CREATE OR REPLACE VIEW reporting.queue_daily AS
SELECT q.team_id, q.queue_id, q.name AS queue_name, calendar.day, h.user_id, t.name AS teammate_name,
  CASE at_end.state WHEN 'held' THEN s.numbers WHEN 'ended' THEN 0 END AS numbers,
  CASE at_end.state WHEN 'held' THEN s.remaining WHEN 'ended' THEN 0 END AS remaining_at_end,
  d.dials, d.dialled, d.connected, came.added, went.removed_uncalled,
  seen.seconds / nullif(extract(epoch FROM least(span.until, life.held_until) - greatest(span.since, earliest.at)), 0)
    AS is_observed
FROM allo.queues q
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (
  SELECT min(a.valid_from) AS held_from, max(coalesce(a.valid_to, a.missing_since, m.last_observed_at)) AS held_until
  FROM allo.queue_assignments a JOIN allo.teammates m USING (user_id)
  WHERE a.queue_id = q.queue_id AND a.missing_since IS DISTINCT FROM a.valid_from
) life
CROSS JOIN LATERAL (
  SELECT least(min(coalesce(dialled_at, first_seen_at)), life.held_from) AS at FROM allo.dials
  WHERE queue_id = q.queue_id AND coalesce(dialled_at, first_seen_at) >= life.held_from - allo.calendar_reach()
) earliest
CROSS JOIN LATERAL (
  SELECT days::date AS day FROM generate_series(
    date_trunc('day', earliest.at AT TIME ZONE zone.name), life.held_until AT TIME ZONE zone.name, interval '1 day') days
) calendar
CROSS JOIN LATERAL (
  SELECT allo.start_of_day(calendar.day, zone.name) AS since, allo.start_of_day(calendar.day + 1, zone.name) AS until
) span
LEFT JOIN LATERAL (
  SELECT * FROM allo.queue_assignments a
  WHERE a.queue_id = q.queue_id AND a.valid_from < span.until AND a.missing_since IS DISTINCT FROM a.valid_from
  ORDER BY a.valid_from DESC LIMIT 1
) h ON true
LEFT JOIN allo.teammates t ON t.user_id = h.user_id
CROSS JOIN LATERAL (
  SELECT CASE WHEN coalesce(h.valid_to, h.missing_since, 'infinity') >= span.until THEN 'held'
    WHEN h.end_reason IN ('queue_replaced', 'queue_gone') THEN 'ended' END AS state
) at_end
LEFT JOIN LATERAL (
  SELECT numbers, remaining FROM allo.queue_snapshots WHERE queue_id = q.queue_id AND observed_at < span.until
  ORDER BY observed_at DESC LIMIT 1
) s ON true
CROSS JOIN LATERAL (
  SELECT count(*) AS dials, count(DISTINCT entry_id) AS dialled,
    count(DISTINCT entry_id) FILTER (WHERE allo.is_connected(outcome)) AS connected
  FROM allo.dials
  WHERE queue_id = q.queue_id AND coalesce(dialled_at, first_seen_at) >= span.since
    AND coalesce(dialled_at, first_seen_at) < span.until
) d
CROSS JOIN LATERAL (
  SELECT (SELECT count(*) FROM allo.queue_entries
      WHERE queue_id = q.queue_id AND first_seen_at >= span.since AND first_seen_at < span.until)
    + (SELECT count(*) FROM allo.queue_number_versions v
      WHERE v.queue_id = q.queue_id AND v.valid_from >= span.since AND v.valid_from < span.until
        AND v.is_reopened IS NOT FALSE
        AND (SELECT before.end_reason FROM allo.queue_number_versions before
          WHERE before.entry_id = v.entry_id AND before.valid_from < v.valid_from
          ORDER BY before.valid_from DESC LIMIT 1) IS NOT NULL) AS added
) came
CROSS JOIN LATERAL (
  SELECT (SELECT count(*) FROM allo.queue_entries
      WHERE queue_id = q.queue_id AND removed_at >= span.since AND removed_at < span.until
        AND last_seen_at IS NOT NULL AND dial_count = 0 AND outcome = 'remaining')
    + (SELECT count(*) FROM allo.undone_removals
      WHERE queue_id = q.queue_id AND removed_at >= span.since AND removed_at < span.until) AS removed_uncalled
) went
CROSS JOIN LATERAL (
  SELECT coalesce(sum(extract(epoch FROM held.until - held.since) - gaps.seconds), 0) AS seconds
  FROM (
    SELECT a.user_id, greatest(a.valid_from, span.since) AS since,
      least(coalesce(a.valid_to, a.missing_since, m.last_observed_at), span.until) AS until
    FROM allo.queue_assignments a JOIN allo.teammates m USING (user_id) WHERE a.queue_id = q.queue_id
  ) held
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(extract(epoch FROM least(gap_to, held.until) - greatest(gap_from, held.since))), 0) AS seconds
    FROM allo.reading_gaps WHERE user_id = held.user_id AND gap_from < held.until AND gap_to > held.since
      -- For the same reason as in queue_burndown.
      AND gap_from >= coalesce((SELECT max(b.gap_from) FROM allo.reading_gaps b
        WHERE b.user_id = held.user_id AND b.gap_from <= held.since), '-infinity')
  ) gaps
  WHERE held.since < held.until
) seen
WHERE at_end.state IS DISTINCT FROM 'ended' OR h.valid_to > span.since;

-- Days begin at most calendar_reach() before the teammate was first seen, because a dial in the year 1 must not create
-- thousands of rows.
CREATE OR REPLACE VIEW allo.teammate_lives AS
SELECT t.team_id, t.user_id, t.name AS teammate_name, least(earliest.at, t.first_seen_at) AS first_known_at,
  t.last_observed_at
FROM allo.teammates t
LEFT JOIN LATERAL (
  SELECT user_id, coalesce(dialled_at, first_seen_at) AS at FROM allo.dials
  WHERE (user_id, coalesce(dialled_at, first_seen_at)) >= (t.user_id, t.first_seen_at - allo.calendar_reach())
  ORDER BY user_id, coalesce(dialled_at, first_seen_at) LIMIT 1
) earliest ON earliest.user_id = t.user_id;
COMMENT ON VIEW allo.teammate_lives IS 'One row per teammate: from when to when their days are shown.';
COMMENT ON COLUMN allo.teammate_lives.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.teammate_lives.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.teammate_lives.teammate_name IS 'Name of the teammate.';
COMMENT ON COLUMN allo.teammate_lives.first_known_at IS 'First dial or, if earlier, when the teammate was first listed.';
COMMENT ON COLUMN allo.teammate_lives.last_observed_at IS 'Observed: end of the last reading that was applied. Null: never read.';

-- A row for every local day from the first known day to the last day read, so that a day without dials has a row. A filter
-- on the day becomes a range of times on the dials.
CREATE OR REPLACE VIEW allo.teammate_days AS
SELECT t.team_id, t.user_id, t.teammate_name, calendar.day, span.since, span.until, t.last_observed_at
FROM allo.teammate_lives t
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (
  SELECT days::date AS day FROM generate_series(
    date_trunc('day', t.first_known_at AT TIME ZONE zone.name), t.last_observed_at AT TIME ZONE zone.name, interval '1 day')
    days
) calendar
CROSS JOIN LATERAL (
  SELECT allo.start_of_day(calendar.day, zone.name) AS since, allo.start_of_day(calendar.day + 1, zone.name) AS until
) span;
COMMENT ON VIEW allo.teammate_days IS 'One row per teammate and local day, from the first known day to the last day read.';
COMMENT ON COLUMN allo.teammate_days.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.teammate_days.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.teammate_days.teammate_name IS 'Name of the teammate.';
COMMENT ON COLUMN allo.teammate_days.day IS 'Local day in the report time zone.';
COMMENT ON COLUMN allo.teammate_days.since IS 'First instant of the day.';
COMMENT ON COLUMN allo.teammate_days.until IS 'First instant of the next day.';
COMMENT ON COLUMN allo.teammate_days.last_observed_at IS 'Observed: end of the last reading of the teammate that was applied.';

CREATE OR REPLACE VIEW reporting.daily_activity AS
SELECT t.team_id, t.user_id, t.teammate_name, t.day,
  t.until <= t.last_observed_at AS is_day_over, gaps.gap_seconds,
  d.dials, d.resolved_dials, d.connected, d.voicemail, d.not_reached, d.failed, d.other, d.in_progress, d.picked_up,
  allo.rate(d.connected, d.resolved_dials) AS connection_rate,
  allo.rate_low(d.connected, d.resolved_dials) AS connection_rate_low,
  allo.rate_high(d.connected, d.resolved_dials) AS connection_rate_high,
  d.numbers_dialled, d.first_dial_at, d.last_dial_at, d.sessions, d.dialling_seconds
FROM allo.teammate_days t
JOIN allo.unread_times times ON times.user_id = t.user_id
CROSS JOIN LATERAL (SELECT allo.seconds_within(times.unread, t.since, t.until) AS gap_seconds) gaps
CROSS JOIN LATERAL (
  SELECT count(*) AS dials, count(*) FILTER (WHERE allo.is_resolved(outcome)) AS resolved_dials,
    count(*) FILTER (WHERE outcome = 'connected') AS connected, count(*) FILTER (WHERE outcome = 'voicemail') AS voicemail,
    count(*) FILTER (WHERE outcome = 'not_reached') AS not_reached, count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'other') AS other, count(*) FILTER (WHERE outcome = 'in_progress') AS in_progress,
    count(*) FILTER (WHERE allo.is_picked_up(outcome)) AS picked_up,
    count(DISTINCT entry_id) AS numbers_dialled, min(at) AS first_dial_at, max(at) AS last_dial_at,
    count(*) FILTER (WHERE allo.starts_session(pause)) AS sessions,
    coalesce(sum(extract(epoch FROM pause)) FILTER (WHERE NOT allo.starts_session(pause)), 0)::double precision
      AS dialling_seconds
  FROM (
    SELECT entry_id, outcome, coalesce(dialled_at, first_seen_at) AS at,
      coalesce(dialled_at, first_seen_at) - lag(coalesce(dialled_at, first_seen_at))
        OVER (ORDER BY coalesce(dialled_at, first_seen_at)) AS pause
    FROM allo.dials
    WHERE user_id = t.user_id AND coalesce(dialled_at, first_seen_at) >= t.since
      AND coalesce(dialled_at, first_seen_at) < t.until
  ) of_the_day
) d;

CREATE OR REPLACE VIEW reporting.activity_heatmap AS
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

CREATE OR REPLACE VIEW reporting.leaderboard_7d AS
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
JOIN allo.unread_times times ON times.user_id = t.user_id
CROSS JOIN LATERAL (
  SELECT allo.seconds_within(times.unread, span.since, team.data_as_of) AS gap_seconds,
    allo.seconds_within(times.unread, span.previous_since, span.since) AS previous_gap_seconds
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
