// Numbers whose last digit is their checksum by the algorithm of Luhn (ISO/IEC 7812): cards, IMEIs and the like.

/** Whether digits, which may be any number of them, end in their checksum. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, odd = false; i >= 0; i--, odd = !odd) {
    const digit = digits.charCodeAt(i) - 48
    sum += odd ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit
  }
  return sum % 10 === 0
}

/** Calls for each run of digits, which `delimiters` may stand in between: where it starts and ends, and its digits. */
export function eachNumber(
  text: string, delimiters: string, number: (start: number, end: number, digits: string) => void,
): void {
  let start = -1
  let end = 0
  let digits = ''
  for (let at = 0; at <= text.length; at++) {
    const c = text.charCodeAt(at)
    if (c >= 48 && c <= 57) {
      if (start < 0) start = at
      digits += text[at]
      end = at + 1
    } else if (start >= 0 && !(at < text.length && delimiters.includes(text[at]))) {
      number(start, end, digits)
      start = -1
      digits = ''
    }
  }
}
