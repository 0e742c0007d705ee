/** No name, id or message from the API can control a terminal, a log, a chat or a parser. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWebhook } from '../src/worker/webhook.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, type Env, jsonOf, runCli } from './support/run-cli.ts'

/** CSI, OSC 8, C1, bidi override, isolates, zero width, line ends of every kind, Hangul filler. */
const hostile =
  '\x1b[2J\x1b]8;;http://evil\x07A\x9b31m\u202egnp\u2066\u200b\u2028\u2029\r\nfake: line\u00ad\ufeff\u3164 <!channel>'
const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u3164]/u
const number = '+12125550010x45'

describe('an API in which every text is hostile', () => {
  const { folder: cwd, remove } = createWorkplace()
  let database: TestDatabase
  let server: Server
  let env: Env

  beforeAll(async () => {
    database = await createTestDatabase()
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://allo')
      const [status, body] = answerTo(pathname, searchParams)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    env = {
      DATABASE_URL: database.url,
      ALLO_API_KEY: 'ak_live_of_output',
      ALLO_API_URL: `http://127.0.0.1:${port}`,
    }
  })
  afterAll(async () => {
    server.close()
    await database.drop()
    remove()
  })

  function answerTo(path: string, asked: URLSearchParams): [number, object] {
    const named = (id: string) => ({
      id: `${id}${hostile}`,
      name: `Kim Kowalski ${hostile} ${number}`,
      status: 'ACTIVE',
    })
    if (path.endsWith('/me')) return [200, { data: { team: named('t'), scopes: [hostile] } }]
    if (path.endsWith('/users'))
      return [200, { data: asked.get('status') === 'BLOCKED' ? [] : [named('u1'), named('u2')] }]
    const userId = asked.get('user_id') ?? ''
    if (userId.startsWith('u2'))
      return [400, { error: { code: hostile, message: `no ${hostile} of ${number}`, request_id: hostile } }]
    const queue = { ...named('q'), assignee_id: userId, [hostile]: hostile }
    const rows = [{ position: 0, number_to: '+15550001234', routing_result: hostile, [hostile]: hostile }]
    return [200, { data: rows, queue, pagination: { has_more: false, total_count: 1 } }]
  }

  test("can't write invisible characters to pipes, and no name of a teammate is in output that may be a log", async () => {
    for (const args of [
      ['sync'],
      ['sync', '--json'],
      ['sync', '--user', hostile],
      ['check'],
      ['status'],
      ['doctor'],
    ]) {
      const { stdout, stderr } = await runCli(args, env, { cwd })
      for (const text of [stdout, stderr]) expect([args, unseen.exec(text)]).toEqual([args, null])
      expect([args, (stdout + stderr).includes('2125550010')]).toEqual([args, false])
      expect([args, (stdout + stderr).split('\n').filter((line) => line.startsWith('fake'))]).toEqual([
        args,
        [],
      ])
      if (args[0] === 'sync') expect([args, stderr.includes('u2')]).toEqual([args, args.length < 3])
      if (args[0] === 'sync' && args.length < 3) {
        const names = (stdout + stderr).split('\n').filter((line) => line.includes('Kowalski'))
        expect(names.filter((line) => !/^(Pass \d+|\S+ teammates)/.test(line))).toEqual([])
      }
    }
    const forget = await runCli(['forget'], env, { cwd, stdin: '+15550001234' })
    expect([forget.code, unseen.exec(forget.stdout + forget.stderr)]).toEqual([65, null])
    const usage = await runCli([`--${hostile}`], env, { cwd })
    expect([usage.code, unseen.exec(usage.stderr)]).toEqual([64, null])
  })

  test('is unchanged in --json once it is parsed', async () => {
    const finished = await runCli(['sync', '--json'], env, { cwd })
    expect(unseen.exec(finished.stdout)).toBeNull()
    expect(jsonOf(finished)).toMatchObject({
      team_id: `t${hostile}`,
      failures: [{ user_id: `u2${hostile}` }],
    })
  })
})

test('an alert can’t mention people, link, or hide text in a chat', async () => {
  const bodies: { text: string; team_name: string }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/hook`
  const webhook = createWebhook(
    { path: null, value: () => url, reread: async () => false },
    { httpsProxy: '', httpProxy: '', noProxy: '' },
    { userAgent: 'test' },
  )
  const name = `A & B <!channel> <@U123> <http://evil.com|text> @here http://evil.com www.evil.com${hostile}`
  try {
    await webhook.post(
      { text: `:warning: mirror of ${name}: 3.5 h.`, team_name: name },
      AbortSignal.timeout(10_000),
    )
  } finally {
    await webhook.close()
    server.close()
  }
  const [{ text, team_name } = { text: '', team_name: '' }] = bodies
  expect(text).not.toMatch(/[<>@]|:\/\/|evil\.com|&(?!amp;|lt;|gt;)/)
  expect(unseen.exec(text)).toBeNull()
  expect(text).toContain(':warning: mirror of A &amp; B &lt;!channel&gt;')
  expect(text).toContain('3.5 h.')
  expect(team_name).toBe(name)
})
