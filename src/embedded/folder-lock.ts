import { randomUUID } from 'node:crypto'
import { readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { makeFolder } from './folders.ts'
import { identifySelf, isAlive } from './process-identity.ts'

/**
 * Runs `work` while no other call, in this process or another, runs work under the same folder. If the process that holds
 * the lock is killed, the lock is free at once. Not reentrant. `signal` ends the waiting, not the work.
 *
 * Each turn is a numbered symbolic link, made atomically with its content: the identity of its holder. The highest number
 * holds the lock. The next number may be made only when that holder has left or died. A plain lock file would not do: a
 * slow process that found the owner dead could delete the file of the next owner.
 *
 *     41 → free        kept for one turn, so that a process that has read 40 late can't make 41 again
 *     42 → 977-…       holds the lock; when it is dead or `free`, the process that makes 43 is next
 */
export async function withFolderLock<T>(
  folder: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await makeFolder(folder)
  const me = await identifySelf()
  // Made in advance, because the lock must be released on a full disk, too.
  const release = join(folder, `free-${me}.${randomUUID()}`)
  await symlink('free', release)
  const turn = await takeTurn(folder, me, signal).catch(async (error: unknown) => {
    await rm(release, { force: true })
    throw error
  })
  try {
    return await work()
  } finally {
    await rename(release, join(folder, String(turn)))
  }
}

/** Longer than a stop (see stopServer) and a start with recovery take together. */
const PATIENCE_MS = 300_000
const POLL_MS = 20

async function takeTurn(folder: string, me: string, signal?: AbortSignal): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    signal?.throwIfAborted()
    const last = await lastTurn(folder)
    const holder = await holderOf(folder, last)
    if (holder === 'free' || (holder !== null && !(await isAlive(holder)))) {
      if (await makeTurn(folder, last + 1, me)) return last + 1
      continue
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `Process ${Number.parseInt(holder ?? '', 10)} has been starting or stopping the database of ${folder} for ${PATIENCE_MS / 60_000} minutes: end that process, then try again`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** 0: there was none yet. */
async function lastTurn(folder: string): Promise<number> {
  const turns = (await readdir(folder)).filter((name) => /^\d+$/.test(name))
  return Math.max(0, ...turns.map(Number))
}

/** Null: a newer turn has replaced this one. */
async function holderOf(folder: string, turn: number): Promise<string | null> {
  return turn === 0 ? 'free' : readlink(join(folder, String(turn))).catch(() => null)
}

/** False if another process came first. */
async function makeTurn(folder: string, turn: number, me: string): Promise<boolean> {
  const path = join(folder, String(turn))
  try {
    await symlink(me, path)
  } catch (error) {
    if (foreignCodeOf(error) === 'EEXIST') return false
    throw error
  }
  if ((await lastTurn(folder)) === turn) {
    await removeBefore(folder, turn - 1)
    return true
  }
  await rm(path, { force: true })
  return false
}

/** Also removes what killed processes made for their release. */
async function removeBefore(folder: string, turn: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const isLeft = name.startsWith('free-') && !(await isAlive(name.slice('free-'.length, name.indexOf('.'))))
    if (isLeft || Number(name) < turn) await rm(join(folder, name), { force: true })
  }
}
