/**
 * Every form in which a secret can appear in a message: as it stands in a variable, percent-encoded or decoded, in
 * JSON, in HTML, as Basic authentication. The value need not be valid: what could not be understood is a secret too.
 * Nothing here throws, because an exception would let the next message out unmasked.
 */
import { escapeHtml } from '../text/escape-html.ts'
import { decodeNumberKey } from './secret.ts'

export function formsOfSecret(text: string, parts: readonly string[]): string[] {
  const all = new Set([text, ...parts].filter((part) => part !== ''))
  return [...new Set([...all].flatMap(written))]
}

/** The password of `user:password`, and the whole as an Authorization header has it. */
export function partsOfLogin(text: string): string[] {
  return [after(text, ':'), ...base64Of(text)]
}

/** The key in each way to write it. */
export function partsOfNumberKey(text: string): string[] {
  const key = decodeNumberKey(text)
  if (key === null) return []
  const hex = key.toString('hex')
  return [hex, hex.toUpperCase(), key.toString('base64'), key.toString('base64url')]
}

/** The key alone, with and without the padding of base64. */
export function partsOfWebhookSecret(text: string): string[] {
  const base64 = after(text, 'whsec_')
  return [base64, base64.replace(/=+$/, '')]
}

/** Up to the last `@`: where there are several, anything before it may be the password. */
export function partsOfUserinfo(text: string): string[] {
  const rest = after(text, '://') || text
  const parameters = [...rest.matchAll(/(?:^|[?&\s])(?:ssl)?password=([^&\s]*)/gi)].map(
    ([, value = '']) => value,
  )
  const at = rest.lastIndexOf('@')
  if (at < 0) return [...parameters, ...parameters.map(decoded)]
  const userinfo = rest.slice(0, at)
  const password = after(userinfo, ':')
  return [
    ...[...parameters, password].flatMap((part) => [part, decoded(part)]),
    ...base64Of(`${decoded(userinfo.slice(0, userinfo.indexOf(':')))}:${decoded(password)}`),
  ]
}

/** All behind the host, and each piece long enough to be the token. */
export function partsOfWebhook(text: string): string[] {
  const rest = after(text, '://') || text
  const path = rest.slice(Math.max(0, rest.search(/[/?#]/)))
  // A shorter piece is a word such as /webhook, which stands in other sentences too.
  const pieces = [path, ...path.split(/[/?#&=]/)].filter((piece) => piece.length >= 12)
  return [...pieces, ...partsOfUserinfo(text)]
}

function written(part: string): string[] {
  const json = JSON.stringify(part).slice(1, -1)
  return [part, json, JSON.stringify(json).slice(1, -1), percentEncoded(part), inUrl(part), escapeHtml(part)]
}

/** As a URL object writes it between `//` and `@`. */
function inUrl(part: string): string {
  const url = new URL('postgres://host')
  url.password = part
  return url.password
}

function percentEncoded(part: string): string {
  // A lone surrogate is no character, and can't be encoded.
  return encodeURIComponent(part.toWellFormed())
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function base64Of(text: string): string[] {
  const bytes = Buffer.from(text)
  return [bytes.toString('base64'), bytes.toString('base64url')]
}

function after(text: string, separator: string): string {
  const at = text.indexOf(separator)
  return at < 0 ? '' : text.slice(at + separator.length)
}
