// Times: Unix nanoseconds as decimal strings outside, bigint inside.

/** Milliseconds (as Prometheus counts) of a nanosecond string, rounded down; exact for |ts| below 2^53 ms. */
export function millisOf(ts: string): number {
  if (ts.length > 6 && ts.charCodeAt(0) !== 45) return Number(ts.slice(0, -6))
  return Number(floorDiv(BigInt(ts), 1_000_000n))
}

/** Nanosecond string of milliseconds. */
export function nanosOfMillis(ms: number): string {
  return ms > 0 && Number.isSafeInteger(ms) ? `${ms}000000` : (BigInt(Math.trunc(ms)) * 1_000_000n).toString()
}

function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b
  return a % b < 0n ? q - 1n : q
}
