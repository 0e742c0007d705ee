/**
 * Formats rows as aligned columns: numbers right, everything else left, nulls empty. Lines have no trailing spaces and no
 * escape codes.
 */
import stringWidth from 'string-width'
import { printable } from '../text/printable.ts'

export type Cell = string | number | boolean | null

export function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => columns.map((_, column) => text(row[column] ?? null)))
  const isNumeric = columns.map((_, column) =>
    rows.every((row) => typeof row[column] === 'number' || (row[column] ?? null) === null),
  )
  const widths = columns.map((name, column) =>
    Math.max(...[name, ...texts.map((row) => row[column] ?? '')].map((cell) => stringWidth(cell))),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        // Chinese, Japanese and Korean characters take two columns of a terminal, combining ones none.
        const padding = ' '.repeat((widths[column] ?? 0) - stringWidth(cell))
        return isNumeric[column] ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  return [line(columns), widths.map((width) => '─'.repeat(width)).join('  '), ...texts.map(line)]
}

function text(cell: Cell): string {
  return cell === null ? '' : printable(String(cell))
}
