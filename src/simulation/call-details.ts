import { createRandom } from './random.ts'
import type { CallResult } from './shapes.ts'
import type { Dial } from './timeline.ts'

/** A call as `/v2/api/conversations/items/{id}` shows it. */
export interface CallRow {
  readonly id: string
  readonly type: 'CALL'
  readonly direction: 'OUTBOUND'
  readonly allo_number: string
  readonly contact_number: string
  readonly contacts: readonly object[]
  readonly user: { readonly id: string; readonly name: string; readonly email: string }
  readonly date: string
  readonly duration: number
  readonly result: 'ANSWERED' | 'MISSED' | 'TRANSFERRED' | 'VOICEMAIL'
  readonly recording_url: string | null
  readonly summary: string | null
  readonly tags: readonly string[]
  readonly ivr_result?: string
}

/** What the team's numbers begin with: no contact has such a number. */
const OWN_NUMBERS = '+1415555'

/**
 * The call of a dial. It follows from the dial alone: the same dial always has the same call. Null: the call is not over.
 * `user`: who dialled.
 */
export function callOf(dial: Readonly<Dial>, user: CallRow['user']): CallRow | null {
  const { call_id: id, call_start_date: date, number_to } = dial
  const result = resultOf(dial)
  if (id === null || result === null) return null
  const random = createRandom(`call ${id}`)
  const isAnswered = result === 'ANSWERED' || result === 'TRANSFERRED'
  // Cubed, because most conversations are short.
  const talked = isAnswered ? random.int(3, 20) + Math.floor(600 * random.next() ** 3) : 0
  const isMenu = isAnswered && random.chance(0.1)
  const tags = talked > 60 && !isMenu && random.chance(0.4) ? [random.pick(TAGS)] : []
  return {
    id,
    type: 'CALL',
    direction: 'OUTBOUND',
    allo_number: `${OWN_NUMBERS}${String(random.int(100, 104)).padStart(4, '0')}`,
    contact_number: number_to,
    contacts: [
      { id: `cnt-${random.text(8)}`, name: 'Robin Contact', company: { id: 'com-1', name: 'Contact & Co' } },
    ],
    user,
    date: `${date}Z`,
    duration: result === 'VOICEMAIL' ? random.int(4, 40) : talked,
    result,
    recording_url: isAnswered ? `https://recordings.sales.example/${id}.mp3` : null,
    summary: isAnswered ? `They talked about ${number_to}` : null,
    tags,
    ...(isMenu ? { ivr_result: 'press 1 for sales' } : {}),
  }
}

const TAGS = ['Meeting booked', 'Interested', 'Not now']

function resultOf({
  routing_result: routing,
  detected_outbound_voicemail: isVoicemail,
  not_reached_destination_reason: notReached,
  voicemail_left: isLeft,
}: CallResult): CallRow['result'] | null {
  if (isVoicemail || isLeft || routing === 'VOICEMAIL') return routing === null ? null : 'VOICEMAIL'
  if (notReached !== null) return 'MISSED'
  if (routing === null) return null
  if (routing === 'ANSWERED') return 'ANSWERED'
  return routing.startsWith('TRANSFERRED') ? 'TRANSFERRED' : 'MISSED'
}
