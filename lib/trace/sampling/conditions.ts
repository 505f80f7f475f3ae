// The policies that look at a trace by itself, each with the keys that the file has for it.

import type { Json } from '../../record/json.js'
import { Pattern } from '../../regex/pattern.js'
import { attributeOf, numberOfAttribute } from './attribute.js'
import type { Fields } from './document.js'
import { hash64 } from './hash.js'
import { TokenBucket } from './limits.js'
import type { Answer } from './policy.js'
import type { SpanTest, Trace } from './trace.js'
import { parseMembers } from './trace_state.js'

/** @param now milliseconds */
export type Decide = (trace: Trace, now: number) => Answer

/** What policies are made with. */
export interface Workshop {
  /** Has a test run on every span; the answer tells of a trace whether one of its spans passed. */
  readonly any: (test: SpanTest) => (trace: Trace) => boolean
}

/** A kind of policy. It returns undefined only where it has reported a problem. */
export interface Kind {
  readonly keys: readonly string[]
  make(fields: Fields, workshop: Workshop): Decide | undefined
}

const yes = (sampled: boolean): Answer => (sampled ? 'sampled' : 'not_sampled')

/** Of an inverted test, one span that has it is against the trace. */
function matching(any: (trace: Trace) => boolean, invert: boolean | undefined): Decide {
  if (invert !== true) return (trace) => yes(any(trace))
  return (trace) => (any(trace) ? 'inverted_not_sampled' : 'inverted_sampled')
}

/** Whether a value under a key of the resource or of the span is one of those wanted. */
function attributeTest(key: string, wanted: (value: Json) => boolean): SpanTest {
  const has = (attributes: Json | undefined) => {
    const value = attributeOf(attributes, key)
    return value !== undefined && wanted(value)
  }
  return ({ identity, payload }) => has(payload.attributes) || has(identity.rest.resource)
}

const latency: Kind = {
  keys: ['threshold_ms', 'upper_threshold_ms'],
  make(fields) {
    const least = fields.number('threshold_ms', { min: 0 }) ?? 0
    const most = fields.number('upper_threshold_ms', { min: 0 }) ?? 0
    if (most === 0) return ({ duration }) => yes(duration >= least)
    if (most < least) return void fields.report('upper_threshold_ms', "'upper_threshold_ms' is below 'threshold_ms'")
    return ({ duration }) => yes(duration > least && duration <= most)
  },
}

const numeric: Kind = {
  keys: ['key', 'min_value', 'max_value', 'invert_match'],
  make(fields, { any }) {
    const key = fields.text('key', { required: true })
    const min = fields.number('min_value')
    const max = fields.number('max_value')
    if (min === undefined && max === undefined) {
      fields.report('key', 'no bound for the attribute', 'min_value, max_value or both')
    }
    if (min !== undefined && max !== undefined && max < min) fields.report('max_value', "'max_value' is below 'min_value'")
    if (key === undefined) return undefined
    const within = (value: Json) => {
      const number = numberOfAttribute(value)
      return number !== undefined && number >= (min ?? -Infinity) && number <= (max ?? Infinity)
    }
    return matching(any(attributeTest(key, within)), fields.bool('invert_match'))
  },
}

const string: Kind = {
  keys: ['key', 'values', 'enabled_regex_matching', 'cache_max_size', 'invert_match'],
  make(fields, { any }) {
    const key = fields.text('key', { required: true })
    const values = fields.texts('values')
    const size = fields.int('cache_max_size', { min: 0 })
    const matches = fields.bool('enabled_regex_matching') === true
      ? remembered(patterns(values, fields), size || 128)
      : exactly(values.map(({ text }) => text))
    if (key === undefined) return undefined
    const wanted = (value: Json) => typeof value === 'string' && value !== '' && matches(value)
    return matching(any(attributeTest(key, wanted)), fields.bool('invert_match'))
  },
}

function exactly(texts: readonly string[]): (value: string) => boolean {
  const set = new Set(texts)
  return (value) => set.has(value)
}

function patterns(values: ReturnType<Fields['texts']>, { document }: Fields): Pattern[] {
  return values.flatMap(({ text, node }) => document.collect(node, () => Pattern.search(text)) ?? [])
}

/** UTF-16 units of the longest value whose answer is remembered. */
const LONGEST_KNOWN = 256

/** Answers for the values seen last. */
function remembered(all: readonly Pattern[], size: number): (value: string) => boolean {
  const known = new Map<string, boolean>()
  return (value) => {
    if (value.length > LONGEST_KNOWN) return all.some((pattern) => pattern.test(value))
    let answer = known.get(value)
    if (answer === undefined) answer = all.some((pattern) => pattern.test(value))
    else known.delete(value)
    known.set(value, answer)
    if (known.size > size) known.delete(known.keys().next().value!)
    return answer
  }
}

const boolean: Kind = {
  keys: ['key', 'value', 'invert_match'],
  make(fields, { any }) {
    const key = fields.text('key', { required: true })
    const wanted = fields.bool('value') ?? false
    if (key === undefined) return undefined
    return matching(any(attributeTest(key, (value) => value === wanted)), fields.bool('invert_match'))
  },
}

const ALL_BITS = (1n << 64n) - 1n

const probabilistic: Kind = {
  keys: ['sampling_percentage', 'hash_salt'],
  make(fields) {
    const percent = fields.number('sampling_percentage', { min: 0, required: true })
    const salt = Buffer.from(fields.text('hash_salt') ?? 'default-hash-seed')
    const most = shareOf64(Math.min(1, (percent ?? 0) / 100))
    return ({ id }) => yes(hash64(Buffer.concat([salt, Buffer.from(id, 'hex')])) <= most)
  },
}

/** A share of the numbers of 64 bits, as digits: the product with its 64 highest bits, rounded as the Collector does it. */
function shareOf64(share: number): string {
  let whole = share
  let places = 0n
  for (; !Number.isInteger(whole); whole *= 2) places++
  let product = ALL_BITS * BigInt(whole)
  const spare = BigInt(Math.max(0, product.toString(2).length - 64))
  if (spare > 0n) {
    const half = 1n << (spare - 1n)
    const rest = product & ((1n << spare) - 1n)
    product >>= spare
    if (rest > half || (rest === half && (product & 1n) === 1n)) product++
    product <<= spare
  }
  return (product >> places).toString(16).padStart(16, '0')
}

const STATUS = new Map([['OK', 'ok'], ['ERROR', 'error'], ['UNSET', '']])

const status: Kind = {
  keys: ['status_codes'],
  make(fields, { any }) {
    const codes = new Set<string>()
    for (const { text, node } of fields.texts('status_codes')) {
      const code = STATUS.get(text.toUpperCase())
      if (code === undefined) fields.document.report(node, `unknown status code '${text}'`, [...STATUS.keys()].join(', '))
      else codes.add(code)
    }
    const found = any(({ payload }) => codes.has(String(attributeOf(payload.status, 'code') ?? '')))
    return (trace) => yes(found(trace))
  },
}

const spanCount: Kind = {
  keys: ['min_spans', 'max_spans'],
  make(fields) {
    const min = fields.int('min_spans', { min: 0 }) ?? 0
    const max = fields.int('max_spans', { min: 0 }) || Infinity
    if (max < min) return void fields.report('max_spans', "'max_spans' is below 'min_spans'")
    return ({ spans }) => yes(spans.length >= min && spans.length <= max)
  },
}

const traceState: Kind = {
  keys: ['key', 'values'],
  make(fields, { any }) {
    const key = fields.text('key', { required: true })
    const values = exactly(fields.texts('values').map(({ text }) => text))
    const found = any(({ payload: { trace_state: state } }) =>
      typeof state === 'string' && (parseMembers(state) ?? []).some(([name, value]) => name === key && values(value)))
    return (trace) => yes(found(trace))
  },
}

const SAMPLED_FLAG = 1

const traceFlags: Kind = {
  keys: [],
  make(_, { any }) {
    const found = any(({ payload: { flags } }) => typeof flags === 'number' && (flags & SAMPLED_FLAG) !== 0)
    return (trace) => yes(found(trace))
  },
}

/** @param key of the rate */
function limiting(key: string, count: (trace: Trace) => number): Kind {
  return {
    keys: [key, 'burst_capacity'],
    make(fields) {
      const rate = fields.number(key, { min: 0, required: true }) ?? 0
      const bucket = new TokenBucket(rate, fields.number('burst_capacity', { min: 0 }) || 2 * rate)
      return (trace, now) => yes(bucket.allow(count(trace), now))
    },
  }
}

/** By their names in the file. */
export const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['always_sample', { keys: [], make: () => () => 'sampled' }],
  ['latency', latency],
  ['numeric_attribute', numeric],
  ['string_attribute', string],
  ['boolean_attribute', boolean],
  ['probabilistic', probabilistic],
  ['status_code', status],
  ['span_count', spanCount],
  ['trace_state', traceState],
  ['trace_flags', traceFlags],
  ['rate_limiting', limiting('spans_per_second', ({ spans }) => spans.length)],
  ['bytes_limiting', limiting('bytes_per_second', ({ bytes }) => bytes)],
])
