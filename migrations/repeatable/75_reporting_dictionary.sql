-- The columns of views, and what functions return. After all of them, because it lists functions by their names.

-- Columns of functions have no comments in Postgres: they mean what the same column means in most views, or else this.
CREATE OR REPLACE VIEW reporting.data_dictionary AS
SELECT n.nspname::text AS schema_name, c.relname::text AS view_name, a.attname::text AS column_name, a.attnum::int AS position,
  format_type(a.atttypid, a.atttypmod) AS data_type, col_description(c.oid, a.attnum) AS meaning,
  obj_description(c.oid, 'pg_class') AS view_meaning, 'view' AS kind, NULL AS arguments
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('v', 'm')
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('reporting', 'reporting_pii')
UNION ALL
SELECT n.nspname::text, p.proname::text, result.name, result.nth::int, format_type(result.type, NULL),
  CASE WHEN NOT p.proretset THEN obj_description(p.oid, 'pg_proc') ELSE coalesce(own.meaning, (
    SELECT mode() WITHIN GROUP (ORDER BY col_description(a.attrelid, a.attnum))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = n.oid AND c.relkind = 'v' AND a.attname = result.name)) END,
  obj_description(p.oid, 'pg_proc'), 'function', pg_get_function_identity_arguments(p.oid)
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid
CROSS JOIN LATERAL (
  SELECT name, type, row_number() OVER (ORDER BY place) AS nth
  FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY args(name, type, mode, place)
  WHERE p.proretset AND mode = 't'
  UNION ALL
  SELECT p.proname::text, p.prorettype, 1 WHERE NOT p.proretset
) result
LEFT JOIN (VALUES
  ('answer', 'queue, no_queue (two readings in a row saw none), or unknown.'),
  ('read_at', 'Observed: end of the reading that the answer is based on. If the answer is unknown: the last reading before that moment. Null: none.'),
  ('outcome', 'Outcome as known at that moment.'),
  ('nth', 'Place of the period in the arrays, from 1.'),
  ('is_on_team', 'The teammate is on the team now.'),
  ('unread_seconds', 'Seconds of the period in which the teammate was not read.'),
  ('seconds_before_joining', 'Seconds of the period before the teammate joined the team: part of unread_seconds.'),
  ('period_from', 'The period begins here.'),
  ('period_to', 'The period ends here.'),
  ('user_id', 'The teammate.')
) own(name, meaning) ON own.name = result.name
WHERE n.nspname IN ('reporting', 'reporting_pii');
