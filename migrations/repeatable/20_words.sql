-- Definitions of schema reporting, each in one place: what an outcome counts as, how a rate is computed, which periods
-- are fixed. The views call these functions, and outcome_definitions shows them. Their bodies are plain expressions
-- without settings, so that Postgres inlines them. They run with the rights of the view's reader, so they read no table.
CREATE OR REPLACE FUNCTION allo.is_resolved(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN outcome NOT IN ('remaining', 'in_progress');
CREATE OR REPLACE FUNCTION allo.is_connected(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN outcome = 'connected';
CREATE OR REPLACE FUNCTION allo.is_picked_up(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN outcome IN ('connected', 'voicemail');
CREATE OR REPLACE FUNCTION allo.is_not_in_service(not_reached_destination_reason text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce(not_reached_destination_reason = 'NOT_IN_SERVICE', false);
COMMENT ON FUNCTION allo.is_resolved IS 'Whether a dial with this outcome has a result. Rates divide by these.';
COMMENT ON FUNCTION allo.is_connected IS 'Whether a person answered (connected in Allo''s sense).';
COMMENT ON FUNCTION allo.is_picked_up IS 'Whether a person or a machine answered (connected in Aircall''s sense).';
COMMENT ON FUNCTION allo.is_not_in_service IS 'Whether the dial found that the number does not exist or is not in service.';

-- The index on entries is on coalesce(number_key, number_to). An erased number without NUMBER_KEY has a random key of its
-- own, so it looks like a number without other entries.
CREATE OR REPLACE FUNCTION allo.known_number(number_key text, number_to text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN number_key LIKE 'erased-%' THEN NULL ELSE coalesce(number_key, number_to) END;
COMMENT ON FUNCTION allo.known_number IS 'What entries of the same number have in common: coalesce(number_key, number_to). Null if that is not known: the number was erased without a key, or Allo sent none.';

-- Fixed periods, so that reports can be compared.
CREATE OR REPLACE FUNCTION allo.stale_after() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '7 days';
CREATE OR REPLACE FUNCTION allo.unresolved_after() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '120 minutes';
CREATE OR REPLACE FUNCTION allo.session_pause() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '30 minutes';
CREATE OR REPLACE FUNCTION allo.starts_session(pause interval) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN pause IS NULL OR pause > allo.session_pause();
CREATE OR REPLACE FUNCTION allo.redial_pause() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '1 hour';
CREATE OR REPLACE FUNCTION allo.leaderboard_period() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '7 days';
CREATE OR REPLACE FUNCTION allo.heatmap_period() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '28 days';
CREATE OR REPLACE FUNCTION allo.calendar_reach() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '5 years';
CREATE OR REPLACE FUNCTION allo.forecast_reach() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '8 hours';
CREATE OR REPLACE FUNCTION allo.forecast_least() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 10;
CREATE OR REPLACE FUNCTION allo.mass_removal() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 10;
COMMENT ON FUNCTION allo.forecast_reach IS 'queue_forecast measures the pace over this much dialling time, the last of its holder in that queue.';
COMMENT ON FUNCTION allo.forecast_least IS 'queue_forecast measures no pace from fewer first dials than this.';
COMMENT ON FUNCTION allo.mass_removal IS 'From this many uncalled numbers that leave a queue at once, it is a mass removal.';
COMMENT ON FUNCTION allo.calendar_reach IS 'The days of daily_activity begin at most this long before a teammate was first seen: an earlier dial has a wrong time.';
COMMENT ON FUNCTION allo.stale_after IS 'A number that waits longer than this without a call is stale.';
COMMENT ON FUNCTION allo.unresolved_after IS 'A dial without a result after this time is unresolved: a result is unlikely to come.';
COMMENT ON FUNCTION allo.session_pause IS 'A pause between two dials longer than this ends a dialling session.';
COMMENT ON FUNCTION allo.starts_session IS 'Whether a dial begins a session, from the pause since the dial before it on the same day. Null: it is the first one. daily_activity and sessions use it.';
COMMENT ON FUNCTION allo.redial_pause IS 'A dial that follows the previous dial of its number sooner than this is wasted.';
COMMENT ON FUNCTION allo.leaderboard_period IS 'The period of leaderboard_7d.';
COMMENT ON FUNCTION allo.heatmap_period IS 'The period of activity_heatmap, in which each weekday occurs equally often.';

-- numeric, so that round(rate, 2) works. Computed as double precision, which is faster and has no long row of digits.
CREATE OR REPLACE FUNCTION allo.rate(part bigint, whole bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (part / nullif(whole, 0)::double precision)::numeric;
-- Wilson score interval, 95 %. It shows how uncertain a rate of few dials is.
CREATE OR REPLACE FUNCTION allo.rate_low(part bigint, whole bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN whole > 0 THEN greatest(0,
  (part + 1.9207294 - 1.959964 * sqrt(part * (whole - part)::double precision / whole + 0.9603647)) / (whole + 3.8414588))::numeric END;
CREATE OR REPLACE FUNCTION allo.rate_high(part bigint, whole bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN whole > 0 THEN least(1,
  (part + 1.9207294 + 1.959964 * sqrt(part * (whole - part)::double precision / whole + 0.9603647)) / (whole + 3.8414588))::numeric END;
COMMENT ON FUNCTION allo.rate IS 'Rate from 0 to 1; null if the divisor is 0.';
COMMENT ON FUNCTION allo.rate_low IS 'Lower end of the 95 % Wilson interval of a rate; null if the divisor is 0.';
COMMENT ON FUNCTION allo.rate_high IS 'Upper end of the 95 % Wilson interval of a rate; null if the divisor is 0.';

-- Scheme, host and extension of an address are removed first, so that the two digits shown are the last ones of the
-- dialled number. An address without a number, letters instead of digits, and fewer than seven digits show nothing.
CREATE OR REPLACE FUNCTION allo.masked_address(number_to text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT CASE
    WHEN main ~ '[[:alpha:]]' OR length(regexp_replace(main, '[^0-9]', '', 'g')) NOT BETWEEN 7 AND 15 THEN '…'
    ELSE coalesce(substring(regexp_replace(main, '[^0-9+]', '', 'g') FROM
      '^(\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[035789]|9[679])[0-9]))'), '')
      || '…' || right(regexp_replace(main, '[^0-9]', '', 'g'), 2)
  END
  FROM (SELECT regexp_replace(regexp_replace(regexp_replace(number_to,
      '^\s*(?:tel|sips?|callto|sms|fax):', '', 'i'),
      '[@;].*$', ''),
      '[\s,.]*(?:x|#|ext|extn|extension|,)[\s.:]*[0-9]*\s*$', '', 'i') AS main) AS dialled
);
COMMENT ON FUNCTION allo.masked_address IS 'Like masked_number, for a value that is not a plain number.';

-- E.164 country codes are prefix-free: +1 and +7, some forty of two digits, the others of three. Postgres takes the
-- longest alternative, so the patterns of three digits exclude those that begin with a code of two digits.
-- Postgres inlines no body with a subquery, so values that are not plain numbers have their own function.
CREATE OR REPLACE FUNCTION allo.masked_number(number_to text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN number_to IS NULL THEN NULL
  WHEN number_to ~ '^\+?[0-9]{7,15}$' THEN coalesce(substring(number_to FROM
    '^(\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[035789]|9[679])[0-9]))'), '') || '…' || right(number_to, 2)
  ELSE allo.masked_address(number_to)
END;
COMMENT ON FUNCTION allo.masked_number IS 'Country code and last two digits of a number, without its extension. It helps to distinguish numbers and identifies no person. Null stays null. A number that is too short, an address, and a number in letters show nothing.';

-- Start of a local day. If the clock goes back at midnight, 00:00 occurs twice, and Postgres takes the second one.
CREATE OR REPLACE FUNCTION allo.start_of_day(day date, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((day::timestamp AT TIME ZONE zone - interval '1 hour') AT TIME ZONE zone)::date = day
  THEN day::timestamp AT TIME ZONE zone - interval '1 hour' ELSE day::timestamp AT TIME ZONE zone END;
COMMENT ON FUNCTION allo.start_of_day IS 'First instant of a local day.';

CREATE OR REPLACE FUNCTION allo.seconds_within(times tstzmultirange, since timestamptz, until timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN times && tstzrange(since, greatest(since, until)) THEN (
  SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0)::double precision
  FROM unnest(times * tstzmultirange(tstzrange(since, greatest(since, until)))) part
) ELSE 0 END;
COMMENT ON FUNCTION allo.seconds_within IS 'For how many seconds of the period from since to until these times apply.';
