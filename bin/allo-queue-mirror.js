#!/usr/bin/env node
// A checkout runs its TypeScript as it stands; the published package has no src and runs what tsc made of it.
const { existsSync } = require('fs')
const { join } = require('path')
const { pathToFileURL } = require('url')
const { endWithParent, exitCodes, findNode, isNewEnough, isWrapped, runOn } = require('./node-runtime.js')

function main() {
  endWithParent()
  if (isNewEnough()) return runHere()
  const node = findNode()
  if (node === null) process.exit(exitCodes.configuration)
  runOn(node, __filename, process.argv.slice(2))
}

function runHere() {
  hideExperimentalWarnings()
  const source = join(__dirname, '../src/cli.ts')
  const program = existsSync(source) ? source : join(__dirname, '../dist/cli.js')
  return import(pathToFileURL(program).href).then(({ main }) => main(process.argv, { isWrapped }))
}

// Node 22 calls running TypeScript an experiment, on every start. A flag in the first line would hide the warning,
// but not from those who start us as `node bin/allo-queue-mirror.js`.
function hideExperimentalWarnings() {
  const { emitWarning } = process
  process.emitWarning = (warning, ...rest) => {
    const [type] = rest
    const name = typeof type === 'object' && type !== null ? type.type : type
    if (name !== 'ExperimentalWarning') emitWarning(warning, ...rest)
  }
}

main()
