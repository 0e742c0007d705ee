/** `health`: whether the worker is alive. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Check that it works:',
  description: 'call /healthz of the worker with this configuration; for the HEALTHCHECK of an image',
  help: 'Exit codes: 0 alive, 75 no answer, 78 change the configuration.',
  action: async () => (await import('./health/run.ts')).runHealth(),
})
