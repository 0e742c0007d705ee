/** `health`: whether the worker is alive. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'See whether all is well:',
  description:
    'whether the worker of this configuration is alive: asks /healthz; for the HEALTHCHECK of an image',
  help: 'Exit codes: 0 alive, 75 no answer, 78 something must be changed.',
  action: async () => (await import('./health/run.ts')).runHealth(),
})
