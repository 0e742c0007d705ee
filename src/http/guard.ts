/**
 * Who may see the pages: people with the password, under a name that is ours. Nobody may change anything: whatever
 * is not a GET is refused before anything looks at it.
 *
 * A page of somebody else's, opened in a browser that can reach this port, may point a name of its own at our address
 * (DNS rebinding) and read what is meant for people here. It can't do that with an IP address, so those are let in.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HttpConfig } from '../config.ts'

const probes = new Set(['/healthz', '/readyz', '/metrics'])

export function guard(server: FastifyInstance, config: HttpConfig): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return reply.code(405).header('allow', 'GET, HEAD').send('Only looking is possible here.\n')
    }
    const isProbe = probes.has(request.url.split('?')[0] ?? '')
    if (config.openProbes && isProbe) return
    if (!isOurs(request, config)) {
      return reply
        .code(421)
        .send('This name is not one of ours: add it to HTTP_ALLOWED_HOSTS, or use the IP address.\n')
    }
    return demandPassword(request, reply, config)
  })
}

function isOurs({ headers }: FastifyRequest, { host, allowedHosts }: HttpConfig): boolean {
  const given = URL.parse(`http://${headers.host ?? ''}`)?.hostname.toLowerCase() ?? ''
  const name = given.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  return isIP(name) !== 0 || ['localhost', host, ...allowedHosts].includes(name)
}

async function demandPassword(request: FastifyRequest, reply: FastifyReply, { basicAuth }: HttpConfig) {
  if (basicAuth === null) return
  const [scheme = '', sent = ''] = request.headers.authorization?.split(' ') ?? []
  const given = scheme.toLowerCase() === 'basic' ? Buffer.from(sent, 'base64').toString('utf8') : ''
  if (isSame(given, basicAuth.value())) return
  return reply
    .code(401)
    .header('www-authenticate', 'Basic realm="allo-queue-mirror", charset="UTF-8"')
    .send('User and password, please.\n')
}

/** Takes the same time whatever is given. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
