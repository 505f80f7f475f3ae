// Facilities and severities of syslog: their words, and severities in OpenTelemetry's numbers.

/** By number (RFC 5424, table 1), under the keywords of syslog(3) and those in use for 12 to 15. */
export const FACILITIES = [
  'kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp', 'security',
  'console', 'solaris-cron', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
] as const

/** By number (RFC 5424, table 2). */
export const SEVERITIES = [
  'emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug',
] as const

/** `severity_number` of each severity (OpenTelemetry's logs data model, appendix B). */
export const SEVERITY_NUMBERS = [21, 19, 18, 17, 13, 10, 9, 5] as const

/** Other spellings of severities, as programs write them. */
const SPELLINGS: ReadonlyMap<string, number> = new Map([
  ...SEVERITIES.map((word, number) => [word, number] as const),
  ['emerg', 0],
  ['panic', 0],
  ['fatal', 2],
  ['crit', 2],
  ['err', 3],
  ['warn', 4],
  ['info', 6],
  ['trace', 7],
])

/** The severity that a word means, in any case; undefined if it is none. */
export function severityOfWord(word: string): number | undefined {
  return SPELLINGS.get(word.toLowerCase())
}

/** The severity of a `severity_number` (1 to 24). */
export function severityOfNumber(number: number): number {
  if (number >= 21) return 0
  if (number >= 19) return 1
  if (number === 18) return 2
  if (number === 17) return 3
  if (number >= 13) return 4
  if (number >= 10) return 5
  return number === 9 ? 6 : 7
}
