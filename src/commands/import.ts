/** `import`: fills an empty database with an export. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Move or keep the whole mirror:',
  description: 'fill an empty database with a file or pipe of export, completely or not at all',
  argument: ['<file>', 'a file that export wrote; - for stdin'],
  help: `DATABASE_URL says into which database. Migrates it first. You can stop it at any time and repeat it.
Exits 65 if the file is damaged, incomplete or no export, 75 if another process uses the database, 78 if it is not empty.`,
  action: async (_, [file = '-']) => (await import('./import/run.ts')).runImport(file),
})
