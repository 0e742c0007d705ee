/**
 * Decides who may see the pages, before the router or anything else sees the request: what the guard did not admit is
 * answered by the guard alone, malformed URLs and unknown paths included. Only GET and HEAD are let through.
 *
 * A hostile page in a browser that can reach this port may
 *   - point a host name of its own at our address (DNS rebinding): only names of ours and IP addresses are let in;
 *   - load our pages as an image, script or frame: browsers say so in Sec-Fetch-Site, and only links may do that.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Logger } from 'pino'
import type { HttpConfig } from '../config/config.ts'
import { countPasswordGuesses } from './password-guesses.ts'

const probes = new Set(['/healthz', '/readyz', '/metrics'])

/** On every answer. A page replaces the policy by its own. */
const headers = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

export interface Guard {
  /** False: the guard has answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean
  /** False: the request was admitted to an open probe only, without the password or under a foreign name. */
  maySeeDetails(request: IncomingMessage): boolean
  stop(): void
}

interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

export function createGuard(config: HttpConfig, logger: Logger): Guard {
  const guesses = countPasswordGuesses(logger)
  const trusted = new WeakSet<IncomingMessage>()

  /** Null: the password is right, or none is set. */
  const refusePassword = (request: IncomingMessage): Refusal | null => {
    if (config.basicAuth === null) return null
    const given = passwordOf(request)
    if (given === null) return passwordPlease
    const address = request.socket.remoteAddress ?? ''
    const seconds = guesses.secondsToWait(address)
    if (seconds > 0) return tooFast(seconds)
    if (isSame(given, config.basicAuth.value())) {
      guesses.right(address)
      return null
    }
    guesses.wrong(address)
    return passwordPlease
  }
  const refuse = (request: IncomingMessage): Refusal | null => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return onlyLooking
    if (!isAllowedByBrowser(request)) return foreignPage
    const refusal = isOurs(request, config) ? refusePassword(request) : foreignName
    if (refusal === null) trusted.add(request)
    const isProbe = probes.has(request.url?.split('?')[0] ?? '')
    return config.openProbes && isProbe ? null : refusal
  }

  return {
    admits(request, response) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      const refusal = refuse(request)
      if (refusal === null) return true
      response.writeHead(refusal.status, {
        'content-type': 'text/plain; charset=utf-8',
        // A body that was announced is not read.
        ...(request.method === 'GET' || request.method === 'HEAD' ? {} : { connection: 'close' }),
        ...refusal.headers,
      })
      response.end(request.method === 'HEAD' ? undefined : refusal.text)
      return false
    },
    maySeeDetails: (request) => trusted.has(request),
    stop: guesses.stop,
  }
}

const onlyLooking: Refusal = {
  status: 405,
  text: 'Only GET and HEAD are possible here.\n',
  headers: { allow: 'GET, HEAD' },
}
const foreignPage: Refusal = {
  status: 403,
  text: 'Another website asked for this. Only a link may lead here.\n',
}
const foreignName: Refusal = {
  status: 421,
  text: 'This name is not one of ours: add it to HTTP_ALLOWED_HOSTS, or use the IP address.\n',
}
const passwordPlease: Refusal = {
  status: 401,
  text: 'User and password, please.\n',
  headers: { 'www-authenticate': 'Basic realm="allo-queue-mirror", charset="UTF-8"' },
}

function tooFast(seconds: number): Refusal {
  const text = `Too many wrong passwords came: try again in ${seconds} s.\n`
  return { status: 429, text, headers: { 'retry-after': String(seconds) } }
}

/** Browsers send Sec-Fetch-Site; other clients don't, and need no protection from foreign pages. */
function isAllowedByBrowser({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'] ?? 'none'
  if (site === 'same-origin' || site === 'none') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

/** A URL in absolute form names a host too, which must be ours as well. */
function isOurs({ url = '', headers }: IncomingMessage, config: HttpConfig): boolean {
  const inUrl = url.startsWith('/') ? null : (URL.parse(url)?.hostname ?? '')
  const inHeader = URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? ''
  return isOurName(inHeader, config) && (inUrl === null || isOurName(inUrl, config))
}

function isOurName(hostname: string, { host, allowedHosts }: HttpConfig): boolean {
  const name = hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
  return isIP(name) !== 0 || ['localhost', host, ...allowedHosts].includes(name)
}

/** `user:password`; null: none was sent. */
function passwordOf({ headers }: IncomingMessage): string | null {
  const [, sent] = /^basic +(\S*)$/i.exec(headers.authorization?.trim() ?? '') ?? []
  return sent === undefined ? null : Buffer.from(sent, 'base64').toString('utf8')
}

/** Takes the same time whatever is given. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
