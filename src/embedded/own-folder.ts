import { chmod, lstat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { makeFolder } from './make-folder.ts'

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
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(
      `${folder} must belong to ${userInfo().username} and be writable by no other user: remove it, or ${useYourOwnPostgres}`,
    )
  }
}
