/** `worker`: the service. */
import { configurationHelp, defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Mirror the queues:',
  description: 'the service: reads all queues on a schedule, until it is stopped',
  help: configurationHelp,
  action: async () => (await import('./worker/run.ts')).runWorker(),
})
