COMMENT ON COLUMN allo.queue_entries.number_to IS 'The phone number as the API sends it. Null: it sent none, or the number was erased, which number_key tells.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.number_key IS 'Stable name of the number that does not show it: the first 128 bits, in hexadecimal, of its HMAC-SHA-256 under NUMBER_KEY. Equal for equal numbers, and still there when RETAIN_NUMBERS_DAYS has erased the number. Random, and leading nowhere: forgotten-… once the number was forgotten, equal where it was equal; erased-… where the number was erased without a key, or the key was retired since. Null: NUMBER_KEY is not set, or no number came, or it is suppressed.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.number_to IS 'The phone number as the API sends it, E.164 as documented. It may stand in a queue more than once. Null: none came, or it was erased, or is suppressed.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, of the last reading only. Null: none, or erased with the number.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.row_digest IS 'Bookkeeping: digest of everything in this row, to find the slots that differ. 0 once the number was erased. No meaning outside the program.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.membership_digest IS 'Bookkeeping: digest of position, number_to and created_at of all numbers, to prove that two walks over the queue agree. Empty since a number was erased, until the queue is read again. No meaning outside the program.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.content_digest IS 'Bookkeeping: digest of everything in all numbers, so that an unchanged queue causes no write. Empty since a number was erased, until the queue is read again. No meaning outside the program.';--> statement-breakpoint
CREATE FUNCTION allo.retire_number_key(end_suppressions boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  suppressed bigint;
  salt text := gen_random_uuid()::text || gen_random_uuid()::text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('allo personal data', 0));
  SELECT count(*) INTO suppressed FROM allo.suppressed_numbers;
  IF suppressed > 0 AND NOT end_suppressions THEN
    RAISE EXCEPTION '% numbers are suppressed, and can be recognised by the present NUMBER_KEY alone', suppressed
      USING HINT = 'To end that: select allo.retire_number_key(end_suppressions => true). Then suppress each of them again, under the new key: allo-queue-mirror forget --suppress.';
  END IF;
  DELETE FROM allo.suppressed_numbers;
  UPDATE allo.queue_entries
  SET number_key = CASE WHEN number_to IS NULL THEN 'erased-' || left(encode(sha256(convert_to(salt || number_key, 'UTF8')), 'hex'), 32) END
  WHERE number_key NOT LIKE 'forgotten-%' AND number_key NOT LIKE 'erased-%';
  UPDATE allo.settings SET number_key_fingerprint = NULL;
  RETURN 'Set a new NUMBER_KEY, or none, and start every process anew.';
END $$;--> statement-breakpoint
COMMENT ON FUNCTION allo.retire_number_key IS 'Makes room for another NUMBER_KEY: number keys go, and are made anew by the next process that has a key. Those of numbers that were erased become random, equal where they were equal. Until every process was started anew with the new key, those with the former one are refused.';
