// Decimal numbers of line protocols: digits, a sign, a point, an exponent, and nothing else that JavaScript takes for one.

const ZERO = 48
const NINE = 57

/** NaN where the text is no decimal number, or beyond what a double holds. */
export function decimalOf(text: string): number {
  let digits = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) digits = true
    // + - . E e
    else if (code !== 43 && code !== 45 && code !== 46 && code !== 69 && code !== 101) return NaN
  }
  const number = digits ? Number(text) : NaN
  return Number.isFinite(number) ? number : NaN
}

/** Whether a text is digits alone. */
export function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return false
  }
  return text !== ''
}
