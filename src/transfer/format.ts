/**
 * The format of an export: lines of JSON, compressed with gzip.
 *
 *   {"format":"allo-queue-mirror export","version":1,"id":…,…}   header
 *   {"begin":"teams","columns":["team_id",…]}                    a table begins
 *   ["t_1","Acme",null]                                          its rows: each value as Postgres writes it, or null
 *   {"end":"teams","rows":1,"sha256":…}                          a table ends, with the digest of its row lines
 *   …
 *   {"lastIds":{"dials.dial_id":"78",…}}                         the last number that each identity column gave
 *   {"complete":true,"rows":…,"sha256":…}                         the last line: the number of all rows,
 *                                                                and the digest of the header and of all lines like it
 *
 * Values are texts because Postgres reads its own texts back exactly: microseconds, 64-bit integers, `infinity`, jsonb,
 * arrays. JSON numbers would lose some of them.
 */
import { z } from 'zod'
import { exitCodes, MirrorError } from '../errors.ts'

export const FORMAT = 'allo-queue-mirror export'
export const FORMAT_VERSION = 1

const count = z.number().int().nonnegative()

export const headerLine = z.object({
  format: z.literal(FORMAT),
  version: z.number().int(),
  /** Identifies this export. */
  id: z.uuid(),
  /** The moment whose state it contains, on the clock of the exported database. */
  exportedAt: z.string(),
  /** Version of the program. */
  program: z.string(),
  /** The migrations of the exported database, in order. */
  migrations: z.array(z.object({ hash: z.string(), createdAt: z.number() })).nonempty(),
  /** Fingerprint of its NUMBER_KEY; null: none was used. */
  numberKey: z.string().nullable(),
  teams: z.array(z.object({ teamId: z.string(), name: z.string().nullable() })),
  /** Fingerprints of the API keys that belong to these teams. */
  apiKeys: z.array(z.string()),
})
export type Header = z.infer<typeof headerLine>

export const controlLine = z.union([
  z.strictObject({ begin: z.string(), columns: z.array(z.string()).nonempty() }),
  z.strictObject({ end: z.string(), rows: count, sha256: z.string() }),
  z.strictObject({ lastIds: z.record(z.string(), z.string()) }),
  z.strictObject({ complete: z.literal(true), rows: count, sha256: z.string() }),
])

/** The file is damaged, incomplete, or no export. */
export class ExportFileError extends MirrorError {
  readonly code = 'export_file'
  readonly exitCode = exitCodes.data

  constructor(reason: string, { wayOut = 'Export again, or copy the file again', cause }: Reason = {}) {
    super(`${reason}; nothing was imported. ${wayOut}`, { cause })
  }
}

/** The file or the database is not one for this import. */
export class ImportRefusedError extends MirrorError {
  readonly code = 'import_refused'
  readonly exitCode = exitCodes.configuration

  constructor(reason: string, wayOut: string) {
    super(`${reason}; nothing was imported. ${wayOut}`)
  }
}

interface Reason {
  readonly wayOut?: string
  readonly cause?: unknown
}
