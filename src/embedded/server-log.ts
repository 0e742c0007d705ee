/** What the programs of Postgres write when they fail. */
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'

export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n')
}

export function isDiskFull(text: string): boolean {
  return /No space left on device|Disk quota exceeded|File too large/.test(text)
}

export function diskFull(folder: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `There is no space left for Postgres on the disk of ${folder}: free some (100 MB for a new database), or ${useYourOwnPostgres}`,
    { retryable: true },
  )
}

/** Another program took the port since it was free. */
export function isPortTaken(text: string): boolean {
  return /could not (bind|create any TCP\/IP sockets)/.test(text)
}

/** Child processes of a killed server still run; they end as soon as they notice. */
export function hasLeftovers(text: string): boolean {
  return /pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(text)
}
