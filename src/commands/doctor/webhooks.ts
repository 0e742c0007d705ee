/** What doctor says about webhooks of Allo. Nothing without ALLO_WEBHOOK_SECRET. */
import type { HttpConfig } from '../../config/config.ts'
import { isLoopback } from '../../config/loopback.ts'
import { WEBHOOK_PATH } from '../../http/guard.ts'
import { callTopics } from '../../http/webhook/call-event.ts'
import { LARGEST_SKEW_SECONDS } from '../../http/webhook/signature.ts'
import type { Report, Subject } from './report.ts'

/** Whether Allo reaches this machine can only be seen in Allo, so this says what must be true. */
export function explainWebhooks(report: Report, { webhookSecret, host, port }: HttpConfig): void {
  if (webhookSecret === null) return
  const { right, warning } = report.about('webhooks')
  right(
    [
      `in Allo, the address is https:// and a name of yours and ${WEBHOOK_PATH}`,
      `its topics are ${callTopics.join(', ')}`,
      isLoopback(host)
        ? `HTTP_HOST is ${host}, which Allo can't reach: forward ${WEBHOOK_PATH} from a reverse proxy on this machine`
        : `Allo must reach ${WEBHOOK_PATH} on ${host}:${port}, through a reverse proxy with TLS`,
    ].join('\n'),
  )
  if (port === 0) warning('HTTP_PORT is 0, so the port changes with each start: set it to a fixed one')
}

/** `aheadMs`: Allo's clock before this machine's, from a response; NaN: it sent no date. */
export function checkClockOfAllo({ right, warning, wrong }: Subject, aheadMs: number): void {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const says = `Allo's clock is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's`
  const limit = `webhooks are refused from ${LARGEST_SKEW_SECONDS} s on. Correct this machine's clock (NTP).`
  if (Number.isNaN(aheadMs)) warning(`Allo sent no date: compare this machine's clock, ${limit}`)
  else if (seconds > LARGEST_SKEW_SECONDS) wrong(`${says}: ${limit}`)
  else if (seconds > LARGEST_SKEW_SECONDS / 10) warning(`${says}: ${limit}`)
  else right(says)
}
