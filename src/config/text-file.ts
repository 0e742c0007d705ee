/** Small text files that people make with an editor, a shell or an orchestrator. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** A secret or a list of settings is far smaller; a file of this size is another one than was meant. */
const MOST_BYTES = 64 * 1024

/** What is wrong with the file, as the end of a sentence. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError'
}

/**
 * The text of a regular file, in UTF-8 or in UTF-16 with its byte order mark (what PowerShell writes). Throws what
 * the file system throws, or a TextFileError. Never waits for the other end of a pipe.
 */
export function readTextFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(file)
    if (stats.isDirectory()) throw new TextFileError('is a folder')
    if (!stats.isFile()) throw new TextFileError('is not a regular file (a pipe or a device)')
    if (stats.size > MOST_BYTES) throw new TextFileError(`is larger than ${MOST_BYTES / 1024} kB`)
    const bytes = Buffer.alloc(MOST_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null)
    if (length > MOST_BYTES) throw new TextFileError(`is larger than ${MOST_BYTES / 1024} kB`)
    return decode(bytes.subarray(0, length))
  } finally {
    closeSync(file)
  }
}

function decode(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const encoding = isUtf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8'
  try {
    // Takes the byte order mark away, too.
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below.
  }
  throw new TextFileError('is not text in UTF-8. Save it as UTF-8')
}
