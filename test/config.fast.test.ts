import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inspect, parseEnv } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../src/config/config.ts'
import { documented, envExample, readmeConfigTable } from '../src/config/documented.ts'
import { decodeNumberKey } from '../src/config/secret.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const apiKey = 'ak_live_secret'
const webhookSecret = `whsec_${Buffer.alloc(24, 0xfb).toString('base64')}`
const withKey = (more: Record<string, string> = {}) => loadConfig({ ALLO_API_KEY: apiKey, ...more })

describe('a configuration', () => {
  test('with only a key has defaults for everything else', () => {
    const { apiKey: key, proxy, secrets, ...rest } = withKey()
    expect(key.value()).toBe(apiKey)
    expect(proxy()).toEqual({ httpsProxy: '', httpProxy: '', noProxy: '' })
    expect(secrets()).toEqual([apiKey])
    expect(rest).toEqual({
      apiUrl: 'https://api.withallo.com',
      authScheme: 'Api-Key',
      readsPerSecond: 'auto',
      dailyRequests: null,
      liveBudgetShare: 0.25,
      callDetails: false,
      conversionTags: [],
      requestTimeoutMs: 15_000,
      concurrency: 'auto',
      naiveTimeZone: 'UTC',
      databaseUrl: null,
      dataDir: resolve('.data'),
      autoMigrate: true,
      includeBlocked: true,
      onlyTeammates: [],
      exceptTeammates: [],
      reportTimeZone: 'UTC',
      speedToLeadTargetMs: 3_600_000,
      workingHours: null,
      numberKey: null,
      retention: { numbersDays: null, historyDays: null, readsDays: 90 },
      rolePrefix: 'allo',
      logLevel: 'info',
      redisUrl: null,
      schedule: { everyMs: 300_000 },
      freshnessSloMs: null,
      shutdownTimeoutMs: 10_000,
      http: {
        port: 8080,
        host: '127.0.0.1',
        allowedHosts: [],
        basicAuth: null,
        openProbes: false,
        wall: false,
        webhookSecret: null,
      },
      alertWebhookUrl: null,
      otlpEndpoint: null,
      warnings: [],
    })
  })

  test('can set every variable', () => {
    const config = withKey({
      ALLO_API_URL: 'http://localhost:8080/base/',
      ALLO_AUTH_SCHEME: 'None',
      ALLO_READS_PER_SECOND: '0.5',
      ALLO_DAILY_REQUESTS: '90000',
      LIVE_BUDGET_SHARE: '10%',
      CALL_DETAILS: 'true',
      CONVERSION_TAGS: 'Meeting booked, Demo,',
      ALLO_REQUEST_TIMEOUT_MS: '200',
      ALLO_CONCURRENCY: '3',
      ALLO_TIME_ZONE: 'America/New_York',
      DATABASE_URL: 'postgresql://u:p%23@db:5432/x?sslmode=verify-full',
      DATA_DIR: '/var/lib/mirror',
      AUTO_MIGRATE: 'no',
      INCLUDE_BLOCKED: '0',
      ONLY_TEAMMATES: 'usr-1, alex@example.com,',
      EXCEPT_TEAMMATES: 'usr-2',
      SYNC_CRON: '*/10 8-19 * * 1-5',
      SYNC_TIME_ZONE: 'Europe/Paris',
      FRESHNESS_SLO: '45m',
      REDIS_URL: 'rediss://u:p@cache:6380',
      SHUTDOWN_TIMEOUT: '20s',
      HTTP_PORT: '0',
      HTTP_HOST: '[::]',
      HTTP_ALLOWED_HOSTS: 'Mirror.example.com, worker',
      HTTP_BASIC_AUTH: 'ops:long:enough',
      HTTP_OPEN_PROBES: 'true',
      ALLO_WEBHOOK_SECRET: webhookSecret,
      ALERT_WEBHOOK_URL: 'https://hooks.example.com/T0/B0',
      REPORT_TIME_ZONE: 'Europe/Paris',
      SPEED_TO_LEAD_TARGET: '15m',
      WORKING_HOURS: 'mon-fri 9:00-18:00, Sat 10:00-12:30',
      NUMBER_KEY: 'b0'.repeat(32),
      RETAIN_NUMBERS_DAYS: '30',
      RETAIN_HISTORY_DAYS: '1095',
      RETAIN_READS_DAYS: '7',
      ROLE_PREFIX: 'None',
      LOG_LEVEL: 'DEBUG',
    })
    expect(config).toMatchObject({
      apiUrl: 'http://localhost:8080/base',
      authScheme: 'none',
      readsPerSecond: 0.5,
      dailyRequests: 90_000,
      liveBudgetShare: 0.1,
      callDetails: true,
      conversionTags: ['Meeting booked', 'Demo'],
      requestTimeoutMs: 200,
      concurrency: 3,
      naiveTimeZone: 'America/New_York',
      dataDir: '/var/lib/mirror',
      autoMigrate: false,
      includeBlocked: false,
      onlyTeammates: ['usr-1', 'alex@example.com'],
      exceptTeammates: ['usr-2'],
      reportTimeZone: 'Europe/Paris',
      speedToLeadTargetMs: 900_000,
      workingHours: [
        [540, 1080],
        [1980, 2520],
        [3420, 3960],
        [4860, 5400],
        [6300, 6840],
        [7800, 7950],
      ],
      retention: { numbersDays: 30, historyDays: 1095, readsDays: 7 },
      rolePrefix: null,
      logLevel: 'debug',
      schedule: { cron: '*/10 8-19 * * 1-5', timeZone: 'Europe/Paris' },
      freshnessSloMs: 2_700_000,
      shutdownTimeoutMs: 20_000,
      http: { port: 0, host: '::', allowedHosts: ['mirror.example.com', 'worker'], openProbes: true },
    })
    expect(config.redisUrl?.value()).toBe('rediss://u:p@cache:6380')
    expect(config.http.webhookSecret?.value()).toBe(webhookSecret)
    expect(config.http.basicAuth?.value()).toBe('ops:long:enough')
    expect(config.alertWebhookUrl?.value()).toBe('https://hooks.example.com/T0/B0')
    expect(config.numberKey?.value()).toBe('b0'.repeat(32))
    expect(config.databaseUrl?.value()).toBe('postgresql://u:p%23@db:5432/x?sslmode=verify-full')
    expect(withKey({ ALLO_READS_PER_SECOND: 'unlimited' }).readsPerSecond).toBe('unlimited')
  })

  test("can't be changed", () => {
    const config = withKey({ ONLY_TEAMMATES: 'a' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.onlyTeammates)).toBe(true)
  })

  test('treats an empty value as unset', () => {
    expect(withKey({ ALLO_API_URL: '', LOG_LEVEL: ' ', DATABASE_URL: '' })).toMatchObject({
      apiUrl: 'https://api.withallo.com',
      logLevel: 'info',
      databaseUrl: null,
    })
  })

  test('made from a given object reads nothing else', () => {
    expect(() => loadConfig({})).toThrow(ConfigError)
    expect(loadConfig({}, { needsApiKey: false }).apiKey).toBeNull()
  })

  test('prefers the environment to .env, also if the value there is empty', () => {
    const envFile =
      'LOG_LEVEL=debug\nDATA_DIR="from file"\nDATABASE_URL=postgres://file/x\nALLO_API_KEY=from-file\n'
    const config = loadConfig({ LOG_LEVEL: 'warn', DATABASE_URL: '' }, { envFile })
    expect(config).toMatchObject({ logLevel: 'warn', dataDir: resolve('from file'), databaseUrl: null })
    expect(config.apiKey.value()).toBe('from-file')
  })

  test('with a key file in the environment ignores a key in .env', () => {
    const path = file('key', 'from-its-file\n')
    expect(loadConfig({ ALLO_API_KEY_FILE: path }, { envFile: 'ALLO_API_KEY=x' }).apiKey.value()).toBe(
      'from-its-file',
    )
  })

  test('accepts proxies in both spellings and prefers lower case', () => {
    const config = withKey({
      HTTP_PROXY: 'http://upper:1',
      http_proxy: 'lower:3128',
      https_proxy: 'http://s:2',
      NO_PROXY: 'a,b',
    })
    expect(config.proxy()).toEqual({
      httpProxy: 'http://lower:3128/',
      httpsProxy: 'http://s:2/',
      noProxy: 'a,b',
    })
  })
})

describe('problems', () => {
  test('are all reported at once, by name, with a way out', () => {
    const error = problemsOf({
      SYNC_EVERY: '5 apples',
      SYNC_CRON: '61 * * * *',
      SYNC_TIME_ZONE: '+01:00',
      FRESHNESS_SLO: '31d',
      REDIS_URL: 'http://cache',
      SHUTDOWN_TIMEOUT: '0s',
      HTTP_PORT: '70000',
      HTTP_HOST: 'not a host',
      HTTP_ALLOWED_HOSTS: 'https://mirror.example.com',
      HTTP_BASIC_AUTH: 'ops:short',
      HTTP_OPEN_PROBES: 'maybe',
      ALLO_WEBHOOK_SECRET: 'whsec_c2hvcnQ=',
      ALERT_WEBHOOK_URL: 'hooks.example.com',
      ALLO_API_URL: 'http://api.withallo.com',
      ALLO_READS_PER_SECOND: '0',
      ALLO_REQUEST_TIMEOUT_MS: '1.5',
      ALLO_CONCURRENCY: 'many',
      ALLO_AUTH_SCHEME: 'Api Key',
      ALLO_TIME_ZONE: '+02:00',
      REPORT_TIME_ZONE: 'Mars/Olympus',
      SPEED_TO_LEAD_TARGET: 'soon',
      WORKING_HOURS: '9 to 5',
      NUMBER_KEY: 'b0'.repeat(31),
      RETAIN_NUMBERS_DAYS: '0',
      RETAIN_HISTORY_DAYS: '29',
      RETAIN_READS_DAYS: '-1',
      DATABASE_URL: 'mysql://x',
      AUTO_MIGRATE: 'perhaps',
      INCLUDE_BLOCKED: '2',
      ONLY_TEAMMATES: ',',
      ROLE_PREFIX: 'pg_mirror',
      LOG_LEVEL: 'loud',
      HTTPS_PROXY: 'ftp://x',
    })
    const named = error.problems.map(({ variable }) => variable)
    expect(new Set(named)).toEqual(
      new Set([
        'SYNC_EVERY',
        'SYNC_CRON',
        'SYNC_TIME_ZONE',
        'FRESHNESS_SLO',
        'REDIS_URL',
        'SHUTDOWN_TIMEOUT',
        'HTTP_PORT',
        'HTTP_HOST',
        'HTTP_ALLOWED_HOSTS',
        'HTTP_BASIC_AUTH',
        'HTTP_OPEN_PROBES',
        'ALLO_WEBHOOK_SECRET',
        'ALERT_WEBHOOK_URL',
        'ALLO_API_KEY',
        'ALLO_API_URL',
        'ALLO_READS_PER_SECOND',
        'ALLO_REQUEST_TIMEOUT_MS',
        'ALLO_CONCURRENCY',
        'ALLO_AUTH_SCHEME',
        'ALLO_TIME_ZONE',
        'REPORT_TIME_ZONE',
        'SPEED_TO_LEAD_TARGET',
        'WORKING_HOURS',
        'NUMBER_KEY',
        'RETAIN_NUMBERS_DAYS',
        'RETAIN_HISTORY_DAYS',
        'RETAIN_READS_DAYS',
        'DATABASE_URL',
        'AUTO_MIGRATE',
        'INCLUDE_BLOCKED',
        'ONLY_TEAMMATES',
        'ROLE_PREFIX',
        'LOG_LEVEL',
        'HTTPS_PROXY',
      ]),
    )
    expect(error.message.split('\n')).toHaveLength(1 + named.length)
    expect(error.message).toContain('  LOG_LEVEL: unknown. Write silent, error, warn, info or debug.')
  })

  test.each([
    'ftp://x',
    'api.withallo.com',
    'https://u:p@api.withallo.com',
    'https://api.withallo.com?x=1',
    'https://api.withallo.com#x',
    'http://127.0.0.1.example.com',
    'http://192.168.0.1',
  ])('include an API URL such as %s', (url) => {
    expect(problemsOf({ ALLO_API_KEY: apiKey, ALLO_API_URL: url }).problems).toMatchObject([
      { variable: 'ALLO_API_URL' },
    ])
  })

  test.each([
    'http://localhost:1',
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'https://gateway.example.com/allo',
  ])('do not include an API URL such as %s', (url) => {
    expect(withKey({ ALLO_API_URL: url }).apiUrl).toBe(url)
  })

  test('never show a secret, and printing the configuration does not either', () => {
    const error = problemsOf({
      ALLO_API_KEY: 'Api-Key hunter2',
      DATABASE_URL: 'postgres:hunter2@db',
      HTTP_PROXY: 'ftp://u:hunter2@p',
      ALLO_API_URL: 'https://u:hunter2@api',
      REDIS_URL: 'redis:hunter2@cache',
      HTTP_BASIC_AUTH: 'hunter2',
      ALERT_WEBHOOK_URL: 'hooks/hunter2',
      NUMBER_KEY: 'hunter2',
      ALLO_WEBHOOK_SECRET: 'hunter2',
    })
    expect(error.problems).toHaveLength(9)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    const config = loadConfig({
      ALLO_API_KEY: 'hunter2',
      DATABASE_URL: 'postgres://u:hunter2@db/x',
      HTTP_PROXY: 'u:hunter2@p',
      REDIS_URL: 'redis://:hunter2@cache',
      HTTP_BASIC_AUTH: 'ops:hunter2hunter2',
      ALERT_WEBHOOK_URL: 'https://hooks.example.com/hunter2',
      NUMBER_KEY: `${'A'.repeat(36)}hunter2`,
      ALLO_WEBHOOK_SECRET: `whsec_${'A'.repeat(33)}hunter2`,
    })
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain('hunter2')
  })

  test('do not include erasing numbers without a key, but that causes a warning', () => {
    const days = { RETAIN_NUMBERS_DAYS: '30' }
    const own = { DATABASE_URL: 'postgres://db/x' }
    expect(withKey({ ...days, ...own }).warnings).toEqual([expect.stringContaining('without NUMBER_KEY')])
    for (const none of [days, own, { ...days, ...own, NUMBER_KEY: 'b0'.repeat(32) }])
      expect(withKey(none).warnings).toEqual([])
  })

  test.each([
    ['without whsec_', webhookSecret.slice(6)],
    ['of 23 bytes', `whsec_${Buffer.alloc(23, 1).toString('base64')}`],
    ['with other characters than base64', `${webhookSecret}!`],
    ['cut off', webhookSecret.slice(0, -3)],
    ['that is only whsec_', 'whsec_'],
  ])('include a webhook secret %s, and say where to find it', (_, text) => {
    const { message } = problemsOf({ ALLO_API_KEY: apiKey, ALLO_WEBHOOK_SECRET: text })
    expect(message).toContain('ALLO_WEBHOOK_SECRET: not a signing secret. Copy it from the webhook in Allo')
  })

  test('do not include webhooks without looks, but that causes a warning', () => {
    const env = { ALLO_WEBHOOK_SECRET: webhookSecret }
    expect(withKey({ ...env, LIVE_BUDGET_SHARE: '0' }).warnings).toEqual([
      expect.stringContaining('webhooks of Allo have no effect'),
    ])
    expect(withKey(env).warnings).toEqual([])
  })

  test.each([
    ['hexadecimal digits', Buffer.alloc(32, 0xfb).toString('hex').toUpperCase()],
    ['base64', Buffer.alloc(32, 0xfb).toString('base64')],
    ['base64 for addresses', Buffer.alloc(32, 0xfb).toString('base64url')],
  ])('do not include a number key written as %s', (_, text) => {
    expect(decodeNumberKey(withKey({ NUMBER_KEY: text }).numberKey?.value() ?? '')).toEqual(
      Buffer.alloc(32, 0xfb),
    )
  })

  test.each([
    '',
    'f'.repeat(63),
    'g'.repeat(64),
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
  ])('include a number key that is not 32 bytes: %j', (text) => {
    expect(decodeNumberKey(text)).toBeNull()
  })

  test.each([
    ['0.0.0.0', {}],
    ['::', {}],
    ['10.0.0.7', { HTTP_OPEN_PROBES: 'true' }],
    ['mirror.example.com', {}],
  ])('include pages on %s without a password', (host, more) => {
    const { problems } = problemsOf({ ALLO_API_KEY: apiKey, HTTP_HOST: host, ...more })
    expect(problems).toMatchObject([{ variable: 'HTTP_BASIC_AUTH' }])
  })

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])(
    'do not include pages on %s without a password',
    (host) => {
      expect(withKey({ HTTP_HOST: host }).http).toMatchObject({ host, basicAuth: null })
    },
  )

  test('include both an interval and a cron expression', () => {
    const { problems } = problemsOf({ ALLO_API_KEY: apiKey, SYNC_EVERY: '5m', SYNC_CRON: '* * * * *' })
    expect(problems).toMatchObject([{ variable: 'SYNC_CRON' }])
  })

  test('do not include the API key for commands that do not need it', () => {
    expect(loadConfig({ ALLO_API_KEY_FILE: '/nowhere' }, { needsApiKey: false }).apiKey).toBeNull()
  })

  test('include both a value and a file for the same setting', () => {
    const error = problemsOf({
      ALLO_API_KEY: 'a',
      ALLO_API_KEY_FILE: '/x',
      DATABASE_URL: 'b',
      DATABASE_URL_FILE: '/y',
    })
    expect(error.problems.map(({ variable }) => variable)).toEqual(['ALLO_API_KEY', 'DATABASE_URL'])
  })

  test.each([
    ['missing', join(folder, 'nowhere'), 'ENOENT'],
    ['a folder', folder, 'is a folder'],
    ['empty', file('empty', ' \n'), 'is empty'],
    ['holding more than a key', file('two', 'ak_1\nak_2\n'), 'holds spaces'],
  ])('include a key file that is %s, and name its path', (_, path, why) => {
    const error = problemsOf({ ALLO_API_KEY_FILE: path })
    expect(error.problems).toHaveLength(1)
    expect(error.message).toContain(`ALLO_API_KEY_FILE: ${path}`)
    expect(error.message).toContain(why)
  })
})

describe('a secret in a file', () => {
  test('can be read again, and the result says whether it changed', async () => {
    const path = file('rotating', '\ufeffold\r\n')
    const { apiKey: key } = loadConfig({ ALLO_API_KEY_FILE: path })
    expect([key.path, key.value()]).toEqual([path, 'old'])
    expect(await key.reread()).toBe(false)
    file('rotating', 'new\n')
    expect(await key.reread()).toBe(true)
    expect(key.value()).toBe('new')
  })

  test('that becomes unreadable keeps its old value', async () => {
    const path = file('vanishing', 'old')
    const { apiKey: key } = loadConfig({ ALLO_API_KEY_FILE: path })
    rmSync(path)
    await expect(key.reread()).rejects.toThrow(ConfigError)
    expect(key.value()).toBe('old')
  })

  test('can be a database URL', () => {
    const path = file('url', 'postgres://u@h/x\n')
    expect(withKey({ DATABASE_URL_FILE: path }).databaseUrl?.value()).toBe('postgres://u@h/x')
  })
})

describe('.env', () => {
  test.each([
    ['LOG_LEVEL=info\nALLO_API_KEY=ak_1\nLOG_LEVEL=debug', 'LOG_LEVEL: .env, line 3: set already in line 1'],
    ['ALLO_API_KEY=ak_Secret#1', 'ALLO_API_KEY: .env, line 1: a # begins a comment'],
    ['ALLO_API_KEY: ak_Secret', 'ALLO_API_KEY: .env, line 1: not of the form'],
    ['set ALLO_API_KEY ak_Secret', 'ALLO_API_KEY: .env, line 1: not of the form'],
    ['ALLO_API_KEY="ak_Secret', 'ALLO_API_KEY: .env, line 1: begins with a quote'],
    ["ALLO_API_KEY='ak'_Secret", 'ALLO_API_KEY: .env, line 1: something stands after'],
  ])('with %j is refused by name and line', (envFile, problem) => {
    const error = problemsOf({}, envFile)
    expect(error.message).toContain(problem)
    expect(error.message).not.toContain('Secret')
  })

  test('treats a value of spaces as empty, and keeps the next line as it is', () => {
    for (const blank of [
      'DATA_DIR= ',
      'export DATA_DIR=\t',
      "DATA_DIR = \n\n# '",
      'OTHER=  ',
      'no name:=\t',
    ]) {
      const config = loadConfig({}, { envFile: `${blank}\nALLO_API_KEY=ak_1\nPEM="a= \nb"` })
      expect([blank, config.apiKey.value(), config.dataDir]).toEqual([blank, 'ak_1', resolve('.data')])
    }
  })

  test('may contain variables of other programs, equal duplicates, and values of several lines', () => {
    const envFile =
      'OTHER=a#b\nOTHER=c\nnot a setting\nPEM="a\nLOG_LEVEL=debug\n"\nALLO_API_KEY=\'ak#1\'\nALLO_API_KEY="ak#1" # twice'
    const config = loadConfig({}, { envFile })
    expect([config.apiKey.value(), config.logLevel]).toEqual(['ak#1', 'info'])
  })
})

describe('a value', () => {
  test.each([
    ['SYNC_EVERY', '5 m', { schedule: { everyMs: 300_000 } }],
    ['SYNC_EVERY', ' 90S\u00a0', { schedule: { everyMs: 90_000 } }],
    ['SYNC_EVERY', '0.5h', { schedule: { everyMs: 1_800_000 } }],
    ['AUTO_MIGRATE', 'FALSE', { autoMigrate: false }],
    ['AUTO_MIGRATE', 'No', { autoMigrate: false }],
    ['HTTP_PORT', '08080', { http: { port: 8080 } }],
    ['LOG_LEVEL', 'Warn ', { logLevel: 'warn' }],
  ])('%s=%j is accepted', (name, text, expected) => {
    expect(withKey({ [name]: text })).toMatchObject(expected)
  })

  test.each([
    ['SYNC_EVERY', '0s'],
    ['SYNC_EVERY', '5'],
    ['SYNC_EVERY', '1e3s'],
    ['SYNC_EVERY', '-5m'],
    ['SYNC_EVERY', '5m30s'],
    ['SYNC_EVERY', '5 minutes'],
    ['SYNC_EVERY', '"5m"'],
    ['SYNC_EVERY', '\u0665m'],
    ['HTTP_PORT', '8e3'],
    ['HTTP_PORT', '0x1f90'],
    ['HTTP_PORT', '8,080'],
    ['ALLO_READS_PER_SECOND', 'Infinity'],
    ['RETAIN_NUMBERS_DAYS', '30.5'],
    ['AUTO_MIGRATE', 'on'],
    ['AUTO_MIGRATE', "'true'"],
    ['LOG_LEVEL', 'warning'],
    ['DATA_DIR', '~/mirror'],
    ['DATA_DIR', '$HOME/mirror'],
  ])('%s=%j is refused by name, once', (name, text) => {
    expect(problemsOf({ ALLO_API_KEY: apiKey, [name]: text }).problems).toMatchObject([{ variable: name }])
  })
})

describe('the documents of the configuration', () => {
  test('.env.example has every variable with its default, each as a comment; -u writes it', async () => {
    await expect(envExample()).toMatchFileSnapshot('../.env.example')
    const offered = [...envExample().matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value])
    expect(offered).toEqual(documented.map(({ name, usual }) => [name, usual]))
    expect(parseEnv(envExample())).toEqual({})
  })

  test('every default in the table is accepted and equals the value of an unset variable', () => {
    const written = Object.fromEntries(
      documented.flatMap(({ name, usual }) => (usual ? [[name, usual]] : [])),
    )
    expect(JSON.stringify(withKey(written))).toBe(JSON.stringify(withKey()))
  })

  test('the table in README has a row for each variable', () => {
    const lines = readmeConfigTable()
    expect(lines).toHaveLength(2 + documented.length)
    expect(lines).toContain('| `LOG_LEVEL` | `info` | `silent`, `error`, `warn`, `info` or `debug` |')
  })
})

function file(name: string, contents: string): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

function problemsOf(env: Record<string, string>, envFile: string | null = null): ConfigError {
  try {
    loadConfig(env, { envFile })
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}
