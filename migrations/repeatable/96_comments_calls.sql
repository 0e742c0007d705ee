-- Comments on the details of calls, and on what belongs to them.

COMMENT ON TABLE allo.calls IS 'One row per call whose details are asked for, with CALL_DETAILS=true: the calls of dials that are over, of the last four weeks. Nothing that was said and no number of a contact is in it.';
COMMENT ON COLUMN allo.calls.team_id IS 'Team of the dial.';
COMMENT ON COLUMN allo.calls.call_id IS 'Id of the call at Allo, as in dials.';
COMMENT ON COLUMN allo.calls.dialled_at IS 'When the number was dialled: start of the call as the queue shows it, or when the dial was first seen.';
COMMENT ON COLUMN allo.calls.asked_at IS 'When the API was last asked for the details. Null: not yet.';
COMMENT ON COLUMN allo.calls.next_ask_at IS 'When the API is to be asked next; while a worker asks, when its claim ends. Null: never.';
COMMENT ON COLUMN allo.calls.attempts IS 'Requests in a row that brought no details.';
COMMENT ON COLUMN allo.calls.reason IS 'Code of the last answer without details: not_found, not_ready, a code of the API; id_erased: the id contained an erased number. Null: the last answer brought details.';
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
