// For the scripts of package.json: runs a tool of node_modules, or a TypeScript file, on a Node that is new enough.
//   node bin/with-node.js vitest run
//   node bin/with-node.js bench/main.ts --quick
const { delimiter, join, resolve } = require('path')
const { pathToFileURL } = require('url')
const { endWithParent, exitCodes, findNode, isNewEnough, run, runOn } = require('./node-runtime.js')

const [program, ...args] = process.argv.slice(2)
endWithParent()
const node = findNode()
if (node === null) process.exit(exitCodes.configuration)
if (!program.endsWith('.ts')) {
  const PATH = [join(__dirname, '../node_modules/.bin'), process.env.PATH].join(delimiter)
  run(program, args, { node, env: { PATH } })
} else if (isNewEnough()) {
  process.argv.splice(1, 1)
  import(pathToFileURL(resolve(program)).href)
} else runOn(node, __filename, process.argv.slice(2))
