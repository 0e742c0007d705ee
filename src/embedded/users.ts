/**
 * Who uses a server. Each user has one file in `users/`, named after its process. A file whose process is gone does not
 * count.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from './folders.ts'
import type { PostgresHome } from './postgres-home.ts'
import { hasProcess, identifySelf, isAlive } from './process-identity.ts'

/** Returns the path of the user's file. */
export async function registerUser(home: PostgresHome): Promise<string> {
  await makeFolder(home.users)
  const file = join(home.users, `${await identifySelf()}.${randomUUID()}`)
  await writeFile(file, '', { flag: 'wx' })
  return file
}

export async function countUsers(home: PostgresHome): Promise<number> {
  const alive = await Promise.all((await userFiles(home)).map((name) => isAlive(identityIn(name))))
  return alive.filter(Boolean).length
}

/** For a process that is exiting and can't wait. Also counts another process that has the pid of a user now. */
export function hasUsersNow(home: PostgresHome): boolean {
  return readdirSync(home.users).some((name) => hasProcess(Number.parseInt(name, 10)))
}

/** Whether all users were killed: each that leaves removes its file. */
export async function isAbandoned(home: PostgresHome): Promise<boolean> {
  return (await userFiles(home)).length > 0 && (await countUsers(home)) === 0
}

function userFiles(home: PostgresHome): Promise<string[]> {
  return readdir(home.users).catch(() => [])
}

function identityIn(name: string): string {
  return name.slice(0, name.indexOf('.'))
}
