/** Reads an export (format.ts) and verifies it on the way. */
import { createHash, type Hash } from 'node:crypto'
import { PassThrough, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../errors.ts'
import { asSystemError, SystemError } from '../text/system-error.ts'
import {
  controlLine,
  ExportFileError,
  FORMAT_VERSION,
  type Header,
  headerLine,
  ImportRefusedError,
} from './format.ts'

export type ExportPart =
  | { readonly kind: 'begin'; readonly table: string; readonly columns: readonly string[] }
  /** Some rows of the table that began last: their lines, not parsed. */
  | { readonly kind: 'rows'; readonly lines: readonly string[] }
  /** The table is complete: its count and its digest are those of its lines. */
  | { readonly kind: 'end'; readonly table: string }
  | { readonly kind: 'lastIds'; readonly lastIds: Readonly<Record<string, string>> }
  /** The last part: everything was complete, and nothing follows. */
  | { readonly kind: 'complete'; readonly rows: number }

export interface ReadExport {
  readonly header: Header
  /** Can be consumed once. Its last part is `complete`, or it throws. */
  readonly parts: AsyncGenerator<ExportPart>
}

/**
 * Reads the header; the rest when `parts` is consumed, in constant memory. `source` may be compressed or not, because
 * some browsers uncompress what they download. Throws ExportFileError if it is damaged, cut off, or no export;
 * ImportRefusedError if a newer version wrote it.
 */
export async function readExport(source: Readable): Promise<ReadExport> {
  const lines = linesOf(source)
  const [first = '', ...others] = (await lines.next()).value ?? []
  return { header: parseHeader(first), parts: partsOf(first, others, lines) }
}

function parseHeader(line: string): Header {
  const read = headerLine.safeParse(parse(line, noExport))
  if (!read.success) throw noExport()
  if (read.data.version > FORMAT_VERSION)
    throw new ImportRefusedError(
      `allo-queue-mirror ${read.data.program} wrote this export in a newer format`,
      'Upgrade this allo-queue-mirror',
    )
  return read.data
}

async function* partsOf(
  headerText: string,
  first: readonly string[],
  rest: AsyncGenerator<readonly string[]>,
): AsyncGenerator<ExportPart> {
  const checks = createChecks(headerText)
  for await (const { isRows, lines } of runsOf(first, rest))
    yield isRows ? checks.rows(lines) : checks.control(lines[0] ?? '')
  checks.ended()
}

interface OpenTable {
  readonly name: string
  readonly digest: Hash
  rows: number
}

/** Each function takes the next lines and throws if they are not those that were exported. */
function createChecks(headerText: string) {
  const structure = createHash('sha256').update(`${headerText}\n`)
  let table: OpenTable | null = null
  let total = 0
  let isComplete = false

  function end(name: string, rows: number, sha256: string): ExportPart {
    if (table?.name !== name) throw damaged(`table ${name} ends before it begins`)
    if (table.rows !== rows || table.digest.digest('hex') !== sha256)
      throw damaged(`the rows of table ${name} are not those that were exported`)
    table = null
    return { kind: 'end', table: name }
  }

  function complete(rows: number, sha256: string): ExportPart {
    if (table !== null || rows !== total || structure.digest('hex') !== sha256)
      throw damaged('its lines are not those that were exported')
    isComplete = true
    return { kind: 'complete', rows }
  }

  return {
    rows(lines: readonly string[]): ExportPart {
      if (table === null) throw damaged('a row is outside of a table')
      table.digest.update(`${lines.join('\n')}\n`)
      table.rows += lines.length
      total += lines.length
      return { kind: 'rows', lines }
    },
    control(line: string): ExportPart {
      if (isComplete) throw damaged('it continues after its last line')
      const read = parseControl(line)
      if ('complete' in read) return complete(read.rows, read.sha256)
      structure.update(`${line}\n`)
      if ('lastIds' in read) return { kind: 'lastIds', lastIds: read.lastIds }
      if ('end' in read) return end(read.end, read.rows, read.sha256)
      if (table !== null) throw damaged(`table ${table.name} has no end`)
      table = { name: read.begin, digest: createHash('sha256'), rows: 0 }
      return { kind: 'begin', table: read.begin, columns: read.columns }
    },
    ended() {
      if (!isComplete) throw cutOff()
    },
  }
}

/** Consecutive rows together; every other line alone. */
async function* runsOf(
  first: readonly string[],
  rest: AsyncGenerator<readonly string[]>,
): AsyncGenerator<{ isRows: boolean; lines: readonly string[] }> {
  for (let lines = first; ; ) {
    let start = 0
    for (const [index, line] of lines.entries()) {
      if (line.startsWith('[')) continue
      if (index > start) yield { isRows: true, lines: lines.slice(start, index) }
      yield { isRows: false, lines: [line] }
      start = index + 1
    }
    if (start < lines.length) yield { isRows: true, lines: lines.slice(start) }
    const next = await rest.next()
    if (next.done) return
    lines = next.value
  }
}

function parseControl(line: string) {
  const read = controlLine.safeParse(parse(line, damagedLine))
  if (!read.success) throw damagedLine()
  return read.data
}

function parse(line: string, failure: (cause: unknown) => ExportFileError): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw failure(cause)
  }
}

/** In bytes. No value of the mirror is nearly as long. */
const LONGEST_LINE = 64 * 1024 * 1024
const CHUNK = 1024 * 1024

/** Whole lines, about a megabyte of them at a time. */
async function* linesOf(source: Readable): AsyncGenerator<readonly string[], undefined> {
  let rest: Buffer[] = []
  let restLength = 0
  for await (const chunk of uncompressed(source)) {
    const end = chunk.lastIndexOf(10)
    if (end >= 0) {
      const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString('utf8')
      rest = []
      restLength = 0
      yield text.split('\n')
    }
    const left = chunk.subarray(end + 1)
    if (left.length > 0) rest.push(left)
    restLength += left.length
    if (restLength > LONGEST_LINE) throw damaged('one of its lines is too long')
  }
  if (restLength > 0) throw cutOff()
}

async function* uncompressed(source: Readable): AsyncGenerator<Buffer> {
  const bytes = source.pipe(new PassThrough())
  source.once('error', (error) => bytes.destroy(error))
  try {
    const [isEmpty, isCompressed] = await lookAtFirstBytes(bytes)
    if (isEmpty) throw new ExportFileError('the export is empty', { wayOut: wayOutOfEmpty })
    const gunzip = createGunzip({ chunkSize: CHUNK })
    bytes.once('error', (error) => gunzip.destroy(error))
    yield* isCompressed ? bytes.pipe(gunzip) : bytes
  } catch (error) {
    throw asFileError(error)
  } finally {
    source.destroy()
  }
}

async function lookAtFirstBytes(bytes: PassThrough): Promise<[isEmpty: boolean, isCompressed: boolean]> {
  for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
    const first: Buffer = chunk
    bytes.unshift(first)
    return [false, first[0] === 0x1f]
  }
  return [true, false]
}

/** An error of reading or of zlib, whose codes begin with Z_. */
function asFileError(error: unknown): unknown {
  const known = asSystemError(error, { isFile: true })
  if (known instanceof SystemError || !(error instanceof Error) || !('code' in error)) return known
  if (error.code === 'Z_BUF_ERROR') return cutOff(error)
  if (String(error.code).startsWith('Z_')) return damaged(messageOf(error), error)
  return known
}

const wayOutOfEmpty = 'The command that writes it failed, or names another file'

function noExport(cause?: unknown): ExportFileError {
  return new ExportFileError('this is no export of allo-queue-mirror', { wayOut: 'Check its name', cause })
}

function damaged(how: string, cause?: unknown): ExportFileError {
  return new ExportFileError(`the export is damaged: ${how}`, { cause })
}

function damagedLine(cause?: unknown): ExportFileError {
  return damaged('one of its lines is not part of the format', cause)
}

function cutOff(cause?: unknown): ExportFileError {
  return new ExportFileError('the export ends too early: its command failed, or the file is incomplete', {
    cause,
  })
}
