/**
 * What a connection URL must be before any part of it is used. A URL that two parsers could read in two ways is
 * refused here, because one of them would take a piece of the password for a host name, print it and look it up in
 * DNS. No sentence of this file repeats any part of the URL.
 */

export interface UrlForm {
  /** In lower case; the drivers compare them as they are written. */
  readonly schemes: readonly string[]
  /** A path may hold `@`, as the webhook addresses of Microsoft Teams do. Then nothing before the path may look like a user. */
  readonly mayHoldAtInPath?: boolean
}

/** What is wrong with the URL, as the end of a sentence; null: every parser reads the same out of it. */
export function faultOfUrl(url: string, form: UrlForm): string | null {
  if (/[\s\p{Cc}]/u.test(url)) return 'holds a space or a line break'
  const [scheme = '', rest] = split(url, '://')
  if (rest === undefined) return `does not begin with ${form.schemes[0]}://`
  if (!form.schemes.includes(scheme)) return `does not begin with ${form.schemes.join(':// or ')}://`
  if (url.includes('\\')) return 'holds a backslash (write %5C)'
  const end = rest.search(/[/?#]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  const after = end < 0 ? '' : rest.slice(end)
  return (
    faultOfAt(authority, after, form) ??
    (/%(?![0-9a-f]{2})/i.test(url) || !isDecodable(url)
      ? 'holds a % that begins no escape (a % itself is %25)'
      : null) ??
    (after.includes('#') ? 'holds a # (write %23)' : null) ??
    (authority.endsWith('@') ? 'names no host' : null) ??
    faultOfHost(authority.slice(authority.indexOf('@') + 1)) ??
    (URL.canParse(url) ? null : 'is not a URL')
  )
}

/** Exactly one `@`, and that before the path: else it is open where the password ends and the host begins. */
function faultOfAt(authority: string, after: string, { mayHoldAtInPath = false }: UrlForm): string | null {
  const inAuthority = authority.split('@').length - 1
  if (inAuthority > 1) return 'holds more than one @ before the path, so where the password ends is a guess'
  const isOpen = mayHoldAtInPath ? authority.includes(':') : true
  if (after.includes('@') && isOpen)
    return 'holds an @ after a /, ? or #, so where the password ends is a guess'
  return null
}

function faultOfHost(text: string): string | null {
  if (text.includes(',')) return 'names several hosts; one is supported'
  const [, bracketed, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(.*))?$/i.exec(text) ?? []
  if (bracketed === undefined) return 'names no host that can be read (an IPv6 address stands in brackets)'
  const isName = /^$|^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?$/i.test(bracketed)
  const isAddress = bracketed.startsWith('[')
  // Those of Google Cloud SQL hold colons.
  const isSocket = /^(?:%2f(?:[a-z0-9._-]|%3a)+)+$/i.test(bracketed)
  if (!isName && !isAddress && !isSocket)
    return 'names a host with characters that no host name has (an international name is written with xn--)'
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    return 'has a port that is no number from 1 to 65535, or lacks the @ between password and host'
  return null
}

function isDecodable(url: string): boolean {
  try {
    return !decodeURIComponent(url).includes('\0')
  } catch {
    return false
  }
}

function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** Read by another driver than ours, or by ours in a way that hides the secret or the place from us. */
const refusedParameters = [
  'user',
  'password',
  'port',
  'dbname',
  'database',
  'hostaddr',
  'service',
  'servicefile',
  'passfile',
  'sslpassword',
]
const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** As above, and what pg reads otherwise than libpq does. */
export function faultOfDatabaseUrl(text: string): string | null {
  if (/^\s*\w+\s*=/.test(text)) return 'is a list of key=value, which is not supported'
  const fault = faultOfUrl(text, { schemes: ['postgresql', 'postgres'] })
  if (fault !== null) return fault
  const url = new URL(text)
  // pg leaves these escapes as they are, libpq and we do not.
  if (/%(?:2[3-6bcf]|3[abdf]|40)/i.test(url.pathname))
    return 'names a database with an escaped character that the driver does not read'
  const parameters = [...url.searchParams]
  const names = parameters.map(([name]) => name)
  if (new Set(names).size < names.length) return 'sets a parameter twice'
  // libpq would take the Unix socket, and pg localhost or PGHOST.
  if (url.hostname === '' && !names.includes('host')) return 'names no host'
  const refused = refusedParameters.find((name) => names.includes(name))
  if (refused !== undefined) return `has the parameter ${refused}, which is not supported after the ?`
  return firstFault(parameters.map(([name, value]) => faultOfParameter(name, value, url.hostname)))
}

function faultOfParameter(name: string, value: string, host: string): string | null {
  if (name === 'host') {
    if (host !== '') return 'names the host twice, before the path and as the parameter host'
    return /^\/[^,]+$/.test(value) ? null : 'has a parameter host that is not the folder of a Unix socket'
  }
  if (name === 'sslmode' && !sslModes.includes(value))
    return `has an sslmode that is not supported (${sslModes.join(', ')})`
  if (name === 'sslrootcert' && value === 'system')
    return 'has sslrootcert=system, which the driver takes for a file (leave it out: the authorities that Node brings are trusted)'
  if (name === 'ssl' && !['true', '1', '0'].includes(value)) return 'has a parameter ssl; write sslmode'
  if (name === 'client_encoding' && !/^utf-?8$/i.test(value))
    return 'sets client_encoding to something else than UTF8'
  return null
}

/** As above, and what ioredis would take for options of its own. */
export function faultOfRedisUrl(text: string): string | null {
  const fault = faultOfUrl(text, { schemes: ['redis', 'rediss'] })
  if (fault !== null) return fault
  const { hostname, pathname, searchParams, username, password } = new URL(text)
  if (hostname === '') return 'names no host'
  if (hostname.startsWith('%')) return 'names a Unix socket, which is not supported'
  if (username !== '' && password === '')
    return 'has a user and no password (write redis://:password@host without a user)'
  if (!/^(?:\/\d*)?$/.test(pathname)) return 'has a path that is no number of a database'
  if ([...searchParams.keys()].some((name) => name !== 'family'))
    return 'has parameters after the ?, which are not supported'
  return null
}

/** `http://` may be left out. */
export function faultOfProxyUrl(text: string): string | null {
  const fault = faultOfUrl(withScheme(text), { schemes: ['http', 'https'] })
  if (fault !== null) return fault
  const { hostname, pathname, search, username, password } = new URL(withScheme(text))
  if (hostname === '') return 'names no host'
  if (pathname !== '/' || search !== '') return 'has a path or a query, which no proxy has'
  if (username !== '' && password === '') return 'has a user and no password'
  return null
}

export function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
}

export function faultOfWebhookUrl(text: string): string | null {
  const fault = faultOfUrl(text, { schemes: ['https', 'http'], mayHoldAtInPath: true })
  if (fault !== null) return fault
  const { username, password } = new URL(text)
  return username || password ? 'has a user or password before the host, which would not be sent' : null
}

function firstFault(faults: readonly (string | null)[]): string | null {
  return faults.find((fault) => fault !== null) ?? null
}
