/**
 * Machines whose own Node is too old: the program runs on the Node that npm installed with it, as if it were one
 * process.
 */

import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { InterruptedError } from '../src/errors.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { expectSignalsTwice, withInterruption } from '../src/terminal/interruption.ts'
import { createTestDatabase } from './support/database.ts'
import { checkoutExecutable } from './support/executable.ts'
import {
  installOldNode,
  installPackage,
  installPackagedNode,
  packagedNode,
  root,
} from './support/old-node.ts'
import { createWorkplace, type Env, type Running, startCli } from './support/run-cli.ts'
import { environmentOf, until } from './support/worker.ts'

const { folder: cwd, remove } = createWorkplace()
const oldNode = installOldNode(cwd)
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
afterAll(remove)

/** As cron and systemd start it: by a full path, with next to nothing in the environment. */
const startOnOldNode = (file: string, args: readonly string[] = [], env: Env = {}): Running =>
  startCli(args, env, { cwd, command: [join(oldNode, 'node'), file] })
const onOldNode = (...args: Parameters<typeof startOnOldNode>) => startOnOldNode(...args).finished

describe.concurrent('with a Node that is too old the program', () => {
  const layouts: Readonly<Record<string, (home: string, program: string) => string>> = {
    'beside it (npm, also of a global install)': (home, program) => {
      installPackagedNode(join(home, 'node_modules'))
      return installPackage(join(home, 'node_modules'), program)
    },
    'inside it (npm, where versions differ)': (home, program) => {
      const file = installPackage(join(home, 'node_modules'), program)
      installPackagedNode(join(dirname(dirname(file)), 'node_modules'))
      return file
    },
    'in a store that links lead to (pnpm)': (home, program) => {
      const stored = join(home, 'node_modules/.pnpm/allo-queue-mirror@1/node_modules')
      const nodes = join(home, `node_modules/.pnpm/${packagedNode}@22/node_modules`)
      installPackage(stored, program)
      installPackagedNode(nodes)
      symlinkSync(join(nodes, packagedNode), join(stored, packagedNode))
      symlinkSync(join(stored, 'allo-queue-mirror'), join(home, 'node_modules/allo-queue-mirror'))
      return join(home, 'node_modules/allo-queue-mirror/bin/allo-queue-mirror.js')
    },
  }
  const newHome = () => mkdtempSync(join(cwd, 'home-'))

  test.for(Object.keys(layouts))('runs on the packaged Node in %s', async (name) => {
    const said = `console.log(JSON.stringify([process.env.PACKAGED_NODE, process.argv.slice(2)]))`
    const file = layouts[name]?.(newHome(), `export function main() { ${said} }`) ?? ''
    const { code, stdout, stderr } = await onOldNode(file, ['sync', '--user', 'a b'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(['1', ['sync', '--user', 'a b']])
  })

  test('returns the exit code, and the signal that ended it', async () => {
    const home = newHome()
    installPackagedNode(join(home, 'node_modules'))
    const program = `export function main([, , how]) { how === 'SIGKILL' ? process.kill(process.pid, how) : process.exit(Number(how)) }`
    const file = installPackage(join(home, 'node_modules'), program)
    for (const code of [0, 70, 78]) expect((await onOldNode(file, [String(code)])).code).toBe(code)
    const killed = startOnOldNode(file, ['SIGKILL'])
    await killed.finished
    expect(killed.child.signalCode).toBe('SIGKILL')
  })

  test('says what to do if there is no other Node, and exits 78', async () => {
    const file = installPackage(join(newHome(), 'node_modules'), '')
    const { code, stdout, stderr } = await onOldNode(file)
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toMatch(/^This is Node 20\.20\.2; 22\.19 or newer is needed\..*--include=optional.*\n$/)
  })

  test('receives SIGTERM and shuts down', async () => {
    const running = startOnOldNode(checkoutExecutable, ['demo'])
    await running.written(/the pass saw/)
    running.child.kill('SIGTERM')
    const finished = await running.finished
    expect(finished).toMatchObject({ code: 75, stderr: '' })
    expect(finished.stdout).toContain('All files of the demo are removed')
  })

  test('ends when its parent process is killed with -9', async () => {
    const running = startOnOldNode(checkoutExecutable, ['simulate', '--port', '0'])
    const url = /=(\S+)/.exec(await running.written(/ALLO_API_URL=\S+/))?.[1] ?? ''
    running.child.kill('SIGKILL')
    await until('nothing answers any more', () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    )
    expect((await running.finished).stderr).toContain('Answered')
  })

  test('runs the tools of the npm scripts, and their child processes, on the packaged Node', async () => {
    const args = ['node', '-p', 'process.env.ALLO_QUEUE_MIRROR_STARTED_BY + " " + process.execPath']
    const { code, stdout } = await onOldNode(join(root, 'bin/with-node.js'), args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/node_modules\/node-/) })
    for (const [name, script] of Object.entries(scripts)) {
      const own = script.split(' && ').filter((command) => !command.startsWith('npm run '))
      for (const command of own)
        expect({ name, command }).toMatchObject({
          command: expect.stringMatching(/^(exec )?(node (bin\/|-e )|python3 |\.cache\/dbt\/bin\/)/),
        })
    }
  })
})

test('a Ctrl-C that arrives both from the terminal and from npm counts once, also while the process ends', async () => {
  expectSignalsTwice()
  const told: unknown[] = []
  await withInterruption(
    async (signal) => {
      process.emit('SIGUSR2', 'SIGUSR2')
      process.emit('SIGUSR2', 'SIGUSR2')
      told.push(signal.reason)
    },
    // Its deadline would end the process that runs this test.
    { signals: ['SIGUSR2'], endWithinMs: 24 * 3_600_000 },
  )
  expect(process.emit('SIGUSR2', 'SIGUSR2')).toBe(true)
  expect(told).toEqual([expect.any(InterruptedError)])
})

/** npm starts scripts in a shell, which does not hand on signals. */
describe('npm start', () => {
  const npm = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find(existsSync)

  test.runIf(npm !== undefined)('shuts the worker down on SIGTERM and waits for it', async () => {
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ scripts }))
    symlinkSync(join(root, 'bin'), join(cwd, 'bin'))
    const database = await createTestDatabase()
    const apiKey = 'ak_live_of_npm_start'
    const allo = await startSimulatedAllo({
      world: createWorld({ seed: 3, teammates: 2, numbersPerQueue: 5 }),
      apiKey,
    })
    try {
      const env = environmentOf({ apiKey, apiUrl: allo.url, databaseUrl: database.url, redisUrl: null })
      const PATH = [oldNode, '/usr/bin', '/bin'].join(delimiter)
      const running = startCli(['start'], { ...env, PATH }, { cwd, command: [npm ?? ''] })
      await running.written(/"event":"worker_started"/)
      running.child.kill('SIGTERM')
      const { code, stdout } = await running.finished
      expect(code).toBe(0)
      expect(stdout.trimEnd().split('\n').at(-1)).toContain('"event":"worker_stopped"')
    } finally {
      await allo.close()
      await database.drop()
    }
  })
})
