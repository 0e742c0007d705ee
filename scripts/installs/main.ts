/**
 * `npm run installs`: installs the package that `npm pack` makes into empty folders, with each package manager and Node
 * that docs/deploying.md names, and mirrors a simulated team into the embedded Postgres there. Exits 1 if one of them
 * fails. It needs the registry, Linux, 3 GB of disk, and some minutes. `--only pnpm` and `--node 20` choose.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTemporaryPostgres } from '../../src/embedded/temporary-postgres.ts'
import { during, type Place, run } from './processes.ts'
import { nodes, tools, type Way, ways } from './ways.ts'

const { values: chosen } = parseArgs({ options: { only: { type: 'string' }, node: { type: 'string' } } })
const root = new URL('../..', import.meta.url).pathname
const place = { cwd: root, env: process.env }

async function tryAll(folder: string): Promise<void> {
  const tarball = await pack(folder)
  await installTools(folder)
  for (const node of Object.keys(nodes).filter((one) => one === (chosen.node ?? one))) {
    for (const way of ways.filter((one) => isChosen(one, node))) {
      const started = performance.now()
      const failure = await tryOne(way, node, tarball, folder).then(
        () => null,
        (error: Error) => error.message,
      )
      const seconds = ((performance.now() - started) / 1000).toFixed(0)
      console.log(`${failure === null ? 'works' : 'FAILS'}  Node ${node}  ${way.name}  (${seconds} s)`)
      if (failure === null) continue
      console.log(failure)
      process.exitCode = 1
    }
  }
}

function isChosen({ name, runsNoBinaries = false }: Way, node: string): boolean {
  return name === (chosen.only ?? name) && !(runsNoBinaries && Number(node) < 22)
}

async function pack(folder: string): Promise<string> {
  const printed = await run(['npm', 'pack', '--pack-destination', folder], place)
  return join(folder, printed.trim().split('\n').at(-1) ?? '')
}

/** Into `folder/tools`, and into `folder/bin` what the ways call. */
async function installTools(folder: string): Promise<void> {
  const cwd = join(folder, 'tools')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), '{}')
  const specs = [
    ...Object.entries(tools).map(([name, version]) => `${name}@${version}`),
    ...Object.entries(nodes).map(
      ([name, version]) => `node${name}@npm:node-linux-${process.arch}@${version}`,
    ),
  ]
  await run(['npm', 'install', '--no-audit', '--no-fund', ...specs], { cwd, env: process.env })
  mkdirSync(join(folder, 'bin'))
  for (const name of ['npm', 'npx', 'pnpm', 'yarn', 'bun', 'bunx']) {
    symlinkSync(join(cwd, 'node_modules/.bin', name), join(folder, 'bin', name))
  }
}

async function tryOne(way: Way, node: string, tarball: string, folder: string): Promise<void> {
  const cwd = mkdtempSync(join(folder, 'empty-'))
  try {
    const here = { cwd, env: environment(node, folder) }
    for (const [name, text] of Object.entries(way.files)) writeFileSync(join(cwd, name), text)
    for (const command of way.install(tarball)) await run(command, here)
    if (way.runsNoBinaries)
      await withPostgres((url) => mirror(way.program(tarball), addTo(here, { DATABASE_URL: url })))
    else await mirror(way.program(tarball), here)
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

/** Nothing of the caller's Node and npm: no variable of `npm run`, and no other program named node. */
function environment(node: string, folder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|ALLO_|DATABASE_|REDIS_|NODE$|INIT_CWD)/i.test(name),
  )
  const PATH = [
    join(folder, 'tools/node_modules', `node${node}`, 'bin'),
    join(folder, 'bin'),
    '/usr/bin',
    '/bin',
  ]
  return { ...Object.fromEntries(own), PATH: PATH.join(delimiter), HOME: join(folder, 'home') }
}

/** From the program to rows in a Postgres. */
async function mirror(program: readonly string[], here: Place): Promise<void> {
  const simulate = [...program, 'simulate', '--port', '0', '--teammates', '3', '--moves-per-minute', '0']
  const address = /ALLO_API_URL=(\S+).*ALLO_API_KEY=(\S+)/s
  await during(simulate, here, address, async ([, ALLO_API_URL, ALLO_API_KEY]) => {
    const there = addTo(here, { ALLO_API_URL, ALLO_API_KEY })
    const printed = await run([...program, 'sync'], there)
    if (!/ok\. 3 teammates, \d+ queues, \d+ numbers: [1-9]/.test(printed)) throw new Error(printed)
    await run([...program, 'status'], there)
  })
}

async function withPostgres(work: (url: string) => Promise<void>): Promise<void> {
  const { signal } = new AbortController()
  const server = await startTemporaryPostgres({ name: 'installs', settings: { fsync: 'off' }, signal })
  await work(server.url).finally(() => server.remove())
}

const addTo = ({ cwd, env }: Place, more: NodeJS.ProcessEnv): Place => ({ cwd, env: { ...env, ...more } })

const folder = mkdtempSync(join(tmpdir(), 'installs-'))
try {
  await tryAll(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
