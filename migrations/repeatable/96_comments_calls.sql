-- Comments on the details of calls, and on what belongs to them.

COMMENT ON TABLE allo.calls IS 'One row per call whose details are asked for, with CALL_DETAILS=true: the calls of dials that are over, of the last four weeks. Nothing that was said and no number of a contact is in it.';
COMMENT ON COLUMN allo.calls.team_id IS 'Team of the dial.';
COMMENT ON COLUMN allo.calls.call_id IS 'Id of the call at Allo, as in dials.';
COMMENT ON COLUMN allo.calls.dialled_at IS 'When the number was dialled: start of the call as the queue shows it, or when the dial was first seen.';
COMMENT ON COLUMN allo.calls.asked_at IS 'When the API was last asked for the details. Null: not yet.';
COMMENT ON COLUMN allo.calls.next_ask_at IS 'When the API is to be asked next; while a worker asks, when its claim ends. Null: never.';
COMMENT ON COLUMN allo.calls.attempts IS 'Requests in a row that brought no details.';
COMMENT ON COLUMN allo.calls.reason IS 'Code of the last answer without details: not_found, not_ready, a code of the API; surprised, with the field that was not as documented; id_erased: the id contained an erased number. Null: the last answer brought details.';
COMMENT ON COLUMN allo.calls.given_up_at IS 'When the call was given up, after six requests without details. Null: it was not.';
COMMENT ON COLUMN allo.calls.known_at IS 'When the details were first known. Null: they are not.';
COMMENT ON COLUMN allo.calls.result IS 'Result of the call at Allo: ANSWERED, MISSED, TRANSFERRED, VOICEMAIL, or a new word. Null: not known.';
COMMENT ON COLUMN allo.calls.duration_seconds IS 'Duration of the call in seconds, as Allo counts it. Null: not known.';
COMMENT ON COLUMN allo.calls.direction IS 'OUTBOUND, INBOUND, or a new word. Null: the API did not say.';
COMMENT ON COLUMN allo.calls.started_at IS 'Start of the call, as the call itself has it. Null: the API did not say.';
COMMENT ON COLUMN allo.calls.allo_number IS 'The number of the team that was used for the call. Null: the API did not say, or it was the number of the contact, which is not kept.';
COMMENT ON COLUMN allo.calls.tags IS 'Tags of the call, a list of texts; phone numbers in them are masked. Null: the API did not say.';
COMMENT ON COLUMN allo.calls.is_phone_menu IS 'Whether a phone menu picked up (ivr_result is not empty). Null: the API did not say.';

COMMENT ON COLUMN allo.read_slots.next_call_at IS 'No details of calls are asked for before. Null: nothing holds them back.';
COMMENT ON COLUMN allo.settings.conversion_tags IS 'CONVERSION_TAGS: a call with one of these tags is a conversion. Null: none are set.';

COMMENT ON VIEW reporting.calls IS 'One row per call whose details were asked for, or are to be (CALL_DETAILS=true): calls that are over, of the last four weeks. How long did people talk, and how were calls tagged? Only dials with a call_id have a call. Without CALL_DETAILS there are no rows.';
COMMENT ON COLUMN reporting.calls.call_id IS 'Allo''s id of the call.';
COMMENT ON COLUMN reporting.calls.dial_id IS 'The dial of the call: see dials.';
COMMENT ON COLUMN reporting.calls.user_id IS 'The teammate who dialled, as in dials.';
COMMENT ON COLUMN reporting.calls.counted_at IS 'When the number was dialled, as in dials.';
COMMENT ON COLUMN reporting.calls.local_day IS 'Local day of counted_at.';
COMMENT ON COLUMN reporting.calls.details_state IS 'known; waiting: Allo is still to be asked, or asked again; given_up: Allo had no details after six requests.';
COMMENT ON COLUMN reporting.calls.result IS 'Result of the call at Allo: ANSWERED, MISSED, TRANSFERRED, VOICEMAIL, or a new word. For the outcome of the dial see dials. Null: not known.';
COMMENT ON COLUMN reporting.calls.direction IS 'OUTBOUND, INBOUND, or a new word. Null: not known.';
COMMENT ON COLUMN reporting.calls.started_at IS 'Source: start of the call, as the call itself has it. Null: not known.';
COMMENT ON COLUMN reporting.calls.duration_seconds IS 'Duration of the call in seconds as Allo counts it, of calls without an answer too. Null: not known.';
COMMENT ON COLUMN reporting.calls.is_conversion IS 'The call has one of the tags of CONVERSION_TAGS, upper or lower case. Null: not known, or no such tags are set.';
COMMENT ON COLUMN reporting.calls.allo_number IS 'The number of the team that was used for the call. Null: not known.';
COMMENT ON COLUMN reporting.calls.known_at IS 'Observed: when the details were first known. Null: they are not.';
COMMENT ON COLUMN reporting.calls.asked_at IS 'Observed: when Allo was last asked. Null: not yet.';
COMMENT ON COLUMN reporting.calls.next_ask_at IS 'When Allo is to be asked next. Of a known call: for tags that were added after it. Null: never.';
COMMENT ON COLUMN reporting.calls.attempts IS 'Requests in a row that brought no details.';
COMMENT ON COLUMN reporting.calls.given_up_at IS 'Observed: when the call was given up. Null: it was not.';
COMMENT ON COLUMN reporting.calls.reason IS 'Code of the last answer without details: not_found, not_ready, a code of Allo, or surprised, with the field that was not as documented. Null: the last answer brought details.';

COMMENT ON VIEW reporting.funnel IS 'One row per teammate and local day, zeros included: dials, connected, conversations, conversions. At which step are people lost? Conversations and conversions are counted among connected dials whose details are known (connected_known), and are null where none is known, also without CALL_DETAILS. Add up rows and use reporting.rate; a rate of fewer than 10 is chance. Recent days still change: details come some minutes after a call, and tags of conversations are read again a day later.';
COMMENT ON COLUMN reporting.funnel.is_day_over IS 'True if the day was over at the last reading of the teammate; false: its figures still grow.';
COMMENT ON COLUMN reporting.funnel.dials IS 'Dials of the day.';
COMMENT ON COLUMN reporting.funnel.resolved_dials IS 'Those of dials with a result. connection_rate divides by these; the others (in_progress) are in no rate.';
COMMENT ON COLUMN reporting.funnel.connected IS 'Dials that were answered, those that a phone menu answered included: the queue does not tell them apart.';
COMMENT ON COLUMN reporting.funnel.details_known IS 'Dials whose details are known.';
COMMENT ON COLUMN reporting.funnel.connected_known IS 'Connected dials whose details are known. conversation_rate and conversion_rate divide by these.';
COMMENT ON COLUMN reporting.funnel.phone_menus IS 'Those of connected_known that a phone menu answered, where Allo says so. Null: no details are known.';
COMMENT ON COLUMN reporting.funnel.conversations IS 'Those of connected_known that lasted more than 60 seconds, without phone menus. Null: no details are known.';
COMMENT ON COLUMN reporting.funnel.conversions IS 'Those of connected_known with one of the tags of CONVERSION_TAGS. Null: no details are known, or no such tags are set.';
COMMENT ON COLUMN reporting.funnel.talk_seconds IS 'Seconds of all answered calls whose details are known. Null: no details are known.';
COMMENT ON COLUMN reporting.funnel.conversation_rate IS 'conversations divided by connected_known, 0 to 1. Null: connected_known is 0.';
COMMENT ON COLUMN reporting.funnel.conversation_rate_low IS 'Lower end of the 95 % Wilson interval of conversation_rate.';
COMMENT ON COLUMN reporting.funnel.conversation_rate_high IS 'Upper end of the 95 % Wilson interval of conversation_rate.';
COMMENT ON COLUMN reporting.funnel.conversion_rate IS 'conversions divided by connected_known, 0 to 1. Null: connected_known is 0, or no tags are set.';
COMMENT ON COLUMN reporting.funnel.conversion_rate_low IS 'Lower end of the 95 % Wilson interval of conversion_rate.';
COMMENT ON COLUMN reporting.funnel.conversion_rate_high IS 'Upper end of the 95 % Wilson interval of conversion_rate.';

DO $comments$
DECLARE
  view_name text;
BEGIN
  FOREACH view_name IN ARRAY ARRAY['dials', 'calls'] LOOP
    EXECUTE format('COMMENT ON COLUMN reporting.%I.talk_seconds IS %L', view_name,
      'Seconds of the call, if it was answered; 0: it was not. Null: the details of the call are not known, because CALL_DETAILS is off, Allo has none, or it was not asked yet.');
    EXECUTE format('COMMENT ON COLUMN reporting.%I.is_conversation IS %L', view_name,
      'Answered for more than 60 seconds (conversation in Allo''s sense), and not by a phone menu. Null: not known.');
    EXECUTE format('COMMENT ON COLUMN reporting.%I.is_phone_menu IS %L', view_name,
      'A phone menu answered, which Allo counts as answered (ivr_result). Null: not known, or Allo did not say.');
    EXECUTE format('COMMENT ON COLUMN reporting.%I.tags IS %L', view_name,
      'Tags of the call, separated by commas, as of the last answer; phone numbers in them are masked. Empty: none. Null: not known.');
  END LOOP;
END $comments$;
