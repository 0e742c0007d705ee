/** `health`: whether the worker of this configuration is alive, for the image's HEALTHCHECK. */
import { request } from 'node:http'
import { type HttpConfig, readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, messageOf } from '../../errors.ts'
import { print, printError } from '../../terminal/output.ts'

/** Docker's limit is five seconds. */
const TIMEOUT_MS = 4000

/** Calls /healthz with the port and password of the configuration. Returns ok if it answers, else tryAgain. */
export async function runHealth(): Promise<ExitCode> {
  const { port, host, basicAuth } = readConfig({ needsApiKey: false }).http
  if (port === 0) {
    printError('HTTP_PORT is 0 (any free port), so the port of the worker is unknown. Set a port.')
    return exitCodes.configuration
  }
  const where = `${reachable(host)}:${port}`
  try {
    const status = await statusOf(`http://${where}/healthz`, basicAuth?.value() ?? null)
    // 429: too many wrong passwords came from this address. The worker that answers so is alive.
    if (status === 200 || status === 429) {
      print(`The worker at ${where} is alive.`)
      return exitCodes.ok
    }
    const why = status === 401 ? ': it has another HTTP_BASIC_AUTH' : ''
    printError(`The server at ${where} answers ${status}${why}.`)
  } catch (error) {
    const reason = messageOf(error)
    printError(`The worker at ${where} does not answer: ${reason}.`)
  }
  return exitCodes.tryAgain
}

/** Whether a worker with the password of this configuration listens there. */
export async function isWorkerAlive({ host, port, basicAuth }: HttpConfig): Promise<boolean> {
  const asked = statusOf(`http://${reachable(host)}:${port}/healthz`, basicAuth?.value() ?? null)
  return (await asked.catch(() => 0)) === 200
}

/** A wildcard address can't be called, so use the loopback address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** Never uses a proxy, because it is this machine. */
function statusOf(url: string, auth: string | null): Promise<number> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const asked = request(url, { agent: false, auth, signal }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', (error) =>
      reject(signal.aborted ? new Error(`nothing within ${TIMEOUT_MS} ms`) : error),
    )
    asked.end()
  })
}
