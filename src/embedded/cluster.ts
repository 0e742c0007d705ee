/** The cluster: the folder that Postgres calls its data directory. */
import { randomBytes, randomUUID } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { removeFolder } from './folders.ts'
import { freePort } from './free-port.ts'
import { type PostgresHome, readConnection, saveConnection } from './postgres-home.ts'
import { type Account, runAs } from './server-account.ts'
import { diskFull, isDiskFull, lastLines } from './server-log.ts'
import type { ServerStart } from './start-server.ts'

/** The role that owns every database of the cluster. */
export const superuser = 'allo'

/** Major version, such as `18`; null: there is no cluster. */
export async function clusterVersion(home: PostgresHome): Promise<string | null> {
  const text = await readFile(join(home.cluster, 'PG_VERSION'), 'utf8').catch(() => null)
  return text?.trim() ?? null
}

/** The account that owns the cluster stays in use, also if one is added later that would be chosen today. */
export async function accountOfCluster(home: PostgresHome, account: Account): Promise<Account> {
  const owner = await stat(home.cluster).catch(() => null)
  if (account === null || owner === null || owner.uid === 0 || owner.uid === account.uid) return account
  return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid }
}

/**
 * Idempotent. Makes the cluster beside its place and renames it, so that an interrupted one is never taken for a
 * cluster. Throws EmbeddedPostgresError when one of another major version is there. Call under the home's lock.
 */
export async function ensureCluster(start: ServerStart): Promise<void> {
  const { home, binaries } = start
  const version = await clusterVersion(home)
  if (version !== null) return requireSameMajor(home, version, binaries.version)
  await removeDrafts(home)
  const draft = join(home.folder, `draft-${randomUUID()}`)
  const passwordFile = `${draft}.password`
  try {
    await makeDraft(start, draft, passwordFile)
    await rename(draft, home.cluster)
  } finally {
    await rm(passwordFile, { force: true })
    await removeFolder(draft)
  }
}

function requireSameMajor(home: PostgresHome, found: string, ours: string): void {
  const major = ours.split('.')[0]
  if (found === major) return
  throw new EmbeddedPostgresError(
    `The database in ${home.folder} was created by Postgres ${found}, and this release contains Postgres ${ours}, which cannot read it. Either start the release of allo-queue-mirror that created it and export the data with pg_dump, or set DATA_DIR to a new folder: the queues are then read again, their history starts anew`,
  )
}

async function removeDrafts({ folder }: PostgresHome): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('draft-')) await removeFolder(join(folder, name))
  }
}

async function makeDraft(
  { home, account, binaries, settings, signal }: ServerStart,
  draft: string,
  passwordFile: string,
): Promise<void> {
  const { password } = await ensureConnection(home)
  await mkdir(draft, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account !== null) {
    await chown(draft, account.uid, account.gid)
    await chown(passwordFile, account.uid, account.gid)
  }
  const args = [
    ...['-D', draft, '-U', superuser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    // The builtin C.UTF-8 sorts the same on every system, so indexes stay valid when the folder moves.
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    '--no-instructions',
    ...(settings.fsync === 'off' ? ['--no-sync'] : []),
  ]
  const { code, output } = await runAs(account, binaries.initdb, args, signal)
  if (code !== 0) throw initdbFailed(home, output)
}

/** Saved before the cluster exists, because the cluster gets its password. */
async function ensureConnection(home: PostgresHome) {
  const saved = await readConnection(home)
  if (saved !== null) return saved
  const connection = { port: await freePort(null), password: randomBytes(18).toString('hex') }
  await saveConnection(home, connection)
  return connection
}

function initdbFailed({ folder }: PostgresHome, output: string): EmbeddedPostgresError {
  if (isDiskFull(output)) return diskFull(folder)
  return new EmbeddedPostgresError(
    `Postgres could not create its data folder in ${folder}: check the disk, or ${useYourOwnPostgres}\n${lastLines(output)}`,
  )
}
