/** The faults that `npm run mutate` plants in SQL. */
import { expect, test } from 'vitest'
import { editsOfSql } from './mutation/edits-of-sql.ts'

function mutantsOf(source: string): string[] {
  return editsOfSql(source).map(({ start, end, text }) => source.slice(0, start) + text + source.slice(end))
}

const inQuery = (text: string) => `sql\`select 1 from t where ${text}\``

test.each<[sql: string, mutants: readonly string[]]>([
  ['a < b', ['true', 'a <= b']],
  ['a >= ${b}', ['true', 'a > ${b}']],
  ['a = 1 and not b', ['true and not b', 'a = 1 and true', 'a = 1 and b']],
  [
    '(a is null or b)',
    ['true', '(false or b)', '(a is not null or b)', '(a is null and b)', '(a is null or false)'],
  ],
  ['a is distinct from b', ['true', 'a is not distinct from b']],
  ['coalesce(a, ${f(b, c)})', ['true', 'a', '${f(b, c)}']],
  ["a in ('x', 'y')", ['true', "a in ('y')", "a in ('x')"]],
  ['a group by b', ['true group by b']],
])('a condition, %s, is dropped or changed', (sql, mutants) => {
  expect(mutantsOf(inQuery(sql)).sort()).toEqual(mutants.map(inQuery).sort())
})

test('each part of an order is left out', () => {
  expect(mutantsOf('sql`order by a desc, b limit 1`').sort()).toEqual(
    [
      'sql`order by b limit 1`',
      'sql`order by a desc limit 1`',
      'sql`order by a, b limit 1`',
      'sql`order by a desc, b`',
    ].sort(),
  )
})

test('a template within another one has its own faults', () => {
  const source = 'sql`select ${sql`least(${a}, b)`} from t`'
  expect(mutantsOf(source).sort()).toEqual([
    'sql`select ${sql`${a}`} from t`',
    'sql`select ${sql`b`} from t`',
    'sql`select ${sql`greatest(${a}, b)`} from t`',
  ])
})

test('a statement whose result is not used is dropped, such as a lock', () => {
  const source =
    'function f() {\n  await lock(\n    client,\n    sql`select 1`,\n  )\n  await orm(db).update(t).where(x)\n}'
  expect(mutantsOf(source)).toEqual([
    'function f() {\n\n  await orm(db).update(t).where(x)\n}',
    'function f() {\n  await lock(\n    client,\n    sql`select 1`,\n  )\n\n}',
  ])
})

test('a condition of a drizzle query is dropped', () => {
  expect(mutantsOf('.where(and(eq(a, b), isNull(c)))')).toEqual([
    '.where(and(undefined, isNull(c)))',
    '.where(and(eq(a, b), undefined))',
  ])
})

test('code outside of SQL is left alone', () => {
  expect(mutantsOf('if (a < b && c) return `a < b`')).toEqual([])
})
