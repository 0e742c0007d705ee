// The Node that the program runs on: the one that started it, or, where that one is too old, the one npm installed
// with the package. It is found by its package and not by node_modules/.bin/node: npm up to 11.0 leaves that link
// out, and neither cron, systemd nor a global install has it on PATH.
//
// These files must load in any old Node, so that it can say that it is too old: CommonJS, old names of Node's modules,
// and no syntax newer than Node 12.
const { spawn } = require('child_process')
const { existsSync } = require('fs')
const { constants } = require('os')
const { delimiter, dirname } = require('path')

const OLDEST = [22, 19]
const exitCodes = { bug: 70, configuration: 78 }
/** Tells the program which process started it on another Node. */
const STARTED_BY = 'ALLO_QUEUE_MIRROR_STARTED_BY'
const { [STARTED_BY]: startedBy, npm_command: npmCommand } = process.env
delete process.env[STARTED_BY]
const WATCH_PARENT_EVERY_MS = 500

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** Path of a Node that is new enough. Null, after saying what to do, when there is none. */
function findNode() {
  if (isNewEnough()) return process.execPath
  // The second try would start a third one, and so on.
  const packaged = startedBy === undefined ? findPackagedNode() : null
  if (packaged === null) console.error(tooOld())
  return packaged
}

/** Also found where the package is nested, hoisted or linked: its own folder is where the search begins. */
function findPackagedNode() {
  const platform = `${process.platform}-${process.arch}`
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    try {
      const path = require.resolve(`${name}/bin/node`)
      // Yarn's Plug'n'Play resolves into archives, and what is in an archive can't be run.
      if (process.versions.pnp === undefined && existsSync(path)) return path
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return null
}

function tooOld() {
  const found = `This is Node ${process.versions.node}; ${OLDEST.join('.')} or newer is needed.`
  if (process.versions.pnp !== undefined) {
    return `${found} Yarn's Plug'n'Play can't run the one that comes with the package: set "nodeLinker: node-modules" in .yarnrc.yml and run yarn install, or install a newer Node.`
  }
  return `${found} The one that comes with the package is missing, because optional packages were left out or node_modules is from another machine: install again with --include=optional, or install a newer Node.`
}

/**
 * Runs a program to its end, as if it were this process: its standard streams, exit code and signals are ours. Node
 * can't replace its own process before 22.15, so we stay as its parent and hand on signals.
 */
function run(file, args, { node, env = {} }) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  const PATH = [dirname(node), env.PATH || process.env.PATH].filter(Boolean).join(delimiter)
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env, PATH } })
  // A Ctrl-C on a terminal reaches both of us, so the program sees it twice: see isWrapped.
  const handOn = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, handOn)
  child.on('error', (error) => {
    console.error(`${file} can't be started (${error.code}): install again with npm ci.`)
    process.exit(exitCodes.configuration)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    // Who started us sees the signal that ended the program.
    for (const name of signals) process.off(name, handOn)
    process.kill(process.pid, signal)
    // Not every signal ends a process at once.
    setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 1000)
  })
}

/** Runs one of our own programs on another Node. */
function runOn(node, file, args) {
  const env = { [STARTED_BY]: String(process.pid) }
  run(node, [...process.execArgv, file, ...args], { node, env })
}

/** Whether another process passes on signals to us, so that a Ctrl-C on a terminal arrives more than once. */
const isWrapped = startedBy !== undefined || npmCommand !== undefined

/**
 * Ends this process in order when the one that started it is gone: the process that waits in `runOn` was killed, or npx ended the
 * shell it starts programs in, which does not hand on signals. Otherwise it would work on unseen.
 */
function endWithParent() {
  if (startedBy === undefined && npmCommand !== 'exec') return
  const parent = startedBy === undefined ? process.ppid : Number(startedBy)
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, WATCH_PARENT_EVERY_MS)
  timer.unref()
}

module.exports = { isNewEnough, isWrapped, findNode, run, runOn, endWithParent, exitCodes }
