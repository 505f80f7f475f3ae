// Times between Unix nanoseconds, as decimal text, and the seconds and nanoseconds of google.protobuf.Timestamp.

const BILLION = 1_000_000_000n

/** Seconds, rounded down, and the nanoseconds beyond them. */
export interface Seconds {
  seconds: number
  nanos: number
}

/** @param ts a time that Loki can hold, see `isLokiTime` */
export function secondsOf(ts: string): Seconds {
  const digits = ts.length - 9
  if (digits > 0 && ts.charCodeAt(0) !== 45) return { seconds: Number(ts.slice(0, digits)), nanos: Number(ts.slice(digits)) }
  const all = BigInt(ts)
  const nanos = ((all % BILLION) + BILLION) % BILLION
  return { seconds: Number((all - nanos) / BILLION), nanos: Number(nanos) }
}

/** The text of a Timestamp. */
export function nanosText(seconds: bigint, nanos: number): string {
  return (seconds * BILLION + BigInt(nanos)).toString()
}
