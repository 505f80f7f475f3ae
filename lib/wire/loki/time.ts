// Times between Unix nanoseconds, as decimal text, and the seconds and nanoseconds of google.protobuf.Timestamp.

const BILLION = 1_000_000_000n
const MINUS = 45
const ZERO = 48

/** Seconds, rounded down, and the nanoseconds beyond them. */
export interface Seconds {
  seconds: number
  nanos: number
}

/** @param ts a time that Loki can hold, see `isLokiTime` */
export function secondsOf(ts: string): Seconds {
  const digits = ts.length - 9
  // Digit by digit it takes a third of the time that two pieces of text take.
  if (digits > 0 && ts.charCodeAt(0) !== MINUS) return { seconds: wholeOf(ts, 0, digits), nanos: wholeOf(ts, digits, ts.length) }
  const all = BigInt(ts)
  const nanos = ((all % BILLION) + BILLION) % BILLION
  return { seconds: Number((all - nanos) / BILLION), nanos: Number(nanos) }
}

function wholeOf(digits: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + digits.charCodeAt(i) - ZERO
  return value
}

/** The text of a Timestamp, whatever its numbers are. */
export function nanosText(seconds: number | bigint, nanos: number | bigint): string {
  if (seconds > 0 && nanos >= 0 && nanos < BILLION) return `${seconds}${String(nanos).padStart(9, '0')}`
  return (BigInt(seconds) * BILLION + BigInt(nanos)).toString()
}
