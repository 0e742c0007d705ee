-- A number that was added had no outcome before: outcome_before said remaining, and is null. The rest of the view is as
-- it was.
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
