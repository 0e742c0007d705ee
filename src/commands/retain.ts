/** `retain`: erases data that are older than configured. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Share data and protect personal data:',
  description: 'erase now what is older than RETAIN_…_DAYS; a worker does this once a day',
  help: 'You can stop it at any time, and run it beside a worker. docs/privacy.md says what it erases.',
  action: async () => (await import('./retain/run.ts')).runRetain(),
})
