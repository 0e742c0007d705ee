/**
 * A Node that reports version 20.20.2, as on many machines, and the layouts in which package managers install our Node.
 */
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const packagedNode = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`

/** A folder for PATH with nothing but `node`. Programs that it starts on another Node see their own version. */
export function installOldNode(folder: string): string {
  const bin = join(folder, 'old-node')
  mkdirSync(bin, { recursive: true })
  const preload = join(bin, 'old-version.cjs')
  writeFileSync(
    preload,
    `if (process.env.ALLO_QUEUE_MIRROR_STARTED_BY === undefined)
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })\n`,
  )
  return writeProgram(join(bin, 'node'), `exec '${process.execPath}' --require '${preload}' "$@"`)
}

/** A package of our name whose program is `program`; `packages` is the node_modules it lies in. */
export function installPackage(packages: string, program: string): string {
  const home = join(packages, 'allo-queue-mirror')
  mkdirSync(join(home, 'dist'), { recursive: true })
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(home, 'dist/cli.js'), program)
  return join(home, 'bin/allo-queue-mirror.js')
}

/** The package that carries Node, as far as it matters here: a program that shows who started it. */
export function installPackagedNode(packages: string): void {
  const home = join(packages, packagedNode)
  mkdirSync(join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'package.json'), `{ "name": "${packagedNode}" }`)
  writeProgram(join(home, 'bin/node'), `PACKAGED_NODE=1 exec '${process.execPath}' "$@"`)
}

function writeProgram(path: string, script: string): string {
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return dirname(path)
}
