// Text of one option to its value, with the reason when it is none.

import { Problem } from '../diag/problem.js'
import type { OptionSpec } from './table.js'

const DURATION_UNITS: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  'µs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/**
 * Milliseconds of a duration (`1h30m`, `15s`, `500ms`, `0`); undefined if it is none. Units as in Prometheus, and ns,
 * us.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhdwy]))+$/.test(text)) return undefined
  let total = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhdwy])/g)) total += Number(number) * DURATION_UNITS[unit]
  return total
}

/** The shortest usual text of a duration in milliseconds. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const unit of ['h', 'm', 's'] as const) {
    const n = Math.floor(rest / DURATION_UNITS[unit])
    if (n > 0) text += `${n}${unit}`
    rest -= n * DURATION_UNITS[unit]
  }
  return rest > 0 ? `${text}${Number(rest.toFixed(3))}ms` : text
}

const BYTE_UNITS: { readonly [unit: string]: number } = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

/**
 * Bytes of a size (`64KiB`, `10MB`, `1024`); undefined if it is none. `KB`, `MB`, `GB` count in 1024s, as Prometheus
 * does.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text)
  if (match === null || !Object.hasOwn(BYTE_UNITS, match[2])) return undefined
  return Math.round(Number(match[1]) * BYTE_UNITS[match[2]])
}

const EXPECTED: { readonly [type: string]: string } = {
  int: 'a whole number',
  float: 'a number',
  bool: 'true or false',
  duration: 'a duration such as 15s, 1m30s or 500ms',
  bytes: 'a size such as 64KiB, 10MiB or 1024',
  url: 'a URL such as http://127.0.0.1:9090/path',
  map: 'name=value',
}

/** The value of one text for an option; lists and maps take one element. Throws a Problem that names `flag`. */
export function parseValue(spec: OptionSpec, text: string, flag: string): unknown {
  const value = read(spec, text)
  if (value !== undefined) {
    const range = outOfRange(spec, value as number)
    if (range === undefined) return value
    throw new Problem(`${flag}: ${text} is out of range`, { expected: range })
  }
  const shown = spec.secret === true || spec.type === 'secret' ? 'the value' : `'${text}'`
  const expected = spec.type === 'enum' ? spec.values.join(', ') : EXPECTED[spec.type]
  throw new Problem(`${flag}: ${shown} is not valid`, { expected })
}

function read(spec: OptionSpec, text: string): unknown {
  switch (spec.type) {
    case 'int':
      return /^-?\d+$/.test(text) ? Number(text) : undefined
    case 'float':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'duration':
      return parseDuration(text)
    case 'bytes':
      return parseBytes(text)
    case 'enum':
      return spec.values.includes(text) ? text : undefined
    case 'url':
      return URL.canParse(text) ? text : undefined
    case 'map': {
      const at = text.indexOf('=')
      return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : undefined
    }
    default:
      return text
  }
}

function outOfRange(spec: OptionSpec, value: number): string | undefined {
  if (spec.type !== 'int' && spec.type !== 'float' && spec.type !== 'duration') return undefined
  const bound = (limit: number | string | undefined) =>
    limit === undefined ? undefined : typeof limit === 'string' ? parseDuration(limit)! : limit
  const min = bound(spec.min)
  const max = bound(spec.max)
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return undefined
  if (min !== undefined && max !== undefined) return `${spec.min} to ${spec.max}`
  return min === undefined ? `at most ${spec.max}` : `at least ${spec.min}`
}

/** The value that an option has when nobody sets it. */
export function defaultValue(spec: OptionSpec): unknown {
  switch (spec.type) {
    case 'bool':
      return spec.default ?? false
    case 'list':
      return spec.default ?? []
    case 'map':
      return new Map()
    case 'secret':
      return undefined
    case 'duration':
      return spec.default === undefined ? undefined : parseDuration(spec.default)
    case 'bytes':
      return spec.default === undefined ? undefined : parseBytes(spec.default)
    default:
      return spec.default
  }
}
