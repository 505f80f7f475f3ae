// Generated records for property tests, as plain JSON values.

import { type Json, RECORD_TYPES } from '../../lib/record/index.js'
import fc from './property.js'

/** Strings that look like the format's own bytes, and any others. */
const nasty = fc.constantFrom('ts', '__proto__', 'a","ts":"1', ',"ts":"', '}\n', '\\', '\u2028', '\ud83d\ude00', '\uffff', 'é', '')
export const text = fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 8 }) }, nasty, fc.string({ unit: 'grapheme', maxLength: 6 }))

export const labels = fc
  .array(fc.tuple(text, text), { maxLength: 5 })
  .map((pairs) => Object.fromEntries(pairs.filter(([name]) => name !== '__proto__')) as { [name: string]: string })

export const nanos = fc.oneof(
  fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }).map(String),
  fc.constantFrom('0', '-1', '1763804400123000000'),
)

export const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 1e-7, 0.1, 1e21, 123456789012345680, 5e-324, 1.7976931348623157e308, 0.000001234),
).map((value) => (Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'))

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text.filter((name) => name !== '__proto__'), tie('value'), { maxKeys: 3 }),
  ),
})).value

type Fields = { [key: string]: Json }

const metric = fc.record(
  { type: fc.constant('metric'), ts: nanos, name: text, labels, kind: fc.constantFrom('gauge', 'counter'), value: number },
  { requiredKeys: ['type', 'ts', 'value'] },
)
const rich = fc.tuple(metric, fc.record({ start: nanos, exemplars: fc.array(fc.record({ value: number, labels, ts: nanos })), extra: json }, { requiredKeys: [] }))
const timed = fc.record(
  { type: fc.constantFrom('log', 'span', 'profile'), ts: nanos, labels, resource: fc.dictionary(text.filter((name) => name !== '__proto__'), json, { maxKeys: 2 }), body: json, attributes: labels },
  { requiredKeys: ['type', 'ts'] },
)
const small = fc.oneof({ weight: 3, arbitrary: text }, fc.boolean(), fc.integer(), fc.maxSafeInteger(), fc.constantFrom(0, -0, 0.5, 1e15, 1e16, -1))
const fields = fc.dictionary(text.filter((name) => name !== '__proto__'), small, { maxKeys: 4 })
/** Log entries as stages write them, of few streams. */
const entry = fc.record(
  {
    type: fc.constant('log'),
    labels: fc.constantFrom<{ [name: string]: string }>({ app: 'a' }, { app: 'b', level: 'é' }, {}),
    ts: nanos,
    body: fc.oneof(text, fc.constantFrom('plain text', 'say "hi"\n', '\u0001', 'ü')),
    severity: text,
    attributes: fields,
    extracted: fields,
    trace_id: text,
    span_id: text,
  },
  { requiredKeys: ['type', 'ts'] },
)
const other = fc.record(
  { type: fc.constantFrom('target', 'metadata', 'checkpoint'), labels, name: text, state: text, position: json, help: text, source: text },
  { requiredKeys: ['type'] },
)

/** Any record that a reader must take, as the object on its line. */
export const record: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 4, arbitrary: metric as fc.Arbitrary<Fields> },
  rich.map(([a, b]) => ({ ...a, ...b }) as Fields),
  timed as fc.Arbitrary<Fields>,
  { weight: 3, arbitrary: entry as fc.Arbitrary<Fields> },
  other as fc.Arbitrary<Fields>,
)

/** The same value with other spelling: key order, spaces. */
export function respell(value: Json, shuffle: (n: number) => number): string {
  if (value === null || typeof value !== 'object') {
    const plain = Object.is(value, -0) ? '-0' : JSON.stringify(value)
    return shuffle(3) === 0 ? ` ${plain} ` : plain
  }
  if (Array.isArray(value)) return `[${value.map((item: Json) => respell(item, shuffle)).join(' ,')}]`
  const entries = Object.entries(value as Fields).filter(([, item]) => item !== undefined)
  for (let i = entries.length - 1; i > 0; i--) {
    const j = shuffle(i + 1)
    ;[entries[i], entries[j]] = [entries[j], entries[i]]
  }
  return `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${respell(item, shuffle)}`).join(', ')} }`
}

export { RECORD_TYPES }
