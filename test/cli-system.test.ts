/**
 * Errors of the operating system at the start or in the middle of a command: one sentence, the right exit code, and no
 * files left.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { executable } from './support/executable.ts'
import { createWorkplace, type Env, type Finished, runCli, startCli } from './support/run-cli.ts'
import { until } from './support/worker.ts'

const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

const key = { ALLO_API_KEY: 'ak_live_of_a_test_0123' }
/** With a limit of the shell's, as a service manager or a quota would set it. */
const limited = (limit: string, args: readonly string[], env: Env) =>
  runCli(args, env, {
    cwd,
    command: ['/bin/sh', '-c', `${limit} && exec "$@"`, 'sh', process.execPath, executable],
  })

function expectOneSentence({ code, stderr }: Finished, expected: number, sentence: RegExp): void {
  const lines = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('Starting the embedded Postgres'))
  expect({ code, lines }).toEqual({ code: expected, lines: [expect.stringMatching(sentence)] })
}

describe.concurrent('an unusable path', () => {
  writeFileSync(join(cwd, 'file'), 'mine')
  symlinkSync('circle', join(cwd, 'circle'))
  const tooLong = 'x'.repeat(300)

  test.for([
    ['/proc/x', /cannot be made: there is no such file or folder \(ENOENT\)/],
    ['/dev/null/x', /a part of its path is a file and no folder \(ENOTDIR\)/],
    [join(cwd, 'file'), /a part of its path is a file and no folder \(ENOTDIR\)/],
    [join(cwd, tooLong), /its name is too long \(ENAMETOOLONG\)/],
    [join(cwd, 'circle'), /its symbolic links lead in a circle \(ELOOP\)/],
  ] as const)('in DATA_DIR, such as %s, exits 78', async ([dataDir, reason]) => {
    const finished = await runCli(['migrate'], { DATA_DIR: dataDir }, { cwd })
    expectOneSentence(finished, 78, /^The data folder .* Set DATA_DIR to another folder, or set DATABASE_URL/)
    expect(finished.stderr).toMatch(reason)
  })

  test.for([['/nowhere/at/all'], ['/dev/null']] as const)('in TMPDIR, %s, exits 78', async ([folder]) => {
    const finished = await runCli(['demo'], { TMPDIR: folder }, { cwd })
    expectOneSentence(finished, 78, /^No folder can be created in .* Set TMPDIR to a writable folder$/)
  })

  test('exits 78 when the working directory was deleted', async () => {
    const gone = join(cwd, 'gone')
    mkdirSync(gone)
    const command = ['/bin/sh', '-c', 'rmdir "$PWD" && exec "$@"', 'sh', process.execPath, executable]
    const finished = await runCli(['sync'], key, { cwd: gone, command })
    expectOneSentence(
      finished,
      78,
      /^The folder this was started in does not exist any more: change to one that does/,
    )
  })
})

test('a full disk while the database is created exits 75 and leaves no incomplete database', async () => {
  const dataDir = join(cwd, 'data')
  const finished = await limited('ulimit -f 500', ['migrate'], { DATA_DIR: dataDir })
  expectOneSentence(finished, 75, /^There is no space left for Postgres on the disk of .*: free some/)
  expect(readdirSync(join(dataDir, 'postgres')).filter((name) => /^(draft|cluster)/.test(name))).toEqual([])
})

describe('the demo', () => {
  const startDemo = (folder: string) => {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
    return startCli(['demo'], { TMPDIR: folder }, { cwd, leadsGroup: true })
  }

  test('ends within seconds when its Postgres ends, says so, and leaves no files', async () => {
    const temporary = join(cwd, 'killed')
    const demo = startDemo(temporary)
    await demo.written(/the pass saw/)
    const [folder = ''] = readdirSync(temporary)
    const pidFile = join(temporary, folder, 'postgres/cluster/postmaster.pid')
    process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGKILL')
    expectOneSentence(
      await demo.finished,
      75,
      /^The demo ends, because its Postgres is unusable: .*Run it again$/,
    )
    expect(readdirSync(temporary)).toEqual([])
  })

  test('ends when the disk of its Postgres is full, and leaves no files', async ({ skip }) => {
    const temporary = join(cwd, 'full')
    mkdirSync(temporary)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', temporary])
    skip(mounted.status !== 0, 'no right to mount a small disk')
    try {
      const demo = startDemo(temporary)
      await demo.written(/the pass saw/)
      spawnSync('dd', ['if=/dev/zero', `of=${join(temporary, 'filler')}`, 'bs=1M'])
      expectOneSentence(await demo.finished, 75, /^The disk of .* is full: free about 300 MB, or set TMPDIR/)
      expect(readdirSync(temporary)).toEqual(['filler'])
    } finally {
      spawnSync('umount', ['-l', temporary])
    }
  })

  test('stopped by Ctrl-C during initdb prints only that, and leaves no files', async () => {
    const temporary = join(cwd, 'stopped')
    const demo = startDemo(temporary)
    const inDatabase = () => readdirSync(temporary).map((folder) => join(temporary, folder, 'postgres'))
    await until('initdb runs', () =>
      inDatabase().some(
        (folder) => existsSync(folder) && readdirSync(folder).some((name) => /^draft-[^.]*$/.test(name)),
      ),
    )
    // As a terminal sends it: to all that are of the same group.
    process.kill(-(demo.child.pid ?? 0), 'SIGINT')
    expect(await demo.finished).toEqual({
      code: 75,
      stdout: expect.stringContaining('Stopped. All files of the demo are removed.'),
      stderr: expect.not.stringMatching(/initdb|disk/),
    })
    expect(readdirSync(temporary)).toEqual([])
  })
})
