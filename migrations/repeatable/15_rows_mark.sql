-- Called twice by each reading. plpgsql, because a session then plans its statements only once.
CREATE OR REPLACE FUNCTION allo.rows_mark(of_queue_id text) RETURNS text LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The only arithmetic on a transaction id is age(), which grows with time. The difference to the age of a constant id
  -- does not.
  RETURN hashtextextended(concat_ws(', ',
    (SELECT format('%s %s %s', count(*), sum(hashtid(ctid)), count(*) * age(xid '3') - sum(age(xmin)))
     FROM allo.queue_numbers WHERE queue_id = of_queue_id),
    (SELECT format('%s %s %s', count(*), sum(hashtid(ctid)), count(*) * age(xid '3') - sum(age(xmin)))
     FROM allo.queue_number_versions WHERE queue_id = of_queue_id AND valid_to IS NULL),
    (SELECT format('%s %s %s', count(*), sum(hashtid(ctid)), count(*) * age(xid '3') - sum(age(xmin)))
     FROM allo.queue_entries WHERE queue_id = of_queue_id),
    (SELECT format('%s %s %s', count(*), sum(hashtid(ctid)), count(*) * age(xid '3') - sum(age(xmin)))
     FROM allo.dials WHERE queue_id = of_queue_id),
    (SELECT format('%s %s', ctid, xmin) FROM allo.queue_snapshots WHERE queue_id = of_queue_id
     ORDER BY observed_at DESC LIMIT 1)), 0)::text;
END $$;
COMMENT ON FUNCTION allo.rows_mark IS
  'Fingerprint of the stored rows of a queue, from where they are stored and which transaction wrote them. It changes when any of them is inserted, updated or deleted. It also changes after VACUUM FULL or a restore; the next reading then finds nothing to repair.';
