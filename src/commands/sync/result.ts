/** The result of a pass: as JSON for programs, as a sentence for people. */
import { withoutNumbers } from '../../allo/text.ts'
import { secretsOfEnvironment } from '../../config/config.ts'
import type { SyncResult } from '../../pass/run-in-process.ts'
import { isAnswered } from '../../store/reading/reading.ts'
import { failureOf } from '../../terminal/describe-error.ts'
import { printable } from '../../text/printable.ts'
import type { SyncJson } from './json.ts'

export function toJson(result: SyncResult, dryRun: boolean): SyncJson {
  const { readings, conclusions } = result
  const sum = (pick: (reading: SyncResult['readings'][number]) => number) =>
    readings.reduce((total, reading) => total + pick(reading), 0)
  const added = sum((reading) => reading.added)
  const changed = sum((reading) => reading.changed)
  const moved = sum((reading) => reading.moved)
  const numbers = sum((reading) => reading.numbers ?? 0)
  return {
    pass_id: result.passId === null ? null : Number(result.passId),
    team_id: result.team.teamId,
    status: result.status,
    dry_run: dryRun,
    teammates: result.teammates,
    queues: readings.filter((reading) => reading.status === 'ok').length,
    numbers,
    added,
    changed,
    moved,
    removed: sum((reading) => reading.removed),
    unchanged: numbers - added - changed - moved,
    queues_ended: conclusions.ended.length,
    queues_unknown: conclusions.unknown.length,
    requests: result.requests,
    throttled: result.throttled,
    throttled_seconds: toSeconds(result.throttledMs),
    duration_seconds: toSeconds(result.durationMs),
    failures: readings
      .filter((reading) => !isAnswered(reading))
      .map((reading) => ({
        user_id: reading.userId,
        status: reading.status,
        code: reading.errorCode,
        message: reading.errorMessage,
        request_id: reading.requestId,
      })),
    error: result.stoppedBy === null ? null : failureOf(result.stoppedBy, secretsOfEnvironment()),
  }
}

/** The same object for a pass that could not begin, or whose end could not be recorded. */
export function toFailedJson(error: unknown, dryRun: boolean, durationMs: number): SyncJson {
  return {
    pass_id: null,
    team_id: null,
    status: 'failed',
    dry_run: dryRun,
    teammates: 0,
    queues: 0,
    numbers: 0,
    added: 0,
    changed: 0,
    moved: 0,
    removed: 0,
    unchanged: 0,
    queues_ended: 0,
    queues_unknown: 0,
    requests: 0,
    throttled: 0,
    throttled_seconds: 0,
    duration_seconds: toSeconds(durationMs),
    failures: [],
    error: failureOf(error, secretsOfEnvironment()),
  }
}

export function toSentence(result: SyncResult, dryRun: boolean): string {
  const json = toJson(result, dryRun)
  const waits = json.throttled > 0 ? `, ${json.throttled} × 429 (${json.throttled_seconds} s waited)` : ''
  const uncertain = [
    ...(json.queues_ended > 0 ? [`${json.queues_ended} queues ended`] : []),
    ...(json.queues_unknown > 0 ? [`${json.queues_unknown} without a holder, not yet confirmed`] : []),
  ]
  return [
    `${dryRun ? 'Dry run' : `Pass ${result.passId}`} of ${withoutNumbers(printable(result.team.name ?? result.team.teamId))}: ${result.status}.`,
    `${json.teammates} teammates, ${json.queues} queues, ${json.numbers} numbers:`,
    `${json.added} added, ${json.changed} changed, ${json.moved} moved, ${json.removed} removed`,
    ...(uncertain.length > 0 ? [`(${uncertain.join(', ')})`] : []),
    `in ${json.requests} requests and ${json.duration_seconds.toFixed(1)} s${waits}.`,
    ...(dryRun ? ['Nothing was written.'] : []),
  ].join(' ')
}

function toSeconds(ms: number): number {
  return Math.round(ms) / 1000
}
