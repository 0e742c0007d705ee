/** The files of migrations/repeatable, changed for a test. */
import { readFileSync } from 'node:fs'
import {
  applyRepeatables,
  type Repeatables,
  readRepeatables,
  sha256,
} from '../../src/store/migrate/repeatables.ts'
import { inTransaction, type Pool } from '../../src/store/postgres/database.ts'

/** What migrations/repeatable/version.json must say: the number it has, or the next one when a file changed since. */
export function sealed(): string {
  const path = new URL('../../migrations/repeatable/version.json', import.meta.url)
  const { version, sha256: before }: { version: number; sha256: string } = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const now = sha256(
    readRepeatables()
      .files.map((file) => `${file.name} ${file.sha256}\n`)
      .join(''),
  )
  return `${JSON.stringify({ version: now === before ? version : version + 1, sha256: now }, null, 2)}\n`
}

/** The files of the next version: `edits` are applied to all of them, and each must be found. */
export function nextVersion(edits: readonly (readonly [before: string, after: string])[]): Repeatables {
  const { version, files } = readRepeatables()
  for (const [before] of edits)
    if (!files.some(({ sql }) => sql.includes(before))) throw new Error(`no file says ${before}`)
  return {
    version: version + 1,
    files: files.map(({ name, sql }) => {
      const edited = edits.reduce((text, [before, after]) => text.replaceAll(before, after), sql)
      return { name, sql: edited, sha256: sha256(edited) }
    }),
  }
}

export function apply(pool: Pool, repeatables: Repeatables): Promise<void> {
  return inTransaction(pool, 'applying', (client) => applyRepeatables(client, repeatables))
}
