/**
 * Computes the SCRAM verifier that Postgres stores for a password. It is enough to check a login, but not to log in. We
 * compute it here, because statements may be logged, and the password must not be in one.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** The default of Postgres. */
const ITERATIONS = 4096

/** `password`: ASCII, for which no normalising (SASLprep) is needed. RFC 5802 and 7677. */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const serverKey = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
