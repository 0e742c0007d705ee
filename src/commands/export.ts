/** `export`: the whole mirror as one file. */
import { defineCommand } from '../terminal/command.ts'

export const command = defineCommand({
  group: 'Move or keep the whole mirror:',
  description: 'write the whole mirror, with its history and its phone numbers, to one file or to a pipe',
  argument: ['[file]', 'where to write it, such as mirror.jsonl.gz; without it, stdout'],
  help: `Needs no API key, and works beside a worker. Only you can read the file. To move to another Postgres:
  allo-queue-mirror export | DATABASE_URL=postgresql://… allo-queue-mirror import -
Exits 64 if the file can't be written, 75 if the export is incomplete, 78 if a right is missing.`,
  action: async (_, [file]) => (await import('./export/run.ts')).runExport(file ?? '-'),
})
