/**
 * `grant`: creates a login that reads the reports, or phone numbers too. The password comes from stdin, or is asked for.
 * It is neither shown nor sent to Postgres. stdout gets the connection string without it.
 */
import {
  CONNECTIONS,
  GrantUnavailableError,
  grantLogin,
  inspectLogin,
  type ReportRole,
  revokeLogin,
  STATEMENT_SECONDS,
} from '../../access/login.ts'
import { openSchemas } from '../../access/open-schemas.ts'
import { type RoleNames, roleNames, setUpRoles } from '../../access/roles.ts'
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, UsageError } from '../../errors.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { askForSecret } from '../../terminal/ask-secret.ts'
import { print, printError } from '../../terminal/output.ts'
import { printable } from '../../text/printable.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'

export interface GrantArguments {
  readonly login: string
  /** Null: revoke. */
  readonly role: ReportRole | null
}

const SHORTEST_PASSWORD = 8

export async function runGrant({ login, role }: GrantArguments): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const { rolePrefix } = config
  if (rolePrefix === null) {
    throw new GrantUnavailableError(
      'ROLE_PREFIX is none, so there are no roles to grant: set it to a word (allo, unless another database of the server uses it)',
    )
  }
  await withDatabase(
    config,
    async (database) => {
      await assertSchemaIsCurrent(database.pool)
      const roles = roleNames(rolePrefix)
      if (role === null) return revoke(database.pool, login, roles)
      const { areInPlace, note } = await setUpRoles(database.pool, rolePrefix)
      if (!areInPlace) throw new GrantUnavailableError(note ?? 'the roles are not in place')
      if (note !== null) printError(printable(note))
      return grant(database, { login, role, roles })
    },
    { mayCreate: false, name: 'grant' },
  )
  return exitCodes.ok
}

async function grant(
  { pool, url }: OpenDatabase,
  { login, role, roles }: { login: string; role: ReportRole; roles: RoleNames },
): Promise<void> {
  const { exists, mayManage, readsTables } = await inspectLogin(pool, login, { role, roles })
  if (!mayManage) {
    throw new GrantUnavailableError(
      `this login of Postgres may not create logins: use the DATABASE_URL of a login with CREATEROLE, or let the owner of the role run: grant ${roles[role]} to …`,
    )
  }
  const password = await askForPassword(login, exists)
  const mayConnect = await grantLogin(pool, { login, role, roles, password, exists })
  const what =
    role === 'pii' ? 'schemas reporting and reporting_pii, phone numbers included' : 'schema reporting'
  printError(
    printable(
      `${login} was ${exists ? 'changed' : 'created'}: it reads ${what}, in read-only transactions, with at most ${CONNECTIONS} connections and ${STATEMENT_SECONDS} s per statement.`,
    ),
  )
  if (readsTables) printError(printable(`${login} also reads schema allo, through other rights.`))
  if (!mayConnect) {
    const message = `It may not connect yet: let the owner of the database run "grant connect on database … to ${roles.reader}".`
    printError(printable(message))
  }
  for (const says of await openSchemas(pool, roles)) printError(printable(`${says}.`))
  print(readerUrl(url, login))
}

/** Null: keep the present password. */
async function askForPassword(login: string, exists: boolean): Promise<string | null> {
  const password = await askForSecret(
    `Password for ${printable(login)}${exists ? ' (empty: keep the present one)' : ''}`,
  )
  if (password === '' && exists) return null
  if (password.length < SHORTEST_PASSWORD || !/^[\x20-\x7e]*$/.test(password)) {
    throw new UsageError(
      `A password is needed on stdin: one line of at least ${SHORTEST_PASSWORD} ASCII characters, because clients encode others differently. Nothing was changed.`,
    )
  }
  return password
}

async function revoke(pool: Pool, login: string, roles: RoleNames): Promise<void> {
  const groups = await revokeLogin(pool, login, roles)
  if (groups === null) throw new UsageError(`There is no login ${login}.`)
  const what =
    groups.length === 0
      ? `${login} was not a member of ${roles.reader}`
      : `${login} is not a member of ${groups.join(' and ')} any more`
  print(
    printable(
      `${what}. The login stays and may connect: "alter role … nologin" disables it, "drop role" removes it.`,
    ),
  )
}

/** The connection string of this login: without a password and without settings of the worker. */
export function readerUrl(url: string, login: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const kept = new URLSearchParams(
    [...searchParams].filter(([name]) => ['host', 'port', 'sslmode'].includes(name)),
  )
  const query = kept.size === 0 ? '' : `?${kept}`
  return `postgresql://${encodeURIComponent(login)}@${hostname}${port ? `:${port}` : ''}${pathname}${query}`
}
