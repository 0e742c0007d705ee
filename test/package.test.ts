/** What is published: the package, from its tarball in a project that has nothing else, and the folder of the image. */
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import getPort from 'get-port'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Simulation, startSimulation } from '../src/simulation/index.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { copiesOf, dockerfile, layOutImage, noticesOf } from './support/image-folder.ts'
import { compile, type InstalledPackage, installPackage } from './support/installed-package.ts'
import { libraryPage } from './support/library-page.ts'
import { createWorkplace, runCli, startCli } from './support/run-cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { folder: project, remove } = createWorkplace()
const { version, bin, devDependencies } = z
  .object({
    version: z.string(),
    bin: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
let installed: InstalledPackage
let database: TestDatabase
let simulation: Simulation
beforeAll(async () => {
  installed = installPackage(project)
  database = await createTestDatabase({ empty: true })
  simulation = await startSimulation({ teammates: 2, numbersPerQueue: 120, readsPerSecond: null })
})
afterAll(async () => {
  await simulation?.close()
  await database?.drop()
  remove()
})

function run(file: string, source: string, env = {}) {
  writeFileSync(join(project, file), source)
  return runCli([], env, { cwd: project, file: join(project, file) })
}

/** Both resolutions of modules, with the declarations of the package checked too. */
function compileStrict(source: string, types: readonly string[]): void {
  writeFileSync(join(project, 'strict.mts'), source)
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
      ...{ skipLibCheck: false, noEmit: true, target: 'es2024', module, moduleResolution, types },
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['strict.mts'] }))
    compile(['-p', project], project)
  }
}

const everyExport = `
import { type Fetch, MirrorFailure, type PassOptions, type PassResult, type ReportingRows, type SnapshotOptions,
  type TeammateSnapshot, runPass, takeSnapshot } from 'allo-queue-mirror'
import { type Move, type Simulation, startSimulation } from 'allo-queue-mirror/simulation'

const mine: Fetch = fetch
export async function read(options: SnapshotOptions): Promise<TeammateSnapshot | string> {
  try {
    return await takeSnapshot({ ...options, fetch: mine }, 'usr-1')
  } catch (error) {
    if (error instanceof MirrorFailure && error.retryable) return error.code
    throw error
  }
}
export const pass = (options: PassOptions): Promise<PassResult> => runPass(options)
export const name: ReportingRows['teammates']['teammate_name'] = null
export async function simulate(): Promise<Simulation> {
  const simulation = await startSimulation({ seed: 'a' })
  const move: Move = { type: 'append', userId: 'usr-1', count: 2 }
  simulation.apply(move)
  simulation.addFault({ kind: 'rate_limited', times: 1 })
  return simulation
}
// @ts-expect-error a move that does not exist
export const wrong: Move = { type: 'sing', userId: 'usr-1' }
// @ts-expect-error a view that does not exist
export type Wrong = ReportingRows['no_such_view']
`

test('the tarball is smaller than 1 MB and holds only declarations that its exports lead to', () => {
  expect(installed.bytes).toBeLessThan(1_000_000)
  const declarations = installed.files.filter((file) => file.endsWith('.d.ts'))
  expect(
    declarations.filter((file) => !/^dist\/(library|simulation|allo|commands\/sync)\//.test(file)),
  ).toEqual(['dist/errors.d.ts', 'dist/json-output.d.ts'])
  for (const file of declarations) {
    const text = readFileSync(join(installed.folder, file), 'utf8')
    expect(text.match(/['"]\.{1,2}\/[^'"]*(?<!\.js)['"]/g), file).toBeNull()
  }
})

test('the links of its pages lead to files of the tarball, but for the pictures of the README', () => {
  const pages = installed.files.filter((file) => file.endsWith('.md'))
  const links = pages.flatMap((page) =>
    [...readFileSync(join(installed.folder, page), 'utf8').matchAll(/(?:\]\(|src(?:set)?=")([^)#"\s]+)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !link.startsWith('https:'))
      .map((link) => join(dirname(page), link)),
  )
  expect(links).toContain('docker-compose.yml')
  expect(links.filter((link) => !existsSync(join(installed.folder, link)))).toEqual([
    'docs/pictures/demo.svg',
    'docs/pictures/report-dark.webp',
    'docs/pictures/report-light.webp',
  ])
})

describe('as a program', () => {
  const runProgram = (args: readonly string[], env = {}) =>
    runCli(args, env, { cwd: project, file: join(installed.folder, bin['allo-queue-mirror'] ?? '') })

  test('it knows its version and contains no source', async () => {
    expect(existsSync(join(installed.folder, 'src'))).toBe(false)
    expect(await runProgram(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('it migrates, mirrors and has every command', async () => {
    const env = {
      ALLO_API_KEY: simulation.apiKey,
      ALLO_API_URL: simulation.url,
      ALLO_READS_PER_SECOND: 'unlimited',
      DATABASE_URL: database.url,
    }
    const { code, stdout } = await runProgram(['sync'], env)
    expect(code).toBe(0)
    expect(stdout).toContain('2 teammates, 2 queues, 240 numbers: 240 added')
    const doctor = await runProgram(['doctor'], env)
    expect(doctor, doctor.stdout).toMatchObject({ code: 0 })
    for (const name of ['demo', 'simulate']) {
      expect(existsSync(join(installed.folder, 'dist', 'commands', `${name}.js`))).toBe(true)
    }
  })
})

describe('as a library', () => {
  test('an ES module imports what is documented, and nothing else can be imported', async () => {
    const source = `
      console.log(Object.keys(await import('allo-queue-mirror')), Object.keys(await import('allo-queue-mirror/simulation')))
      console.log((await import('allo-queue-mirror/schemas/sync.json', { with: { type: 'json' } })).default.title)
      await import('allo-queue-mirror/dist/cli.js').catch((error) => console.log(error.code))`
    expect(await run('all.mjs', source)).toEqual({
      code: 0,
      stdout: `[ 'MirrorFailure', 'runPass', 'takeSnapshot' ] [ 'startSimulation' ]\nallo-queue-mirror sync --json\nERR_PACKAGE_PATH_NOT_EXPORTED\n`,
      stderr: '',
    })
  })

  test('CommonJS uses it by import()', async () => {
    const source = `
      (async () => {
        const { takeSnapshot } = await import('allo-queue-mirror')
        const { startSimulation } = await import('allo-queue-mirror/simulation')
        const { url: baseUrl, apiKey, teammates, close } = await startSimulation({ numbersPerQueue: 7 })
        const { numbers } = await takeSnapshot({ apiKey, baseUrl }, teammates()[0].id)
        console.log(numbers.length)
        await close()
      })()`
    expect(await run('some.cjs', source)).toEqual({ code: 0, stdout: '7\n', stderr: '' })
  })

  test('strict TypeScript accepts it with no other types installed', () => {
    compileStrict(everyExport, [])
  })

  test('docs/library.md describes what can be imported, and nothing else', async () => {
    await expect(libraryPage(installed.folder)).toMatchFileSnapshot('../docs/library.md')
  })

  test('the code of the README compiles and runs', async () => {
    const [, code = ''] =
      /## As a library\n\n```ts\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
    for (const name of ['pg', '@types']) {
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
    }
    compileStrict(code, ['node'])
    const own = await createTestDatabase()
    const { stdout, ...rest } = await run('readme.mts', code, { SCRATCH_DATABASE_URL: own.url })
    await own.drop()
    expect(rest).toMatchObject({ code: 0 })
    expect(stdout).toBe('queue ok 3\n')
  })
})

describe('as the image', () => {
  const [, command = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? []
  const [node = '', file = ''] = z.array(z.string()).parse(JSON.parse(command))
  const [, uid = 0] = /^USER (\d+):\d+$/m.exec(dockerfile)?.map(Number) ?? []
  let app: string
  /** As a container starts it: in a folder that belongs to root, as a user without a home. */
  const options = () => ({
    cwd: app,
    command: [node === 'node' ? process.execPath : node, file],
    ...(process.getuid?.() === 0 ? { uid } : {}),
  })
  beforeAll(() => {
    app = join(project, 'app')
    layOutImage(app, join(installed.folder, 'dist'))
    for (const name of ['.', ...readdirSync(app)]) chmodSync(join(app, name), 0o555)
  })
  afterAll(() => chmodSync(app, 0o755))

  test('it knows its version, and health says that nothing runs', async () => {
    expect(await runCli(['--version'], {}, options())).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
    const env = { HTTP_PORT: String(await getPort()) }
    expect(await runCli(['health'], env, options())).toMatchObject({ code: 75 })
  })

  test('the worker mirrors a team, and health finds it', async () => {
    const own = await createTestDatabase()
    const env = {
      ALLO_API_KEY: simulation.apiKey,
      ALLO_API_URL: simulation.url,
      ALLO_READS_PER_SECOND: 'unlimited',
      DATABASE_URL: own.url,
      HTTP_PORT: String(await getPort()),
    }
    const worker = startCli(['worker'], env, options())
    await worker.written(/"event":"pass_finished".*"status":"ok"/)
    expect(await runCli(['health'], env, options())).toMatchObject({ code: 0, stderr: '' })
    worker.child.kill('SIGTERM')
    expect(await worker.finished).toMatchObject({ code: 0, stderr: '' })
    await own.drop()
  })

  test('the worker names the packages that traces need, because the image has none of them', async () => {
    const env = { ALLO_API_KEY: 'ak_live_x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
    const { code, stderr } = await runCli(['worker'], env, options())
    expect(code).toBe(78)
    const [, command = ''] = /npm install (.*)\. Or/.exec(stderr) ?? []
    expect(command.split(' ')).toEqual(
      Object.entries(devDependencies)
        .filter(([name]) => name.startsWith('@opentelemetry/'))
        .map(([name, tested]) => `${name}@${tested}`)
        .reverse(),
    )
    expect(readFileSync(join(root, 'docs', 'deploying.md'), 'utf8')).toContain(command)
  })

  test('it names the license of every package that it contains', () => {
    const notices = readFileSync(join(app, 'THIRD_PARTY_NOTICES'), 'utf8')
    for (const name of readdirSync(join(app, 'node_modules')).filter((one) => !/^[.@]/.test(one))) {
      expect(notices).toMatch(new RegExp(`^${name} \\S+ \\(.+\\)$`, 'm'))
    }
    // The checkout has packages that may not be shipped, and they are named.
    expect(() => noticesOf(join(root, 'node_modules'))).toThrow(/lightningcss has the license MPL-2.0/)
  })

  test('.dockerignore lets through what is copied, and no file of a person', () => {
    const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
    const sources = copiesOf(dockerfile).flatMap(({ from, sources }) => (from === null ? sources : []))
    const parts = new Set(sources.map((source) => `!${source.split('/')[0]}`))
    expect(ignore).toEqual(['**', ...ignore.slice(1)])
    expect(new Set(ignore.slice(1))).toEqual(parts)
  })
})
