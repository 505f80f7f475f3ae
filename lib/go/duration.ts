// Go's spelling of durations: 1h30m0s, 1.5ms, -42µs.

const SMALL: readonly (readonly [unit: string, digits: number])[] = [['ns', 0], ['µs', 3], ['ms', 6]]

/** @param nanos 64 bits */
export function durationText(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  if (size < 1_000_000_000n) {
    const [unit, digits] = SMALL[size < 1000n ? 0 : size < 1_000_000n ? 1 : 2]
    return sign + shifted(size, digits) + unit
  }
  const seconds = `${shifted(size % 60_000_000_000n, 9)}s`
  const minutes = size / 60_000_000_000n
  if (minutes === 0n) return sign + seconds
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** A number with its point moved to the left, without zeros behind it. */
function shifted(value: bigint, digits: number): string {
  const text = value.toString().padStart(digits + 1, '0')
  const fraction = text.slice(text.length - digits).replace(/0+$/, '')
  return text.slice(0, text.length - digits) + (fraction === '' || digits === 0 ? '' : `.${fraction}`)
}
