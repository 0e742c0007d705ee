/** The `sql` templates of a source file, each as a text in which every other character is `¤`, so with equal indices. */

const other = '¤'

/** What a template inserts is `¤` too. A template in an inserted expression is a text of its own. */
export function sqlTexts(source: string): string[] {
  return [...source.matchAll(/\bsql(?:<[^`(]*>)?`/g)].map(({ index, 0: opening }) => {
    const start = index + opening.length
    return other.repeat(start) + readTemplate(source, start)
  })
}

/** Up to the closing backtick. */
function readTemplate(source: string, start: number): string {
  let text = ''
  for (let at = start; source[at] !== '`'; ) {
    const end = source.startsWith('${', at) ? endOfInsertion(source, at + 2) : at + 1
    text += end === at + 1 ? source[at] : other.repeat(end - at)
    at = end
  }
  return text
}

/** After the closing brace. */
function endOfInsertion(source: string, from: number): number {
  let depth = 1
  for (let at = from; ; at += 1) {
    if (source[at] === '`') at += readTemplate(source, at + 1).length + 1
    else if (source[at] === '{') depth += 1
    else if (source[at] === '}') depth -= 1
    if (depth === 0) return at + 1
  }
}
