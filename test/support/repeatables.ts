/** What migrations/repeatable/version.json must say: the number it has, or the next one when a file changed since. */
import { readFileSync } from 'node:fs'
import { readRepeatables, sha256 } from '../../src/store/repeatables.ts'

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
