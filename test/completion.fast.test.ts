/** `completion`: what the shells themselves make of its scripts. zsh and fish only where they are installed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProgram } from '../src/cli.ts'
import { wordsOf } from '../src/commands/completion/words.ts'
import { checkoutExecutable } from './support/executable.ts'

const folder = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

let commands: Awaited<ReturnType<typeof wordsOf>>
beforeAll(async () => {
  commands = wordsOf(await createProgram(undefined, (work) => async () => void (await work())))
})

const pathIn = (name: string) => join(folder, name)

const run = (...args: string[]) =>
  execFileSync(process.execPath, [checkoutExecutable, ...args], { encoding: 'utf8' })

/** The file of the script that the program prints for a shell. */
function scriptFor(shell: string): string {
  writeFileSync(pathIn(shell), run('completion', shell))
  return pathIn(shell)
}

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** By the line that was typed, what the shell offers at its end. `ask` lets the shell complete the words `$1`, `$2`, …. */
function offered(shell: string, ask: string, lines: readonly string[]): Record<string, string[]> {
  const answers = lines.map((line) => {
    const words = ['-c', ask, shell, ...line.split(' ')]
    return execFileSync(shell, words, { encoding: 'utf8', cwd: folder }).split('\n').filter(Boolean)
  })
  return Object.fromEntries(lines.map((line, index) => [line, answers[index] ?? []]))
}

test('bash completes every command and its options, choices and files, and nothing where any text can be', () => {
  const script = scriptFor('bash')
  writeFileSync(pathIn('my report.html'), '')
  const ask = `set -u; source ${script}; COMP_WORDS=(allo-queue-mirror "$@"); COMP_CWORD=$#
    _allo_queue_mirror 2>&1; printf '%s\\n' "\${COMPREPLY[@]-}"`
  expect(
    offered('bash', ask, [
      '',
      'sy',
      'sync --',
      'sync --json --d',
      'sync --user ',
      'grant --role ',
      'report --days 2',
      'report --period ',
      'help s',
      'report --out my',
      'completion ',
      'export my',
      'unknown --',
      ...commands.map(({ name }) => `${name} --`),
    ]),
  ).toEqual({
    '': [...commands.map(({ name }) => name), '--help', '--version'],
    sy: ['sync'],
    'sync --json --d': ['--dry-run'],
    'sync --user ': [],
    'grant --role ': ['reader', 'pii'],
    'report --days 2': ['28'],
    'report --period ': ['today', 'yesterday', 'week', 'month'],
    'help s': commands.map(({ name }) => name).filter((name) => name.startsWith('s')),
    'report --out my': ['my report.html'],
    'export my': ['my report.html'],
    'completion ': ['bash', 'zsh', 'fish', '--help'],
    'unknown --': [],
    ...Object.fromEntries(
      commands.map(({ name, options }) => [`${name} --`, options.map(({ flag }) => flag)]),
    ),
  })
})

test('the line for .bashrc works in bash 3.2 too, where source reads nothing from a process substitution', () => {
  writeFileSync(
    pathIn('allo-queue-mirror'),
    `#!/bin/sh\nexec '${process.execPath}' '${checkoutExecutable}' "$@"\n`,
    {
      mode: 0o755,
    },
  )
  const [, line = ''] = /In ~\/\.bashrc: +(.+)/.exec(run('completion', '--help')) ?? []
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`${line}\``)
  expect(line).not.toContain('<(')
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
  expect(
    execFileSync('bash', ['-c', `${line}; complete -p allo-queue-mirror`], { encoding: 'utf8', env }),
  ).toBe('complete -F _allo_queue_mirror allo-queue-mirror\n')
})

test('zsh is given every command with its description, and the options of a command', ({ skip }) => {
  if (!isInstalled('zsh')) return skip('zsh is not installed')
  const script = scriptFor('zsh')
  const ask = `compdef() { }; _describe() { print -rl -- $commands }; _arguments() { print -rl -- "$@" }
    source ${script}; words=(allo-queue-mirror "$@"); CURRENT=$#words; _allo_queue_mirror`
  const answers = offered('zsh', ask, ['s', 'grant --', 'completion '])
  expect(answers.s).toEqual(commands.map(({ name, description }) => `${name}:${description}`))
  expect(answers['grant --']?.flatMap((spec) => /^\*?(--\w+)/.exec(spec)?.[1] ?? [])).toEqual([
    '--role',
    '--revoke',
    '--help',
  ])
  expect(answers['completion ']?.[0]).toBe('1:shell:(bash zsh fish)')
})

test('fish completes commands with their descriptions, options and choices', ({ skip }) => {
  if (!isInstalled('fish')) return skip('fish is not installed')
  const script = scriptFor('fish')
  const ask = `source ${script}; complete -C "allo-queue-mirror $argv[2..]"`
  const answers = offered('fish', ask, ['sy', 'sync --d', 'completion b'])
  expect(answers).toEqual({
    sy: ['sync\trun one pass over all teammates now'],
    'sync --d': [expect.stringMatching(/^--dry-run\t/)],
    'completion b': ['bash'],
  })
})
