// Go's literals of strings and characters, read and written.

const SIMPLE: ReadonlyMap<string, number> = new Map([
  ['a', 7], ['b', 8], ['f', 12], ['n', 10], ['r', 13], ['t', 9], ['v', 11], ['\\', 92], ["'", 39], ['"', 34],
])

/** A literal at `at`: its value and where it ends; or the place and kind of its mistake. */
export type Unquoted = { readonly text: string; readonly end: number } | { readonly fault: string; readonly at: number }

/** Reads `"…"` with escapes, `` `…` `` without any, or `'…'`, one character. `text[at]` is the opening quote. */
export function unquote(text: string, at: number): Unquoted {
  const quote = text[at]
  if (quote === '`') {
    const close = text.indexOf('`', at + 1)
    if (close < 0) return { fault: 'a raw string without its closing backtick', at }
    // A carriage return is no part of a raw string.
    return { text: text.slice(at + 1, close).replaceAll('\r', ''), end: close + 1 }
  }
  const bytes: Buffer[] = []
  let from = at + 1
  for (let i = from; i < text.length; ) {
    const c = text[i]
    if (c === '\n') break
    if (c === quote) {
      if (from < i) bytes.push(Buffer.from(text.slice(from, i)))
      return { text: Buffer.concat(bytes).toString(), end: i + 1 }
    }
    if (c !== '\\') {
      i++
      continue
    }
    const escape = escapeAt(text, i, quote)
    if (escape === undefined) return { fault: `an unknown escape sequence '${text.slice(i, i + 2)}'`, at: i }
    if (from < i) bytes.push(Buffer.from(text.slice(from, i)))
    bytes.push(escape.bytes)
    from = i = escape.end
  }
  return { fault: `a ${quote === '"' ? 'string' : 'character'} without its closing quote`, at }
}

function escapeAt(text: string, at: number, quote: string): { bytes: Buffer; end: number } | undefined {
  const c = text[at + 1] ?? ''
  const simple = SIMPLE.get(c)
  if (simple !== undefined) {
    return (c === '"' || c === "'") && c !== quote ? undefined : { bytes: Buffer.from([simple]), end: at + 2 }
  }
  const numeric = /^\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at, at + 10))
  if (numeric === null) return undefined
  const [whole, hex, octal, u, U] = numeric
  const end = at + whole.length
  const byte = hex !== undefined ? parseInt(hex, 16) : octal !== undefined ? parseInt(octal, 8) : undefined
  if (byte !== undefined) return byte > 255 ? undefined : { bytes: Buffer.from([byte]), end }
  const point = parseInt(u ?? U, 16)
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined
  return { bytes: Buffer.from(String.fromCodePoint(point)), end }
}

const WRITTEN: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'], ['\b', '\\b'], ['\f', '\\f'], ['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t'], ['\v', '\\v'], ['\\', '\\\\'],
])

/**
 * The literal of a text, as `%q` writes it: what cannot be seen is escaped. `ascii`: and all else that is not ASCII.
 */
export function quote(text: string, mark: '"' | "'" = '"', ascii = false): string {
  let out = mark as string
  for (const c of text) {
    const point = c.codePointAt(0)!
    const named = WRITTEN.get(c)
    if (named !== undefined) out += named
    else if (c === mark) out += `\\${c}`
    else if (point < 0x20 || point === 0x7f) out += `\\x${point.toString(16).padStart(2, '0')}`
    else if (ascii ? point < 0x7f : /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) out += c
    else out += point < 0x10000 ? `\\u${point.toString(16).padStart(4, '0')}` : `\\U${point.toString(16).padStart(8, '0')}`
  }
  return out + mark
}
