// Functions of templates on encodings, hashes, regular expressions and paths.

import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Problem } from '../../../diag/problem.js'
import { Pattern } from '../../../regex/pattern.js'
import { parseTemplate } from '../../../regex/template.js'
import { TimeLayout } from '../../time_layout.js'
import { fn, type FunctionTable, type TemplateFunction } from '../function.js'
import { isList, isMoment, sortedEntries, TemplateFault, type Value } from '../value.js'

const hash = (name: string) => fn(['string'], (text) => createHash(name).update(text).digest('hex'))
const salted = (name: string) => fn(['string', 'string'], (salt, text) => createHash(name).update(salt + text).digest('hex'))

function adler32(text: string): string {
  let a = 1
  let b = 0
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return String(b * 65536 + a)
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function toBase32(text: string): string {
  let bits = ''
  for (const byte of Buffer.from(text)) bits += byte.toString(2).padStart(8, '0')
  const digits = (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('')
  return digits.padEnd(Math.ceil(digits.length / 8) * 8, '=')
}

function fromBase32(text: string): string {
  const digits = /^([A-Z2-7]*)=*$/.exec(text)?.[1]
  if (digits === undefined || text.length % 8 !== 0) return 'illegal base32 data at input byte 0'
  const bits = [...digits].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2))).toString()
}

function fromBase64(text: string): string {
  const bad = /[^A-Za-z0-9+/=\r\n]/.exec(text)
  if (bad === null && text.replace(/[\r\n]/g, '').length % 4 === 0) return Buffer.from(text, 'base64').toString()
  return `illegal base64 data at input byte ${bad?.index ?? text.length}`
}

/** A value as Go's encoding/json writes it. `indent` is that of one level, `line` what begins a line of this one. */
function jsonText(value: Value, indent = '', line = ''): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const inner = indent === '' ? '' : `${line === '' ? '\n' : line}${indent}`
  const outer = indent === '' ? '' : line === '' ? '\n' : line
  const within = (open: string, items: readonly string[], close: string) =>
    items.length === 0 ? open + close : `${open}${inner}${items.join(`,${inner}`)}${outer}${close}`
  if (isList(value)) return within('[', value.map((item) => jsonText(item, indent, inner)), ']')
  if (isMoment(value)) return JSON.stringify(RFC3339.format(value))
  const colon = indent === '' ? ':' : ': '
  const field = ([name, item]: [string, Value]) => JSON.stringify(name) + colon + jsonText(item, indent, inner)
  return within('{', sortedEntries(value).map(field), '}')
}

const RFC3339 = new TimeLayout('2006-01-02T15:04:05.999999999Z07:00')

const inHtml = (json: string) => json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** JSON with whole numbers as Go has them: floats. */
function fromJson(text: string): Value {
  return valueOf(JSON.parse(text))
}

function valueOf(json: unknown): Value {
  if (Array.isArray(json)) return json.map(valueOf)
  if (typeof json === 'object' && json !== null) return new Map(Object.entries(json).map(([name, item]) => [name, valueOf(item)]))
  return json as Value
}

const orNothing = (work: () => Value): Value => {
  try {
    return work()
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
const orFault = (work: () => Value): Value => {
  try {
    return work()
  } catch (error) {
    if (error instanceof SyntaxError) throw new TemplateFault(error.message)
    throw error
  }
}

const patterns = new Map<string, Pattern | Problem>()
/** Patterns kept compiled; one may be made of data, and many then. */
const MAX_PATTERNS = 256

function pattern(source: string): Pattern {
  let found = patterns.get(source)
  if (found === undefined) {
    if (patterns.size >= MAX_PATTERNS) patterns.clear()
    try {
      found = Pattern.search(source)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      found = error
    }
    patterns.set(source, found)
  }
  if (found instanceof Problem) throw new TemplateFault(found.message)
  return found
}

function replaced(
  source: string, text: string, replacement: (groups: (string | undefined)[], of: Pattern) => string,
): string {
  const re = pattern(source)
  if (!re.test(text)) return text
  let out = ''
  let at = 0
  for (const bounds of re.matches(text)) {
    const groups: (string | undefined)[] = []
    for (let i = 0; i < bounds.length; i += 2)
      groups.push(bounds[i] < 0 ? undefined : text.slice(bounds[i], bounds[i + 1]))
    out += text.slice(at, bounds[0]) + replacement(groups, re)
    at = bounds[1]
  }
  return out + text.slice(at)
}

function found(source: string, text: string, count: number): string[] {
  const all: string[] = []
  for (const [from, end] of pattern(source).matches(text)) {
    if (count >= 0 && all.length >= count) break
    all.push(text.slice(from, end))
  }
  return all
}

function splitBy(source: string, text: string, count: number): string[] {
  if (count === 0) return []
  if (text === '') return ['']
  const parts: string[] = []
  let at = 0
  let last = -1
  for (const [from, end] of pattern(source).matches(text)) {
    if (count > 0 && parts.length === count - 1) break
    // Nothing in front of the text parts nothing from it.
    if (end !== 0) parts.push(text.slice(at, from))
    at = end
    last = from
  }
  return last === text.length ? parts : [...parts, text.slice(at)]
}

const REGEX: FunctionTable = [
  ['regexMatch', fn(['string', 'string'], (source, text) => pattern(source).test(text))],
  ['regexFind', fn(['string', 'string'], (source, text) => pattern(source).exec(text)?.[0] ?? '')],
  ['regexFindAll', fn(['string', 'string', 'size'], found)],
  ['regexSplit', fn(['string', 'string', 'size'], splitBy)],
  ['regexReplaceAll', fn(['string', 'string', 'string'], (source, text, to) => {
    const template = parseTemplate(to)
    return replaced(source, text, (groups, of) => of.expand(template, groups))
  })],
  ['regexReplaceAllLiteral', fn(['string', 'string', 'string'], (source, text, to) => replaced(source, text, () => to))],
]

/** Paths with slashes; those of the machine are the same. */
const PATHS: FunctionTable = [
  ['base', fn(['string'], (path) => (path === '' ? '.' : posix.basename(path) || '/'))],
  ['dir', fn(['string'], (path) => posix.dirname(posix.normalize(path || '.')))],
  ['clean', fn(['string'], (path) => posix.normalize(path || '.').replace(/(?<=.)\/$/, ''))],
  ['ext', fn(['string'], (path) => /\.[^./]*$/.exec(path)?.[0] ?? '')],
  ['isAbs', fn(['string'], (path) => path.startsWith('/'))],
]

const must = ([name, is]: readonly [string, TemplateFunction]) => [`must${name[0].toUpperCase()}${name.slice(1)}`, is] as const

export const ENCODING_FUNCTIONS: FunctionTable = [
  ['Hash', salted('sha3-256')],
  ['Sha2Hash', salted('sha256')],
  ['sha1sum', hash('sha1')],
  ['sha256sum', hash('sha256')],
  ['sha512sum', hash('sha512')],
  ['adler32sum', fn(['string'], adler32)],
  ['b64enc', fn(['string'], (text) => Buffer.from(text).toString('base64'))],
  ['b64dec', fn(['string'], fromBase64)],
  ['b32enc', fn(['string'], toBase32)],
  ['b32dec', fn(['string'], fromBase32)],
  ['toJson', fn(['any'], (value) => inHtml(jsonText(value)))],
  ['mustToJson', fn(['any'], (value) => inHtml(jsonText(value)))],
  ['toPrettyJson', fn(['any'], (value) => inHtml(jsonText(value, '  ')))],
  ['mustToPrettyJson', fn(['any'], (value) => inHtml(jsonText(value, '  ')))],
  ['toRawJson', fn(['any'], (value) => jsonText(value))],
  ['mustToRawJson', fn(['any'], (value) => jsonText(value))],
  ['fromJson', fn(['string'], (text) => orNothing(() => fromJson(text)))],
  ['mustFromJson', fn(['string'], (text) => orFault(() => fromJson(text)))],
  ...REGEX,
  ...REGEX.map(must),
  ['regexQuoteMeta', fn(['string'], (text) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'))],
  ...PATHS,
  ...PATHS.map(([name, is]) => [`os${name[0].toUpperCase()}${name.slice(1)}`, is] as const),
]
