/** `completion`: a script that completes commands and options in a shell. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Set up your shell:',
  description: 'print a script that completes commands and options when you press Tab',
  argument: ['<shell>', 'which shell', ['bash', 'zsh', 'fish']],
  // bash 3.2 of macOS reads nothing from `source <(…)`.
  help: `In ~/.bashrc:  eval "$(allo-queue-mirror completion bash)"
In ~/.zshrc:   source <(allo-queue-mirror completion zsh)     # after compinit
For fish:      allo-queue-mirror completion fish > ~/.config/fish/completions/allo-queue-mirror.fish`,
  action: async (_, [shell = ''], program) =>
    (await import('./completion/run.ts')).runCompletion(shell, program),
})
