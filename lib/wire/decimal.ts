// Decimal numbers of line protocols: digits, a sign, a point, an exponent, and nothing else that JavaScript takes for one.

const ZERO = 48
const NINE = 57
const DOT = 46

/** NaN where the text is no decimal number, or beyond what a double holds. */
export function decimalOf(text: string): number {
  const number = Number(text)
  return Number.isFinite(number) && isDecimal(text) ? number : NaN
}

/**
 * Of what Number takes: no spaces around it, which it would leave out, nor nothing at all, nor a base of 2, 8 or 16. The
 * first characters and the last tell: all of them take as long as the number itself.
 */
function isDecimal(text: string): boolean {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  // + and -
  if (!(isDigit(first) || first === DOT || first === 43 || first === 45)) return false
  if (!(isDigit(last) || last === DOT)) return false
  if (first !== ZERO || text.length === 1) return true
  const second = text.charCodeAt(1)
  // e and E
  return isDigit(second) || second === DOT || second === 101 || second === 69
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** Whether a text is digits alone. */
export function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isDigit(text.charCodeAt(at))) return false
  return text !== ''
}
