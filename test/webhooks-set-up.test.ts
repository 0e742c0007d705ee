/** What `doctor` says about webhooks, and the webhooks that `simulate` sends. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { createReport } from '../src/commands/doctor/report.ts'
import { checkClockOfAllo } from '../src/commands/doctor/webhooks.ts'
import { decodeWebhookSecret } from '../src/config/secret.ts'
import { isSignedBy, readDelivery } from '../src/http/webhook/signature.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase } from './support/database.ts'
import { createWorkplace, runCli, startCli } from './support/run-cli.ts'
import { secret } from './support/webhooks.ts'

const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

describe('doctor', () => {
  test('says what to enter in Allo, and what must be reachable from there', async () => {
    const database = await createTestDatabase()
    const world = createWorld({ seed: 4, teammates: 2, numbersPerQueue: 2 })
    const allo = await startSimulatedAllo({ world, apiKey: 'ak_live_of_a_test' })
    const env = { ALLO_API_KEY: 'ak_live_of_a_test', ALLO_API_URL: allo.url, DATABASE_URL: database.url }
    const doctor = (more: Readonly<Record<string, string>>) =>
      runCli(['doctor'], { ...env, HTTP_PORT: '0', ALLO_WEBHOOK_SECRET: secret, ...more }, { cwd })
    const { code, stdout } = await doctor({})
    expect(code).toBe(0)
    expect(stdout).toMatch(/✓ clock +Allo's clock is \d+ s (?:ahead of|behind) this machine's/)
    expect(stdout).toContain('in Allo, the address is https:// and a name of yours and /hooks/allo')
    expect(stdout).toContain('its topics are call.triggered, call.answered, call.completed')
    expect(stdout).toContain("HTTP_HOST is 127.0.0.1, which Allo can't reach")
    expect(stdout).toContain('HTTP_PORT is 0')
    const open = await doctor({
      HTTP_HOST: '0.0.0.0',
      HTTP_BASIC_AUTH: 'ops:password',
      LIVE_BUDGET_SHARE: '0',
    })
    expect(open.stdout).toContain(
      'Allo must reach /hooks/allo on 0.0.0.0:0, through a reverse proxy with TLS',
    )
    expect(open.stdout).toContain('webhooks of Allo have no effect')
    const without = await doctor({ ALLO_WEBHOOK_SECRET: '' })
    expect(without.stdout).not.toMatch(/webhook|Allo's clock/i)
    await allo.close()
    await database.drop()
  })

  test.each([
    [-2000, "✓ clock        Allo's clock is 2 s behind this machine's"],
    [
      45_000,
      "! clock        Allo's clock is 45 s ahead of this machine's: webhooks are refused from 300 s on.",
    ],
    [
      600_000,
      "✗ clock        Allo's clock is 600 s ahead of this machine's: webhooks are refused from 300 s on.",
    ],
    [Number.NaN, "! clock        Allo sent no date: compare this machine's clock"],
  ])('compares the clocks of Allo and this machine: %i ms', (aheadMs, line) => {
    const lines: string[] = []
    checkClockOfAllo(createReport((one) => lines.push(one), []).about('clock'), aheadMs)
    expect(lines).toEqual([expect.stringContaining(line)])
  })
})

describe('simulate --webhooks', () => {
  test('prints the secret too, and sends webhooks that are signed with it', async () => {
    const received: { request: IncomingMessage; body: string }[] = []
    const hook = createServer(async (request, response) => {
      received.push({ request, body: await text(request) })
      response.end()
    }).listen(0, '127.0.0.1')
    await once(hook, 'listening')
    const address = hook.address()
    const port = typeof address === 'object' ? address?.port : 0
    const args = ['simulate', '--port', '0', '--teammates', '4', '--moves-per-minute', '6000']
    const running = startCli([...args, '--webhooks', `http://127.0.0.1:${port}/hooks/allo`], {}, { cwd })
    const [, printed = ''] =
      /ALLO_WEBHOOK_SECRET=(\S+)\n/.exec(await running.written(/ALLO_WEBHOOK_SECRET=\S+\n/)) ?? []
    while (received.length < 5) await once(hook, 'request')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.finished
    hook.closeAllConnections()
    hook.close()

    expect(code).toBe(0)
    expect(stderr).toMatch(/Sent webhooks: \d+ × 200/)
    const key = decodeWebhookSecret(printed) ?? Buffer.alloc(0)
    const signed = received.filter(({ request, body }) => {
      const delivery = readDelivery(request.headers)
      return delivery !== null && isSignedBy(key, delivery, Buffer.from(body))
    })
    // A few are forged.
    expect(signed.length).toBeGreaterThan(received.length / 2)
    const [first] = signed
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      topic: expect.stringMatching(/^call\.(triggered|answered|completed)$/),
      data: { user_email: expect.stringContaining('@'), to_number: expect.stringMatching(/^\+\d+$/) },
    })
  })

  test('refuses what is no address', async () => {
    const { code, stderr } = await runCli(['simulate', '--webhooks', '127.0.0.1:8080'], {}, { cwd })
    expect([code, stderr]).toEqual([
      64,
      expect.stringContaining('Write the address of a worker, such as http'),
    ])
  })
})
