import { randomUUID } from 'node:crypto'
import { readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { makeFolder } from './make-folder.ts'
import { identifySelf, isAlive } from './process-identity.ts'

/**
 * Runs `work` while no other process, and no other call in this process, runs work under the same folder. The lock of
 * a killed process is free at once. Not reentrant. `signal` ends the wait, not the work.
 *
 * Deleting the lock file of a dead owner is a race: a slow process could delete the lock of a new owner. So no valid
 * lock is ever deleted. Each lock is a numbered symbolic link, created atomically with its content, the identity of
 * the holder. The highest number is valid. The next number may be created only when that holder has released or died.
 *
 *     41 → free        released; kept for one more turn, so that a slow reader of 40 cannot create 41 again
 *     42 → 977-…       valid; if the process is dead or the link is `free`, the next holder creates 43
 */
export async function withFolderLock<T>(
  folder: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await makeFolder(folder)
  const me = await identifySelf()
  // Created in advance, because the release must also work on a full disk.
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

/** Longer than a stop (see stopServer) plus a start after a crash. */
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

/** Also removes the release links that killed processes had prepared. */
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
