/** `report`: the report for managers as one file. */
import { Option } from 'commander'
import { calendarPeriods, periods } from '../report/filters.ts'
import { defineCommand } from '../terminal/command.ts'
import type { ReportOptions } from './report/run.ts'

export const command = defineCommand<ReportOptions>({
  group: 'Share data and protect personal data:',
  description: 'write the report for managers to one file, without scripts and links to elsewhere',
  options: [
    new Option(
      '--out <file>',
      'where to write it; an existing file is replaced; - for stdout',
    ).makeOptionMandatory(),
    new Option(`--days <${periods.join('|')}>`, 'length of the period in days, until the last reading'),
    new Option(`--period <${calendarPeriods.join('|')}>`, 'a day, week or month of the calendar'),
    new Option('--from <date>', 'first day of the period, such as 2026-11-02; with --to'),
    new Option('--to <date>', 'last day of the period; with --from'),
    new Option('--teammate <id>', 'only this teammate'),
    new Option('--queue <id>', 'only this queue'),
    new Option('--team <id>', 'which team, if the database has several'),
  ],
  help: 'Needs no API key. Only you can read the file, because it shows the performance of named people.',
  action: async (options) => (await import('./report/run.ts')).runReport(options),
})
