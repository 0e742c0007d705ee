-- Functions for operators about personal data.

CREATE OR REPLACE FUNCTION allo.retire_number_key(end_suppressions boolean DEFAULT false) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  suppressed bigint;
  salt text := gen_random_uuid()::text || gen_random_uuid()::text;
BEGIN
  LOCK TABLE allo.locks IN EXCLUSIVE MODE;
  SELECT count(*) INTO suppressed FROM allo.suppressed_numbers;
  IF suppressed > 0 AND NOT end_suppressions THEN
    RAISE EXCEPTION '% numbers are suppressed, and only the present NUMBER_KEY can recognise them', suppressed
      USING HINT = 'To end all suppressions: select allo.retire_number_key(end_suppressions => true). Then suppress each number again with the new key: allo-queue-mirror forget --suppress.';
  END IF;
  DELETE FROM allo.suppressed_numbers;
  UPDATE allo.queue_entries
  SET number_key = CASE WHEN number_to IS NULL THEN 'erased-' || left(encode(sha256(convert_to(salt || number_key, 'UTF8')), 'hex'), 32) END
  WHERE number_key NOT LIKE 'forgotten-%' AND number_key NOT LIKE 'erased-%';
  -- Concealed ids of calls were made with the key, so its owner could trace them back to the number.
  UPDATE allo.queue_numbers SET call_id = 'erased-' || left(encode(sha256(convert_to(salt || call_id, 'UTF8')), 'hex'), 32)
  WHERE call_id LIKE 'concealed-%';
  UPDATE allo.queue_number_versions SET call_id = 'erased-' || left(encode(sha256(convert_to(salt || call_id, 'UTF8')), 'hex'), 32)
  WHERE call_id LIKE 'concealed-%';
  UPDATE allo.dials SET call_id = 'erased-' || left(encode(sha256(convert_to(salt || call_id, 'UTF8')), 'hex'), 32)
  WHERE call_id LIKE 'concealed-%';
  UPDATE allo.calls SET call_id = 'erased-' || left(encode(sha256(convert_to(salt || call_id, 'UTF8')), 'hex'), 32)
  WHERE call_id LIKE 'concealed-%';
  UPDATE allo.settings SET number_key_fingerprint = NULL;
  RETURN 'Set a new NUMBER_KEY, or none, and restart every process.';
END $$;
COMMENT ON FUNCTION allo.retire_number_key IS 'Prepares for another NUMBER_KEY: number keys are removed, and the next process with a key makes them again. Keys of erased numbers become random; equal keys stay equal. Processes that still have the old key are refused until they restart with the new one.';
