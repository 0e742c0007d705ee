/**
 * Creates logins for people and tools that read the reports. Their rights come only from the group role. The read-only
 * mode and the time limits prevent accidental load; they do not protect against a malicious reader.
 */
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { exitCodes, MirrorError } from '../errors.ts'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { isUsed } from '../store/postgres/foreign-owners.ts'
import { anyOf, one, run } from '../store/postgres/query.ts'
import { powerInWords, powersOf } from './powers.ts'
import { quoted, type RoleNames } from './roles.ts'
import { scramVerifier } from './scram.ts'

export type ReportRole = 'reader' | 'pii'

/** There is no role to grant, or our login may not grant it; the message says what to do. */
export class GrantUnavailableError extends MirrorError {
  readonly code = 'grant_unavailable'
  readonly exitCode = exitCodes.configuration
}

/** The login must not become a login for reports; the message says why. */
export class LoginRefusedError extends MirrorError {
  readonly code = 'login_refused'
  readonly exitCode = exitCodes.usage
}

/** The state of a login before it is changed. */
export interface LoginState {
  /** Whether our own login may create logins. */
  readonly mayManage: boolean
  readonly exists: boolean
  /** It may read tables of schema allo through other rights. */
  readonly readsTables: boolean
}

export const CONNECTIONS = 10
export const STATEMENT_SECONDS = 60

/**
 * Planner settings for queries on history. By default Postgres assumes a disk seek for each row found by an index, and
 * reads whole tables instead. It also compiles statements for longer than they run.
 */
export const planning = { random_page_cost: '1.1', jit: 'off' }

const settings: Readonly<Record<string, string>> = {
  default_transaction_read_only: 'on',
  statement_timeout: `${STATEMENT_SECONDS}s`,
  idle_in_transaction_session_timeout: '60s',
  ...planning,
}

const searchPaths = { reader: 'reporting', pii: 'reporting, reporting_pii' }

/**
 * Throws LoginRefusedError if the login, or a role it can become, may do more than read, or if it is a group or our own
 * login. Throws GrantUnavailableError if the group role may do more than read.
 */
export async function inspectLogin(
  pool: Pool,
  login: string,
  { role, roles }: { readonly role: ReportRole; readonly roles: RoleNames },
): Promise<LoginState> {
  if (login === '' || Buffer.byteLength(login) > 63)
    throw new LoginRefusedError(
      'The name of a login must have 1 to 63 bytes, because Postgres truncates longer names.',
    )
  const group = roles[role]
  const found = await findLogin(pool, login)
  if (found.exists) {
    if (found.isUs) throw refused(login, 'it is the login of allo-queue-mirror itself')
    const power = await powersOf(pool, login)
    if (power !== null) throw refused(login, powerInWords(power))
    if (found.hasMembers || Object.values(roles).includes(login)) throw refused(login, 'it is a group')
  }
  const powerOfGroup = await powersOf(pool, group)
  if (powerOfGroup !== null)
    throw new GrantUnavailableError(`${group} is not suitable for readers: ${powerInWords(powerOfGroup)}`)
  return found
}

function refused(login: string, why: string): LoginRefusedError {
  return new LoginRefusedError(`${login} can't be a login for reports: ${why}. Choose another name.`)
}

function findLogin(pool: Pool, login: string): Promise<FoundLogin> {
  return withDatabaseErrors('looking at the login', () =>
    one(
      pool,
      sql`select us.rolcreaterole or us.rolsuper as "mayManage", r.oid is not null as exists,
       coalesce(r.rolname in (current_user, session_user), false) as "isUs",
       exists (select from pg_auth_members m where m.roleid = r.oid and ${isUsed}) as "hasMembers",
       exists (select from pg_class c where relnamespace = 'allo'::regnamespace and relkind in ('r', 'p')
         and has_table_privilege(r.oid, c.oid, 'select')) as "readsTables"
     from pg_roles us left join pg_roles r on r.rolname = ${login} where us.rolname = current_user`,
    ),
  )
}

interface FoundLogin extends LoginState {
  readonly isUs: boolean
  readonly hasMembers: boolean
}

/**
 * Creates or changes the login. Atomic and idempotent. `password`: null keeps the present one. Returns whether it may
 * connect to this database, which is the default in Postgres.
 */
export async function grantLogin(
  pool: Pool,
  {
    login,
    role,
    roles,
    password,
    exists,
  }: {
    readonly login: string
    readonly role: ReportRole
    readonly roles: RoleNames
    readonly password: string | null
    readonly exists: boolean
  },
): Promise<boolean> {
  const name = quoted(login)
  const secret = password === null ? '' : ` password ${pg.escapeLiteral(scramVerifier(password))}`
  return inTransaction(pool, `granting ${role} to ${login}`, async (client) => {
    await client.query(
      `${exists ? 'alter' : 'create'} role ${name} login inherit connection limit ${CONNECTIONS}${secret}`,
    )
    const database = await one<{ name: string }>(client, sql`select current_database() as name`)
    const here = `alter role ${name} in database ${quoted(database.name)} set`
    for (const [setting, value] of Object.entries(settings))
      await client.query(`${here} ${setting} = '${value}'`)
    await client.query(`${here} search_path = ${searchPaths[role]}`)
    await revokeGroups(client, login, roles)
    await client.query(`grant ${quoted(roles[role])} to ${name}`)
    const { may } = await one<{ may: boolean }>(
      client,
      sql`select has_database_privilege(${login}, current_database(), 'connect') as may`,
    )
    return may
  })
}

/** Returns the groups that it was removed from; null: there is no such login. The login stays and may still connect. */
export async function revokeLogin(pool: Pool, login: string, roles: RoleNames): Promise<string[] | null> {
  return inTransaction(pool, `revoking from ${login}`, async (client) => {
    const found = await run(client, sql`select from pg_roles where rolname = ${login}`)
    return found.length === 0 ? null : revokeGroups(client, login, roles)
  })
}

/** Atomic. Throws LoginRefusedError if another role granted a membership, and only that role can revoke it. */
async function revokeGroups(client: Client, login: string, roles: RoleNames): Promise<string[]> {
  const memberships = () =>
    run<{ name: string; grantor: string }>(
      client,
      sql`select distinct on (1) g.rolname as name, m.grantor::regrole::text as grantor
       from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
       where r.rolname = ${login} and g.rolname ${anyOf([roles.reader, roles.pii])} order by 1`,
    )
  const before = await memberships()
  for (const { name } of before) await client.query(`revoke ${quoted(name)} from ${quoted(login)}`)
  const [left] = await memberships()
  if (left === undefined) return before.map(({ name }) => name)
  throw new LoginRefusedError(
    `${login} was made a member of ${left.name} by ${left.grantor}, and only that role can revoke it. Nothing was changed.`,
  )
}
