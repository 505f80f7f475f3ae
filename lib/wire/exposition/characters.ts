// The characters that the text formats are made of, and tables that tell in one look-up what a byte may be part of.

export const NUL = 0
export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const QUOTE = 34
export const HASH = 35
export const PLUS = 43
export const COMMA = 44
export const MINUS = 45
export const DOT = 46
export const ZERO = 48
export const NINE = 57
export const COLON = 58
export const EQUALS = 61
export const BACKSLASH = 92
export const UNDERSCORE = 95
export const OPEN_BRACE = 123
export const CLOSE_BRACE = 125

/** Bits of `NAMES`. */
export const NAME_START = 1
export const NAME_PART = 2
export const LABEL_START = 4
export const LABEL_PART = 8

function isLetter(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === UNDERSCORE
}

/** What a byte may be in a name written without quotes. */
export const NAMES = Uint8Array.from({ length: 256 }, (_, c) => {
  if (isLetter(c)) return NAME_START | NAME_PART | LABEL_START | LABEL_PART
  if (c === COLON) return NAME_START | NAME_PART
  return c >= ZERO && c <= NINE ? NAME_PART | LABEL_PART : 0
})

/** Non-zero for the bytes inside double quotes that need a closer look. */
export const SPECIAL = Uint8Array.from({ length: 256 }, (_, c) =>
  c === QUOTE || c === BACKSLASH || c === LF || c === NUL || c >= 0x80 ? 1 : 0,
)

/** Whether a name could stand without quotes (all that Prometheus 2 allowed). */
export function isLegacyName(name: string, label: boolean): boolean {
  const start = label ? LABEL_START : NAME_START
  const part = label ? LABEL_PART : NAME_PART
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c > 255 || (NAMES[c] & (i === 0 ? start : part)) === 0) return false
  }
  return name !== ''
}
