/** A real Chromium, headless, driven by its own protocol over a pipe. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'

export interface Browser {
  open(url: string, look?: Look): Promise<Page>
  close(): Promise<void>
}

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
}

export interface Page {
  /** What the expression, or the promise it is, comes to. */
  evaluate(expression: string): Promise<unknown>
  /** What the page wrote to the console, and what its policy refused. */
  readonly complaints: readonly string[]
  /** What an accessibility checker finds that is serious: rules, and where they are broken. */
  checkAccess(): Promise<readonly string[]>
  /** As it would be printed. */
  pdf(): Promise<Buffer>
}

const START_MS = 30_000

export function findChromium(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not there.
      }
    }
  }
  return null
}

export async function startBrowser(chromium: string): Promise<Browser> {
  const home = mkdtempSync(join(tmpdir(), 'chromium-'))
  const child = spawn(
    chromium,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--remote-debugging-pipe',
      `--user-data-dir=${home}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const protocol = speak(child)
  return {
    async open(url, { width = 1280, height = 900, scheme = 'light' } = {}) {
      const { targetId } = await protocol.ask('Target.createTarget', { url: 'about:blank' }, '')
      const { sessionId } = await protocol.ask('Target.attachToTarget', { targetId, flatten: true }, '')
      const session = String(sessionId)
      const ask = (method: string, params: object = {}) => protocol.ask(method, params, session)
      const complaints: string[] = []
      protocol.listen(session, ({ method, params }) => {
        if (
          method === 'Log.entryAdded' ||
          method === 'Runtime.consoleAPICalled' ||
          method === 'Runtime.exceptionThrown'
        )
          complaints.push(JSON.stringify(params))
      })
      await Promise.all([ask('Page.enable'), ask('Runtime.enable'), ask('Log.enable')])
      await ask('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 600,
      })
      await ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
      const loaded = protocol.next(session, 'Page.loadEventFired')
      await ask('Page.navigate', { url })
      await loaded
      async function evaluate(expression: string): Promise<unknown> {
        const options = { expression, awaitPromise: true, returnByValue: true }
        const { result, exceptionDetails } = await ask('Runtime.evaluate', options)
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
        return z.object({ value: z.unknown().optional() }).parse(result).value
      }
      return {
        complaints,
        evaluate,
        async checkAccess() {
          const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
          await ask('Runtime.evaluate', { expression: source })
          const found = await evaluate(`axe.run(document, { resultTypes: ['violations'] })
            .then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
              .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).slice(0, 3).join(' ')))`)
          return z.array(z.string()).parse(found)
        },
        async pdf() {
          const { data } = await ask('Page.printToPDF', { printBackground: false, preferCSSPageSize: true })
          return Buffer.from(String(data), 'base64')
        },
      }
    },
    async close() {
      const exited = once(child, 'exit')
      await protocol.ask('Browser.close', {}, '').catch(() => child.kill('SIGKILL'))
      await exited
      rmSync(home, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

const message = z.object({
  id: z.number().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
})
type Message = z.infer<typeof message>

/** JSON messages that end with a NUL. */
function speak(child: ChildProcess) {
  const [, , , toChild, fromChild] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const answers = new Map<number, (answer: Message) => void>()
  const listeners: { readonly session: string; readonly hear: (event: Message) => void }[] = []
  let heard = ''
  let asked = 0
  fromChild.setEncoding('utf8').on('data', (text: string) => {
    heard += text
    const parts = heard.split('\0')
    heard = parts.pop() ?? ''
    for (const part of parts) {
      const one = message.parse(JSON.parse(part))
      if (one.id !== undefined) answers.get(one.id)?.(one)
      else for (const { session, hear } of listeners) if (session === one.sessionId) hear(one)
    }
  })
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('Chromium is gone')))
  gone.catch(() => undefined)
  return {
    async ask(method: string, params: object, session: string): Promise<Record<string, unknown>> {
      asked += 1
      const id = asked
      const answered = new Promise<Message>((resolve) => answers.set(id, resolve))
      toChild.write(
        `${JSON.stringify({ id, method, params, ...(session === '' ? {} : { sessionId: session }) })}\0`,
      )
      const { result, error } = await Promise.race([answered, gone, tooLate(method)])
      if (error !== undefined) throw new Error(`${method}: ${error.message}`)
      return result ?? {}
    },
    listen(session: string, hear: (event: Message) => void): void {
      listeners.push({ session, hear })
    },
    next(session: string, method: string): Promise<void> {
      const seen = new Promise<void>((resolve) => {
        listeners.push({ session, hear: (event) => event.method === method && resolve() })
      })
      return Promise.race([seen, gone, tooLate(method)])
    },
  }
}

function tooLate(what: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`Chromium: no ${what} within ${START_MS} ms`)), START_MS).unref()
  })
}
