/** A login as `grant` creates it for an analyst or a tool, with its own roles, because roles belong to the server. */
import { randomBytes } from 'node:crypto'
import { grantLogin } from '../../src/access/login.ts'
import { roleNames, setUpRoles } from '../../src/access/roles.ts'
import { openPool, type Pool } from '../../src/store/postgres/database.ts'
import type { TestDatabase } from './database.ts'

export interface Reader {
  readonly pool: Pool
  readonly url: URL
  drop(): Promise<void>
}

export async function createReader(database: TestDatabase): Promise<Reader> {
  const prefix = `t_${randomBytes(5).toString('hex')}`
  const roles = roleNames(prefix)
  const login = `${prefix}_analyst`
  const password = 'only here'
  await setUpRoles(database.pool, prefix)
  await grantLogin(database.pool, { login, role: 'reader', roles, password, exists: false })
  const url = new URL(database.url)
  url.username = login
  url.password = password
  const pool = openPool(url.href, { max: 4, name: 'reader' })
  return {
    pool,
    url,
    async drop() {
      await pool.end()
      const made = [login, roles.pii, roles.reader, roles.writer].join(', ')
      await database.pool.query(`drop owned by ${made}; drop role ${made}`)
    },
  }
}
