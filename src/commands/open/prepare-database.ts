import { setUpRoles } from '../../access/roles.ts'
import type { Config } from '../../config/config.ts'
import { type Migrated, migrateDatabase } from '../../store/migrate/migrate.ts'

/**
 * Brings the database to this version, and the roles of its readers in place. `note`: why the roles are not, or what
 * should be known about them; null: nothing.
 */
export async function prepareDatabase(
  { rolePrefix }: Pick<Config, 'rolePrefix'>,
  url: string,
): Promise<Migrated & { note: string | null }> {
  let note: string | null = null
  const migrated = await migrateDatabase(url, async (pool) => {
    if (rolePrefix !== null) ({ note } = await setUpRoles(pool, rolePrefix))
  })
  return { ...migrated, note }
}
