// What a push to Loki holds, in whatever form it came: streams and their entries.

/** An entry of a stream. */
export interface PushEntry {
  /** Unix nanoseconds, decimal; any that the form can tell. */
  readonly ts: string
  readonly line: string
  /** Structured metadata: names and values in turn. */
  readonly metadata: readonly string[]
}

/** A stream: its labels as text, `{app="shop"}`. */
export interface PushStream {
  readonly labels: string
  readonly entries: readonly PushEntry[]
}

/** Loki keeps times as nanoseconds in an int64, from 1677 to 2262. */
const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n
/** Any time of so few digits is one. */
const SAFE_DIGITS = 18

/** Whether Loki can hold a time. */
export function isLokiTime(ts: string): boolean {
  if (ts.length <= SAFE_DIGITS || (ts.length === SAFE_DIGITS + 1 && ts < '9')) return true
  const nanos = BigInt(ts)
  return nanos >= EARLIEST && nanos <= LATEST
}
