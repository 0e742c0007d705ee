/**
 * Secrets in the configuration: connection URLs that could be parsed in two ways, unusual files, and every form in
 * which a secret can appear in a message.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../src/config/config.ts'
import { createLogger, mask } from '../src/logger.ts'
import { describeError } from '../src/terminal/describe-error.ts'
import type { Env } from './support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))

const databaseUrls: readonly [url: string, fault: string][] = [
  ['postgres://odd:Se@cret/x@host/db', '@ after a /'],
  ['postgres://odd:Se@cret@host/db', 'more than one @'],
  ['postgres://odd:Se/cret@host/db', '@ after a /'],
  ['postgres://odd:5432/Secret@host/db', '@ after a /'],
  ['postgres://odd:Se?cret@host/db', '@ after a /'],
  ['postgres://odd:Se#cret@host/db', '@ after a /'],
  ['postgres://odd:Se\\cret@host/db', 'backslash'],
  ['postgres://odd:Se cret@host/db', 'a space'],
  ['postgres://odd:Se\ncret@host/db', 'line break'],
  ['postgres://odd:100%Secret@host/db', '% that begins no escape'],
  ['postgres://odd:Secret%@host/db', '% that begins no escape'],
  ['postgres://odd:Secret%ff@host/db', '% that begins no escape'],
  ['postgres://odd:Secret%00@host/db', '% that begins no escape'],
  ['postgres://odd:Secret', 'lacks the @'],
  ['postgres://odd:Secret@host:0/db', 'port'],
  ['postgres://odd:Secret@host:port/db', 'port'],
  ['postgres://odd:Secret@one,two/db', 'several hosts'],
  ['postgres://odd:Secret@one:1,two:2/db', 'several hosts'],
  ['postgres://odd:Secret@h\u00f6st/db', 'no host name has'],
  ['postgres://odd:Secret@[::1/db', 'no host'],
  ['postgres://odd:Secret@host/db#Secret', 'a #'],
  ['postgres://host/db?password=Secret', 'parameter password'],
  ['postgres://host/db?user=odd&sslpassword=Secret', 'parameter user'],
  ['postgres://odd:Secret@host/db?host=/tmp', 'host twice'],
  ['postgres:///db?host=one,two', 'Unix socket'],
  ['postgres://odd:Secret@host/db?sslmode=disable&sslmode=verify-full', 'twice'],
  ['postgres://odd:Secret@host/db?sslmode=verify_full', 'sslmode'],
  ['postgres://odd:Secret@host/db?sslmode=verify-full&sslrootcert=system', 'sslrootcert=system'],
  ['postgres://odd:Secret@host/db?client_encoding=latin1', 'client_encoding'],
  ['postgres://odd:Secret@host/d%2Fb', 'does not read'],
  ['postgres:///db', 'no host'],
  ['POSTGRES://odd:Secret@host/db', 'does not begin with'],
  ['mysql://odd:Secret@host/db', 'does not begin with'],
  ['jdbc:postgresql://odd:Secret@host/db', 'does not begin with'],
  ['host=host user=odd password=Secret', 'key=value'],
  ['"postgres://odd:Secret@host/db"', 'in quotes'],
]

const otherUrls: readonly [variable: string, url: string, fault: string][] = [
  ['REDIS_URL', 'redis://odd:Se@cret@cache', 'more than one @'],
  ['REDIS_URL', 'redis://odd:Se/cret@cache:6379', '@ after a /'],
  ['REDIS_URL', 'redis://:100%Secret@cache', '% that begins no escape'],
  ['REDIS_URL', 'redis://Secret@cache', 'no password'],
  ['REDIS_URL', 'redis://cache?password=Secret', 'parameters'],
  ['REDIS_URL', 'redis://:Secret@cache/jobs', 'number of a database'],
  ['REDIS_URL', 'redis://:Secret@/0', 'no host'],
  ['REDIS_URL', '/run/Secret.sock', 'does not begin with'],
  ['ALERT_WEBHOOK_URL', 'https://odd:Se@cret@hooks.example.com/x', 'more than one @'],
  ['ALERT_WEBHOOK_URL', 'https://odd:123/Secret@hooks.example.com', '@ after a /'],
  ['ALERT_WEBHOOK_URL', 'https://odd:Secret@hooks.example.com/x', 'would not be sent'],
  ['ALERT_WEBHOOK_URL', 'https://hooks.example.com/Secret%', '% that begins no escape'],
  ['ALERT_WEBHOOK_URL', 'https://hooks.example.com/Secret#x', 'a #'],
  ['HTTP_PROXY', 'http://odd:Se@cret@proxy:3128', 'more than one @'],
  ['HTTP_PROXY', 'odd:Se/cret@proxy:3128', '@ after a /'],
  ['HTTP_PROXY', 'http://proxy:3128/Secret', 'a path'],
  ['HTTPS_PROXY', 'http://odd:100%Secret@proxy:3128', '% that begins no escape'],
  ['HTTPS_PROXY', 'http://Secret@proxy:3128', 'no password'],
  ['HTTPS_PROXY', 'socks5://odd:Secret@proxy:1080', 'does not begin with'],
  ['ALLO_API_URL', 'https://odd:Se@cret@api.example.com', 'holds an @'],
  ['ALLO_API_URL', 'https://odd:123/Secret@api.example.com', 'holds an @'],
  ['HTTP_BASIC_AUTH', "'ops:SecretSecret'", 'in quotes'],
]

describe('a connection URL', () => {
  test.each([...databaseUrls.map(([url, fault]) => ['DATABASE_URL', url, fault] as const), ...otherUrls])(
    '%s=%j is refused by name, and no part of it is repeated',
    (variable, url, fault) => {
      const error = problemsOf({ [variable]: url })
      expect(error.problems).toMatchObject([{ variable, problem: expect.stringContaining(fault) }])
      expect(error.message).not.toMatch(/Se.?cret|odd/)
    },
  )

  test.each([
    'postgresql://owner:npg_x@ep-a-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require&options=endpoint%3Dep-a-1',
    'postgresql://postgres.abcdef:x@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true',
    'postgres://allo%40server:x@server.postgres.database.azure.com:5432/allo?sslmode=require',
    'postgres://a:x@b.rds.amazonaws.com/allo?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem',
    'postgres://allo:x@%2Fcloudsql%2Fproject%3Aeurope-west1%3Ainstance/allo',
    'postgres://u:@h/db?connect_timeout=10&target_session_attrs=read-write&application_name=a%20b',
    'postgresql://u:p%40%2F%25@db.example:5432/x?sslmode=verify-full',
    'postgres://u:p:w@[::1]:5432/x',
    'postgres://u@h_1-a.b/x?application_name=a&channel_binding=require',
    'postgresql:///db?host=/var/run/postgresql',
    'postgres://u:p@%2Fvar%2Frun/db',
    "postgres://u:p!$&'()*+,;=~^|<>@h/db",
  ])('%s is accepted', (url) => {
    expect(loadConfig({ DATABASE_URL: url }, { needsApiKey: false }).databaseUrl?.value()).toBe(url)
  })

  test('may contain every ASCII character in its password, percent-encoded, for Postgres, Redis and a proxy', () => {
    const signs = Array.from({ length: 0x7f - 0x20 }, (_, nth) => String.fromCharCode(0x20 + nth)).join('')
    const all = encodeURIComponent(signs).replaceAll(
      /[!'()*~_.-]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16)}`,
    )
    const urls = {
      DATABASE_URL: `postgres://u:${all}@h/db`,
      REDIS_URL: `rediss://default:${all}@h.upstash.io:6379`,
      HTTPS_PROXY: `http://CORP%5Cu:${all}@proxy:3128`,
    }
    const config = loadConfig(urls, { needsApiKey: false })
    expect([config.databaseUrl?.value(), config.redisUrl?.value()]).toEqual([
      urls.DATABASE_URL,
      urls.REDIS_URL,
    ])
    expect(decodeURIComponent(new URL(config.proxy().httpsProxy ?? '').password)).toBe(signs)
    expect(mask(`<${signs}>`, config.secrets())).toBe('<[secret]>')
  })

  test('of a webhook may contain an @ in its path, as those of Teams do', () => {
    const url = 'https://x.webhook.office.com/webhookb2/a@b/IncomingWebhook/c'
    expect(loadConfig({ ALERT_WEBHOOK_URL: url }, { needsApiKey: false }).alertWebhookUrl?.value()).toBe(url)
  })
})

describe('a secret in a file', () => {
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

  test.each([
    ['UTF-8 with a byte order mark', Buffer.from('\ufeffak_live_1\r\n')],
    ['UTF-16, as PowerShell writes it', utf16('ak_live_1\r\n')],
    ['UTF-16 in the other order', utf16('ak_live_1\n').swap16()],
    ['lines that end in CR', Buffer.from('ak_live_1\r')],
  ])('is read from %s', (_, bytes) => {
    const path = write('key', bytes)
    expect(loadConfig({ ALLO_API_KEY_FILE: path }).apiKey.value()).toBe('ak_live_1')
  })

  test.each([
    ['binary', () => write('binary', Buffer.from([0x61, 0xff, 0x00])), 'not text in UTF-8'],
    ['UTF-16 without a mark', () => write('bare', Buffer.from('ak_live_1', 'utf16le')), 'not text in UTF-8'],
    ['huge', () => write('huge', Buffer.alloc(1_000_000, 0x61)), 'larger than'],
    ['a folder', () => folder, 'is a folder'],
    ['a device without an end', () => '/dev/zero', 'not a regular file'],
  ])('that is %s is refused by name', (_, make, fault) => {
    const path = make()
    const { problems } = problemsOf({ ALLO_API_KEY_FILE: path })
    expect(problems).toMatchObject([
      { variable: 'ALLO_API_KEY_FILE', problem: expect.stringContaining(`${path} `) },
    ])
    expect(problems[0]?.problem).toContain(fault)
  })

  test('in a variable that should name a file is not repeated', () => {
    const error = problemsOf({
      ALLO_API_KEY_FILE: 'ak_live_Secret',
      DATABASE_URL_FILE: 'postgres://u:Secret@h/d',
    })
    expect(error.problems).toHaveLength(2)
    expect(error.message).not.toContain('Secret')
  })
})

describe('masking', () => {
  const env: Env = {
    ALLO_API_KEY: 'ak_live_h#nt"er&2',
    DATABASE_URL: 'postgres://u:p%40ss%22w%C3%B6rd@h/db',
    REDIS_URL: 'redis://:r%3Ddis-1@cache',
    ALERT_WEBHOOK_URL: 'https://hooks.example.com/services/T0000/B0000/tokentokentoken',
    HTTP_BASIC_AUTH: 'ops:page$-pass<word>',
    HTTPS_PROXY: 'http://px:pr%26xy-9@proxy:3128',
    NUMBER_KEY: 'b0'.repeat(32),
    ALLO_WEBHOOK_SECRET: `whsec_${Buffer.alloc(25, 0xfe).toString('base64')}`,
  }
  const passwords = ['ak_live_h#nt"er&2', 'p@ss"w\u00f6rd', 'r=dis-1', 'page$-pass<word>', 'pr&xy-9']
  const forms = [
    ...Object.values(env),
    ...passwords,
    ...passwords.map(encodeURIComponent),
    ...passwords.map((text) => JSON.stringify(text).slice(1, -1)),
    ...passwords.map((text) => JSON.stringify(JSON.stringify(text)).slice(1, -1)),
    ...passwords.map((text) =>
      text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    ),
    Buffer.from('ops:page$-pass<word>').toString('base64'),
    Buffer.from('px:pr&xy-9').toString('base64'),
    Buffer.alloc(32, 0xb0).toString('base64'),
    'B0'.repeat(32),
    '/services/T0000/B0000/tokentokentoken',
    'tokentokentoken',
    Buffer.alloc(25, 0xfe).toString('base64'),
    Buffer.alloc(25, 0xfe).toString('base64').replace(/=+$/, ''),
  ]

  test('masks a secret in every form in which it can appear', () => {
    const secrets = loadConfig(env).secrets()
    for (const form of forms) {
      expect([form, mask(`<${form}>`, secrets)]).toEqual([
        form,
        expect.stringMatching(/^<[^<]*\[secret\][^>]*>$/),
      ])
      for (const password of passwords) expect(mask(`<${form}>`, secrets)).not.toContain(password)
    }
    const lines: string[] = []
    const logger = createLogger('info', { write: (line: string) => lines.push(line) }, () => secrets)
    for (const form of forms) logger.info({ form }, form)
    for (const form of forms) expect(lines.join('')).not.toContain(form)
    expect(describeError(new Error(forms.join(' ')), { debug: true, secrets })).not.toMatch(
      /nt.*er|dis-1|xy-9|b0b0/,
    )
  })

  test('masks the earlier key too after its file has changed', async () => {
    const path = write('rotating', Buffer.from('ak_live_first_1'))
    const config = loadConfig({ ALLO_API_KEY_FILE: path })
    config.secrets()
    write('rotating', Buffer.from('ak_live_second_2'))
    await config.apiKey.reread()
    expect(mask('ak_live_first_1 ak_live_second_2', config.secrets())).toBe('[secret] [secret]')
  })
})

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

function problemsOf(env: Env): ConfigError {
  try {
    loadConfig(env, { needsApiKey: false, ...('ALLO_API_KEY_FILE' in env ? { needsApiKey: true } : {}) })
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}
