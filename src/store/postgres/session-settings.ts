/**
 * Settings that change what our statements mean, what comes back, or how long that takes. A server, a database or a login may have set
 * each of them to something else; every connection of ours sets them for itself.
 */
const settings: Readonly<Record<string, string>> = {
  // A role that may create objects in a schema of the path can replace an operator in our statements and run it with our
  // rights.
  search_path: 'pg_catalog, pg_temp',
  timezone: 'UTC',
  timezone_abbreviations: 'Default',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  client_encoding: 'UTF8',
  // With `off`, a backslash in a literal begins an escape.
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // The transactions wait for their locks and then read. A stricter level would take its snapshot before, and fail.
  default_transaction_isolation: 'read committed',
  // A policy that hides rows from this login must cause an error, not a shorter result.
  row_security: 'off',
  // Where Postgres was built with LLVM, it compiles statements for longer than they then run.
  jit: 'off',
}

/** A statement that sets them. */
export const setSession = `select ${Object.entries(settings)
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`)
  .join(', ')}`

/** The same in the `options` of a connection string. */
export const sessionOptions = Object.entries(settings)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ')
