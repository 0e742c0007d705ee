import { randomUUID } from 'node:crypto'
import { readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { makeFolder } from './make-folder.ts'
import { identifySelf, isAlive } from './process-identity.ts'

/**
 * Runs `work` while no other process (and no other call in this one) runs work under the same folder. The lock
 * of a killed process is free at once. Not reentrant. `signal` ends the waiting, not the work.
 *
 * A lock file that is deleted when its owner is found dead can be deleted under a new owner by a slow
 * competitor. Here nothing that counts is ever deleted: each turn is a numbered symbolic link (made atomically
 * with its content, the holder's identity), the highest number rules, and the next may be made only when the
 * holder of the highest has left or died.
 *
 *     41 → free        ruled once, kept one round so that a slow reader of 40 cannot make 41 anew
 *     42 → 977-…       rules; dead or `free`: whoever makes 43 is next
 */
export async function withFolderLock<T>(
  folder: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await makeFolder(folder)
  const me = await identifySelf()
  // Made before it is needed: leaving must go well on a full disk, too.
  const leaving = join(folder, `free-${me}.${randomUUID()}`)
  await symlink('free', leaving)
  const turn = await takeTurn(folder, me, signal).catch(async (error: unknown) => {
    await rm(leaving, { force: true })
    throw error
  })
  try {
    return await work()
  } finally {
    await rename(leaving, join(folder, String(turn)))
  }
}

/** Longer than a stop (see stopServer) and a start after a crash take together. */
const patienceMs = 300_000
const lookEveryMs = 20

async function takeTurn(folder: string, me: string, signal?: AbortSignal): Promise<number> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    signal?.throwIfAborted()
    const last = await lastTurn(folder)
    const holder = last === 0 ? 'free' : await readlink(join(folder, String(last))).catch(() => null)
    if (holder === 'free' || (holder !== null && !(await isAlive(holder)))) {
      const mine = last + 1
      if (await made(me, join(folder, String(mine)))) {
        if ((await lastTurn(folder)) === mine) {
          await forgetBefore(folder, mine - 1)
          return mine
        }
        await rm(join(folder, String(mine)), { force: true })
      }
      continue
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `Process ${Number.parseInt(holder ?? '', 10)} has been starting or stopping the database of ${folder} for ${patienceMs / 60_000} minutes: end that process, then try again`,
      )
    }
    await sleep(lookEveryMs)
  }
}

async function lastTurn(folder: string): Promise<number> {
  const turns = (await readdir(folder)).filter((name) => /^\d+$/.test(name))
  return Math.max(0, ...turns.map(Number))
}

/** And what killed processes had made to leave with. */
async function forgetBefore(folder: string, turn: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const isLeft = name.startsWith('free-') && !(await isAlive(name.slice('free-'.length, name.indexOf('.'))))
    if (isLeft || Number(name) < turn) await rm(join(folder, name), { force: true })
  }
}

async function made(content: string, path: string): Promise<boolean> {
  try {
    await symlink(content, path)
    return true
  } catch (error) {
    if (foreignCodeOf(error) === 'EEXIST') return false
    throw error
  }
}
