/**
 * The mutants that no test can notice, with the reason. `npm run mutate` fails if another one survives, and if one of
 * these is killed or no longer exists.
 */
import type { Mutant } from './mutants.ts'

interface Survivors extends Omit<Mutant, 'change'> {
  readonly changes: readonly string[]
  readonly why: string
}

const sameMicrosecond = 'They differ in one microsecond only, on the clock of the database.'

const list: readonly Survivors[] = [
  {
    file: 'snapshot/take-snapshot.ts',
    line: 'readStartedAt: agrees && earlier !== undefined ? earlier.startedAt : startedAt,',
    changes: [
      'agrees && earlier !== undefined → agrees || earlier !== undefined',
      'earlier !== undefined → true',
    ],
    why: 'For the compiler: a walk that agrees has an earlier one.',
  },
  {
    file: 'snapshot/take-snapshot.ts',
    line: 'if (known.numbers === walk.numbers.length) return known.membershipDigest === digest',
    changes: ['known.numbers === walk.numbers.length → false'],
    why: 'A shortcut that saves the second digest: what follows gives the same result for equal lengths.',
  },
  {
    file: 'snapshot/take-snapshot.ts',
    line: 'if (known.numbers > walk.numbers.length) return false',
    changes: [
      'known.numbers > walk.numbers.length → false',
      '…wn.numbers > walk.number… → …wn.numbers >= walk.number…',
    ],
    why: 'A shortcut: digests of different lengths differ. Equal lengths do not come here.',
  },
  {
    file: 'snapshot/walk-queue.ts',
    line: "if (first === undefined || queue === undefined) return broken('there was no page')",
    changes: [
      'first === undefined || queue === undefined → false',
      '…= undefined || queue === u… → …= undefined && queue === u…',
      'first === undefined → false',
      'queue === undefined → false',
      '\'there was no page\' → ""',
    ],
    why: 'For the compiler: there is always a first answer, and both are set when it is a page.',
  },
  {
    file: 'snapshot/walk-queue.ts',
    line: "if (answer.kind !== 'page' || !answer.hasMore || answer.numbers.length === 0) return",
    changes: ["answer.kind !== 'page' → false"],
    why: 'For the compiler: an answer of another kind has no hasMore, so it ends the walk as well.',
  },
  {
    file: 'snapshot/conceal.ts',
    line: 'if (suppressed.size === 0) return numbers',
    changes: ['suppressed.size === 0 → false'],
    why: 'A shortcut: no key is in an empty set.',
  },
  {
    file: 'snapshot/conceal.ts',
    line: String.raw`const isPlain = /^\+[1-9](?!\d{0,2}0)\d{6,14}$/`,
    changes: [
      String.raw`/^\+[1-9](?!\d{0,… → /^\+[^1-9](?!\d{0,…`,
      String.raw`…!\d{0,2}0)\d{6,14}$/ → …!\d{0,2}0)\d$/`,
      String.raw`…?!\d{0,2}0)\d{6,14}$/ → …?!\d{0,2}0)\D{6,14}$/`,
    ],
    why: 'A shortcut: a number that is not taken as normalised is normalised, which gives the same key.',
  },
  {
    file: 'snapshot/phone-number.ts',
    line: 'const parsed = isInternational ? parsePhoneNumberFromString(dialled, { extract: false }) : undefined',
    changes: ['{ extract: false } → {}', 'false → true'],
    why: 'A shortcut: `dialled` has only a + and digits, so there is nothing to extract.',
  },
  {
    file: 'snapshot/phone-number.ts',
    line: "const [, user = ''] = sip",
    changes: ['\'\' → "Stryker was here!"'],
    why: 'For the compiler: a match has its group.',
  },
  {
    file: 'snapshot/phone-number.ts',
    line: 'const sip = /^(?:sips?:)?([^@]*)@/i.exec(address) ?? /^sips?:([^;?]*)/i.exec(address)',
    changes: ['/^(?:sips?:)?(… → /(?:sips?:)?(…'],
    why: 'The first match begins at the start of the text in any case.',
  },
  {
    file: 'snapshot/phone-number.ts',
    line: String.raw`if (!isVanity && /\p{L}/u.test(main)) return ''`,
    changes: ['\'\' → "Stryker was here!"'],
    why: 'Any text without digits is no phone number.',
  },
  {
    file: 'snapshot/phone-number.ts',
    line: "return '22233344455566677778889999'[letter.charCodeAt(0) - 65] ?? ''",
    changes: ['\'\' → "Stryker was here!"'],
    why: 'For the compiler: each letter from A to Z has a key.',
  },
  {
    file: 'snapshot/redact-number.ts',
    line: 'return readPhoneNumber(run)?.digits === digits',
    changes: ['…eNumber(run)?.digits → …eNumber(run).digits'],
    why: 'For the compiler: a run of seven digits is a phone number.',
  },
  {
    file: 'allo/pacer.ts',
    line: 'if (pausedMs === 0) return false',
    changes: ['false → true'],
    why: 'The pacer asks itself again, and then it looked just now.',
  },
  {
    file: 'allo/pacer.ts',
    line: 'while (turns.length > 0) if (await waitForTurn()) turns.shift()?.go()',
    changes: ['…urns.shift()?.go → …urns.shift().go'],
    why: 'Without a turn, the error refuses all turns: none.',
  },
  {
    file: 'allo/pacer.ts',
    line: 'if (index >= 0) turns.splice(index, 1)',
    changes: ['index >= 0 → true'],
    why: 'A turn that is over no longer listens to its signal. Without the check, a fault there would remove another turn.',
  },
  {
    file: 'allo/pacer.ts',
    line: 'reject(signal?.reason)',
    changes: ['signal?.reason → signal.reason'],
    why: 'For the compiler: the signal called it.',
  },
  {
    file: 'allo/pacer.ts',
    line: 'const never = { at: Number.NEGATIVE_INFINITY, pausesStarted: 0 }',
    changes: ['{ at: Number.NEGATIVE_INFINITY, pausesStarted: 0 } → {}'],
    why: 'A look without a time is as little recent as one long ago.',
  },
  {
    file: 'allo/pause.ts',
    line: "const sentAt = Date.parse(reply.header('date') ?? '')",
    changes: ['\'\' → "Stryker was here!"'],
    why: 'Neither text is a date.',
  },
  {
    file: 'allo/pause.ts',
    line: '].find((ms) => ms !== null && ms > 0 && ms <= LONGEST_PAUSE_MS)',
    changes: ['ms !== null → true'],
    why: 'For the compiler: null is not above 0.',
  },
  {
    file: 'allo/pause.ts',
    line: 'if (said !== undefined && said !== null) return said',
    changes: ['said !== null → true'],
    why: 'For the compiler: null is not found.',
  },
  {
    file: 'allo/pause.ts',
    line: 'throw new AlloThrottledError(ms, waitedMs, isOwn ? own?.refused : undefined)',
    changes: ['own?.refused → own.refused'],
    why: 'For the compiler: what is own is not null.',
  },
  {
    file: 'allo/parse-team.ts',
    line: 'if (!(error instanceof AlloSurprisedError)) throw error',
    changes: ['!(error instanceof AlloSurprisedError) → false'],
    why: 'The parsers throw no other error. One of a fault in them must not pass for an unusable row.',
  },
  {
    file: 'allo/parse-answer.ts',
    line: 'latestPlausibleDay: new Date(Date.now() + 2 * dayMs).toISOString().slice(0, 10),',
    changes: ['…oISOString().slice(0, 10) → …oISOString()'],
    why: 'A day is compared with it, and is not later than an instant of the same day.',
  },
  {
    file: 'allo/parse-queue.ts',
    line: "return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestInteger",
    changes: ["typeof value === 'number' → true"],
    why: 'For the compiler: nothing else is an integer.',
  },
  {
    file: 'allo/parse-queue.ts',
    line: "if (typeof total === 'number' && Number.isInteger(total) && total >= 0)",
    changes: ["typeof total === 'number' → true"],
    why: 'For the compiler: nothing else is an integer.',
  },
  {
    file: 'store/pass/read-budget.ts',
    line: 'where ${k.keyFingerprint} = ${fingerprint} and ${k.pausedUntil} > ${now}`,',
    changes: ['> → >='],
    why: sameMicrosecond,
  },
  {
    file: 'store/pass/read-budget.ts',
    line: 'and (${k.pausedUntil} is null or ${k.pausedUntil} <= ${now}) and not ${isTooFar(s.nextSlotAt, roomMs)}',
    changes: ['<= → <'],
    why: sameMicrosecond,
  },
  {
    file: 'store/pass/read-budget.ts',
    line: 'where ${s.keyFingerprint} = ${fingerprint} and ${s.nextSlotAt} < ${now}`,',
    changes: ['< → <='],
    why: 'A slot of this very microsecond is set to the time that it has.',
  },
  {
    file: 'store/pass/read-budget.ts',
    line: 'return sql`(${pausedUntil} > ${now} + ${milliseconds(LONGEST_PAUSE_MS)})`',
    changes: ['> → >='],
    why: sameMicrosecond,
  },
  {
    file: 'store/pass/read-budget.ts',
    line: 'return sql`(${nextSlotAt} > ${now} + ${milliseconds(roomMs)})`',
    changes: ['> → >='],
    why: sameMicrosecond,
  },
]

export const survivors: readonly Mutant[] = list.flatMap(({ file, line, changes }) =>
  changes.map((change) => ({ file, line, change })),
)
