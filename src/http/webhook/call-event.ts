/** What a webhook of Allo is about: the teammate, and whether dialling went on. The rest of its body is dropped. */

/** An outbound call. */
export interface CallEvent {
  readonly topic: CallTopic
  /** The teammate's ids and e-mails; the known forms of the body differ. All of them are empty: it names no teammate. */
  readonly userIds: readonly string[]
  readonly emails: readonly string[]
  /** Null: not named. Never logged or stored. */
  readonly numberTo: string | null
}

/** Those to subscribe to in Allo. */
export const callTopics = ['call.triggered', 'call.answered', 'call.completed'] as const

type CallTopic = (typeof callTopics)[number]

type Fields = Readonly<Record<string, unknown>>

/** Null: another topic, or an inbound call. Throws SyntaxError if the body is not a JSON object. */
export function readCallEvent(body: Buffer): CallEvent | null {
  const content = fieldsOf(JSON.parse(body.toString('utf8')))
  if (content === null) throw new SyntaxError('the body is not an object')
  const topic = callTopics.find((known) => known === content.topic)
  const data = fieldsOf(content.data) ?? {}
  if (topic === undefined || isInbound(data)) return null
  const user = fieldsOf(data.user) ?? {}
  return {
    topic,
    userIds: texts(data.user_id, user.id),
    emails: texts(data.user_email, user.email),
    numberTo: texts(data.to_number, data.to)[0] ?? null,
  }
}

function isInbound({ direction, type }: Fields): boolean {
  return [direction, type].some((word) => typeof word === 'string' && word.toUpperCase() === 'INBOUND')
}

/** Longer ones name nothing, and Postgres can't take a NUL. */
function texts(...values: readonly unknown[]): string[] {
  return values.flatMap((value) => {
    const text = typeof value === 'string' ? value.trim() : ''
    return text === '' || text.length > 320 || text.includes('\0') ? [] : [text]
  })
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
}
