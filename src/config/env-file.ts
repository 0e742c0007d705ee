/**
 * `.env`. Node's own parser reads it; this file refuses, by name and line, what that parser would read otherwise than
 * the person who wrote it. Lines about variables of other programs are left alone.
 */
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { foreignCodeOf } from '../errors.ts'
import { ConfigError, type Problem } from './problem.ts'
import { unreadable } from './secret.ts'
import { readTextFile } from './text-file.ts'

/** The text of `.env` in the working directory; null: there is none. Throws ConfigError when it can't be read. */
export function readEnvFile(): string | null {
  const file = resolve('.env')
  try {
    return readTextFile(file)
  } catch (error) {
    if (foreignCodeOf(error) === 'ENOENT') return null
    throw unreadable('.env', file, error)
  }
}

export function parseEnvFile(text: string, ours: ReadonlySet<string>): Record<string, string | undefined> {
  const { problems, values } = readEnvText(text, ours)
  if (problems.length > 0) throw new ConfigError(problems)
  return values
}

/** The values of valid lines, for masking, even if other lines are invalid. Never throws. */
export function readEnvText(text: string, ours: ReadonlySet<string>) {
  const problems: Problem[] = []
  const seen = new Map<string, { value: string; line: number }>()
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const lineText = lines[at] ?? ''
    const line = at + 1
    const refuse = (variable: string, what: string) =>
      problems.push({ variable, problem: `.env, line ${line}: ${what}` })
    const [, name = '', raw = ''] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/.exec(lineText) ?? []
    // Node's parser takes the next line for the value where only spaces follow the `=`.
    if (raw === '') lines[at] = lineText.trimEnd()
    if (name === '') {
      const meant = /^\s*#/.test(lineText)
        ? undefined
        : lineText.match(/\w+/g)?.find((word) => ours.has(word))
      if (meant !== undefined) refuse(meant, `not of the form ${meant}=value.`)
      continue
    }
    const { value, fault, lines: taken } = readValue(raw, lines.slice(at + 1))
    at += taken
    if (!ours.has(name)) continue
    if (fault !== null) refuse(name, fault)
    const before = seen.get(name)
    if (before !== undefined && before.value !== value)
      refuse(name, `set already in line ${before.line}, to something else. Keep one.`)
    seen.set(name, { value, line })
  }
  return { problems, values: parseEnv(lines.join('\n')) }
}

/** `lines`: how many of the following lines belong to it. */
function readValue(raw: string, following: readonly string[]) {
  const quote = /^["'`]/.exec(raw)?.[0]
  if (quote === undefined) {
    const isCut = /\S#/.test(raw)
    const fault = isCut ? 'a # begins a comment there. Put the value in single quotes.' : null
    return { value: raw.replace(/\s+#.*$/, '').trim(), fault, lines: 0 }
  }
  let text = raw.slice(1)
  for (let lines = 0; lines <= following.length; lines += 1) {
    const end = text.indexOf(quote)
    if (end >= 0) {
      const rest = text.slice(end + 1)
      const fault = /^\s*(?:#.*)?$/.test(rest) ? null : 'something stands after the closing quote.'
      return { value: text.slice(0, end), fault, lines }
    }
    text += `\n${following[lines] ?? ''}`
  }
  return { value: raw, fault: 'begins with a quote that is never closed.', lines: 0 }
}
