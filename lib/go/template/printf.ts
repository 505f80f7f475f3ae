// Go's printf: verbs, flags, widths, argument indexes, and what it says of mistakes in them.

import { quote } from '../quote.js'
import { display, floatText, isDict, isList, sortedEntries, TemplateFault, typeName, type Value } from './value.js'

interface Spec {
  verb: string
  minus: boolean
  plus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

/** Widest field that a format may ask for. */
const MAX_WIDTH = 10_000
const DIRECTIVE = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:(\.)(?:\[(\d+)\])?(\*|\d+)?)?(?:\[(\d+)\])?([\s\S]?)/gu

export function printf(format: string, args: readonly Value[]): string {
  let next = 0
  let indexed = false
  const index = (text: string | undefined) => {
    if (text === undefined) return
    next = Number(text) - 1
    indexed = true
  }
  const size = (text: string | undefined): number | undefined => {
    const value = text === '*' ? Number(args[next++] ?? 0) : text === undefined ? undefined : Number(text)
    if (value !== undefined && !(Math.abs(value) <= MAX_WIDTH)) throw new TemplateFault(`printf: a width beyond ${MAX_WIDTH}`)
    return value
  }
  const out = format.replace(DIRECTIVE, (_, flags: string, i1, width, point, i2, precision, i3, verb: string) => {
    index(i1)
    const spec: Spec = {
      verb, minus: flags.includes('-'), plus: flags.includes('+'), sharp: flags.includes('#'), space: flags.includes(' '),
      zero: flags.includes('0') && !flags.includes('-'), width: size(width), precision: undefined,
    }
    if (spec.width !== undefined && spec.width < 0) {
      spec.minus = true
      spec.zero = false
      spec.width = -spec.width
    }
    index(i2)
    if (point !== undefined) spec.precision = size(precision) ?? 0
    index(i3)
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    if (next < 0 || (indexed && next >= args.length)) return `%!${verb}(BADINDEX)`
    if (next >= args.length) return `%!${verb}(MISSING)`
    return formatted(args[next++], spec)
  })
  if (indexed || next >= args.length) return out
  const extra = args.slice(next).map((arg) => (arg === null || arg === undefined ? '<nil>' : `${typeName(arg)}=${display(arg)}`))
  return `${out}%!(EXTRA ${extra.join(', ')})`
}

/** Prints operands as Go's Sprint does: a space between two of which neither is a text. */
export function sprint(args: readonly Value[]): string {
  let text = ''
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') text += ' '
    text += display(arg)
  }
  return text
}

function formatted(value: Value, spec: Spec): string {
  if (spec.verb === 'T') return padded(typeName(value), spec)
  if (value === null || value === undefined) return spec.verb === 'v' ? padded('<nil>', spec) : `%!${spec.verb}(<nil>)`
  switch (typeof value) {
    case 'string':
      return textVerb(value, spec)
    case 'bigint':
      return intVerb(value, spec)
    case 'number':
      return floatVerb(value, spec)
    case 'boolean':
      return spec.verb === 't' || spec.verb === 'v' ? padded(String(value), spec) : wrong(value, spec)
  }
  if (spec.verb === 'v' && spec.sharp) return goSyntax(value)
  if (isList(value)) return `[${value.map((item) => formatted(item, spec)).join(' ')}]`
  if (isDict(value)) {
    return `map[${sortedEntries(value).map(([name, item]) => `${formatted(name, spec)}:${formatted(item, spec)}`).join(' ')}]`
  }
  return textVerb(display(value), spec)
}

function wrong(value: Value, { verb }: Spec): string {
  return `%!${verb}(${typeName(value)}=${display(value)})`
}

function textVerb(value: string, spec: Spec): string {
  const { verb, precision } = spec
  const text = precision === undefined || 'xX'.includes(verb) ? value : [...value].slice(0, precision).join('')
  switch (verb) {
    case 'v':
    case 's':
      return padded(verb === 'v' && spec.sharp ? quote(text) : text, spec)
    case 'q':
      return padded(spec.sharp && !/[`\p{Cc}\ufeff]/u.test(text) ? `\`${text}\`` : quote(text, '"', spec.plus), spec)
    case 'x':
    case 'X': {
      const bytes = Buffer.from(value).subarray(0, precision)
      const mark = spec.sharp && bytes.length > 0 ? '0x' : ''
      const hex = spec.space ? bytes.toString('hex').replace(/..(?=.)/g, `$& ${mark}`) : bytes.toString('hex')
      return padded(verb === 'X' ? (mark + hex).toUpperCase() : mark + hex, spec)
    }
    default:
      return wrong(value, spec)
  }
}

const BASES: { readonly [verb: string]: readonly [radix: number, mark: string] } = {
  b: [2, '0b'], o: [8, '0'], O: [8, '0o'], d: [10, ''], v: [10, ''], x: [16, '0x'], X: [16, '0X'],
}

function intVerb(value: bigint, spec: Spec): string {
  const { verb } = spec
  if (verb === 'c' || verb === 'q' || verb === 'U') {
    const point = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd
    const character = String.fromCodePoint(point)
    if (verb === 'c') return padded(character, spec)
    if (verb === 'q') return padded(quote(character, "'", spec.plus), spec)
    const name = `U+${value.toString(16).toUpperCase().padStart(Math.max(4, spec.precision ?? 0), '0')}`
    return padded(spec.sharp ? `${name} '${character}'` : name, spec)
  }
  if (!Object.hasOwn(BASES, verb)) return wrong(value, spec)
  const [radix, mark] = BASES[verb]
  let digits = (value < 0n ? -value : value).toString(radix)
  if (verb === 'X') digits = digits.toUpperCase()
  if (spec.precision !== undefined) digits = value === 0n && spec.precision === 0 ? '' : digits.padStart(spec.precision, '0')
  const prefix = verb === 'O' || (spec.sharp && !(verb === 'o' && digits[0] === '0')) ? mark : ''
  return number(signOf(value < 0n, spec), prefix, digits, { ...spec, zero: spec.zero && spec.precision === undefined })
}

function floatVerb(value: number, spec: Spec): string {
  const { verb, precision } = spec
  if (!'vgGeEfF'.includes(verb)) return wrong(value, spec)
  const negative = value < 0 || Object.is(value, -0)
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : 'Inf'
    const sign = negative ? '-' : value > 0 || spec.plus ? '+' : ''
    return number(sign, '', name, { ...spec, zero: false })
  }
  const digits = floatDigits(Math.abs(value), verb.toLowerCase(), precision)
  return number(signOf(negative, spec), '', verb === 'G' || verb === 'E' ? digits.toUpperCase() : digits, spec)
}

function floatDigits(value: number, verb: string, precision: number | undefined): string {
  const exponential = (text: string) => text.replace(/e([+-])(\d)$/, 'e$10$2')
  if (verb === 'f') return fixed(value, precision ?? 6)
  if (verb === 'e') return exponential(value.toExponential(Math.min(100, precision ?? 6)))
  if (precision === undefined) return floatText(value)
  const significant = Math.min(100, Math.max(1, precision))
  const power = Number(value.toExponential(significant - 1).split('e')[1])
  if (power < -4 || power >= significant) return exponential(value.toExponential(significant - 1).replace(/\.?0*e/, 'e'))
  const text = fixed(value, Math.max(0, significant - 1 - power))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** `toFixed`, for large numbers too; halves go to the even neighbour. */
function fixed(value: number, digits: number): string {
  if (value < 1e21) {
    const places = Math.min(100, digits)
    const exact = value.toFixed(Math.min(100, places + 60))
    const kept = exact.length - Math.min(100, places + 60) + places
    const half = /^\.?50*$/.test(exact.slice(kept)) && /[02468]\.?$/.test(exact.slice(0, kept))
    return half ? exact.slice(0, kept).replace(/\.$/, '') : value.toFixed(places)
  }
  return BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '')
}

function signOf(negative: boolean, { plus, space }: Spec): string {
  return negative ? '-' : plus ? '+' : space ? ' ' : ''
}

function number(sign: string, prefix: string, digits: string, spec: Spec): string {
  if (!spec.zero || spec.width === undefined) return padded(sign + prefix + digits, spec)
  return sign + prefix + digits.padStart(spec.width - sign.length, '0')
}

function padded(text: string, { width, minus, zero }: Spec): string {
  if (width === undefined) return text
  const missing = width - [...text].length
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text
}

/** As `%#v` writes it. */
function goSyntax(value: Value): string {
  if (typeof value === 'string') return quote(value)
  if (isList(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (isDict(value)) {
    return `map[string]interface {}{${sortedEntries(value).map(([name, item]) => `${quote(name)}:${goSyntax(item)}`).join(', ')}}`
  }
  return value === null || value === undefined ? 'interface {}(nil)' : display(value)
}
