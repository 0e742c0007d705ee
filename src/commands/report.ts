/** `report`: the report for managers as one file. */
import { Option } from 'commander'
import { defineCommand } from '../terminal/command.ts'
import type { ReportOptions } from './report/run.ts'

export const command = defineCommand<ReportOptions>({
  group: 'Share, and keep private:',
  description: 'the report for managers as one file, without links or scripts: to mail, to print, to keep',
  options: [
    new Option(
      '--out <file>',
      'where to write it, in place of what is there; - for stdout',
    ).makeOptionMandatory(),
    new Option('--days <7|28|90>', 'how far back it looks'),
    new Option('--teammate <id>', 'only this teammate'),
    new Option('--queue <id>', 'only this queue'),
    new Option('--team <id>', 'which team, where the database has several'),
  ],
  help: 'Needs no API key. The file shows the performance of named people: it is readable by you alone.',
  action: async (options) => (await import('./report/run.ts')).runReport(options),
})
