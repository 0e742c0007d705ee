/** `forget`: erases one person's number. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'

interface Options {
  readonly suppress: boolean
  readonly dryRun: boolean
}

export const command = defineCommand<Options>({
  group: 'Share, and keep private:',
  description:
    "erase one person's number, read from stdin, from the mirror and its history; no count changes",
  options: [
    new Option('--suppress', 'also from now on: mirror it without its number, wherever it stands').default(
      false,
    ),
    new Option('--dry-run', 'say what would be erased; change nothing').default(false),
  ],
  // Commander would repeat the number; our refusal does not.
  allowExcessArguments: true,
  help: `Exit codes: 0 erased, 64 not one number, 65 not erased: not on record, only numbers like it are, or Allo still shows it.
The message says which. See docs/privacy.md.`,
  action: async (options, args) =>
    (await import('./forget/run.ts')).runForget({ ...options, isNumberOnCommandLine: args.length > 0 }),
})
