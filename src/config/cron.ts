/** Which cron expressions mean one thing to every reader: five fields, or one of the usual names. */
import { CronExpressionParser } from 'cron-parser'
import { counted } from '../text/counted.ts'

const names: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** A step beyond it would silently be one of the whole range. */
const largestSteps = [59, 23, 31, 12, 7]

/** Five fields, separated by single spaces; or the end of a sentence that says what is wrong. */
export function readCron(text: string): { readonly cron: string } | { readonly fault: string } {
  const fields = (names[text.toLowerCase()] ?? text).trim().split(/\s+/)
  if (fields[0]?.startsWith('@'))
    return { fault: `no name of a schedule. Write ${Object.keys(names).join(', ')}` }
  if (fields.length !== 5) {
    const seconds = fields.length === 6 ? '; the one for seconds is not supported' : ''
    return {
      fault: `${counted(fields.length, 'field')} where five are needed${seconds}`,
    }
  }
  const [, , dayOfMonth = '', , dayOfWeek = ''] = fields
  const others = [fields[0], fields[1], fields[3]].join(' ')
  if (
    /[HW]/i.test(fields.join(' ').replaceAll(/thu|wed|mar/gi, '')) ||
    /[?L#]/i.test(others.replaceAll(/jul/gi, ''))
  )
    return { fault: 'a sign that cron does not have there' }
  if (/[?L]./i.test(dayOfMonth) || /\?./.test(dayOfWeek))
    return { fault: 'a sign that cron does not have there' }
  const isTooLarge = fields.some((field, nth) =>
    [...field.matchAll(/\/(\d+)/g)].some(([, step]) => Number(step) > (largestSteps[nth] ?? 0)),
  )
  if (isTooLarge) return { fault: 'a step that is larger than its field' }
  const cron = fields.join(' ')
  try {
    const slots = CronExpressionParser.parse(cron, { tz: 'UTC' })
    return isReached(slots) ? { cron } : { fault: 'a date that never comes' }
  } catch (error) {
    const isDate = error instanceof Error && /explicit day of month/.test(error.message)
    return {
      fault: isDate ? 'a date that never comes' : 'a field that is out of its range or can not be read',
    }
  }
}

function isReached(slots: { next(): unknown }): boolean {
  try {
    slots.next()
    return true
  } catch {
    return false
  }
}
