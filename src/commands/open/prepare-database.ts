import { setUpRoles } from '../../access/roles.ts'
import type { Config } from '../../config/config.ts'
import { type Migrated, migrateDatabase } from '../../store/migrate/migrate.ts'

/**
 * Migrates the database to this version and sets up the roles of its readers. `note`: why the roles are missing, or a
 * warning about them; null: none.
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
