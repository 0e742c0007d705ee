import { scopes } from './documented-words.ts'
import { AlloRefusedError, AlloSurprisedError, type Asked } from './errors.ts'
import { largestTeam } from './limits.ts'
import { type AnswerContext, surprised } from './parse-answer.ts'
import { parseCallAnswer } from './parse-call.ts'
import { parseQueueAnswer } from './parse-queue.ts'
import { parseAccount, parseTeammates, sameTeammateTwice } from './parse-team.ts'
import { createTransport, type Transport, type TransportSettings } from './transport.ts'
import type { AlloClient, CallAnswer, QueueAnswer, Surprise, Teammate, UnusableRows } from './types.ts'

export interface AlloClientSettings extends TransportSettings {
  /** IANA name; timestamps without a zone belong to it. */
  readonly naiveTimeZone: string
  /** Called once per answer for each different surprise. The caller removes duplicates within a pass (surprises.ts). */
  readonly onSurprise: (surprise: Surprise) => void
}

/** The largest page that the API allows, for the fewest requests: a reading always reads all pages. */
export const pageSize = 100

/**
 * See AlloClient in types.ts. Rejects with an AlloError, with what the pacer rejects with, or with the reason of an
 * aborted signal. A 404 counts as an answer only if its code names this teammate's case. A 404 of a proxy or of a wrong
 * base URL is an error, because it must not end a queue.
 */
export function createAlloClient(settings: AlloClientSettings): AlloClient {
  return clientOver(createTransport(settings), settings)
}

function clientOver(transport: Transport, settings: AlloClientSettings): AlloClient {
  async function me(signal?: AbortSignal) {
    const asked = { what: 'account of this key', scope: null }
    const answer = await surprisedBy404(transport.get('/v2/api/me', {}, asked, signal))
    return parseAccount(answer.body, context(asked, answer.requestId))
  }

  async function listTeammates(status: 'ACTIVE' | 'BLOCKED', signal?: AbortSignal) {
    const found = new Map<string, Teammate>()
    let unusable: UnusableRows = { count: 0, first: null }
    for (let page = 1; page <= largestTeam.pages; page++) {
      const asked = { what: `list of ${status} teammates, page ${page}`, scope: scopes.users }
      // The endpoint documents no pagination, so the first request has no `page`.
      const query = page === 1 ? { status } : { status, page: String(page) }
      const answer = await surprisedBy404(transport.get('/v2/api/users', query, asked, signal))
      const here = context(asked, answer.requestId)
      const { teammates, unusable: unusableHere, hasMore } = parseTeammates(answer.body, here)

      const before = found.size
      for (const teammate of teammates) {
        if (!found.has(teammate.userId)) found.set(teammate.userId, teammate)
        else settings.onSurprise({ where: 'teammate.id', what: sameTeammateTwice })
      }
      const first = unusableHere.first && `${asked.what}, ${unusableHere.first}`
      unusable = { count: unusable.count + unusableHere.count, first: unusable.first ?? first }
      if (found.size + unusable.count > largestTeam.teammates) {
        throw surprised(here, 'data', `more than ${largestTeam.teammates} teammates`)
      }
      if (!hasMore || teammates.length === 0) return { teammates: [...found.values()], unusable }
      if (found.size === before) throw endless(here, 'a page of teammates that were all on earlier pages')
    }
    const last = { what: `list of ${status} teammates`, scope: null }
    throw endless(context(last, null), `more than ${largestTeam.pages} pages`)
  }

  async function readQueuePage(
    userId: string,
    page: number,
    signal?: AbortSignal,
    size = pageSize,
  ): Promise<QueueAnswer> {
    const asked = { what: `queue of ${userId}, page ${page}`, scope: scopes.queues }
    const query = { user_id: userId, page: String(page), size: String(size) }
    try {
      const answer = await transport.get('/v2/api/dialing-queues/current', query, asked, signal)
      return parseQueueAnswer(answer.body, page, context(asked, answer.requestId))
    } catch (error) {
      if (!(error instanceof AlloRefusedError) || error.status !== 404) throw error
      if (error.givenCode === 'ASSIGNEE_NOT_FOUND') return { kind: 'not_found', requestId: error.requestId }
      if (error.givenCode === 'DIALING_QUEUE_NOT_FOUND')
        return { kind: 'no_queue', requestId: error.requestId }
      throw unexpected404(error)
    }
  }

  async function readCall(callId: string, signal?: AbortSignal): Promise<CallAnswer> {
    // Without the id, which may contain a phone number.
    const asked = { what: 'details of a call', scope: scopes.calls }
    try {
      const path = `/v2/api/conversations/items/${encodeURIComponent(callId)}`
      const answer = await transport.get(path, {}, asked, signal)
      return parseCallAnswer(answer.body, callId, context(asked, answer.requestId))
    } catch (error) {
      if (!(error instanceof AlloRefusedError) || error.status !== 404) throw error
      if (error.givenCode !== null) return { kind: 'not_found' }
      throw unexpected404(error)
    }
  }

  function context(asked: Asked, requestId: string | null): AnswerContext {
    const { naiveTimeZone, onSurprise } = settings
    return { asked: asked.what, requestId, naiveTimeZone, onSurprise }
  }

  return {
    counts: transport.counts,
    me,
    listTeammates,
    readQueuePage,
    readCall,
    counted: () => clientOver(transport.counted(), settings),
    once: () => clientOver(transport.once(), settings),
    close: transport.close,
  }
}

async function surprisedBy404<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw error instanceof AlloRefusedError && error.status === 404 ? unexpected404(error) : error
  }
}

function unexpected404(error: AlloRefusedError): AlloSurprisedError {
  return new AlloSurprisedError({
    asked: error.asked,
    requestId: error.requestId,
    status: 404,
    code: error.givenCode,
    path: '',
    issue: `404${error.givenCode ? ` ${error.givenCode}` : ''}, which is not a documented answer`,
    wayOut: 'Check ALLO_API_URL, and any proxy or firewall between this machine and Allo.',
    cause: error,
  })
}

function endless(context: AnswerContext, issue: string): AlloSurprisedError {
  return surprised(context, 'pagination.has_more', issue)
}
