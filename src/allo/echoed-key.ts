/**
 * An answer that repeats the API key we sent: a proxy's debug page, an error that quotes its request, a pasted name.
 */

/** A shorter key is not searched for: it would match in ordinary words. */
const LEAST_KEY = 8

/** Whether any text in a parsed JSON value, field names included, contains the key. */
export function echoesKey(value: unknown, key: string): boolean {
  const forms = formsOf(key)
  const pending = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'string' && forms.some((form) => next.includes(form))) return true
    if (typeof next !== 'object' || next === null) continue
    const items = Object.values(next)
    for (const item of items) pending.push(item)
    if (!Array.isArray(next)) for (const name of Object.keys(next)) pending.push(name)
  }
  return false
}

/** A cheap test of the raw text. JSON can escape any character, so with a backslash in it the values must be parsed. */
export function mayEcho(text: string, key: string): boolean {
  return text.includes('\\') || echoesKey(text, key)
}

/** The text with `[key]` in place of each copy. */
export function withoutKey(text: string, key: string): string {
  return formsOf(key).reduce((safe, form) => safe.replaceAll(form, '[key]'), text)
}

function formsOf(key: string): string[] {
  if (key.length < LEAST_KEY) return []
  const bytes = Buffer.from(key)
  return [...new Set([key, encodeURIComponent(key), bytes.toString('base64'), bytes.toString('base64url')])]
}
