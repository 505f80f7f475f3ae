// A point in time as people type it.

/** What `parseTime` takes, for messages. */
export const TIME_EXPECTED = '2026-01-31T12:00:00Z, or 19 digits of Unix nanoseconds'

/** Unix nanoseconds of an RFC 3339 time, or of such nanoseconds (`date +%s%N`); undefined if it is neither. */
export function parseTime(text: string): string | undefined {
  if (/^\d{19}$/.test(text)) return text
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  const millis = match === null ? NaN : Date.parse(match[1] + match[3])
  if (Number.isNaN(millis)) return undefined
  return (BigInt(millis) * 1_000_000n + BigInt((match![2] ?? '').padEnd(9, '0'))).toString()
}
