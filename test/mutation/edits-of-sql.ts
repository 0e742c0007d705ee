/**
 * Small faults in the SQL of a source file, made by rules from its text. Code between SQL is left alone, except for the
 * statements and conditions of drizzle queries.
 */
import { sqlTexts } from './sql-texts.ts'

/** Replaces the text from `start` to `end`. */
export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function editsOfSql(source: string): TextEdit[] {
  const all = [
    ...sqlTexts(source).flatMap((sql) => [
      ...swaps(sql),
      ...droppedTerms(sql),
      ...shortenedCalls(sql, source),
      ...shortenedLists(sql, source),
    ]),
    ...droppedStatements(source),
    ...droppedConditions(source),
  ]
  const different = new Map(all.map((edit) => [`${edit.start} ${edit.end} ${edit.text}`, edit]))
  return [...different.values()].sort((one, other) => one.start - other.start)
}

/** Pattern and replacement. */
const opposites: readonly (readonly [RegExp, string])[] = [
  [/(?<= )<(?= )/g, '<='],
  [/(?<= )<=(?= )/g, '<'],
  [/(?<= )>(?= )/g, '>='],
  [/(?<= )>=(?= )/g, '>'],
  [/(?<= )<>(?= )/g, '='],
  [/(?<= )\+(?= )/g, '-'],
  [/(?<= )-(?= )/g, '+'],
  [/\bis null\b/g, 'is not null'],
  [/\bis not null\b/g, 'is null'],
  [/\bis distinct from\b/g, 'is not distinct from'],
  [/\bis not distinct from\b/g, 'is distinct from'],
  [/\bnot (?!null|distinct|nothing)/g, ''],
  [/\bor\b/g, 'and'],
  [/\bleast\b/g, 'greatest'],
  [/\bgreatest\b/g, 'least'],
  [/\bmin\b/g, 'max'],
  [/\bmax\b/g, 'min'],
  [/\bleft join\b/g, 'join'],
  [/ desc\b/g, ''],
  [/\bdistinct (?!from)/g, ''],
  [/ limit 1\b/g, ''],
]

function swaps(sql: string): TextEdit[] {
  return opposites.flatMap(([pattern, text]) =>
    [...sql.matchAll(pattern)].map(({ index, 0: was }) => ({ start: index, end: index + was.length, text })),
  )
}

/** A condition becomes true, or false in a list of alternatives, so that only the others count. */
function droppedTerms(sql: string): TextEdit[] {
  return [...sql.matchAll(/\b(?:where|and|or|on|when) |\(/g)].flatMap(({ index, 0: word }) => {
    const start = index + word.length
    const end = endOfTerm(sql, start)
    const isBeforeOr = /^\s+or\b/.test(sql.slice(end))
    if (end === start || (word === '(' && !isBeforeOr)) return []
    return [{ start, end, text: word === 'or ' || isBeforeOr ? 'false' : 'true' }]
  })
}

const afterTerm =
  /\s*(?:\b(?:and|or|then|group by|order by|returning|union|limit|where|(?<!distinct )from|left join|join|cross join|on conflict|as)\b|\)|$)/y

/** Before the next word of the statement that is in no parentheses. */
function endOfTerm(sql: string, from: number): number {
  let depth = 0
  for (let at = from; at < sql.length; at += 1) {
    afterTerm.lastIndex = at
    if (depth === 0 && /\W/.test(sql.slice(at - 1, at + 1)) && afterTerm.test(sql)) return at
    if (sql[at] === '(') depth += 1
    if (sql[at] === ')') depth -= 1
  }
  return sql.length
}

/** `coalesce(a, b)` and the like become `a`, and `b`. */
function shortenedCalls(sql: string, source: string): TextEdit[] {
  return [...sql.matchAll(/\b(?:coalesce|least|greatest)\(/g)].flatMap(({ index, 0: word }) => {
    const end = closingParenthesis(sql, index + word.length)
    const parts = splitList(sql, { start: index + word.length, end })
    return parts.map((part) => ({
      start: index,
      end: end + 1,
      text: source.slice(part.start, part.end).trim(),
    }))
  })
}

/** One of `in ('a', 'b')`, of `partition by a, b` and of `order by a, b` is left out. */
function shortenedLists(sql: string, source: string): TextEdit[] {
  return [...sql.matchAll(/\b(?:in \(|partition by |order by )/g)].flatMap(({ index, 0: word }) => {
    const start = index + word.length
    const end = endOfList(sql, start)
    const parts = splitList(sql, { start, end })
    if (parts.length < 2) return []
    return parts.map((left) => {
      const kept = parts
        .filter((part) => part !== left)
        .map((part) => source.slice(part.start, part.end).trim())
      return { start, end, text: kept.join(', ') }
    })
  })
}

function endOfList(sql: string, from: number): number {
  const next = /\s*(?:\blimit\b|\border by\b)/g
  next.lastIndex = from
  return Math.min(closingParenthesis(sql, from), next.exec(sql)?.index ?? sql.length)
}

interface Range {
  readonly start: number
  readonly end: number
}

/** At the commas that are in no parentheses. */
function splitList(sql: string, { start, end }: Range): Range[] {
  const parts: Range[] = []
  let depth = 0
  let first = start
  for (let at = start; at < end; at += 1) {
    if (sql[at] === '(') depth += 1
    if (sql[at] === ')') depth -= 1
    if (sql[at] !== ',' || depth > 0) continue
    parts.push({ start: first, end: at })
    first = at + 1
  }
  return [...parts, { start: first, end }]
}

function closingParenthesis(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  return text.length
}

/** A statement whose result is not used, such as a lock. */
function droppedStatements(source: string): TextEdit[] {
  return [...source.matchAll(/^ +await (?:orm|\w+)\(/gm)].map(({ index, 0: word }) => {
    let end = closingParenthesis(source, index + word.length) + 1
    for (let call = chainedCall(source, end); call !== null; call = chainedCall(source, end)) end = call
    return { start: index, end, text: '' }
  })
}

/** End of `.where(…)` and the like. */
function chainedCall(source: string, from: number): number | null {
  const call = /^\s*\.\w+\(/.exec(source.slice(from))
  return call === null ? null : closingParenthesis(source, from + call[0].length) + 1
}

/** `undefined` in `and(…)` of drizzle is no condition. */
function droppedConditions(source: string): TextEdit[] {
  return [...source.matchAll(/(?<!\$\{)\b(?:eq|lt|gt|isNull|isNotNull)\(/g)].map(({ index, 0: word }) => ({
    start: index,
    end: closingParenthesis(source, index + word.length) + 1,
    text: 'undefined',
  }))
}
