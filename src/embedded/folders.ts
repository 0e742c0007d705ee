/** Making, trusting and removing folders. */
import { chmod, lstat, mkdir, rm, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'

/**
 * Creates the folder and its parents. Returns false if it existed. Node's `recursive` option never returns for a path
 * below /proc, where folders can't be created.
 */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (foreignCodeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false
    if (foreignCodeOf(error) !== 'ENOENT' || (await exists(dirname(path)))) throw error
  }
  await makeFolder(dirname(path))
  return makeFolder(path)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (foreignCodeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

/**
 * Makes the folder if it is missing: readable by everyone, writable by this user only. Throws EmbeddedPostgresError when
 * another user made it or can write to it, because that user could choose what runs from it. The temporary folder is
 * open to everyone.
 */
export async function makeOwnFolder(folder: string): Promise<void> {
  if (await makeFolder(folder)) await chmod(folder, 0o755)
  await requireOwnFolder(folder)
}

export async function requireOwnFolder(folder: string): Promise<void> {
  if (!(await isOwnFolder(folder))) {
    throw new EmbeddedPostgresError(
      `${folder} must belong to ${userInfo().username} and be writable by no other user: remove it, or ${useYourOwnPostgres}`,
    )
  }
}

/** Whether it is a folder, this user made it, and no other user can write to it. */
export async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path)
  return found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o022) === 0
}

/** Retries, because processes that were killed may still write there. A no-op if it does not exist. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}
