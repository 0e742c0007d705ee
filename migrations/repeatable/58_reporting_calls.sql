-- Calls and what came of them, as far as their details were asked for (CALL_DETAILS).

CREATE OR REPLACE VIEW reporting.calls AS
SELECT c.team_id, c.call_id, d.dial_id, d.user_id, t.name AS teammate_name, d.queue_id,
  coalesce(d.dialled_at, d.first_seen_at) AS counted_at,
  (coalesce(d.dialled_at, d.first_seen_at) AT TIME ZONE zone.name)::date AS local_day,
  CASE WHEN c.known_at IS NOT NULL THEN 'known' WHEN c.given_up_at IS NOT NULL THEN 'given_up' ELSE 'waiting' END
    AS details_state,
  c.result, c.direction, c.started_at, c.duration_seconds,
  allo.talk_seconds(d.outcome, c.result, c.duration_seconds) AS talk_seconds,
  allo.is_connected(d.outcome) AS is_connected,
  allo.is_conversation(d.outcome, c.result, c.duration_seconds, c.is_phone_menu) AS is_conversation, c.is_phone_menu,
  CASE WHEN c.tags IS NOT NULL THEN (SELECT coalesce(string_agg(tag, ', ' ORDER BY nth), '')
    FROM jsonb_array_elements_text(c.tags) WITH ORDINALITY AS listed(tag, nth)) END AS tags,
  CASE WHEN c.tags IS NOT NULL AND chosen.tags IS NOT NULL THEN EXISTS (
    SELECT FROM jsonb_array_elements_text(c.tags) tag JOIN unnest(chosen.tags) one ON lower(tag) = lower(one)) END
    AS is_conversion,
  c.allo_number, c.known_at, c.asked_at, c.next_ask_at, c.attempts, c.given_up_at, c.reason
FROM allo.dials d
JOIN allo.calls c USING (team_id, call_id)
CROSS JOIN (SELECT coalesce((SELECT report_time_zone FROM allo.settings), 'UTC') AS name) zone
CROSS JOIN (SELECT (SELECT conversion_tags FROM allo.settings) AS tags) chosen
LEFT JOIN allo.teammates t ON t.user_id = d.user_id;

-- Nothing is counted of calls whose details are not known: with none known, these counts are null.
CREATE OR REPLACE VIEW reporting.funnel AS
SELECT t.team_id, t.user_id, t.teammate_name, t.day, t.until <= t.last_observed_at AS is_day_over,
  f.dials, f.resolved_dials, f.connected, f.details_known, f.connected_known,
  CASE WHEN f.is_known THEN f.phone_menus END AS phone_menus,
  CASE WHEN f.is_known THEN f.conversations END AS conversations,
  CASE WHEN f.is_known AND f.is_chosen THEN f.conversions END AS conversions,
  CASE WHEN f.is_known THEN f.talk_seconds END AS talk_seconds,
  allo.rate(f.connected, f.resolved_dials) AS connection_rate,
  allo.rate_low(f.connected, f.resolved_dials) AS connection_rate_low,
  allo.rate_high(f.connected, f.resolved_dials) AS connection_rate_high,
  allo.rate(f.conversations, f.connected_known) AS conversation_rate,
  allo.rate_low(f.conversations, f.connected_known) AS conversation_rate_low,
  allo.rate_high(f.conversations, f.connected_known) AS conversation_rate_high,
  CASE WHEN f.is_chosen THEN allo.rate(f.conversions, f.connected_known) END AS conversion_rate,
  CASE WHEN f.is_chosen THEN allo.rate_low(f.conversions, f.connected_known) END AS conversion_rate_low,
  CASE WHEN f.is_chosen THEN allo.rate_high(f.conversions, f.connected_known) END AS conversion_rate_high
FROM allo.teammate_days t
CROSS JOIN LATERAL (
  SELECT counts.*, chosen.tags IS NOT NULL AS is_chosen,
    details_known > 0 AND (connected = 0 OR connected_known > 0) AS is_known
  FROM (SELECT (SELECT conversion_tags FROM allo.settings) AS tags) chosen
  CROSS JOIN LATERAL (
    SELECT count(*) AS dials, count(*) FILTER (WHERE allo.is_resolved(d.outcome)) AS resolved_dials,
      count(*) FILTER (WHERE allo.is_connected(d.outcome)) AS connected,
      count(c.known_at) AS details_known,
      count(c.known_at) FILTER (WHERE allo.is_connected(d.outcome)) AS connected_known,
      count(*) FILTER (WHERE allo.is_connected(d.outcome) AND c.is_phone_menu) AS phone_menus,
      count(*) FILTER (WHERE allo.is_connected(d.outcome)
        AND allo.is_conversation(d.outcome, c.result, c.duration_seconds, c.is_phone_menu)) AS conversations,
      count(*) FILTER (WHERE allo.is_connected(d.outcome) AND EXISTS (
        SELECT FROM jsonb_array_elements_text(c.tags) tag JOIN unnest(chosen.tags) one ON lower(tag) = lower(one)))
        AS conversions,
      sum(allo.talk_seconds(d.outcome, c.result, c.duration_seconds)) AS talk_seconds
    FROM allo.dials d
    LEFT JOIN allo.calls c ON c.team_id = d.team_id AND c.call_id = d.call_id AND c.known_at IS NOT NULL
    WHERE d.user_id = t.user_id AND coalesce(d.dialled_at, d.first_seen_at) >= t.since
      AND coalesce(d.dialled_at, d.first_seen_at) < t.until
  ) counts
) f;
