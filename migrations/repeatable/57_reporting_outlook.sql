-- How good a queue is, and when it will run out.

-- A number counts by its last dial in the queue that has a result. Duplicates and earlier calls are found by the number.
CREATE OR REPLACE VIEW reporting.list_health AS
SELECT q.team_id, q.queue_id, q.name AS queue_name, q.user_id, t.name AS teammate_name,
  CASE WHEN q.is_current THEN 'current' WHEN q.is_current IS NULL THEN 'unknown' ELSE 'ended' END AS queue_state,
  e.numbers_ever, d.resolved_numbers,
  d.not_in_service, allo.rate(d.not_in_service, d.resolved_numbers) AS not_in_service_rate,
  allo.rate_low(d.not_in_service, d.resolved_numbers) AS not_in_service_rate_low,
  allo.rate_high(d.not_in_service, d.resolved_numbers) AS not_in_service_rate_high,
  d.voicemail, allo.rate(d.voicemail, d.resolved_numbers) AS voicemail_rate,
  allo.rate_low(d.voicemail, d.resolved_numbers) AS voicemail_rate_low,
  allo.rate_high(d.voicemail, d.resolved_numbers) AS voicemail_rate_high,
  d.failed, allo.rate(d.failed, d.resolved_numbers) AS failed_rate,
  allo.rate_low(d.failed, d.resolved_numbers) AS failed_rate_low,
  allo.rate_high(d.failed, d.resolved_numbers) AS failed_rate_high,
  e.known_numbers,
  e.duplicates, allo.rate(e.duplicates, e.known_numbers) AS duplicate_rate,
  allo.rate_low(e.duplicates, e.known_numbers) AS duplicate_rate_low,
  allo.rate_high(e.duplicates, e.known_numbers) AS duplicate_rate_high,
  before.called_elsewhere, allo.rate(before.called_elsewhere, e.known_numbers) AS called_elsewhere_rate,
  allo.rate_low(before.called_elsewhere, e.known_numbers) AS called_elsewhere_rate_low,
  allo.rate_high(before.called_elsewhere, e.known_numbers) AS called_elsewhere_rate_high,
  now.numbers, now.median_age_days, waiting.waiting_numbers, waiting.median_hours_waiting, q.last_observed_at AS data_as_of
FROM allo.queues q
LEFT JOIN allo.teammates t ON t.user_id = q.user_id
CROSS JOIN LATERAL (
  SELECT NOT EXISTS (SELECT FROM allo.teams WHERE team_id = q.team_id AND history_from > q.first_seen_at) AS is_whole
) history
LEFT JOIN LATERAL (
  SELECT count(*) AS resolved_numbers, count(*) FILTER (WHERE is_not_in_service) AS not_in_service,
    count(*) FILTER (WHERE outcome = 'voicemail') AS voicemail, count(*) FILTER (WHERE outcome = 'failed') AS failed
  FROM (
    SELECT DISTINCT ON (entry_id) outcome,
      outcome = 'not_reached' AND allo.is_not_in_service(not_reached_destination_reason) AS is_not_in_service
    FROM allo.dials WHERE queue_id = q.queue_id AND allo.is_resolved(outcome)
    ORDER BY entry_id, coalesce(dialled_at, first_seen_at) DESC, first_seen_at DESC, dial_id DESC
  ) last_dial
) d ON history.is_whole
LEFT JOIN LATERAL (
  SELECT count(*) AS numbers_ever, count(number) AS known_numbers,
    count(*) FILTER (WHERE number IS NOT NULL AND there_until >= first_seen_at) AS duplicates
  FROM (
    SELECT known.number, first_seen_at, max(coalesce(last_seen_at, 'infinity')) OVER (
        PARTITION BY known.number ORDER BY first_seen_at, entry_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS there_until
    FROM allo.queue_entries CROSS JOIN LATERAL (SELECT allo.known_number(number_key, number_to) AS number) known
    WHERE queue_id = q.queue_id
  ) of_number
) e ON history.is_whole
LEFT JOIN LATERAL (
  SELECT count(*) AS called_elsewhere
  FROM allo.queue_entries here
  WHERE here.queue_id = q.queue_id AND allo.known_number(here.number_key, here.number_to) IS NOT NULL AND EXISTS (
    SELECT FROM allo.queue_entries x JOIN allo.dials p USING (entry_id)
    WHERE coalesce(x.number_key, x.number_to) = coalesce(here.number_key, here.number_to) AND x.queue_id <> q.queue_id
      AND p.team_id = q.team_id
      AND coalesce(p.dialled_at, p.first_seen_at) < coalesce(here.source_created_at, here.first_seen_at))
) before ON history.is_whole
LEFT JOIN LATERAL (
  SELECT count(*) AS numbers,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM q.last_observed_at - created_at)) / 86400.0)
      AS median_age_days
  FROM allo.queue_numbers WHERE queue_id = q.queue_id
) now ON q.is_current
LEFT JOIN LATERAL (
  SELECT count(first_ever.at) AS waiting_numbers,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM q.last_observed_at - first_ever.at)) / 3600.0)
      FILTER (WHERE first_ever.at IS NOT NULL) AS median_hours_waiting
  FROM allo.queue_numbers n JOIN allo.queue_entries here USING (entry_id)
  LEFT JOIN LATERAL (
    SELECT min(coalesce(x.source_created_at, x.first_seen_at)) AS at
    FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
    WHERE coalesce(x.number_key, x.number_to) = allo.known_number(here.number_key, here.number_to)
      AND xq.team_id = q.team_id
  ) first_ever ON true
  WHERE n.queue_id = q.queue_id AND here.outcome = 'remaining' AND here.dial_count = 0
) waiting ON q.is_current;

-- The range is that of a count of events, widened by how unequal the pauses are: dispersion is their variance divided by
-- their squared mean, at least 1 as if calls came by chance.
CREATE OR REPLACE VIEW reporting.queue_forecast AS
SELECT q.team_id, q.queue_id, q.name AS queue_name, q.user_id, t.name AS teammate_name, as_of.at AS data_as_of,
  left_now.remaining, pace.first_dials, pace.seconds / 3600 AS active_hours, pace.measured_from, pace.last_dial_at,
  hourly.pace::numeric AS numbers_per_hour, hourly.low::numeric AS numbers_per_hour_low,
  hourly.high::numeric AS numbers_per_hour_high,
  hours.expected::numeric AS hours_left, hours.low::numeric AS hours_left_low, hours.high::numeric AS hours_left_high,
  runs_out.at AS runs_out_at, runs_out.earliest_at AS runs_out_earliest_at, runs_out.latest_at AS runs_out_latest_at,
  (runs_out.at AT TIME ZONE zone.name)::date AS runs_out_date,
  to_char(runs_out.at AT TIME ZONE zone.name, 'HH24:MI') AS runs_out_local_time,
  CASE WHEN left_now.remaining = 0 THEN 'nothing_remains'
    WHEN pace.last_dial_at IS NULL THEN 'no_dials'
    WHEN hourly.pace IS NULL THEN 'too_few_dials'
    WHEN pace.last_dial_at < as_of.at - allo.session_pause() THEN 'not_dialling'
    WHEN runs_out.at IS NULL THEN 'not_today' END AS reason
FROM allo.queues q
LEFT JOIN allo.teammates t ON t.user_id = q.user_id
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN LATERAL (SELECT greatest(q.last_observed_at, q.last_look_applied_at) AS at) as_of
LEFT JOIN LATERAL (
  SELECT remaining FROM allo.queue_snapshots WHERE queue_id = q.queue_id ORDER BY observed_at DESC LIMIT 1
) left_now ON true
CROSS JOIN LATERAL (
  SELECT max(at) AS last_dial_at,
    min(at - pause) FILTER (WHERE is_measured) AS measured_from,
    coalesce(sum(seconds) FILTER (WHERE is_measured), 0)::double precision AS seconds,
    count(*) FILTER (WHERE is_measured AND is_first) AS first_dials,
    greatest(1, var_samp(seconds) FILTER (WHERE is_measured) / nullif(avg(seconds) FILTER (WHERE is_measured), 0) ^ 2)
      AS dispersion
  FROM (
    SELECT at, pause, is_first, seconds,
      NOT allo.starts_session(pause) AND sum(seconds) FILTER (WHERE NOT allo.starts_session(pause))
        OVER (ORDER BY at DESC, first_seen_at DESC, dial_id DESC) <= extract(epoch FROM allo.forecast_reach()) AS is_measured
    FROM (
      SELECT *, extract(epoch FROM pause)::double precision AS seconds FROM (
        SELECT user_id, dialled_at AS at, first_seen_at, dial_id,
          row_number() OVER (PARTITION BY entry_id ORDER BY dialled_at, first_seen_at, dial_id) = 1 AS is_first,
          dialled_at - lag(dialled_at) OVER (PARTITION BY user_id ORDER BY dialled_at, first_seen_at, dial_id) AS pause
        FROM allo.dials WHERE queue_id = q.queue_id AND dialled_at IS NOT NULL
      ) of_queue WHERE user_id = q.user_id
    ) of_holder
  ) reached_back
) pace
-- Postgres may compute these before it applies the condition of the join, so no divisor is 0.
LEFT JOIN LATERAL (
  SELECT first_dials / measured.hours AS pace, (middle - margin) / measured.hours AS low, (middle + margin) / measured.hours AS high
  FROM (
    SELECT nullif(seconds, 0) / 3600 AS hours, first_dials + dispersion * 1.9207294103470356 AS middle,
      1.959963984540054 * sqrt(dispersion * first_dials + (dispersion * 1.959963984540054) ^ 2 / 4) AS margin
  ) measured
) hourly ON pace.first_dials >= allo.forecast_least()
LEFT JOIN LATERAL (
  SELECT left_now.remaining / nullif(hourly.pace, 0) AS expected, left_now.remaining / nullif(hourly.high, 0) AS low,
    left_now.remaining / nullif(hourly.low, 0) AS high
) hours ON left_now.remaining > 0
LEFT JOIN LATERAL (
  SELECT as_of.at + hours.expected * interval '1 hour' AS at, as_of.at + hours.low * interval '1 hour' AS earliest_at,
    as_of.at + hours.high * interval '1 hour' AS latest_at
) runs_out ON pace.last_dial_at >= as_of.at - allo.session_pause()
  AND runs_out.at < allo.start_of_day((as_of.at AT TIME ZONE zone.name)::date + 1, zone.name)
WHERE q.is_current;

-- The first dial is looked for in all entries of the number. A time that Allo did not say lies between two instants, so the
-- target is met or missed only if it is so for both. Each period of work is converted from local time by itself, so it is as
-- long as on the clock of its day.
CREATE OR REPLACE VIEW reporting.speed_to_lead AS
SELECT q.team_id, e.entry_id, e.queue_id, a.user_id, t.name AS teammate_name,
  allo.masked_number(e.number_to) AS number_masked, e.number_key, e.source_created_at AS created_at, e.first_seen_at,
  CASE WHEN d.dial_id IS NOT NULL THEN 'dialled' WHEN uncalled.is_waiting THEN 'waiting' ELSE 'removed' END AS lead_state,
  d.dialled_at AS first_dialled_at, d.user_id AS first_dialled_by,
  d.first_seen_at > e.first_seen_at AS is_seen_uncalled,
  CASE WHEN d.dialled_at >= e.source_created_at
    THEN extract(epoch FROM d.dialled_at - e.source_created_at)::double precision END AS seconds_to_first_dial,
  target.seconds AS target_seconds,
  CASE WHEN dial.latest < e.source_created_at THEN NULL
    WHEN extract(epoch FROM dial.latest - e.source_created_at) <= target.seconds THEN true
    WHEN extract(epoch FROM dial.earliest - e.source_created_at) > target.seconds THEN false END AS is_within_target,
  CASE WHEN d.dialled_at >= e.source_created_at AND target.hours IS NOT NULL
    THEN work.until_latest END AS working_seconds_to_first_dial,
  CASE WHEN target.hours IS NULL OR e.source_created_at IS NULL OR dial.latest < e.source_created_at THEN NULL
    WHEN extract(epoch FROM dial.latest - e.source_created_at) <= target.seconds
      OR dial.latest IS NOT NULL AND work.until_latest <= target.seconds THEN true
    WHEN work.until_earliest > target.seconds THEN false
  END AS is_within_working_target
FROM allo.queue_entries e
JOIN allo.queues q USING (queue_id)
CROSS JOIN (
  SELECT speed_to_lead_seconds AS seconds, working_hours::int4multirange AS hours, report_time_zone AS zone FROM allo.settings
) target
LEFT JOIN allo.queue_assignments a ON a.queue_id = e.queue_id AND a.valid_from <= e.first_seen_at
  AND (a.valid_to > e.first_seen_at OR a.valid_to IS NULL)
LEFT JOIN allo.teammates t ON t.user_id = a.user_id
LEFT JOIN LATERAL (
  SELECT p.* FROM allo.queue_entries x JOIN allo.dials p USING (entry_id)
  WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND p.team_id = q.team_id
  ORDER BY coalesce(p.dialled_at, p.first_seen_at), p.first_seen_at, p.dial_id LIMIT 1
) d ON true
LEFT JOIN LATERAL (
  SELECT bool_or(x.last_seen_at IS NULL AND xq.is_current) AS is_waiting,
    max(coalesce(x.last_seen_at, xq.last_observed_at)) AS until
  FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
  WHERE d.dial_id IS NULL AND coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to)
    AND xq.team_id = q.team_id
) uncalled ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN d.dial_id IS NULL THEN uncalled.until ELSE coalesce(d.dialled_at, d.changed_after) END AS earliest,
    coalesce(d.dialled_at, d.first_seen_at) AS latest
) dial
LEFT JOIN LATERAL (
  SELECT coalesce(sum(extract(epoch FROM least(period.until, dial.latest) - greatest(period.since, e.source_created_at)))
      FILTER (WHERE least(period.until, dial.latest) > greatest(period.since, e.source_created_at)), 0)::double precision
      AS until_latest,
    coalesce(sum(extract(epoch FROM least(period.until, dial.earliest) - greatest(period.since, e.source_created_at)))
      FILTER (WHERE dial.earliest > greatest(period.since, e.source_created_at)), 0)::double precision AS until_earliest
  FROM generate_series(date_trunc('week', e.source_created_at AT TIME ZONE target.zone),
    coalesce(dial.latest, dial.earliest) AT TIME ZONE target.zone, interval '7 days') week
  CROSS JOIN unnest(target.hours) minutes
  CROSS JOIN LATERAL (
    SELECT (week + lower(minutes) * interval '1 minute') AT TIME ZONE target.zone AS since,
      (week + upper(minutes) * interval '1 minute') AT TIME ZONE target.zone AS until
  ) period
  WHERE target.hours IS NOT NULL AND period.until > e.source_created_at
) work ON true
WHERE allo.known_number(e.number_key, e.number_to) IS NOT NULL
  AND NOT EXISTS (SELECT FROM allo.teams WHERE team_id = q.team_id AND history_from > e.first_seen_at)
  AND NOT EXISTS (
    SELECT FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
    WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND xq.team_id = q.team_id
      AND (coalesce(x.source_created_at, x.first_seen_at), x.entry_id)
        < (coalesce(e.source_created_at, e.first_seen_at), e.entry_id));
