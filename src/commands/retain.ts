/** `retain`: erases what is older than configured. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Share, and keep private:',
  description: 'erase now what is older than RETAIN_…_DAYS; a worker does it once a day',
  help: 'May be stopped, and run beside a worker. What it erases is listed in docs/privacy.md.',
  action: async () => (await import('./retain/run.ts')).runRetain(),
})
