/** Formats of timestamps in the API. Each writes the same instant, in UTC unless noted. */
export type TimestampStyle = 'naive' | 'Z' | 'offset' | 'micros' | 'mixed'

const WRITTEN = ['created_at', 'updated_at', 'call_start_date']
const MIXED: readonly TimestampStyle[] = ['naive', 'Z', 'offset', 'micros']

export function writeTimestamps<T extends object>(row: T, style: TimestampStyle): T {
  if (style === 'naive') return row
  const written = Object.entries(row).map(([field, value], index) => {
    if (!WRITTEN.includes(field) || typeof value !== 'string') return [field, value]
    // Mixed by field and instant, so that a row reads the same on every page and at every reading.
    const chosen = style === 'mixed' ? MIXED[(index + value.charCodeAt(18)) % MIXED.length] : style
    return [field, writeTimestamp(value, chosen ?? 'naive')]
  })
  return Object.assign({}, row, Object.fromEntries(written))
}

function writeTimestamp(naive: string, style: TimestampStyle): string {
  if (style === 'Z') return `${naive}Z`
  if (style === 'micros') return naive.includes('.') ? naive : `${naive}.000000`
  if (style !== 'offset') return naive
  const shifted = new Date(Date.parse(`${naive.slice(0, 19)}Z`) + 2 * 3_600_000).toISOString().slice(0, 19)
  return `${shifted}${naive.slice(19)}+02:00`
}
