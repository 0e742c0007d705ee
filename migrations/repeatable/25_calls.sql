-- Definitions for the details of calls, each in one place. As in 20_words.sql, Postgres inlines them.
CREATE OR REPLACE FUNCTION allo.is_answered(outcome text, result text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN outcome = 'connected' OR outcome = 'in_progress' AND result IN ('ANSWERED', 'TRANSFERRED');
CREATE OR REPLACE FUNCTION allo.talk_seconds(outcome text, result text, duration_seconds integer) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN result IS NOT NULL THEN CASE WHEN allo.is_answered(outcome, result) THEN duration_seconds ELSE 0 END END;
CREATE OR REPLACE FUNCTION allo.is_conversation(outcome text, result text, duration_seconds integer, is_phone_menu boolean)
  RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN allo.talk_seconds(outcome, result, duration_seconds) > 60 AND is_phone_menu IS NOT TRUE;
COMMENT ON FUNCTION allo.is_answered IS 'Whether a call was answered: the queue says so, or it shows no result and the call itself says so.';
COMMENT ON FUNCTION allo.talk_seconds IS 'Seconds of a call that was answered; 0: it was not. Null: its details are not known.';
COMMENT ON FUNCTION allo.is_conversation IS 'Allo''s word: answered for more than 60 seconds; here without those that a phone menu answered. Null: its details are not known.';
