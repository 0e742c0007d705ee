/** The tarball that npm would publish, installed into an empty project. Its dependencies are linked, not downloaded. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const root = fileURLToPath(new URL('../../', import.meta.url))
const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })])

export interface InstalledPackage {
  readonly folder: string
  readonly bytes: number
  /** Their paths inside the package. */
  readonly files: readonly string[]
}

/** `project` is an existing folder. Builds outside the checkout, so that a `dist` there is left alone. */
export function installPackage(project: string): InstalledPackage {
  const staged = join(project, 'staged')
  stage(staged)
  const [{ filename, files }] = packed.parse(
    JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], staged)),
  )
  const folder = join(project, 'node_modules', 'allo-queue-mirror')
  mkdirSync(folder, { recursive: true })
  const tarball = join(project, filename)
  run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], project)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { folder, bytes: statSync(tarball).size, files: files.map(({ path }) => path) }
}

/** What `npm run build` makes, beside the other files of the package. */
function stage(staged: string): void {
  const dist = join(staged, 'dist')
  compile(['-p', join(root, 'tsconfig.build.json'), '--outDir', dist], root)
  run(process.execPath, [join(root, 'bin', 'public-declarations.js'), dist], root)
  const { files } = z
    .object({ files: z.array(z.string()) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  const named = files.filter((name) => name !== 'dist' && !name.startsWith('!'))
  for (const name of ['package.json', 'README.md', 'LICENSE', ...named]) {
    mkdirSync(dirname(join(staged, name)), { recursive: true })
    const path = join(root, name)
    if (statSync(path).isDirectory()) cpSync(path, join(staged, name), { recursive: true })
    else copyFileSync(path, join(staged, name))
  }
}

/** Runs tsc. Throws what it prints. */
export function compile(args: readonly string[], cwd: string): void {
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...args], cwd)
}

function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const said = z.object({ stdout: z.string(), stderr: z.string() }).safeParse(error)
    throw new Error(`${program} failed: ${said.data?.stdout ?? ''}${said.data?.stderr ?? ''}`, {
      cause: error,
    })
  }
}
