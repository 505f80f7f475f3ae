// The parts of view: numbers, times, label sets, histograms, and text that is safe for a terminal.

import t from 'tap'
import { RecordBatch } from '../../../lib/record/batch.js'
import { Identity } from '../../../lib/record/identity.js'
import { labelsOf } from '../../../lib/record/labels.js'
import type { NativeHistogram } from '../../../lib/record/record.js'
import { bucketsOf, histogramText, sparkline } from '../../../lib/view/histogram.js'
import { labelsCell } from '../../../lib/view/labels.js'
import { Viewer } from '../../../lib/view/lines.js'
import { momentText } from '../../../lib/view/moment.js'
import { colored, plain } from '../../../lib/view/style.js'
import { cut, quoted, safe, safeLines } from '../../../lib/view/text.js'
import { unitOf, valueText } from '../../../lib/view/value.js'
import fc from '../../support/property.js'

// What a terminal acts upon, but for the newline between lines.
const ACTIVE = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

t.test('units', (t) => {
  const cases: [name: string, unit: string, value: number, text: string][] = [
    ['node_memory_MemFree_bytes', '', 1024 ** 3 * 1.5, '1.5 GiB'],
    ['x_bytes_total', '', -2048, '-2 KiB'],
    ['x', 'By', 1023, '1023 B'],
    ['x_bytes', '', 2 ** 80, '1048576 EiB'],
    ['rpc_seconds_sum', '', 12.345678, '12.3457 s'],
    ['rpc_seconds_count', '', 12, '12'],
    ['rpc_seconds_bucket', '', 12, '12'],
    ['rpc_seconds', '', 0.25, '250 ms'],
    ['rpc_seconds', '', 2.5e-6, '2.5 µs'],
    ['rpc_seconds', '', 3e-9, '3 ns'],
    ['hit_ratio', '', 0.5, '50 %'],
    ['temperature', 'celsius', 21.5, '21.5 celsius'],
    ['process_start_time_seconds', '', 1763804400, '2025-11-22T09:40:00Z'],
    ['process_start_time_seconds', '', 0, '0 s'],
    ['x', '', 1e21, '1e+21'],
    ['x', '', 1234567890123, '1234567890123'],
    ['x', '', -0, '-0'],
    ['x_bytes', '', Infinity, '+Inf'],
    ['x_seconds', '', NaN, 'NaN'],
  ]
  for (const [name, unit, value, text] of cases) t.equal(valueText(value, unitOf(name, unit), unit), text, text)
  t.end()
})

t.test('times', (t) => {
  const millis = Date.UTC(2025, 10, 22, 9, 40, 0, 7)
  t.equal(momentText(millis, millis + 1000, true), '09:40:00.007')
  t.equal(momentText(millis, millis + 86_400_000, true), '2025-11-22 09:40:00.007')
  t.equal(momentText(1e18, millis, true), '1000000000000000000 ms', 'beyond what a calendar has')
  t.end()
})

t.test('nothing in a record acts upon the terminal', (t) => {
  const any = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      for (const text of [safe(a), quoted(b), safeLines(c, '  ')]) if (ACTIVE.test(text)) return false
      const labels = labelsOf([[a, b], ['x', c]])
      const ids = [
        Identity.of('metric', a, labels, { kind: b, unit: c }),
        Identity.of('log', '', labels, { resource: { [a]: b } }),
        Identity.of('span', ''),
        Identity.of('metadata', a, [], { kind: b, unit: c, help: a }),
        Identity.of('target', '', labels),
        Identity.of('checkpoint', '', [], { source: a }),
        Identity.of('profile', a, labels),
      ]
      const payload = {
        ts: '1', value: 1, body: a, severity: b, attributes: { [b]: a, y: [c] }, trace_id: c, name: a, kind: b,
        end: '5', status: { code: c, message: a }, state: b, position: a, format: c,
        exemplars: [{ labels: { [a]: b }, value: c }],
      }
      const viewer = new Viewer({ paint: plain, width: 80, utc: true, exact: false, now: () => 0 })
      return !ACTIVE.test(viewer.text(new RecordBatch(ids, ids.map(() => payload))))
    }),
  )
  t.end()
})

t.test('a label set keeps within its room, and knows its width', (t) => {
  const word = fc.string({ unit: 'grapheme-ascii', maxLength: 60 })
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 8 }), fc.nat(120), (pairs, room) => {
      const labels = labelsOf(pairs)
      const cell = labelsCell(labels, room, plain)
      const bare = labelsCell(labels, room, colored).text.replace(/\x1b\[\d+m/g, '')
      const fits = cell.width <= room || /^\{\+\d\}$/.test(cell.text) || labels.length === 0
      return fits && cell.text === bare && cell.width === cell.text.length
    }),
  )
  const labels = labelsOf([['device', 'vda'], ['instance', 'a:9100'], ['job', 'node'], ['mode', 'idle']])
  t.equal(labelsCell(labels, Infinity, plain).text, '{device="vda",instance="a:9100",job="node",mode="idle"}')
  t.equal(labelsCell(labels, 30, plain).text, '{device="vda",mode="idle",+2}', 'common labels give way first')
  t.equal(cut('abcdef', 4), 'abc…')
  t.end()
})

t.test('histograms', (t) => {
  const spans = [{ offset: -1, length: 2 }, { offset: 3, length: 1 }]
  t.strictSame(bucketsOf(spans, ['1', 2, -3], undefined), [[-1, 1], [0, 3], [4, 0]])
  t.strictSame(bucketsOf([{ offset: 0, length: 1e9 }], [1], undefined), [[0, 1]], 'a span that claims too much')
  t.strictSame(bucketsOf(undefined, undefined, undefined), [])
  t.equal(sparkline([[0, 1], [1, 8], [3, 4]]), '▁█ ▄')
  t.equal(sparkline([[0, 1], [2 ** 31, 1]]).length, 24)
  const write = (value: number) => valueText(value, 'none', '')
  const text = (histogram: Partial<NativeHistogram>) =>
    histogramText({ schema: 0, count: '0', sum: 0, ...histogram }, write)
  t.equal(text({ positive_spans: [{ offset: 1, length: 2 }], positive_deltas: [1, 0] }).range, '1..4')
  t.equal(text({ negative_spans: [{ offset: 1, length: 2 }], negative_counts: [1, 1] }).range, '-4..-1')
  t.equal(text({ zero_count: '1', zero_threshold: 0.5 }).range, '-0.5..0.5')
  t.equal(text({}).range, '')
  t.end()
})
