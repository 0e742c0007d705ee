/**
 * Texts from outside (names, ids, messages of servers) as they may be written to a terminal, a log or a pipe: none of
 * their characters may move the cursor, colour the screen, turn the text around, or be there without being seen.
 */

/** Controls (C0, C1), formats (bidi overrides, zero width), line separators, lone surrogates, and letters without a shape. */
const unseen = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0\u2800`

const runs = new RegExp(`[${unseen}]+`, 'gu')
const runsWithinLines = new RegExp(`(?:(?!\\n)[${unseen}])+`, 'gu')

/** One line. */
export function printable(text: string): string {
  return text.replace(runs, ' ').trim()
}

/** Lines as they are, with their indentation. */
export function printableLines(text: string): string {
  return text.replace(runsWithinLines, ' ')
}

/** JSON that says the same, with these characters escaped. JSON.stringify escapes C0 only. */
export function printableJson(json: string): string {
  return json.replace(runsWithinLines, (run) =>
    Array.from(
      { length: run.length },
      (_, at) => `\\u${run.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
