-- Called twice by each reading. In plpgsql, so that a session plans its questions once.
CREATE OR REPLACE FUNCTION allo.rows_mark(of_queue_id text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A transaction id has no other arithmetic than its age; less the age of a constant one, it does not change with time.
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
  'Names the present rows of a queue, by where they are stored and by the transaction that wrote them: whatever inserts, updates or deletes one of them makes it another. A VACUUM FULL or a restore does, too: the next reading then finds nothing to mend.';
