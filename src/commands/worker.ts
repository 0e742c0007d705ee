/** `worker`: the service. */
import { configurationHelp, defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Mirror the queues:',
  description: 'the service: runs passes on a schedule until you stop it',
  help: configurationHelp,
  action: async () => (await import('./worker/run.ts')).runWorker(),
})
