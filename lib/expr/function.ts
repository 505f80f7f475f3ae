// The functions of expressions: CEL's own, and of its extensions those for text.

import { Pattern } from '../regex/pattern.js'
import { Problem } from '../diag/problem.js'
import { checkInt, checkTime, checkUint } from './arithmetic.js'
import { textFunctions } from './text.js'
import type { Duration, Timestamp} from './time.js';
import { durationOf, parseDuration, parseTimestamp, type Selector, selectPart, timestampOf } from './time.js'
import type { Uint} from './value.js';
import { EvaluationError, type Kind, kindOf, TypeName, type Value, type ValueMap } from './value.js'

export interface Overload {
  /** Of the receiver, if it is a method, and the arguments. */
  readonly takes: readonly (Kind | 'dyn')[]
  readonly gives: Kind | 'dyn'
  /** Called as `f(x)`, `x.f()` or both. */
  readonly call: 'function' | 'method' | 'both'
  /** Called with values of these kinds. */
  readonly run: (...args: never[]) => Value
}

export type Functions = ReadonlyMap<string, readonly Overload[]>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function overload(
  call: Overload['call'],
  takes: readonly (Kind | 'dyn')[],
  gives: Kind | 'dyn',
  run: (...args: never[]) => Value,
): Overload {
  return { takes, gives, call, run }
}

const conversion = (from: Kind | 'dyn', to: Kind | 'dyn', run: (value: never) => Value) => overload('function', [from], to, run)
const same = (kind: Kind | 'dyn') => conversion(kind, kind, (value: Value) => value)
const test = (run: (text: string, other: string) => boolean) => overload('method', ['string', 'string'], 'bool', run)

const TO_INT = [
  same('int'),
  conversion('uint', 'int', (value: Uint) => checkInt(value.value)),
  conversion('double', 'int', (value: number) => truncated(value)),
  conversion('string', 'int', (text: string) => checkInt(integerOf(text))),
  conversion('timestamp', 'int', (time: Timestamp) => time.seconds),
]
const TO_UINT = [
  same('uint'),
  conversion('int', 'uint', (value: bigint) => checkUint(value)),
  conversion('double', 'uint', (value: number) => (value < 2 ** 64 ? checkUint(BigInt(whole(value))) : out('uint'))),
  conversion('string', 'uint', (text: string) => checkUint(integerOf(text))),
]
const TO_DOUBLE = [
  same('double'),
  conversion('int', 'double', (value: bigint) => Number(value)),
  conversion('uint', 'double', (value: Uint) => Number(value.value)),
  conversion('string', 'double', doubleOf),
]
const TO_STRING = [
  same('string'),
  conversion('int', 'string', (value: bigint) => value.toString()),
  conversion('uint', 'string', (value: Uint) => value.value.toString()),
  conversion('double', 'string', (value: number) => doubleText(value)),
  conversion('bool', 'string', (value: boolean) => String(value)),
  conversion('bytes', 'string', (value: Uint8Array) => decoded(value)),
  conversion('timestamp', 'string', (value: Timestamp) => value.toString()),
  conversion('duration', 'string', (value: Duration) => value.toString()),
]
const TRUE = new Set(['1', 't', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'false', 'FALSE', 'False'])
const TO_BOOL = [
  same('bool'),
  conversion('string', 'bool', (text: string) => {
    if (TRUE.has(text)) return true
    if (FALSE.has(text)) return false
    throw new EvaluationError(`not a bool: ${shown(text)}`)
  }),
]
const TO_TIMESTAMP = [
  same('timestamp'),
  conversion('string', 'timestamp', (text: string) => parseTimestamp(text) ?? bad('timestamp', text)),
  conversion('int', 'timestamp', (seconds: bigint) => checkTime(timestampOf(seconds * 1_000_000_000n))),
]
/** google.protobuf.Duration holds 315,576,000,000 s, CEL's runtimes 64 bits of nanoseconds. */
const TO_DURATION = [
  same('duration'),
  conversion('string', 'duration', (text: string) => (text.length <= 64 ? parseDuration(text) : undefined) ?? bad('duration', text)),
  conversion('int', 'duration', (seconds: bigint) => checkTime(durationOf(seconds * 1_000_000_000n))),
]
const SIZE = [
  overload('both', ['string'], 'int', (text: string) => BigInt(codePoints(text))),
  overload('both', ['bytes'], 'int', (bytes: Uint8Array) => BigInt(bytes.length)),
  overload('both', ['list'], 'int', (list: readonly Value[]) => BigInt(list.length)),
  overload('both', ['map'], 'int', (map: ValueMap) => BigInt(map.size)),
]

const PARTS: readonly Selector[] = [
  'getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear', 'getHours', 'getMinutes', 'getSeconds',
  'getMilliseconds',
]

/** Units that a duration can be counted in, nanoseconds; the milliseconds are those within the second. */
const COUNTED: readonly (readonly [string, (duration: Duration) => bigint])[] = [
  ['getHours', ({ nanos }) => nanos / 3_600_000_000_000n],
  ['getMinutes', ({ nanos }) => nanos / 60_000_000_000n],
  ['getSeconds', ({ nanos }) => nanos / 1_000_000_000n],
  ['getMilliseconds', ({ nanos }) => (nanos / 1_000_000n) % 1000n],
]

function timeFunctions(): [string, Overload][] {
  const part = (name: Selector) => (time: Timestamp, zone?: string) =>
    selectPart(time, name, zone) ?? bad('time zone', zone ?? '')
  return [
    ...PARTS.flatMap((name): [string, Overload][] => [
      [name, overload('method', ['timestamp'], 'int', part(name))],
      [name, overload('method', ['timestamp', 'string'], 'int', part(name))],
    ]),
    ...COUNTED.map(([name, count]): [string, Overload] => [name, overload('method', ['duration'], 'int', count)]),
  ]
}

function build(): Functions {
  const all: (readonly [string, Overload])[] = [
    ...TO_INT.map((each) => ['int', each] as const),
    ...TO_UINT.map((each) => ['uint', each] as const),
    ...TO_DOUBLE.map((each) => ['double', each] as const),
    ...TO_STRING.map((each) => ['string', each] as const),
    ...TO_BOOL.map((each) => ['bool', each] as const),
    ...TO_TIMESTAMP.map((each) => ['timestamp', each] as const),
    ...TO_DURATION.map((each) => ['duration', each] as const),
    ...SIZE.map((each) => ['size', each] as const),
    ['bytes', same('bytes')],
    ['bytes', conversion('string', 'bytes', (text: string) => new TextEncoder().encode(text))],
    ['dyn', conversion('dyn', 'dyn', (value: Value) => value)],
    ['type', conversion('dyn', 'type', (value: Value) => new TypeName(typeNameOf(value)))],
    ['startsWith', test((text, other) => text.startsWith(other))],
    ['endsWith', test((text, other) => text.endsWith(other))],
    ['contains', test((text, other) => text.includes(other))],
    ['matches', overload('both', ['string', 'string'], 'bool', (text: string, pattern: string) => patternOf(pattern).test(text))],
    ...timeFunctions(),
    ...textFunctions(),
  ]
  const functions = new Map<string, Overload[]>()
  for (const [name, each] of all) functions.set(name, [...(functions.get(name) ?? []), each])
  return functions
}

export const FUNCTIONS: Functions = build()

/** CEL's name for a value's type. */
function typeNameOf(value: Value): string {
  const kind = kindOf(value)
  if (kind === 'timestamp') return 'google.protobuf.Timestamp'
  return kind === 'duration' ? 'google.protobuf.Duration' : kind
}

/** Compiled patterns that are not constant; they may come from records. */
const patterns = new Map<string, Pattern>()
const MAX_PATTERNS = 100

function patternOf(source: string): Pattern {
  let pattern = patterns.get(source)
  if (pattern === undefined) {
    try {
      pattern = Pattern.search(source)
    } catch (error) {
      throw error instanceof Problem ? new EvaluationError(error.message) : error
    }
    if (patterns.size >= MAX_PATTERNS) patterns.clear()
    patterns.set(source, pattern)
  }
  return pattern
}

function out(kind: Kind): never {
  throw new EvaluationError(`${kind} out of range`)
}

function bad(what: string, text: string): never {
  throw new EvaluationError(`not a ${what}: ${shown(text)}`)
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

function whole(value: number): number {
  return Number.isFinite(value) ? Math.trunc(value) : out('int')
}

/** Doubles at or beyond the ends of the range are refused: they may have been rounded there. */
function truncated(value: number): bigint {
  return value > -(2 ** 63) && value < 2 ** 63 ? BigInt(whole(value)) : out('int')
}

function integerOf(text: string): bigint {
  return /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace('+', '')) : bad('number', text)
}

function doubleOf(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text)
  if (word === null) return bad('number', text)
  return word[2].toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity
}

function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0'
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new EvaluationError('bytes are not UTF-8')
  }
}

function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const c = text.charCodeAt(i)
    if (c >= 0xd800 && c < 0xdc00) count--
  }
  return count
}
