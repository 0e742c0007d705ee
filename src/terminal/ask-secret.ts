/** A secret from whoever started us: from a pipe, or asked for without showing what is typed. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { InterruptedError, UsageError } from '../errors.ts'

/** Empty when nothing was given. On a terminal it is asked for twice. */
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
    if (secret !== '' && (await ask('Once more')) !== secret)
      throw new UsageError('Those were two different ones; nothing was changed.')
    return secret
  } finally {
    terminal.close()
  }
}
