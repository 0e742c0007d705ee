/** `migrate`: brings the database to this version. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Mirror the queues:',
  description: 'bring the database to this version; sync does it by itself unless AUTO_MIGRATE=false',
  help: 'Safe to run twice, and by two at once. Refuses a database newer than itself (exit 78).',
  action: async () => (await import('./migrate/run.ts')).runMigrate(),
})
