import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Line {
  /** With the escape sequences of bold and dim. */
  readonly text: string
  /** Milliseconds since the demo was started. */
  readonly at: number
}

/** The demo prints it when it has shown everything. On a terminal it runs on, and so do its pages. */
const END = 'Everything runs until Ctrl-C'

/**
 * Runs the demo on a terminal, until `visit` has visited its pages. Returns what it printed until then. `see` gets each
 * line at once. Rejects if the demo ends early. It needs `script` of util-linux for the terminal.
 */
export async function watchDemo(
  see: (text: string) => void,
  visit: (lines: readonly Line[]) => Promise<void>,
): Promise<Line[]> {
  const program = fileURLToPath(new URL('../../bin/allo-queue-mirror.js', import.meta.url))
  // Without stderr there is no progress bar, which a list of lines can't show.
  const command = `exec '${process.execPath}' '${program}' demo 2> /dev/null`
  const terminal = spawn('script', ['--quiet', '--flush', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, TERM: 'xterm' },
  })
  const closed = once(terminal, 'close')
  const started = performance.now()
  const lines: Line[] = []
  for await (const text of createInterface({ input: terminal.stdout })) {
    if (text.includes(END)) {
      await visit(lines).finally(() => terminal.stdin.write('\x03'))
      await closed
      return lines
    }
    lines.push({ text, at: performance.now() - started })
    see(text)
  }
  throw new Error('The demo has ended early.')
}
