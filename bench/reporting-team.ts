/** Who of the team is read when, with which queue, and what that says beside the queue's own rows. */
import { createRandom } from '../src/simulation/random.ts'
import {
  type Applied,
  type EndReason,
  type Mirror,
  type MirroredQueue,
  mirrorQueue,
} from './reporting-mirror.ts'
import { DAY_MS, type Person, type Plan, type QueuePlan } from './reporting-plan.ts'
import { type SimulatedQueue, simulateQueue } from './reporting-queue.ts'

export const GAP_AFTER_SECONDS = 600
/** FRESHNESS_SLO of a day: the checks of the data come a while after the last pass. */
const STALE_AFTER_SECONDS = 86_400
/** Older readings are erased by default (RETAIN_READS_DAYS). */
const KEPT_READS_MS = 90 * DAY_MS
/** From one teammate to the next. */
const READING_MS = 400
const TORN = 0.0005

export interface Team {
  /** Everything that happens up to `at`, and the pass that begins then. */
  pass(at: number): void
  /** Writes what goes on when the history ends. */
  leaveOpen(): void
}

/** A place on the team: queues follow each other in it. */
interface Succession {
  readonly plans: readonly QueuePlan[]
  next: number
  current: {
    readonly plan: QueuePlan
    readonly simulated: SimulatedQueue
    mirrored: MirroredQueue | null
  } | null
}

interface Assignment {
  readonly queue: { readonly plan: QueuePlan; readonly mirrored: MirroredQueue } | null
  readonly validFrom: string
  readonly changedAfter: string | null
}

interface Member {
  readonly person: Person
  readonly userId: string
  firstSeenAt: string | null
  leftAt: string | null
  assignment: Assignment | null
  lastRead: { readonly startedAt: number; readonly observedAt: number } | null
  /** What the readings since then came to. */
  failedAs: string | null
}

const text = (ms: number) => new Date(ms).toISOString()

export function openTeam(plan: Plan, mirror: Mirror): Team {
  const { rows, teamId } = mirror
  const members = plan.people.map(
    (person): Member => ({
      person,
      userId: `usr-${person.name.toLowerCase().replace(' ', '-')}`,
      firstSeenAt: null,
      leftAt: null,
      assignment: null,
      lastRead: null,
      failedAs: null,
    }),
  )
  const successions = plan.successions.map((plans): Succession => ({ plans, next: 0, current: null }))
  const seats = successions.map((_, seat) => seat)
  const swaps = [...plan.swaps]
  const holders = new Map<string, Member>()
  let passId = 0
  rows.add('teams', {
    team_id: teamId,
    name: 'Acme Sales',
    first_seen_at: text(plan.startsAt),
    last_seen_at: text(plan.endsAt),
  })

  function pass(at: number): void {
    for (; (swaps[0]?.at ?? at + 1) <= at; swaps.shift()) swapSeats(swaps[0]?.seats ?? [0, 0])
    for (const succession of successions) proceed(succession, at)
    const outage = plan.outages.find(({ from, to }) => from <= at && at < to)
    if (outage?.status === null) return
    passId += 1
    const team = members.filter(({ person, leftAt }) => person.joinsAt <= at && leftAt === null)
    const luck = createRandom(`readings at ${at}`)
    const statuses = team.map((member) => {
      const startedAt = at + member.person.seat * READING_MS
      member.firstSeenAt ??= text(startedAt)
      if (outage !== undefined) return fail(member, startedAt, outage.status ?? 'error')
      if (luck.chance(TORN)) return fail(member, startedAt, 'torn')
      return read(member, startedAt)
    })
    const failed = statuses.filter((status) => status === 'error' || status === 'torn').length
    rows.add('sync_passes', {
      pass_id: passId,
      team_id: teamId,
      trigger: 'schedule',
      is_whole_team: true,
      status: failed === 0 ? 'ok' : failed < team.length ? 'partial' : 'failed',
      started_at: text(at),
      lease_expires_at: text(at + 60_000),
      finished_at: text(finishedAt(at)),
      teammates: team.length,
      requests: team.length * 4,
      throttled: 0,
      throttled_ms: 0,
      version: 'bench',
      gap_after_seconds: GAP_AFTER_SECONDS,
      stale_after_seconds: STALE_AFTER_SECONDS,
    })
  }

  const finishedAt = (at: number) => at + (members.length + 1) * READING_MS

  function swapSeats([one, other]: readonly [number, number]): void {
    const [held = one, heldByOther = other] = [seats[one], seats[other]]
    seats[one] = heldByOther
    seats[other] = held
  }

  function proceed(succession: Succession, at: number): void {
    const { plans, current } = succession
    if (current !== null && current.plan.to <= at) succession.current = null
    const due = plans[succession.next]
    if (due !== undefined && due.from <= at) {
      succession.next += 1
      succession.current = { plan: due, simulated: simulateQueue(due), mirrored: null }
    }
    succession.current?.simulated.workUntil(at)
  }

  /** Changes nothing of what is known. */
  function fail(member: Member, startedAt: number, status: 'error' | 'torn'): string {
    member.failedAs = status
    recordReading(member, {
      startedAt,
      observedAt: startedAt + READING_MS,
      status,
      queueId: null,
      applied: null,
    })
    return status
  }

  function read(member: Member, startedAt: number): string {
    const observedAt = startedAt + READING_MS - 50
    const at = text(observedAt)
    const held = member.assignment?.queue ?? null
    if (member.person.leavesAt <= startedAt) {
      member.leftAt = at
      member.lastRead = { startedAt, observedAt }
      if (held !== null) end(member, held.mirrored, { at, reason: 'unobservable', replacedBy: null })
      recordReading(member, { startedAt, observedAt, status: 'not_found', queueId: null, applied: null })
      return 'not_found'
    }
    const current = successions[seats[member.person.seat] ?? 0]?.current ?? null
    const look = current?.simulated.look() ?? null
    if (current !== null && look !== null)
      current.mirrored ??= mirrorQueue(mirror, look.queue, current.simulated.names)
    const mirrored = current?.mirrored ?? null
    const hasOther = held !== null && held.mirrored !== mirrored
    if (hasOther && held.plan.to <= startedAt) {
      const reason = mirrored === null ? 'queue_gone' : 'queue_replaced'
      end(member, held.mirrored, { at, reason, replacedBy: mirrored?.queueId ?? null })
    }
    assign(member, current === null || mirrored === null ? null : { plan: current.plan, mirrored }, at)
    const reading = { passId, startedAt: text(startedAt), observedAt: at }
    const applied = mirrored?.read(look, reading, member.userId) ?? null
    recordGap(member, observedAt)
    member.lastRead = { startedAt, observedAt }
    member.failedAs = null
    const status = mirrored === null ? 'no_queue' : 'ok'
    recordReading(member, { startedAt, observedAt, status, queueId: mirrored?.queueId ?? null, applied })
    return status
  }

  function end(
    member: Member,
    queue: MirroredQueue,
    ending: { at: string; reason: EndReason; replacedBy: string | null },
  ): void {
    queue.end({ ...ending, settledAt: ending.at })
    closeAssignment(member, ending.at, ending.reason)
  }

  /** Whoever was on record with it does not hold it any more. */
  function assign(member: Member, queue: Assignment['queue'], at: string): void {
    const { assignment, lastRead } = member
    if (assignment !== null && assignment.queue?.mirrored === queue?.mirrored) return
    const holder = queue === null ? undefined : holders.get(queue.mirrored.queueId)
    if (holder !== undefined) closeAssignment(holder, at, null)
    closeAssignment(member, at, null)
    member.assignment = {
      queue,
      validFrom: at,
      changedAfter: lastRead === null ? null : text(lastRead.startedAt),
    }
    if (queue !== null) holders.set(queue.mirrored.queueId, member)
  }

  function closeAssignment(member: Member, validTo: string | null, endReason: string | null): void {
    const { assignment } = member
    if (assignment === null) return
    member.assignment = null
    const queueId = assignment.queue?.mirrored.queueId ?? null
    if (queueId !== null) holders.delete(queueId)
    rows.add('queue_assignments', {
      user_id: member.userId,
      queue_id: queueId,
      valid_from: assignment.validFrom,
      valid_to: validTo,
      changed_after: assignment.changedAfter,
      end_reason: endReason,
    })
  }

  function recordGap({ userId, lastRead, failedAs }: Member, observedAt: number): void {
    if (lastRead === null || observedAt - lastRead.observedAt <= GAP_AFTER_SECONDS * 1000) return
    rows.add('reading_gaps', {
      user_id: userId,
      team_id: teamId,
      gap_from: text(lastRead.observedAt),
      gap_to: text(observedAt),
      reason: failedAs ?? 'not_read',
    })
  }

  function recordReading(
    { userId }: Member,
    reading: {
      startedAt: number
      observedAt: number
      status: string
      queueId: string | null
      applied: Applied | null
    },
  ): void {
    const { startedAt, observedAt, status, queueId, applied } = reading
    if (startedAt < plan.endsAt - KEPT_READS_MS) return
    rows.add('sync_reads', {
      pass_id: passId,
      user_id: userId,
      status,
      queue_id: queueId,
      read_started_at: status === 'error' ? null : text(startedAt),
      observed_at: text(observedAt),
      walks: status === 'torn' ? 4 : 1,
      requests: 1 + Math.ceil((applied?.numbers ?? 0) / 100),
      throttled: 0,
      numbers_read: applied?.numbers ?? null,
      numbers_announced: applied?.numbers ?? null,
      numbers_stored: applied?.numbers ?? null,
      added: applied?.added ?? null,
      changed: applied?.changed ?? null,
      moved: applied?.moved ?? null,
      removed: applied?.removed ?? null,
      duration_ms: observedAt - startedAt,
      error_code: status === 'ok' || status === 'no_queue' ? null : status,
    })
  }

  function leaveOpen(): void {
    for (const member of members) {
      member.assignment?.queue?.mirrored.leaveOpen()
      closeAssignment(member, null, null)
      const { person, userId, firstSeenAt, leftAt, lastRead } = member
      rows.add('teammates', {
        user_id: userId,
        team_id: teamId,
        name: person.name,
        email: `${userId}@sales.example`,
        role: 'MEMBER',
        status: 'ACTIVE',
        is_listed: leftAt === null,
        first_seen_at: firstSeenAt,
        last_seen_at: leftAt ?? text(plan.endsAt),
        left_at: leftAt,
        missing_since: leftAt,
        last_read_started_at: lastRead && text(lastRead.startedAt),
        last_observed_at: lastRead && text(lastRead.observedAt),
      })
    }
  }

  return { pass, leaveOpen }
}
