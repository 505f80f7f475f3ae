// Numbers as Go's strconv reads and writes them, which is what the exposition formats mean by a number.

import { DOT, MINUS, NINE, PLUS, ZERO } from './characters.js'

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
const EXPONENT = 101

/**
 * Reads a number in the middle of a buffer without making a string of it, in the common cases: 25 ns, where Number of a
 * string takes 150.
 */
export class NumberReader {
  /** What the last `read` read. */
  value = 0

  /**
   * The offset after the number that begins at `start`; -1 if none does, or if it is out of the range of a double. The
   * buffer must go on after the number (a line feed at its end will do).
   */
  read(buffer: Buffer, start: number): number {
    let at = start
    let c = buffer[at]
    if (c === MINUS || c === PLUS) c = buffer[++at]
    const digits = at
    let mantissa = 0
    while (c >= ZERO && c <= NINE) {
      mantissa = mantissa * 10 + (c - ZERO)
      c = buffer[++at]
    }
    let count = at - digits
    let scale = 0
    if (c === DOT) {
      const point = at
      c = buffer[++at]
      while (c >= ZERO && c <= NINE) {
        mantissa = mantissa * 10 + (c - ZERO)
        c = buffer[++at]
      }
      scale = point + 1 - at
      count -= scale
    }
    if (count === 0) return this.#word(buffer, start)
    if ((c | 32) === EXPONENT) {
      const exponentEnd = exponent(buffer, at + 1)
      if (exponentEnd < 0) return -1
      scale += Number(buffer.latin1Slice(at + 1, exponentEnd))
      at = exponentEnd
    }
    return this.#finish(buffer, start, at, mantissa, scale)
  }

  #finish(buffer: Buffer, start: number, end: number, mantissa: number, scale: number): number {
    // Both operands are exact, so one operation rounds correctly.
    if (mantissa <= Number.MAX_SAFE_INTEGER && scale >= -22 && scale <= 22) {
      const value = scale < 0 ? mantissa / POWERS[-scale] : mantissa * POWERS[scale]
      this.value = buffer[start] === MINUS ? -value : value
      return end
    }
    const value = Number(buffer.latin1Slice(start, end))
    if (!Number.isFinite(value)) return -1
    this.value = value
    return end
  }

  /** NaN and the infinities, in any case. */
  #word(buffer: Buffer, start: number): number {
    const word = buffer.latin1Slice(start, Math.min(start + 9, buffer.length)).toLowerCase()
    if (word.startsWith('nan')) {
      this.value = NaN
      return start + 3
    }
    const signed = word[0] === '+' || word[0] === '-' ? 1 : 0
    if (!word.startsWith('inf', signed)) return -1
    this.value = word[0] === '-' ? -Infinity : Infinity
    return start + signed + (word.startsWith('infinity', signed) ? 8 : 3)
  }
}

function exponent(buffer: Buffer, start: number): number {
  let at = start
  if (buffer[at] === MINUS || buffer[at] === PLUS) at++
  const digits = at
  while (buffer[at] >= ZERO && buffer[at] <= NINE) at++
  return at === digits ? -1 : at
}

const reader = new NumberReader()

/** The number that the whole text is; undefined if it is none. */
export function parseNumber(text: string): number | undefined {
  const bytes = Buffer.from(`${text}\n`)
  return reader.read(bytes, 0) === bytes.length - 1 ? reader.value : undefined
}

/** The spelling that OpenMetrics wants for the values of `le` and `quantile`: `1.0`, `0.25`, `1e+06`, `+Inf`. */
export function floatLabel(value: number): string {
  if (value === 0) return '0.0'
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e6) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
