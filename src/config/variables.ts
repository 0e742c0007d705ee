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
      'a file that holds the key; it is read again after a 401 from Allo, so a key can be rotated without a restart',
  },
  { name: 'ALLO_API_URL', default: 'https://api.withallo.com', meaning: 'base URL of the Allo API' },
  {
    name: 'ALLO_AUTH_SCHEME',
    default: 'Api-Key',
    meaning: 'scheme before the key in the `Authorization` header; `none` sends the key alone',
  },
  {
    name: 'ALLO_READS_PER_SECOND',
    shown: '90 % of what Allo allows',
    meaning:
      'requests per second (0.1 to 1000), shared by all processes with the same key and database; `unlimited` is for benchmarks and simulations',
  },
  {
    name: 'ALLO_REQUEST_TIMEOUT_MS',
    default: '15000',
    meaning: 'timeout of one request in milliseconds, body included',
  },
  {
    name: 'ALLO_CONCURRENCY',
    shown: 'computed from budget and latency',
    meaning:
      'number of queues read at the same time (1 to 100); a high value makes each reading slow and more likely to be torn',
  },
  { name: 'ALLO_TIME_ZONE', default: 'UTC', meaning: 'time zone of timestamps that Allo sends without one' },
  {
    name: 'DATABASE_URL',
    secret: true,
    shown: 'embedded Postgres',
    meaning:
      'your own Postgres: `postgresql://user:password@host:5432/database`; add `?sslmode=verify-full` if it is on another host',
  },
  { name: 'DATABASE_URL_FILE', meaning: 'a file that holds the URL' },
  { name: 'DATA_DIR', default: './.data', meaning: 'folder of the embedded Postgres' },
  {
    name: 'AUTO_MIGRATE',
    default: 'true',
    meaning: '`true`: `sync` and `worker` migrate the database first; `false`: only `migrate` does',
  },
  { name: 'INCLUDE_BLOCKED', default: 'true', meaning: '`true`: also read the queues of blocked teammates' },
  {
    name: 'ONLY_TEAMMATES',
    shown: 'all',
    meaning: 'ids or e-mail addresses, separated by commas: read only the queues of these teammates',
  },
  {
    name: 'EXCEPT_TEAMMATES',
    shown: 'none',
    meaning: 'ids or e-mail addresses, separated by commas: do not read the queues of these teammates',
  },
  {
    name: 'SYNC_EVERY',
    default: '5m',
    meaning: 'time between two passes of the worker: a number and `s`, `m`, `h` or `d`',
  },
  {
    name: 'SYNC_CRON',
    shown: 'none',
    meaning: 'a cron expression instead of `SYNC_EVERY`, such as `*/10 8-19 * * 1-5`',
  },
  { name: 'SYNC_TIME_ZONE', default: 'UTC', meaning: 'time zone of `SYNC_CRON`' },
  {
    name: 'FRESHNESS_SLO',
    shown: '3 intervals',
    meaning: 'maximum age of the data, such as `20m`; above it `status` exits 75 and an alert is sent',
  },
  {
    name: 'REDIS_URL',
    secret: true,
    shown: 'jobs in Postgres',
    meaning: 'Redis for the job queues of the worker, `redis://` or `rediss://`; use it to scale out',
  },
  { name: 'REDIS_URL_FILE', meaning: 'a file that holds the URL' },
  {
    name: 'SHUTDOWN_TIMEOUT',
    default: '10s',
    meaning: 'maximum time of a shutdown, in which the worker requeues its running jobs',
  },
  {
    name: 'HTTP_PORT',
    default: '8080',
    meaning: 'port of the status page, probes and metrics; `0`: any free port',
  },
  {
    name: 'HTTP_HOST',
    default: '127.0.0.1',
    meaning: 'address to listen on; `0.0.0.0` or `::` for all, which requires `HTTP_BASIC_AUTH`',
  },
  {
    name: 'HTTP_ALLOWED_HOSTS',
    shown: 'this machine and IP addresses',
    meaning:
      'host names under which browsers may open the pages, separated by commas, such as `mirror.example.com`',
  },
  {
    name: 'HTTP_BASIC_AUTH',
    secret: true,
    meaning: '`user:password` for the pages; required if the worker listens on more than this machine',
  },
  { name: 'HTTP_BASIC_AUTH_FILE', meaning: 'a file that holds `user:password`' },
  {
    name: 'HTTP_OPEN_PROBES',
    default: 'false',
    meaning: '`true`: `/healthz`, `/readyz` and `/metrics` need no password and accept any host name',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    secret: true,
    meaning:
      'receives a POST when the data are older than `FRESHNESS_SLO`, when Allo refuses the key or when a data check fails, and another when the problem is over; works with Slack',
  },
  { name: 'ALERT_WEBHOOK_URL_FILE', meaning: 'a file that holds the URL' },
  {
    name: 'REPORT_TIME_ZONE',
    default: 'UTC',
    meaning: 'time zone of days and hours in reports, such as `Europe/Paris`',
  },
  {
    name: 'NUMBER_KEY',
    secret: true,
    shown: 'generated in `DATA_DIR` with the embedded Postgres; else none',
    meaning:
      '32 bytes in hex, as from `openssl rand -hex 32`; needed for `number_key`, which identifies a number without showing it',
  },
  { name: 'NUMBER_KEY_FILE', meaning: 'a file that holds the key' },
  {
    name: 'RETAIN_NUMBERS_DAYS',
    shown: 'keep for ever',
    meaning:
      'erase a phone number this many days after it left its queue or the queue ended; its history stays',
  },
  {
    name: 'RETAIN_HISTORY_DAYS',
    shown: 'keep for ever',
    meaning: 'delete history this many days after its entry or queue ended; the counts of queues stay',
  },
  {
    name: 'RETAIN_READS_DAYS',
    default: '90',
    meaning: 'delete the audit rows of readings after this many days; the coverage per teammate stays',
  },
  {
    name: 'ROLE_PREFIX',
    default: 'allo',
    meaning:
      'prefix of the database roles that `grant` uses (`allo_bi_reader`, …); use another prefix for each database of one server; `none`: make no roles',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: '`silent`, `error`, `warn`, `info` or `debug`' },
  {
    name: 'HTTPS_PROXY',
    secret: true,
    meaning: 'proxy for https addresses (this name and the next two also work in lower case)',
  },
  {
    name: 'HTTP_PROXY',
    secret: true,
    meaning: 'proxy for http addresses; also for https addresses if `HTTPS_PROXY` is not set',
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
