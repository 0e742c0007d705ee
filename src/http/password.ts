/**
 * Asks every request for the password of HTTP_BASIC_AUTH: known paths, unknown ones, and URLs no router can read. Not
 * webhooks: they are signed.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import basicAuth from '@fastify/basic-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { HttpConfig } from '../config/config.ts'
import type { Guard } from './guard.ts'
import { countPasswordGuesses } from './password-guesses.ts'

export interface Password {
  /** Calls `next` when the request may go on; else it is answered: 401, or 429 after too many wrong passwords. */
  ask(request: FastifyRequest, reply: FastifyReply, next: () => void): void
  /** False: the request was admitted to an open probe only, without the password or under a foreign name. */
  maySeeDetails(request: IncomingMessage): boolean
  /** No more lines in the log. */
  stop(): void
}

/** Register it before anything that has routes: only these are asked. */
export async function registerPassword(
  server: FastifyInstance,
  { basicAuth: login }: HttpConfig,
  { guard, logger }: { readonly guard: Guard; readonly logger: Logger },
): Promise<Password> {
  const guesses = countPasswordGuesses(logger)
  const trusted = new WeakSet<IncomingMessage>()
  await server.register(basicAuth, {
    strictCredentials: false,
    authenticate: { realm: 'allo-queue-mirror' },
    validate(user, password, { raw }, _reply, done) {
      const address = raw.socket.remoteAddress ?? ''
      const seconds = guesses.secondsToWait(address)
      if (seconds > 0) return done(new TooManyGuessesError(seconds))
      if (login !== null && isSame(`${user}:${password}`, login.value())) {
        guesses.right(address)
        return done()
      }
      guesses.wrong(address)
      done(new Error('wrong password'))
    },
  })

  const ask: Password['ask'] = (request, reply, next) => {
    const { raw } = request
    const isOpen = guard.isOpenProbe(raw)
    if (guard.isWebhook(raw) || !guard.isUnderOurName(raw)) return next()
    if (login === null) {
      trusted.add(raw)
      return next()
    }
    server.basicAuth(request, reply, (refusal) => {
      if (refusal === undefined) trusted.add(raw)
      else if (isOpen) reply.removeHeader('www-authenticate')
      else return refuse(reply, refusal)
      next()
    })
  }
  server.addHook('onRequest', ask)
  return { ask, maySeeDetails: (request) => trusted.has(request), stop: guesses.stop }
}

class TooManyGuessesError extends Error {
  readonly seconds: number

  constructor(seconds: number) {
    super(`Too many wrong passwords came: try again in ${seconds} s.`)
    this.seconds = seconds
  }
}

/** Here and not in an error handler: parts of the pages have handlers of their own, which would make a 500 of it. */
function refuse(reply: FastifyReply, refusal: Error): void {
  reply.type('text/plain; charset=utf-8')
  if (!(refusal instanceof TooManyGuessesError))
    return void reply.code(401).send('User and password, please.\n')
  reply.removeHeader('www-authenticate').header('retry-after', String(refusal.seconds))
  reply.code(429).send(`${refusal.message}\n`)
}

/** Takes the same time for every input. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
