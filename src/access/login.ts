/**
 * A login for a person or a tool that reads the reports. Its rights come from the group role alone; that its
 * transactions are read only and end in time keeps it from burdening the database by accident.
 */
import pg from 'pg'
import { ask, type Client, inTransaction, type Pool } from '../store/database.ts'
import { quoted, type RoleNames } from './roles.ts'
import { scramVerifier } from './scram.ts'

export type ReportRole = 'reader' | 'pii'

/** There is no role to grant, or nobody here who may; the message says what to do (exit 78). */
export class GrantUnavailableError extends Error {
  override readonly name = 'GrantUnavailableError'
}

/** The login can't be what was asked for; the message says why. */
export class LoginRefusedError extends Error {
  override readonly name = 'LoginRefusedError'
}

/** What is known of a login before anything is done to it. */
export interface LoginState {
  /** Whether this login of ours may make logins at all. */
  readonly mayManage: boolean
  readonly exists: boolean
  /** It may read tables of schema allo by rights that were given elsewhere. */
  readonly readsTables: boolean
}

export const CONNECTIONS = 10
export const STATEMENT_SECONDS = 60

/**
 * For questions about history: by default Postgres takes each row found by an index for a seek on a spinning disk,
 * and reads whole tables instead; and it compiles statements for longer than they then run.
 */
export const planning = { random_page_cost: '1.1', jit: 'off' }

const settings: Readonly<Record<string, string>> = {
  default_transaction_read_only: 'on',
  statement_timeout: `${STATEMENT_SECONDS}s`,
  idle_in_transaction_session_timeout: '60s',
  ...planning,
}

const searchPaths = { reader: 'reporting', pii: 'reporting, reporting_pii' }

/** Throws LoginRefusedError when the login may do more than read, or is not one for a person or a tool. */
export async function inspectLogin(pool: Pool, login: string, roles: RoleNames): Promise<LoginState> {
  if (login === '' || Buffer.byteLength(login) > 63)
    throw new LoginRefusedError('The name of a login has 1 to 63 bytes: Postgres would cut off the rest.')
  const { rows } = await ask<FoundLogin>(pool, 'looking at the login', findLogin, [login, roles.writer])
  const { rows: us } = await ask<{ may: boolean }>(
    pool,
    'asking for rights',
    'select rolcreaterole or rolsuper as may from pg_roles where rolname = current_user',
    [],
  )
  const mayManage = us[0]?.may ?? false
  const [found] = rows
  if (found === undefined) return { mayManage, exists: false, readsTables: false }
  const why = whyNot(found, Object.values(roles).includes(login))
  if (why !== null) {
    throw new LoginRefusedError(`${login} can't be a login for reports: ${why}. Choose another name.`)
  }
  return { mayManage, exists: true, readsTables: found.reads }
}

interface FoundLogin {
  readonly powers: readonly string[]
  readonly is_us: boolean
  readonly has_members: boolean
  readonly owns: boolean
  readonly writes: boolean
  readonly reads: boolean
}

function whyNot(
  { powers, is_us, has_members, owns, writes }: FoundLogin,
  isOurGroup: boolean,
): string | null {
  if (is_us) return 'it is the login of allo-queue-mirror itself'
  if (powers.length > 0) return `it may do more than read (${powers.join(', ')})`
  if (owns) return 'it owns objects, and with those it may do anything'
  if (writes) return 'it may write schema allo'
  return has_members || isOurGroup ? 'it is a group' : null
}

/** Since Postgres 16 whoever made a role is a member of it that may give it away, and nothing else. */
const isUsed = `coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
  or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)`

const findLogin = `
  with tables as (
    select oid from pg_class where relnamespace = 'allo'::regnamespace and relkind in ('r', 'p')
  )
  select array_remove(array[case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
      case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
      case when r.rolbypassrls then 'bypassrls' end], null) as powers,
    r.rolname in (current_user, session_user) as is_us,
    exists (select from pg_auth_members m where m.roleid = r.oid and (${isUsed})) as has_members,
    exists (select from pg_shdepend s
            where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid and s.deptype = 'o') as owns,
    pg_has_role(r.oid, (select nspowner from pg_namespace where nspname = 'allo'), 'member')
      or coalesce(pg_has_role(r.oid, (select oid from pg_roles where rolname = $2), 'member'), false)
      or exists (select from tables t where has_table_privilege(r.oid, t.oid, 'insert, update, delete, truncate'))
      as writes,
    exists (select from tables t where has_table_privilege(r.oid, t.oid, 'select')) as reads
  from pg_roles r where r.rolname = $1`

/**
 * Makes the login, or changes it, whole or not at all. `password`: null keeps the one it has. Returns whether it may
 * connect: usually everybody may.
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
    const { rows: databases } = await client.query<{ name: string }>('select current_database() as name')
    const here = `alter role ${name} in database ${quoted(databases[0]?.name ?? '')} set`
    for (const [setting, value] of Object.entries(settings))
      await client.query(`${here} ${setting} = '${value}'`)
    await client.query(`${here} search_path = ${searchPaths[role]}`)
    await revokeGroups(client, login, roles)
    await client.query(`grant ${quoted(roles[role])} to ${name}`)
    const { rows } = await client.query<{ may: boolean }>(
      `select has_database_privilege($1, current_database(), 'connect') as may`,
      [login],
    )
    return rows[0]?.may ?? false
  })
}

/** Returns the groups it was taken out of; null: there is no such login. It stays, and may still connect. */
export async function revokeLogin(pool: Pool, login: string, roles: RoleNames): Promise<string[] | null> {
  return inTransaction(pool, `revoking from ${login}`, async (client) => {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [login])
    return rowCount === 0 ? null : revokeGroups(client, login, roles)
  })
}

/** A membership that somebody else gave can't always be taken away: then nothing is changed. */
async function revokeGroups(client: Client, login: string, roles: RoleNames): Promise<string[]> {
  const memberships = async () => {
    const { rows } = await client.query<{ name: string; grantor: string }>(
      `select distinct on (1) g.rolname as name, m.grantor::regrole::text as grantor
       from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
       where r.rolname = $1 and g.rolname = any ($2) order by 1`,
      [login, [roles.reader, roles.pii]],
    )
    return rows
  }
  const before = await memberships()
  for (const { name } of before) await client.query(`revoke ${quoted(name)} from ${quoted(login)}`)
  const [left] = await memberships()
  if (left === undefined) return before.map(({ name }) => name)
  throw new LoginRefusedError(
    `${login} was made a member of ${left.name} by ${left.grantor}, who alone can take that away. Nothing was changed.`,
  )
}
