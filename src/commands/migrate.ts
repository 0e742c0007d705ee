/** `migrate`: brings the database to this version. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Mirror the queues:',
  description:
    'migrate the database to this version; sync and worker do this themselves unless AUTO_MIGRATE=false',
  help: 'Idempotent, and safe to run in parallel. Refuses a database newer than itself (exit 78).',
  action: async () => (await import('./migrate/run.ts')).runMigrate(),
})
