/** What there is to set. README and .env.example are checked against it; defaults are filled in from it. */
export const variables: readonly Variable[] = [
  {
    name: 'ALLO_API_KEY',
    secret: true,
    meaning: 'API key of the team, with the scopes `USERS_READ` and `DIALING_QUEUE_READ_WRITE`',
  },
  {
    name: 'ALLO_API_KEY_FILE',
    meaning:
      'a file that holds the key instead; read again when Allo answers 401, so keys rotate without a restart',
  },
  { name: 'ALLO_API_URL', default: 'https://api.withallo.com', meaning: 'where the API is' },
  {
    name: 'ALLO_AUTH_SCHEME',
    default: 'Api-Key',
    meaning: 'the word before the key in the Authorization header; `none` sends the key alone',
  },
  {
    name: 'ALLO_READS_PER_SECOND',
    shown: '90 % of what Allo allows',
    meaning:
      'requests per second, 0.1 to 1000, over all processes that share the key and the database; `unlimited` for benchmarks and simulations',
  },
  {
    name: 'ALLO_REQUEST_TIMEOUT_MS',
    default: '15000',
    meaning: 'how long one request may take, body included',
  },
  {
    name: 'ALLO_CONCURRENCY',
    shown: 'from budget and latency',
    meaning:
      'how many queues are read at the same time, 1 to 100; many at once make each reading slow and torn',
  },
  { name: 'ALLO_TIME_ZONE', default: 'UTC', meaning: 'zone of the timestamps that Allo sends without one' },
  {
    name: 'DATABASE_URL',
    secret: true,
    shown: 'embedded Postgres',
    meaning:
      'your own Postgres: `postgresql://user:password@host:5432/database`; to another host with `?sslmode=verify-full`',
  },
  { name: 'DATABASE_URL_FILE', meaning: 'a file that holds the URL instead' },
  { name: 'DATA_DIR', default: './.data', meaning: 'folder of the embedded Postgres' },
  {
    name: 'AUTO_MIGRATE',
    default: 'true',
    meaning: 'bring the database to this version before a pass; `false`: only `migrate` does',
  },
  { name: 'INCLUDE_BLOCKED', default: 'true', meaning: 'read the queues of blocked teammates too' },
  {
    name: 'ONLY_TEAMMATES',
    shown: 'all',
    meaning: 'ids or e-mails, separated by commas: read the queues of these only',
  },
  {
    name: 'EXCEPT_TEAMMATES',
    shown: 'nobody',
    meaning: 'ids or e-mails, separated by commas: leave these out',
  },
  {
    name: 'SYNC_EVERY',
    default: '5m',
    meaning: 'how often the worker reads everyone: a number and `s`, `m`, `h` or `d`',
  },
  {
    name: 'SYNC_CRON',
    shown: 'none',
    meaning: 'a cron expression instead of `SYNC_EVERY`, such as `*/10 8-19 * * 1-5`',
  },
  { name: 'SYNC_TIME_ZONE', default: 'UTC', meaning: 'zone of `SYNC_CRON`' },
  {
    name: 'FRESHNESS_SLO',
    shown: '3 intervals',
    meaning: 'how old the data may get before `status` says 75 and an alert goes out, such as `20m`',
  },
  {
    name: 'REDIS_URL',
    secret: true,
    shown: 'jobs in Postgres',
    meaning: 'Redis for the job queues of the worker, `redis://` or `rediss://`: the way to scale out',
  },
  { name: 'REDIS_URL_FILE', meaning: 'a file that holds the URL instead' },
  {
    name: 'SHUTDOWN_TIMEOUT',
    default: '10s',
    meaning: 'how long the worker may take to hand back what it is reading when it is told to stop',
  },
  {
    name: 'HTTP_PORT',
    default: '8080',
    meaning: 'where the worker shows its status page, probes and metrics; `0`: any free port',
  },
  {
    name: 'HTTP_HOST',
    default: '127.0.0.1',
    meaning:
      'the address it listens on; `0.0.0.0` or `::` for all, which takes a password in `HTTP_BASIC_AUTH`',
  },
  {
    name: 'HTTP_ALLOWED_HOSTS',
    shown: 'this machine, and IP addresses',
    meaning: 'names under which browsers may reach it, separated by commas, such as `mirror.example.com`',
  },
  {
    name: 'HTTP_BASIC_AUTH',
    secret: true,
    meaning: '`user:password` that the pages ask for; needed unless it listens on this machine only',
  },
  { name: 'HTTP_BASIC_AUTH_FILE', meaning: 'a file that holds it instead' },
  {
    name: 'HTTP_OPEN_PROBES',
    default: 'false',
    meaning: '`true`: `/healthz`, `/readyz` and `/metrics` answer without that password, under any name',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    secret: true,
    meaning:
      'gets a POST when data are older than `FRESHNESS_SLO`, when Allo refuses the key, when a check of the data fails, and when it is over; Slack understands it',
  },
  { name: 'ALERT_WEBHOOK_URL_FILE', meaning: 'a file that holds the URL instead' },
  {
    name: 'REPORT_TIME_ZONE',
    default: 'UTC',
    meaning: 'zone of days and hours in reports, such as `Europe/Paris`',
  },
  {
    name: 'NUMBER_KEY',
    secret: true,
    shown: 'with the embedded Postgres one is made in `DATA_DIR`',
    meaning:
      '32 bytes, as `openssl rand -hex 32` writes them: makes `number_key`, which tells equal numbers without showing them',
  },
  { name: 'NUMBER_KEY_FILE', meaning: 'a file that holds it instead' },
  {
    name: 'RETAIN_NUMBERS_DAYS',
    shown: 'for ever',
    meaning: 'after how many days a number is erased, since it left or its queue ended; its history stays',
  },
  {
    name: 'RETAIN_HISTORY_DAYS',
    shown: 'for ever',
    meaning:
      'after how many days history is deleted, since what it is about ended; the counts of queues stay',
  },
  {
    name: 'RETAIN_READS_DAYS',
    default: '90',
    meaning: 'after how many days the record of single readings is deleted; how well time was covered stays',
  },
  {
    name: 'ROLE_PREFIX',
    default: 'allo',
    meaning:
      'first word of the database roles that `grant` gives (`allo_bi_reader`, …); another one for each database of a server; `none` to do without',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: '`silent`, `error`, `warn`, `info` or `debug`' },
  {
    name: 'HTTPS_PROXY',
    secret: true,
    meaning: 'proxy for https addresses (the lower-case name works too, here and below)',
  },
  {
    name: 'HTTP_PROXY',
    secret: true,
    meaning: 'proxy for http addresses, and for https ones if there is no other',
  },
  { name: 'NO_PROXY', meaning: 'hosts that are reached without the proxy, separated by commas' },
]

export interface Variable {
  readonly name: string
  /** What an unset variable means, as one would write it. */
  readonly default?: string
  /** Words for the default where there is nothing to write. */
  readonly shown?: string
  readonly meaning: string
  readonly secret?: true
}

/** The lines of the table in the README. */
export function readmeConfigTable(): string[] {
  const row = (variable: Variable) => {
    const usual = variable.default ? `\`${variable.default}\`` : (variable.shown ?? '')
    return `| \`${variable.name}\` | ${usual} | ${variable.meaning} |`
  }
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...variables.map(row)]
}

export const defaults: Readonly<Record<string, string>> = Object.fromEntries(
  variables.flatMap(({ name, default: value }) => (value ? [[name, value]] : [])),
)
