/**
 * Every environment variable, once, under the field of the configuration it becomes. Parsing, defaults, masking, the
 * table in README.md and `.env.example` follow from this list: to add a variable, add it here.
 */
import {
  partsOfLogin,
  partsOfNumberKey,
  partsOfUserinfo,
  partsOfWebhook,
  partsOfWebhookSecret,
} from './known-secrets.ts'
import {
  apiUrl,
  authScheme,
  collectorUrl,
  cron,
  duration,
  folder,
  host,
  hostNames,
  integer,
  list,
  logLevel,
  or,
  proxy,
  readsPerSecond,
  rolePrefix,
  share,
  tags,
  text,
  workingHours,
  yesOrNo,
  zone,
} from './parsers.ts'
import {
  checkApiKey,
  checkBasicAuth,
  checkDatabaseUrl,
  checkNumberKey,
  checkRedisUrl,
  checkWebhookSecret,
  checkWebhookUrl,
} from './secret.ts'
import { leavesOf, type Variable, type VariableTree } from './variable.ts'

export const variableTree = {
  apiKey: {
    name: 'ALLO_API_KEY',
    check: checkApiKey,
    meaning: 'API key of the team, with the scopes `USERS_READ` and `DIALING_QUEUE_READ_WRITE`',
    fileMeaning:
      'a file that holds the key; it is read again after a 401 from Allo, so a key can be rotated without a restart',
    secretParts: () => [],
  },
  /** Without a slash at its end. */
  apiUrl: {
    name: 'ALLO_API_URL',
    parse: apiUrl,
    default: 'https://api.withallo.com',
    meaning: 'base URL of the Allo API',
  },
  /** `none`: the raw key. */
  authScheme: {
    name: 'ALLO_AUTH_SCHEME',
    parse: authScheme,
    default: 'Api-Key',
    meaning: 'scheme before the key in the `Authorization` header; `none` sends the key alone',
  },
  /** `auto`: 90 % of what the API says it allows. */
  readsPerSecond: {
    name: 'ALLO_READS_PER_SECOND',
    parse: readsPerSecond,
    shown: '90 % of what Allo allows',
    meaning:
      'requests per second (0.1 to 1000), shared by all processes with the same key and database; `unlimited` is for benchmarks and simulations',
  },
  /** Null: no quota. */
  dailyRequests: {
    name: 'ALLO_DAILY_REQUESTS',
    parse: or(integer(1, 10_000_000), null),
    shown: 'no quota',
    meaning:
      'requests per day (UTC), if Allo gave your key a daily quota; looks stop first, so that passes go on',
  },
  /** From 0 to 1; 0: no looks. */
  liveBudgetShare: {
    name: 'LIVE_BUDGET_SHARE',
    parse: share,
    default: '25%',
    meaning:
      'share of the read budget for looks: between two passes, the worker reads the page where a teammate is dialling every few seconds; `0` switches looks off',
  },
  /** Whether the worker asks for the details of calls. */
  callDetails: {
    name: 'CALL_DETAILS',
    parse: yesOrNo,
    default: 'false',
    meaning:
      '`true`: after a call, the worker also reads its duration, result and tags, with requests that neither passes nor looks need; the key needs the scope `CONVERSATIONS_READ`',
  },
  /** Empty: none. */
  conversionTags: {
    name: 'CONVERSION_TAGS',
    parse: or(tags, []),
    shown: 'none',
    meaning: 'tags of calls, separated by commas: a call with one of them counts as a conversion',
  },
  requestTimeoutMs: {
    name: 'ALLO_REQUEST_TIMEOUT_MS',
    parse: integer(1, 600_000),
    default: '15000',
    meaning: 'timeout of one request in milliseconds, body included',
  },
  concurrency: {
    name: 'ALLO_CONCURRENCY',
    parse: or(integer(1, 100), 'auto'),
    shown: 'computed from budget and latency',
    meaning:
      'number of queues read at the same time (1 to 100); a high value makes each reading slow and more likely to be torn',
  },
  /** IANA name; the API's timestamps without a zone belong to it. */
  naiveTimeZone: {
    name: 'ALLO_TIME_ZONE',
    parse: zone,
    default: 'UTC',
    meaning: 'time zone of timestamps that Allo sends without one',
  },
  /** Null: the embedded Postgres under `dataDir`. */
  databaseUrl: {
    name: 'DATABASE_URL',
    check: checkDatabaseUrl,
    shown: 'embedded Postgres',
    meaning:
      'your own Postgres: `postgresql://user:password@host:5432/database`; add `?sslmode=verify-full` if it is on another host',
    fileMeaning: 'a file that holds the URL',
    secretParts: partsOfUserinfo,
  },
  /** Absolute. */
  dataDir: {
    name: 'DATA_DIR',
    parse: folder,
    default: './.data',
    meaning: 'folder of the embedded Postgres',
  },
  autoMigrate: {
    name: 'AUTO_MIGRATE',
    parse: yesOrNo,
    default: 'true',
    meaning: '`true`: `sync` and `worker` migrate the database first; `false`: only `migrate` does',
  },
  includeBlocked: {
    name: 'INCLUDE_BLOCKED',
    parse: yesOrNo,
    default: 'true',
    meaning: '`true`: also read the queues of blocked teammates',
  },
  /** Ids or e-mails; empty: all. */
  onlyTeammates: {
    name: 'ONLY_TEAMMATES',
    parse: or(list, []),
    shown: 'all',
    meaning: 'ids or e-mail addresses, separated by commas: read only the queues of these teammates',
  },
  exceptTeammates: {
    name: 'EXCEPT_TEAMMATES',
    parse: or(list, []),
    shown: 'none',
    meaning: 'ids or e-mail addresses, separated by commas: do not read the queues of these teammates',
  },
  schedule: {
    everyMs: {
      name: 'SYNC_EVERY',
      parse: duration('1s', '7d'),
      default: '5m',
      meaning: 'time between two passes of the worker: a number and `s`, `m`, `h` or `d`',
    },
    cron: {
      name: 'SYNC_CRON',
      parse: or(cron, null),
      shown: 'none',
      meaning: 'a cron expression instead of `SYNC_EVERY`, such as `*/10 8-19 * * 1-5`',
    },
    timeZone: { name: 'SYNC_TIME_ZONE', parse: zone, default: 'UTC', meaning: 'time zone of `SYNC_CRON`' },
  },
  /** Null: three intervals. */
  freshnessSloMs: {
    name: 'FRESHNESS_SLO',
    parse: or(duration('1s', '30d'), null),
    shown: '3 intervals',
    meaning: 'maximum age of the data, such as `20m`; above it `status` exits 75 and an alert is sent',
  },
  /** Null: the jobs of the worker are kept in Postgres. */
  redisUrl: {
    name: 'REDIS_URL',
    check: checkRedisUrl,
    shown: 'jobs in Postgres',
    meaning: 'Redis for the job queues of the worker, `redis://` or `rediss://`; use it to scale out',
    fileMeaning: 'a file that holds the URL',
    secretParts: partsOfUserinfo,
  },
  shutdownTimeoutMs: {
    name: 'SHUTDOWN_TIMEOUT',
    parse: duration('1s', '10m'),
    default: '10s',
    meaning: 'maximum time of a shutdown, in which the worker requeues its running jobs',
  },
  http: {
    /** 0: any free one. */
    port: {
      name: 'HTTP_PORT',
      parse: integer(0, 65_535),
      default: '8080',
      meaning: 'port of the status page, probes and metrics; `0`: any free port',
    },
    host: {
      name: 'HTTP_HOST',
      parse: host,
      default: '127.0.0.1',
      meaning: 'address to listen on; `0.0.0.0` or `::` for all, which requires `HTTP_BASIC_AUTH`',
    },
    /** Beside IP addresses and the names of this machine. */
    allowedHosts: {
      name: 'HTTP_ALLOWED_HOSTS',
      parse: or(hostNames, []),
      shown: 'this machine and IP addresses',
      meaning:
        'host names under which browsers may open the pages, separated by commas, such as `mirror.example.com`',
    },
    /** `user:password`; never null where `host` can be reached from other machines. */
    basicAuth: {
      name: 'HTTP_BASIC_AUTH',
      check: checkBasicAuth,
      meaning: '`user:password` for the pages; required if the worker listens on more than this machine',
      fileMeaning: 'a file that holds `user:password`',
      secretParts: partsOfLogin,
    },
    openProbes: {
      name: 'HTTP_OPEN_PROBES',
      parse: yesOrNo,
      default: 'false',
      meaning: '`true`: `/healthz`, `/readyz` and `/metrics` need no password and accept any host name',
    },
    wall: {
      name: 'HTTP_WALL',
      parse: yesOrNo,
      default: 'false',
      meaning:
        '`true`: `/wall` shows today’s dials and people reached of named teammates on one screen, for the office',
    },
    /** Null: no webhooks of Allo are accepted. See decodeWebhookSecret. */
    webhookSecret: {
      name: 'ALLO_WEBHOOK_SECRET',
      check: checkWebhookSecret,
      shown: 'no webhooks',
      meaning:
        'signing secret (`whsec_…`) of a webhook in Allo that calls `/hooks/allo` of the worker, which then reads the page of that teammate at once',
      fileMeaning:
        'a file that holds the signing secret; it is read again after a wrong signature, so a secret can be rotated without a restart',
      secretParts: partsOfWebhookSecret,
    },
  },
  /** Null: no alert is sent. */
  alertWebhookUrl: {
    name: 'ALERT_WEBHOOK_URL',
    check: checkWebhookUrl,
    meaning:
      'receives a POST when the data are older than `FRESHNESS_SLO`, when Allo refuses the key or when a data check fails, and another when the problem is over; works with Slack',
    fileMeaning: 'a file that holds the URL',
    secretParts: partsOfWebhook,
  },
  /** Without a slash at its end. Null: no traces. */
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    parse: or(collectorUrl, null),
    shown: 'no traces',
    meaning:
      'an OpenTelemetry collector (OTLP over HTTP, such as `http://127.0.0.1:4318`) that gets a trace of each pass of the worker; needs packages that the worker names',
  },
  reportTimeZone: {
    name: 'REPORT_TIME_ZONE',
    parse: zone,
    default: 'UTC',
    meaning: 'time zone of days and hours in reports, such as `Europe/Paris`',
  },
  speedToLeadTargetMs: {
    name: 'SPEED_TO_LEAD_TARGET',
    parse: duration('1s', '90d'),
    default: '1h',
    meaning: 'time within which a new number should be dialled: a number and `s`, `m`, `h` or `d`',
  },
  /** Null: not set, so no working time is counted. */
  workingHours: {
    name: 'WORKING_HOURS',
    parse: or(workingHours, null),
    shown: 'none',
    meaning:
      'hours that `reporting.speed_to_lead` counts apart, in `REPORT_TIME_ZONE`: `Mon-Fri 09:00-18:00`; several are separated by commas',
  },
  /** 32 bytes, see decodeNumberKey. Null: none, or that of the data folder. */
  numberKey: {
    name: 'NUMBER_KEY',
    check: checkNumberKey,
    shown: 'generated in `DATA_DIR` with the embedded Postgres; else none',
    meaning:
      '32 bytes in hex, as from `openssl rand -hex 32`; needed for `number_key`, which identifies a number without showing it',
    fileMeaning: 'a file that holds the key',
    secretParts: partsOfNumberKey,
  },
  retention: {
    /** Null: for ever. */
    numbersDays: {
      name: 'RETAIN_NUMBERS_DAYS',
      parse: or(integer(1, 36_500), null),
      shown: 'keep for ever',
      meaning:
        'erase a phone number this many days after it left its queue or the queue ended; its history stays',
    },
    /** Null: for ever. Reports look back on four weeks, and must find them whole. */
    historyDays: {
      name: 'RETAIN_HISTORY_DAYS',
      parse: or(integer(30, 36_500), null),
      shown: 'keep for ever',
      meaning: 'delete history this many days after its entry or queue ended; the counts of queues stay',
    },
    readsDays: {
      name: 'RETAIN_READS_DAYS',
      parse: integer(1, 36_500),
      default: '90',
      meaning: 'delete the audit rows of readings after this many days; the coverage per teammate stays',
    },
  },
  /** Null: no roles are made. */
  rolePrefix: {
    name: 'ROLE_PREFIX',
    parse: rolePrefix,
    default: 'allo',
    meaning:
      'prefix of the database roles that `grant` uses (`allo_bi_reader`, …); use another prefix for each database of one server; `none`: make no roles',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    parse: logLevel,
    default: 'info',
    meaning: '`silent`, `error`, `warn`, `info` or `debug`',
  },
  /** Empty: none. Unlike undefined, that keeps undici from looking into the environment itself. */
  proxy: {
    httpsProxy: {
      name: 'HTTPS_PROXY',
      parse: or(proxy, ''),
      meaning: 'proxy for https addresses (this name and the next two also work in lower case)',
      secretParts: partsOfUserinfo,
    },
    httpProxy: {
      name: 'HTTP_PROXY',
      parse: or(proxy, ''),
      meaning: 'proxy for http addresses; also for https addresses if `HTTPS_PROXY` is not set',
      secretParts: partsOfUserinfo,
    },
    noProxy: {
      name: 'NO_PROXY',
      parse: or(text, ''),
      meaning: 'hosts that are reached without the proxy, separated by commas',
    },
  },
} as const satisfies VariableTree

/** In the order of the tree. */
export const variables: readonly Variable[] = leavesOf(variableTree)

/** Those that may also stand in a file, the secrets. */
export const fileVariables = variables.filter((variable) => 'check' in variable)

/** With those of files. */
export const ourNames: ReadonlySet<string> = new Set(
  variables.flatMap((variable) =>
    'check' in variable ? [variable.name, `${variable.name}_FILE`] : [variable.name],
  ),
)
