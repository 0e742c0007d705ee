/** What passes and looks cost at Allo in a day, in a sentence: `status`, `doctor` and the status page show it. */
import type { DailyRequests } from '../store/queries/daily-requests.ts'
import { inWords } from '../text/duration.ts'

const DAY_SECONDS = 86_400

/** `12,345 requests today; 288 passes a day of 253 requests each make 72,864`. `quota`: ALLO_DAILY_REQUESTS, or null. */
export function costInWords(cost: DailyRequests | null, quota: number | null): string {
  if (cost === null || cost.ofAPass === null || cost.passesADay === null) {
    return 'not known before the first pass of a worker'
  }
  const { today, ofAPass, passesADay } = cost
  const ofQuota = quota === null ? '' : ` of ${shown(quota)}`
  const passes = `${shown(passesADay)} passes a day of ${shown(ofAPass)} requests each make ${shown(passesADay * ofAPass)}`
  return `${shown(today)}${ofQuota} requests today; ${passes}`
}

/** That the passes alone need more than the quota, and what to do; null: they do not, or it is not known. */
export function quotaProblem(cost: DailyRequests | null, quota: number | null): string | null {
  if (quota === null || cost === null || cost.ofAPass === null || cost.passesADay === null) return null
  const { ofAPass, passesADay } = cost
  const needed = ofAPass * passesADay
  if (needed <= quota) return null
  const everySeconds = Math.ceil((DAY_SECONDS * ofAPass) / quota / 60) * 60
  return `Passes need ${shown(needed)} requests a day, and ALLO_DAILY_REQUESTS is ${shown(quota)}. Set SYNC_EVERY to ${inWords(everySeconds)} or more, or SYNC_CRON to working hours.`
}

function shown(count: number): string {
  return count.toLocaleString('en')
}
