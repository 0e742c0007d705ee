/** Checks of doctor on this machine: the port of the pages, and the folder of the embedded Postgres. */

import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { HttpConfig } from '../../config/config.ts'
import { foreignCodeOf } from '../../errors.ts'
import { isWorkerAlive } from '../health/run.ts'
import type { Report } from './report.ts'

/** An empty embedded Postgres takes about 60 MB. */
const LEAST_ROOM_MB = 200

export async function checkPort(report: Report, http: HttpConfig): Promise<void> {
  report.section('Pages of the worker')
  const { right, wrong } = report.about('port')
  const where = `${http.host}:${http.port}`
  if (http.port === 0) return right('any free port (HTTP_PORT is 0)')
  const code = await tryToListen(http)
  if (code === null) right(`${where} is free`)
  else if (code === 'EADDRINUSE') {
    if (await isWorkerAlive(http)) right(`a worker already listens on ${where}`)
    else
      wrong(
        `another program uses ${where}: set HTTP_PORT, or stop that program. A worker would have no pages.`,
      )
  } else if (code === 'EACCES') wrong(`this user may not listen on port ${http.port}. Choose one above 1023.`)
  else
    wrong(
      `this machine can't listen on ${http.host} (${code}). Use 127.0.0.1, 0.0.0.0, or an address of this machine.`,
    )
}

/** Listens for a moment. Returns null on success, else the error code. */
function tryToListen({ host, port }: HttpConfig): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** The reason why the folder can't be created, as the end of a sentence. Null: it can. Leaves no files. */
export async function whyNoFolder(folder: string): Promise<string | null> {
  try {
    const parent = await nearestThere(folder)
    await rmdir(await mkdtemp(join(parent, '.allo-queue-mirror-')))
    const { bavail, bsize } = await statfs(parent)
    const roomMb = Math.floor((Number(bavail) * Number(bsize)) / 1e6)
    return roomMb < LEAST_ROOM_MB ? `its disk has ${roomMb} MB left, and ${LEAST_ROOM_MB} are needed` : null
  } catch (error) {
    const code = foreignCodeOf(error) ?? String(error)
    return reasons[code] ?? `the system refuses it (${code})`
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there (EACCES)',
  EPERM: 'this user may not write there (EPERM)',
  EROFS: 'the file system is read-only (EROFS)',
  ENOTDIR: 'a part of its path is a file (ENOTDIR)',
  ENAMETOOLONG: 'its name is too long (ENAMETOOLONG)',
  ENOENT: 'the file system there does not support folders (ENOENT)',
  ENOSPC: 'its disk is full (ENOSPC)',
  EDQUOT: 'the quota of its disk is used up (EDQUOT)',
}

async function nearestThere(folder: string): Promise<string> {
  try {
    await stat(folder)
    return folder
  } catch (error) {
    const isMissing = foreignCodeOf(error) === 'ENOENT'
    if (!isMissing || dirname(folder) === folder) throw error
    return nearestThere(dirname(folder))
  }
}
