#!/usr/bin/env node
// A checkout runs its TypeScript as it stands; the published package has no src and runs what tsc made of it.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `This is Node ${process.versions.node}; 22.19 or newer is needed. npm installs one with the package: ` +
      'start it with npx allo-queue-mirror, and install without --omit=optional.',
  )
  process.exit(78)
}

// Node 22 calls running TypeScript an experiment, on every start. A flag in the first line would hide the warning,
// but not from those who start us as `node bin/allo-queue-mirror.js`.
const { emitWarning } = process
process.emitWarning = (warning, ...rest) => {
  const [type] = rest
  const name = typeof type === 'object' ? type?.type : type
  if (name !== 'ExperimentalWarning') emitWarning(warning, ...rest)
}

const source = new URL('../src/cli.ts', import.meta.url)
const { main } = await import(
  existsSync(source) ? source.href : new URL('../dist/cli.js', import.meta.url).href
)
await main(process.argv)
