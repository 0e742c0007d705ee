/** Reads a secret from a pipe, or asks for it on the terminal without echo. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { InterruptedError, UsageError } from '../errors.ts'

/** Returns an empty text if nothing was given. On a terminal it asks twice. */
export async function askForSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const lines = terminal[Symbol.asyncIterator]()
  const ask = async (what: string) => {
    process.stderr.write(`${what}: `)
    const { value, done } = await lines.next()
    process.stderr.write('\n')
    if (done) throw new InterruptedError('stopped; nothing was changed')
    return value
  }
  try {
    const secret = await ask(question)
    if (secret !== '' && (await ask('Repeat it')) !== secret)
      throw new UsageError('The two inputs differ; nothing was changed.')
    return secret
  } finally {
    terminal.close()
  }
}
