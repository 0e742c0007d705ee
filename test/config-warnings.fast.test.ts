/** Settings that are valid but probably not intended. */
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { connectionsInClear } from '../src/config/plaintext.ts'

const configOf = (env: Record<string, string>) => loadConfig({ ALLO_API_KEY: 'ak_live_1', ...env })
const warningsOf = (env: Record<string, string>) => configOf(env).warnings
const inClear = (env: Record<string, string>) => connectionsInClear(configOf(env))

test.each([
  ['SYNC_EVRY', 'SYNC_EVERY'],
  ['SYNC_TIMEZONE', 'SYNC_TIME_ZONE'],
  ['ALLO_API_KY', 'ALLO_API_KEY'],
  ['allo_api_key', 'ALLO_API_KEY'],
  ['Sync_Every', 'SYNC_EVERY'],
  ['ALLO-API-URL', 'ALLO_API_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['DATADIR', 'DATA_DIR'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['RETAIN_NUMBER_DAYS', 'RETAIN_NUMBERS_DAYS'],
  ['HTTP_BASIC_AUHT', 'HTTP_BASIC_AUTH'],
  ['NUMBER_KEY_FLIE', 'NUMBER_KEY_FILE'],
])('%s causes the warning %s', (name, meant) => {
  expect(warningsOf({ [name]: '1m' })).toEqual([
    `${name} is set, but there is no such setting; did you mean ${meant}?`,
  ])
})

test('an ALLO_ variable that resembles no setting causes a warning without a suggestion', () => {
  expect(warningsOf({ ALLO_COLOUR: 'red' })).toEqual(['ALLO_COLOUR is set, but there is no such setting.'])
})

test('variables of other programs cause no warning', () => {
  const others = [
    ...['PATH', 'HOME', 'USER', 'PWD', 'LANG', 'TERM', 'SHELL', 'NODE_ENV', 'NODE_OPTIONS', 'NO_COLOR', 'TZ'],
    ...[
      'FTP_PROXY',
      'ALL_PROXY',
      'all_proxy',
      'http_proxy',
      'no_proxy',
      'PGHOST',
      'PGDATABASE',
      'XDG_DATA_DIRS',
    ],
    ...['REDIS_PORT', 'REDIS_SERVICE_HOST', 'ALLO_QUEUE_MIRROR_SERVICE_HOST', 'ALLO_PORT_8080_TCP_ADDR'],
    ...['HOSTNAME', 'npm_config_cache', 'npm_package_name', 'LOGNAME', 'SSH_AUTH_SOCK', 'POSTGRES_DB'],
  ]
  expect(warningsOf(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([])
  expect(warningsOf({ ALLO_SOMETHING: 'x' })).toEqual([
    'ALLO_SOMETHING is set, but there is no such setting.',
  ])
})

test.each([
  ['postgresql://me:s3cret@db.example/allo', /names another machine and no sslmode.*clear text.*verify-full/],
  ['postgresql://me:s3cret@10.0.0.1/allo?sslmode=disable', /has an sslmode that does not encrypt/],
  [
    'postgresql://me:s3cret@db.example/allo?sslmode=no-verify',
    /nothing shows that it leads to your database/,
  ],
  [
    'postgresql://me:s3cret@db.example/allo?sslmode=require&uselibpqcompat=true',
    /nothing shows that it leads to your database/,
  ],
  ['postgresql://me:s3cret@db.example/allo?ssl=0', /names another machine and no sslmode/],
])('%s causes a warning about plain text or a missing verification', (url, says) => {
  const warnings = inClear({ DATABASE_URL: url })
  expect(warnings).toEqual([expect.stringMatching(says)])
  expect(warnings[0]).not.toMatch(/s3cret|example|10\.0/)
})

test.each([
  'postgresql://me:s3cret@db.example/allo?sslmode=verify-full',
  'postgresql://me:s3cret@db.example/allo?sslmode=require',
  'postgresql://me:s3cret@db.example/allo?ssl=true',
  'postgresql://me:s3cret@db.example/allo?sslkey=/k.pem',
  'postgresql://me:s3cret@db.example/allo?sslnegotiation=direct',
  'postgresql://me:s3cret@db.example/allo?sslmode=require&uselibpqcompat=true&sslrootcert=/ca.pem',
  'postgresql://me:s3cret@%2Fcloudsql%2Fproject%3Aregion%3Ainstance/allo',
  'postgresql://me:s3cret@localhost/allo',
  'postgresql://me:s3cret@127.0.0.1:6543/allo',
  'postgresql://me:s3cret@[::1]/allo',
  'postgresql://me:s3cret@%2Fvar%2Frun%2Fpostgresql/allo',
])('%s causes no warning', (url) => {
  expect(inClear({ DATABASE_URL: url })).toEqual([])
})

test('a Redis password in plain text causes a warning; no password, or Redis on this machine, causes none', () => {
  expect(inClear({ REDIS_URL: 'redis://:s3cret@redis.example:6379' })).toEqual([
    expect.stringMatching(/REDIS_URL .*clear text.*rediss/),
  ])
  expect(inClear({ REDIS_URL: 'redis://redis:6379' })).toEqual([])
  expect(inClear({ REDIS_URL: 'redis://:s3cret@localhost:6379' })).toEqual([])
})
