/**
 * Decides which requests reach the pages, before the router or anything else sees them: the guard alone answers what
 * it did not admit, malformed URLs and unknown paths included. Only GET and HEAD are let through, and POST to the path
 * of webhooks if they are accepted. The password is asked for afterwards (password.ts).
 *
 * A hostile page in a browser that can reach this port may
 *   - point a host name of its own at our address (DNS rebinding): only names of ours and IP addresses are let in;
 *   - load our pages as an image, script or frame: browsers say so in Sec-Fetch-Site, and only links may do that.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { HttpConfig } from '../config/config.ts'

/** Of Allo's webhooks. Their signature stands in for the password and for a name of ours. */
export const WEBHOOK_PATH = '/hooks/allo'

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
  /** False: a foreign name, admitted to an open probe only. */
  isUnderOurName(request: IncomingMessage): boolean
  /** Of HTTP_OPEN_PROBES: needs neither the password nor a name of ours. */
  isOpenProbe(request: IncomingMessage): boolean
  /** With ALLO_WEBHOOK_SECRET: needs neither the password nor a name of ours. */
  isWebhook(request: IncomingMessage): boolean
}

interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

export function createGuard(config: HttpConfig): Guard {
  const isUnderOurName = (request: IncomingMessage) => isOurs(request, config)
  const isOpenProbe = (request: IncomingMessage) => config.openProbes && probes.has(pathOf(request))
  const isWebhook = (request: IncomingMessage) =>
    config.webhookSecret !== null && pathOf(request) === WEBHOOK_PATH
  const refuse = (request: IncomingMessage): Refusal | null => {
    if (isWebhook(request)) {
      if (request.method !== 'POST') return onlyPosting
      return isAllowedByBrowser(request) ? null : foreignPage
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return onlyLooking
    if (!isAllowedByBrowser(request)) return foreignPage
    return isUnderOurName(request) || isOpenProbe(request) ? null : foreignName
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
    isUnderOurName,
    isOpenProbe,
    isWebhook,
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0] ?? ''
}

const onlyLooking: Refusal = {
  status: 405,
  text: 'Only GET and HEAD are possible here.\n',
  headers: { allow: 'GET, HEAD' },
}
const onlyPosting: Refusal = {
  status: 405,
  text: 'Only POST is possible here: this is the address for webhooks of Allo.\n',
  headers: { allow: 'POST' },
}
const foreignPage: Refusal = {
  status: 403,
  text: 'Another website asked for this. Only a link may lead here.\n',
}
const foreignName: Refusal = {
  status: 421,
  text: 'This name is not one of ours: add it to HTTP_ALLOWED_HOSTS, or use the IP address.\n',
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
