import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import * as z from 'zod'
import { foreignCodeOf } from '../errors.ts'
import { reasonInWords } from '../text/system-error.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { makeFolder, makeOwnFolder } from './folders.ts'
import { type Account, canEnter } from './server-account.ts'

/**
 * The folder with all files of one server. Normally it is the data folder. If we run as root and the server's account
 * cannot enter the data folder (it is under a 0700 home), it is a separate folder in /var/lib/allo-queue-mirror, and
 * the data folder has only the note that says where. Locks and registrations are in this folder, not beside the note,
 * so that a copied note refers to the same server.
 *
 *     allo-queue-mirror.json   the note; a folder with it belongs to this program
 *     cluster/                 the data directory of Postgres
 *     connection.json          port and password, 0600
 *     lock/, users/            the lock for start and stop; the registered users of the server
 *     postgres.log             log of this start and earlier ones, with one older file beside it
 */
export interface PostgresHome {
  readonly folder: string
  readonly cluster: string
  readonly connection: string
  readonly lock: string
  readonly users: string
  readonly log: string
}

const noteName = 'allo-queue-mirror.json'
/** Files that other programs put into empty folders: file systems, Finder, git placeholders. */
const harmless = new Set(['lost+found', '.DS_Store', '.gitkeep', '.gitignore'])

const Note = z.object({
  what: z.string(),
  /** Null: in this folder. */
  movedTo: z.string().nullable(),
})

/** Opens or creates the home. Refuses a folder with other files, and leaves it unchanged. */
export async function openHome(dataDir: string, account: Account): Promise<PostgresHome> {
  const found = await findHome(dataDir)
  if (typeof found === 'object') return found
  if (found === 'foreign') throw foreignFolder(dataDir)

  const made = await makeFolder(dataDir).catch((cause: unknown) => {
    throw unusable(dataDir, 'made', cause)
  })
  // Only a folder that was just created. A folder of the user keeps its mode.
  if (made) await chmod(dataDir, account === null ? 0o700 : 0o711)
  const movedTo = (await canEnter(account, dataDir)) ? null : await makeHomeElsewhere(dataDir)
  const won = await writeNote(dataDir, movedTo)
  if (!won && movedTo !== null) await rm(movedTo, { recursive: true })

  const home = await findHome(dataDir)
  if (typeof home === 'object') return home
  throw foreignFolder(dataDir)
}

/** Changes nothing. */
export async function findHome(dataDir: string): Promise<PostgresHome | 'absent' | 'foreign'> {
  let names: string[]
  try {
    names = await readdir(dataDir)
  } catch (cause) {
    if (foreignCodeOf(cause) === 'ENOENT') return 'absent'
    throw unusable(dataDir, 'read', cause)
  }
  if (!names.includes(noteName)) {
    // A draft of the note is ours too: another process is creating the home now.
    const foreign = names.some((name) => !harmless.has(name) && !name.startsWith(noteName))
    return foreign ? 'foreign' : 'absent'
  }
  const note = await readNote(join(dataDir, noteName))
  const folder = await realpath(note.movedTo ?? dataDir).catch((cause: unknown) => {
    throw new EmbeddedPostgresError(
      `The database of ${dataDir} was kept in ${note.movedTo}, which does not exist any more: restore that folder, or remove ${dataDir} to begin with an empty database`,
      { cause },
    )
  })
  return {
    folder,
    cluster: join(folder, 'cluster'),
    connection: join(folder, 'connection.json'),
    lock: join(folder, 'lock'),
    users: join(folder, 'users'),
    log: join(folder, 'postgres.log'),
  }
}

const Connection = z.object({ port: z.int().min(1).max(65535), password: z.string().min(1) })
export type Connection = z.infer<typeof Connection>

/** Null before the first start. */
export async function readConnection(home: PostgresHome): Promise<Connection | null> {
  try {
    return Connection.parse(JSON.parse(await readFile(home.connection, 'utf8')))
  } catch (cause) {
    if (foreignCodeOf(cause) === 'ENOENT') return null
    throw new EmbeddedPostgresError(
      `${home.connection}, which contains the database's port and password, cannot be read: ${reasonInWords(cause)}. Restore it from a backup, run as the user who created it, or ${useYourOwnPostgres}`,
      { cause },
    )
  }
}

export async function saveConnection(home: PostgresHome, connection: Connection): Promise<void> {
  const draft = `${home.connection}.${randomUUID()}`
  await writeFile(draft, `${JSON.stringify(connection)}\n`, { mode: 0o600, flush: true })
  await rename(draft, home.connection)
}

/** The name is random, not derived from the data folder's path: a new folder at an old path must not get the old data. */
async function makeHomeElsewhere(dataDir: string): Promise<string> {
  const parent = '/var/lib/allo-queue-mirror'
  const folder = join(parent, `${basename(resolve(dataDir))}-${randomBytes(6).toString('hex')}`)
  try {
    await makeOwnFolder(parent)
    await mkdir(folder)
    await chmod(folder, 0o711)
    await writeFile(join(folder, 'belongs-to'), `${resolve(dataDir)}\n`)
    return folder
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `Postgres refuses to run as root, the account it runs under cannot enter ${dataDir}, and ${parent} cannot be used instead (${reasonInWords(cause)}): set DATA_DIR to a folder outside private homes, run as another user, or ${useYourOwnPostgres}`,
      { cause },
    )
  }
}

/** False if another process created its note first. */
async function writeNote(dataDir: string, movedTo: string | null): Promise<boolean> {
  const draft = join(dataDir, `${noteName}.${randomUUID()}`)
  const what = "allo-queue-mirror's Postgres. Remove the whole folder or nothing."
  try {
    await writeFile(draft, `${JSON.stringify({ what, movedTo }, null, 2)}\n`)
    await link(draft, join(dataDir, noteName))
    return true
  } catch (cause) {
    if (foreignCodeOf(cause) === 'EEXIST') return false
    throw unusable(dataDir, 'used', cause)
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

async function readNote(path: string): Promise<z.infer<typeof Note>> {
  try {
    return Note.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `${path} cannot be read: ${reasonInWords(cause)}. Restore it from a backup, or run as the user who created it`,
      { cause },
    )
  }
}

function unusable(dataDir: string, done: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The data folder ${dataDir} cannot be ${done}: ${reasonInWords(cause)}. Set DATA_DIR to another folder, or ${useYourOwnPostgres}`,
    { cause },
  )
}

function foreignFolder(dataDir: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${dataDir} contains files that are not a database of allo-queue-mirror; nothing in it was changed. Set DATA_DIR to an empty or new folder, or ${useYourOwnPostgres}`,
  )
}
