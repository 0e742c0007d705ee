/** The results of the bench, one line each, with the bound that must hold. */
import type { Comparison } from './measure.ts'

export interface Figure {
  readonly what: string
  readonly measured: string
  /** Empty: no bound. */
  readonly bound: string
  /** Null: no bound. */
  readonly holds: boolean | null
  readonly detail: string
}

/** Whether the measured value is within the bound. Both end with the unit. */
export function bounded(
  what: string,
  value: number,
  bound: { readonly atMost: number } | { readonly atLeast: number } | null,
  { unit = '', digits = 2, detail = '' }: { unit?: string; digits?: number; detail?: string } = {},
): Figure {
  const measured = `${value.toFixed(digits)}${unit}`
  if (bound === null) return { what, measured, bound: '', holds: null, detail }
  if ('atMost' in bound)
    return { what, measured, bound: `≤ ${bound.atMost}${unit}`, holds: value <= bound.atMost, detail }
  return { what, measured, bound: `≥ ${bound.atLeast}${unit}`, holds: value >= bound.atLeast, detail }
}

export function ratio(what: string, comparison: Comparison, atMost: number | null): Figure {
  const { spread, oursMs, baselineMs } = comparison
  const [least, most] = spread.map((value) => value.toFixed(2))
  return bounded(what, comparison.ratio, atMost === null ? null : { atMost }, {
    unit: ' ×',
    detail: `${least}–${most}; ${milliseconds(oursMs)} by ${milliseconds(baselineMs)}`,
  })
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`
}

export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, measured, bound, holds, detail }) => [
    what,
    measured,
    bound,
    holds === null ? '' : holds ? 'holds' : 'BROKEN',
    detail,
  ])
  const head = ['', 'measured', 'bound', '', 'min–max; medians']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const isNumber = (column: number) => column === 1 || column === 2
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
  const line = (row: readonly string[]) => row.map(pad).join('  ').trimEnd()
  return [head, ...rows].map(line).join('\n')
}
