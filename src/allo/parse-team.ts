/** The team: a page of its teammates, and the account of the key. */

import { roles, statuses, words } from './documented-words.ts'
import { AlloSurprisedError } from './errors.ts'
import { largestTeam, textLimits } from './limits.ts'
import { type Answer, type AnswerContext, record, startAnswer, surprised } from './parse-answer.ts'
import { openRecord, readExtra, readId, readText, readWord } from './record.ts'
import type { Account, Teammate, TeammateList } from './types.ts'
import { isRecord, typeName } from './value.ts'

/** One page of the user list. */
export interface TeammatesAnswer extends TeammateList {
  /** True only if the API says so: its reference documents no pages here. */
  readonly hasMore: boolean
}

/** A row that can't be used costs that teammate alone; a page without a single usable row is an error. */
export function parseTeammates(body: unknown, context: AnswerContext): TeammatesAnswer {
  const answer = startAnswer(context)
  const { data, pagination } = record(body, '', answer)
  if (!Array.isArray(data)) throw surprised(answer, 'data', `a list is documented, ${typeName(data)} came`)
  if (data.length > largestTeam.teammates) {
    throw surprised(answer, 'data', `more than ${largestTeam.teammates} teammates`)
  }
  const teammates = new Map<string, Teammate>()
  let count = 0
  let first: AlloSurprisedError | null = null
  for (const [index, row] of data.entries()) {
    try {
      const teammate = parseTeammate(row, `data[${index}]`, answer)
      if (teammates.has(teammate.userId)) answer.surprise('teammate.id', sameTeammateTwice)
      else teammates.set(teammate.userId, teammate)
    } catch (error) {
      if (!(error instanceof AlloSurprisedError)) throw error
      count += 1
      first ??= error
    }
  }
  if (first !== null && teammates.size === 0) throw first
  const more = isRecord(pagination) ? pagination.has_more : undefined
  if (more !== undefined && more !== null && typeof more !== 'boolean') {
    throw surprised(answer, 'pagination.has_more', `true or false is documented, ${typeName(more)} came`)
  }
  return {
    teammates: [...teammates.values()],
    unusable: { count, first: first && `${first.path}: ${first.issue}` },
    hasMore: more === true,
  }
}

export const sameTeammateTwice = 'the same teammate twice, the first one was taken'

/** Nothing in it is indispensable: a key that can read queues is worth more than a whole account. */
export function parseAccount(body: unknown, context: AnswerContext): Account {
  const answer = startAnswer(context)
  const account = openRecord(record(record(body, '', answer).data, 'data', answer), 'account', answer, 'data')
  const { team, scopes, rate_limits: limits } = account.raw
  return {
    apiKeyId: readId(account, 'api_key_id'),
    team: parseTeam(team, answer),
    scopes: parseScopes(scopes, answer),
    readsPerSecond: readLimit(isRecord(limits) ? limits.read_per_second : undefined, answer),
  }
}

/** 20 are documented. A limit outside this range would make requests wait for hours, or not at all. */
const plausibleLimits = { least: 1, most: 1000 }

/** Null: the API does not say, or nothing that can be used. */
function readLimit(limit: unknown, answer: Answer): number | null {
  if (limit === undefined || limit === null) return null
  const { least, most } = plausibleLimits
  if (typeof limit !== 'number' || !(limit > 0)) {
    const came = typeof limit === 'number' ? `${limit}` : typeName(limit)
    answer.surprise('account.rate_limits', `a number above 0 is documented as read_per_second, ${came} came`)
    return null
  }
  const used = Math.min(Math.max(limit, least), most)
  if (used !== limit) {
    const wayOut = 'ALLO_READS_PER_SECOND sets another'
    answer.surprise('account.rate_limits', `read_per_second is ${limit}, ${used} is used: ${wayOut}`)
  }
  return used
}

function parseTeam(team: unknown, answer: Answer): Account['team'] {
  if (team === undefined || team === null) return null
  const fields = isRecord(team) ? openRecord(team, 'account.team', answer, 'data.team') : null
  const id = fields && readId(fields, 'id')
  if (!fields || !id) {
    answer.surprise('account.team', 'no usable id')
    return null
  }
  return { id, name: readText(fields, 'name', textLimits.name) }
}

function parseScopes(scopes: unknown, answer: Answer): readonly string[] | null {
  if (scopes === undefined || scopes === null) return null
  if (Array.isArray(scopes)) return scopes.filter((scope): scope is string => typeof scope === 'string')
  answer.surprise('account.scopes', `a list is documented, ${typeName(scopes)} came`)
  return null
}

function parseTeammate(row: unknown, path: string, answer: Answer): Teammate {
  const teammate = openRecord(record(row, path, answer), 'teammate', answer, path)
  const userId = readId(teammate, 'id')
  if (!userId) throw surprised(answer, `${path}.id`, 'a teammate without a usable id')
  return {
    userId,
    name: readText(teammate, 'name', textLimits.name),
    email: readText(teammate, 'email', textLimits.name),
    role: readWord(teammate, 'role', roles),
    status: readWord(teammate, 'status', statuses),
    imageUrl: readText(teammate, 'image_url', textLimits.url),
    extra: readExtra(teammate, teammateFields),
  }
}

const teammateFields = words('id name email role status image_url')
