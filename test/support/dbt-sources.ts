/** Writes bi/dbt/models/*.yml from the comments of schema reporting and from the dashboard. */
import type { Pool } from '../../src/store/postgres/database.ts'

const header = (command: string) =>
  `# Written by \`${command}\` from the comments in the database and the dashboard; don't edit.\nversion: 2\n`
const command = 'npx vitest run test/bi.test.ts -u'

/** Every view and column, with what it means. Quoted as JSON, which YAML takes. */
export async function sourcesYaml(pool: Pool): Promise<string> {
  const { rows: schemas } = await pool.query<{ meaning: string }>(
    `select obj_description('reporting'::regnamespace, 'pg_namespace') as meaning`,
  )
  const { rows: columns } = await pool.query<{
    view_name: string
    view_meaning: string
    column_name: string
    data_type: string
    meaning: string
  }>(
    `select view_name, view_meaning, column_name, data_type, meaning from reporting.data_dictionary
     where schema_name = 'reporting' and kind = 'view' order by view_name, position`,
  )
  const lines = [
    `sources:`,
    `  - name: reporting`,
    `    schema: reporting`,
    `    description: ${JSON.stringify(schemas[0]?.meaning)}`,
    `    tables:`,
  ]
  for (const [index, { view_name, view_meaning, column_name, data_type, meaning }] of columns.entries()) {
    if (view_name !== columns[index - 1]?.view_name) {
      lines.push(`      - name: ${view_name}`, `        description: ${JSON.stringify(view_meaning)}`)
      if (view_name === 'teams') lines.push(...freshness)
      lines.push(`        columns:`)
    }
    const column = [
      `name: ${column_name}`,
      `data_type: ${data_type}`,
      `description: ${JSON.stringify(meaning)}`,
    ]
    lines.push(`          - { ${column.join(', ')} }`)
  }
  return `${header(command)}${lines.join('\n')}\n`
}

/** An unchanged queue is not stale: only the readings themselves tell how fresh all of it is. */
const freshness = [
  `        config:`,
  `          loaded_at_field: data_as_of`,
  `          freshness:`,
  `            warn_after: { count: 15, period: minute }`,
  `            error_after: { count: 60, period: minute }`,
]

/** The dashboard as dbt knows it: which views it rests on. */
export function exposuresYaml(
  dashboard: { title: string; description: string },
  views: readonly string[],
): string {
  const lines = [
    `exposures:`,
    `  - name: allo_queues_dashboard`,
    `    label: ${JSON.stringify(dashboard.title)}`,
    `    type: dashboard`,
    `    description: ${JSON.stringify(`${dashboard.description} bi/grafana/dashboards/allo-queues.json`)}`,
    `    owner: { name: Sales operations }`,
    `    depends_on:`,
    ...views.map((view) => `      - source('reporting', '${view}')`),
  ]
  return `${header(command)}${lines.join('\n')}\n`
}
