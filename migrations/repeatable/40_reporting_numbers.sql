-- Entries, dials and versions of numbers, and who held their queue.

CREATE OR REPLACE VIEW reporting.number_entries AS
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

CREATE OR REPLACE VIEW reporting.dials AS
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
  d.first_seen_at, d.changed_after, d.last_changed_at,
  -- A dial from before its holder was first seen with the queue may be of the holder before.
  (SELECT before.user_id FROM (
      SELECT max(valid_from) AS valid_from FROM allo.queue_assignments
      WHERE queue_id = d.queue_id AND user_id = d.user_id AND valid_from <= d.first_seen_at
    ) held
    CROSS JOIN LATERAL (
      SELECT user_id FROM allo.queue_assignments b WHERE b.queue_id = d.queue_id AND b.valid_from < held.valid_from
      ORDER BY b.valid_from DESC LIMIT 1
    ) before
    WHERE before.user_id <> d.user_id AND coalesce(d.dialled_at < held.valid_from, d.first_seen_at = held.valid_from)
  ) AS previous_holder_id,
  -- Of two dials in one second, the one that was seen first was made first.
  (SELECT count(*)::int + 1 FROM allo.dials p
    WHERE p.entry_id = d.entry_id AND (coalesce(p.dialled_at, p.first_seen_at), p.first_seen_at, p.dial_id)
      < (coalesce(d.dialled_at, d.first_seen_at), d.first_seen_at, d.dial_id)) AS attempt_of_stay,
  of_number.earlier_dials + 1 AS attempt_of_number, of_number.connected_before,
  CASE WHEN of_number.previous_dialled_at = of_number.previous_counted_at
    THEN extract(epoch FROM d.dialled_at - of_number.previous_dialled_at) / 3600 END AS hours_since_previous_attempt,
  (SELECT CASE WHEN d.dialled_at >= min(coalesce(x.source_created_at, x.first_seen_at))
      THEN extract(epoch FROM d.dialled_at - min(coalesce(x.source_created_at, x.first_seen_at)))::double precision END
    FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
    WHERE coalesce(x.number_key, x.number_to) = known.number AND xq.team_id = d.team_id AND NOT EXISTS (
      SELECT FROM allo.teams WHERE team_id = d.team_id AND history_from > coalesce(d.dialled_at, d.first_seen_at))
  ) AS seconds_since_first_queued,
  (coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::date AS local_day,
  extract(hour FROM coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::int AS local_hour,
  e.removed_at IS NOT NULL OR EXISTS (SELECT FROM allo.dials p
    WHERE p.entry_id = d.entry_id AND (coalesce(p.dialled_at, p.first_seen_at), p.first_seen_at, p.dial_id)
      > (coalesce(d.dialled_at, d.first_seen_at), d.first_seen_at, d.dial_id)) AS is_final,
  of_number.not_in_service_before,
  -- No join, for the reason that is given below.
  (SELECT allo.talk_seconds(d.outcome, c.result, c.duration_seconds) FROM allo.calls c
    WHERE c.team_id = d.team_id AND c.call_id = d.call_id) AS talk_seconds,
  (SELECT allo.is_conversation(d.outcome, c.result, c.duration_seconds, c.is_phone_menu) FROM allo.calls c
    WHERE c.team_id = d.team_id AND c.call_id = d.call_id) AS is_conversation,
  (SELECT c.is_phone_menu FROM allo.calls c WHERE c.team_id = d.team_id AND c.call_id = d.call_id) AS is_phone_menu,
  (SELECT CASE WHEN c.tags IS NOT NULL THEN (SELECT coalesce(string_agg(tag, ', ' ORDER BY nth), '')
      FROM jsonb_array_elements_text(c.tags) WITH ORDINALITY AS listed(tag, nth)) END FROM allo.calls c
    WHERE c.team_id = d.team_id AND c.call_id = d.call_id) AS tags
FROM allo.dials d
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
LEFT JOIN allo.queue_entries e USING (entry_id)
LEFT JOIN allo.teammates t ON t.user_id = d.user_id
CROSS JOIN LATERAL (SELECT allo.known_number(e.number_key, e.number_to) AS number) known
-- Postgres skips this join unless its columns are selected. More joins than this one would keep Postgres from reordering
-- the joins of a query that joins this view with another one (join_collapse_limit).
LEFT JOIN LATERAL (
  SELECT count(*)::int AS earlier_dials, coalesce(bool_or(allo.is_connected(p.outcome)), false) AS connected_before,
    coalesce(bool_or(allo.is_not_in_service(p.not_reached_destination_reason)), false) AS not_in_service_before,
    max(coalesce(p.dialled_at, p.first_seen_at)) AS previous_counted_at, max(p.dialled_at) AS previous_dialled_at
  FROM allo.queue_entries x JOIN allo.dials p USING (entry_id)
  WHERE coalesce(x.number_key, x.number_to) = known.number AND p.team_id = d.team_id
    AND (coalesce(p.dialled_at, p.first_seen_at), p.first_seen_at, p.dial_id)
      < (coalesce(d.dialled_at, d.first_seen_at), d.first_seen_at, d.dial_id)
) of_number ON known.number IS NOT NULL AND NOT EXISTS (SELECT FROM allo.teams
  WHERE team_id = d.team_id AND history_from > coalesce(d.dialled_at, d.first_seen_at));

CREATE OR REPLACE VIEW reporting.number_history AS
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

-- Like queue_assignments, but a period ends only when the queue is assigned again, not when its holder loses it.
CREATE OR REPLACE VIEW allo.queue_holders AS
SELECT a.queue_id, a.user_id, a.valid_from,
  lead(a.valid_from) OVER (PARTITION BY a.queue_id ORDER BY a.valid_from) AS next_from
FROM allo.queue_assignments a
WHERE a.queue_id IS NOT NULL;
COMMENT ON VIEW allo.queue_holders IS 'One row per assignment of a queue: its teammate is the last known holder until the queue is assigned again, to another teammate or to the same one.';
COMMENT ON COLUMN allo.queue_holders.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_holders.user_id IS 'The holder in this period.';
COMMENT ON COLUMN allo.queue_holders.valid_from IS 'Observed: when the teammate was first seen with it.';
COMMENT ON COLUMN allo.queue_holders.next_from IS 'Observed: when the queue was next assigned to a teammate. Null: it was not.';

-- If the version before was deleted by age, a version shows no change. Only the first version of an entry is an addition.
-- The version before is found by two joins that return at most one row, so Postgres skips them if no column needs them.
CREATE OR REPLACE VIEW reporting.number_changes AS
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
  SELECT max(p.valid_from) AS valid_from FROM allo.queue_number_versions p
  WHERE p.entry_id = v.entry_id AND p.valid_from < v.valid_from
) last ON true
LEFT JOIN allo.queue_number_versions before ON before.entry_id = v.entry_id AND before.valid_from = last.valid_from
WHERE NOT EXISTS (SELECT FROM allo.teams WHERE team_id = q.team_id AND history_from IS NOT NULL)
  OR EXISTS (SELECT FROM allo.queue_entries x WHERE x.entry_id = v.entry_id AND x.first_seen_at >= v.valid_from)
  OR EXISTS (SELECT FROM allo.queue_number_versions p WHERE p.entry_id = v.entry_id AND p.valid_from < v.valid_from)
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

CREATE OR REPLACE VIEW reporting.queue_assignments AS
SELECT t.team_id, a.user_id, t.name AS teammate_name, a.queue_id,
  CASE WHEN a.queue_id IS NULL THEN 'no_queue' ELSE 'queue' END AS assignment_state,
  a.valid_from, a.valid_to, a.valid_to IS NULL AS is_open, a.missing_since AS unknown_since, a.changed_after, a.end_reason,
  extract(epoch FROM coalesce(a.valid_to, a.missing_since, t.last_observed_at) - a.valid_from)::double precision
    AS held_seconds
FROM allo.queue_assignments a
JOIN allo.teammates t USING (user_id)
WHERE a.missing_since IS DISTINCT FROM a.valid_from;

CREATE OR REPLACE VIEW reporting.queue_history AS
SELECT q.team_id, v.queue_id, v.valid_from, v.valid_to, v.valid_to IS NULL AS is_open, v.changed_after, v.end_reason,
  v.name AS queue_name, v.creator_id, v.assignee_id, v.voicemail_handling, v.do_not_disturb
FROM allo.queue_versions v
JOIN allo.queues q USING (queue_id);

-- A filter applies to the newest entry of a number. Its earlier entries are looked up from there. Without a filter, one
-- join finds the few numbers with more than one entry.
CREATE OR REPLACE VIEW reporting.requeued_numbers AS
SELECT q.team_id, e.entry_id, e.queue_id, a.user_id, t.name AS teammate_name,
  allo.masked_number(e.number_to) AS number_masked, e.number_key, e.first_seen_at, e.outcome, earlier.entries + 1 AS entries,
  earlier.first_seen_at AS first_ever_seen_at, earlier.previous_entry_id, earlier.previous_queue_id,
  earlier.previous_outcome, earlier.has_connected AS has_connected_before,
  extract(epoch FROM e.first_seen_at - earlier.previous_first_seen_at)::double precision AS seconds_since_previous,
  again.dials, again.dials_after_connection
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
LEFT JOIN LATERAL (
  SELECT count(*) AS dials, count(*) FILTER (WHERE is_after_connection) AS dials_after_connection
  FROM (
    -- Allo's times are whole seconds: of two dials in one second, the one that was seen first was made first.
    SELECT coalesce(bool_or(allo.is_connected(d.outcome)) OVER (
        ORDER BY coalesce(d.dialled_at, d.first_seen_at), d.first_seen_at, d.dial_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS is_after_connection
    FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id) JOIN allo.dials d USING (entry_id)
    WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND xq.team_id = q.team_id
  ) of_number
) again ON true
WHERE earlier.entries > 0 AND NOT earlier.has_later AND EXISTS (
  SELECT FROM allo.queue_entries x
  WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to)
    AND (x.first_seen_at, x.entry_id) < (e.first_seen_at, e.entry_id));

CREATE OR REPLACE VIEW reporting.removed_uncalled AS
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

-- An entry that ended and was opened again has only its versions to show that it had left: by their end or, if it was not
-- observable then, by the removal that was found later. Few entries were, so these are where a query begins.
CREATE OR REPLACE VIEW allo.undone_removals AS
SELECT v.queue_id, v.entry_id, departure.removed_at, departure.reason
FROM allo.queue_number_versions v
CROSS JOIN LATERAL (VALUES
  (CASE WHEN v.end_reason <> 'unobservable' THEN v.valid_to END, v.end_reason),
  (v.later_removed_at, v.later_removal_reason)
) departure(removed_at, reason)
WHERE v.entry_id IN (SELECT entry_id FROM allo.queue_number_versions WHERE is_reopened IS NOT FALSE)
  AND departure.removed_at IS NOT NULL
  AND allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id) = 'remaining'
  AND EXISTS (SELECT FROM allo.queue_number_versions n
    WHERE n.entry_id = v.entry_id AND n.valid_from >= departure.removed_at)
  AND NOT EXISTS (SELECT FROM allo.dials d
    WHERE d.entry_id = v.entry_id AND d.first_seen_at <= departure.removed_at);
COMMENT ON VIEW allo.undone_removals IS 'One row per removal of an uncalled number that returned to its queue: its entry was re-opened and does not show the removal any more.';
COMMENT ON COLUMN allo.undone_removals.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.undone_removals.entry_id IS 'The entry.';
COMMENT ON COLUMN allo.undone_removals.removed_at IS 'Observed: end of the first reading without it.';
COMMENT ON COLUMN allo.undone_removals.reason IS 'Why it ended, as in queue_entries.removal_reason.';

-- The joins are inside, so that a filter on the teammate begins with the queues they held.
CREATE OR REPLACE VIEW reporting.removals AS
SELECT l.team_id, l.removed_at, l.queue_id, l.queue_name, l.user_id, l.teammate_name, l.reason,
  count(*) AS numbers, count(*) >= allo.mass_removal() AS is_mass, count(*) FILTER (WHERE l.came_back) AS came_back,
  CASE WHEN l.held_from = l.removed_at THEN (
    SELECT nullif(b.user_id, l.user_id) FROM allo.queue_assignments b
    WHERE b.queue_id = l.queue_id AND b.valid_from < l.held_from ORDER BY b.valid_from DESC LIMIT 1
  ) END AS previous_holder_id
FROM (
  SELECT q.team_id, e.removed_at, e.queue_id, q.name AS queue_name, a.user_id, t.name AS teammate_name,
    a.valid_from AS held_from, e.removal_reason AS reason, EXISTS (
      SELECT FROM allo.queue_entries x JOIN allo.queues xq USING (queue_id)
      WHERE coalesce(x.number_key, x.number_to) = coalesce(e.number_key, e.number_to) AND xq.team_id = q.team_id
        AND x.entry_id <> e.entry_id AND (x.last_seen_at IS NULL OR x.last_seen_at >= e.removed_at)) AS came_back
  FROM allo.queue_entries e
  JOIN allo.queues q USING (queue_id)
  LEFT JOIN allo.queue_holders a ON a.queue_id = e.queue_id AND a.valid_from <= e.removed_at
    AND (a.next_from > e.removed_at OR a.next_from IS NULL)
  LEFT JOIN allo.teammates t ON t.user_id = a.user_id
  WHERE e.last_seen_at IS NOT NULL AND e.removed_at IS NOT NULL AND e.dial_count = 0 AND e.outcome = 'remaining'
  UNION ALL
  SELECT q.team_id, v.removed_at, v.queue_id, q.name, a.user_id, t.name, a.valid_from, v.reason, true
  FROM allo.undone_removals v
  JOIN allo.queues q USING (queue_id)
  LEFT JOIN allo.queue_holders a ON a.queue_id = v.queue_id AND a.valid_from <= v.removed_at
    AND (a.next_from > v.removed_at OR a.next_from IS NULL)
  LEFT JOIN allo.teammates t ON t.user_id = a.user_id
) l
GROUP BY l.team_id, l.removed_at, l.queue_id, l.queue_name, l.user_id, l.teammate_name, l.held_from, l.reason;

CREATE OR REPLACE VIEW reporting_pii.numbers AS
SELECT q.team_id, e.entry_id, e.queue_id, e.number_to, e.number_key
FROM allo.queue_entries e JOIN allo.queues q USING (queue_id)
WHERE e.number_to IS NOT NULL;
