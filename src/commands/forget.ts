/** `forget`: erases one person's number. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'

interface Options {
  readonly suppress: boolean
  readonly dryRun: boolean
}

export const command = defineCommand<Options>({
  group: 'Share data and protect personal data:',
  description:
    "erase one person's number, read from stdin, from the mirror and its history; no count changes",
  options: [
    new Option('--suppress', 'also mirror it without its phone number from now on').default(false),
    new Option('--dry-run', 'show what would be erased; change nothing').default(false),
  ],
  // Commander's refusal would print the number; ours does not.
  allowExcessArguments: true,
  help: `Exit codes: 0 erased; 64 not exactly one number; 65 not erased, because it is not on record, only similar numbers
are, or Allo still shows it. The message gives the reason. See docs/privacy.md.`,
  action: async (options, args) =>
    (await import('./forget/run.ts')).runForget({ ...options, isNumberOnCommandLine: args.length > 0 }),
})
