/** `completion`: prints the script for a shell. Generated from commander, so that it has every command and option. */
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { print } from '../../terminal/output.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { wordsOf } from './words.ts'
import { zshScript } from './zsh.ts'

const scripts: Readonly<Record<string, typeof bashScript>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `shell` is one of the choices of the argument. The script completes without starting this program. */
export async function runCompletion(shell: string, program: Command): Promise<ExitCode> {
  print(scripts[shell]?.(program.name(), wordsOf(program)) ?? '')
  return exitCodes.ok
}
