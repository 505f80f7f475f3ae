// Rules over labels and identities: what Prometheus's own cases leave open, and that the fast ways change nothing.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { Problem, Problems, renderProblem } from '../../../lib/diag/problem.js'
import { ByteBuffer, decodeLine, Identity, labelsOfObject, Layout, LineReader, type Record, SampleBatch, tailText } from '../../../lib/record/index.js'
import { lowercase, uppercase } from '../../../lib/relabel/case.js'
import { parseRules, rulesText } from '../../../lib/relabel/document.js'
import { compileRules, RelabelRules, type RuleConfig } from '../../../lib/relabel/rules.js'
import { shortRules, type ShortForms } from '../../../lib/relabel/short.js'
import { applyOf } from '../../../lib/transform.js'
import { DEFAULT_DIRECTORY } from '../../conformance/run.js'
import fc from '../../support/property.js'

const labels = labelsOfObject
const metric = (name: string, set: { [name: string]: string } = {}) => Identity.of('metric', name, labels(set), { kind: 'gauge' })

t.test('actions', (t) => {
  const cases: [RuleConfig, { [name: string]: string }, { [name: string]: string } | null][] = [
    [{ source_labels: ['a', 'b'], regex: '1;2', action: 'keep' }, { a: '1', b: '2' }, { a: '1', b: '2' }],
    [{ source_labels: ['x'], regex: '', action: 'drop' }, { a: '1' }, null],
    [{ source_labels: ['a'], target_label: 'b', action: 'KeepEqual' }, { a: '1', b: '1' }, { a: '1', b: '1' }],
    [{ source_labels: ['a'], modulus: 1000, target_label: 'm', action: 'hashmod' }, { a: 'foo', b: 'bar', c: 'baz' },
      { a: 'foo', b: 'bar', c: 'baz', m: '696' }],
    [{ source_labels: ['a'], modulus: 18446744073709551615n, target_label: 'm', action: 'hashmod' }, { a: '' }, { m: '16825458760271544958' }],
    [{ regex: 'b(.*)', replacement: 'bar_${1}', action: 'labelmap' }, { a: 'foo', b1: 'x', b2: 'y' },
      { a: 'foo', b1: 'x', b2: 'y', bar_1: 'x', bar_2: 'y' }],
    // Of two labels mapped to one name the later one counts, and labels set by rules come after the original ones.
    [{ regex: '(?:a|b)', replacement: 'n', action: 'labelmap' }, { a: '1', b: '2' }, { a: '1', b: '2', n: '2' }],
    [{ regex: 'a', replacement: '$9', action: 'labelmap' }, { a: '1' }, { a: '1' }],
    [{ target_label: 'a', replacement: '' }, { a: '1', b: '2' }, { b: '2' }],
    [{ source_labels: ['a'], target_label: '${1}', replacement: 'x' }, { a: '' }, {}],
    [{ source_labels: ['__proto__'], target_label: 'x' }, JSON.parse('{"__proto__":"p"}') as { [n: string]: string },
      JSON.parse('{"__proto__":"p","x":"p"}') as { [n: string]: string }],
    [{ source_labels: ['a'], target_label: 'b', action: 'uppercase' }, { a: 'straße ŉ ᾳ ǆ' }, { a: 'straße ŉ ᾳ ǆ', b: 'STRAßE ŉ ᾼ Ǆ' }],
  ]
  for (const [rule, before, after] of cases) {
    const got = compileRules([rule]).apply(labels(before))
    t.same(got, after === null ? null : labels(after), JSON.stringify(rule, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)))
  }
  const set = labels({ a: '1' })
  t.equal(compileRules([{ source_labels: ['b'], regex: 'x', target_label: 'c' }]).apply(set), set, 'nothing changed, nothing made')
  t.equal(lowercase('İΑΣ'), 'iας'.replace('ς', 'σ'))
  t.equal(uppercase('ß'), 'ß')
  t.end()
})

t.test('order of labelmap after changes', (t) => {
  const rules = compileRules([
    { target_label: 'a', replacement: 'changed' },
    { regex: '[ab]', replacement: 'n', action: 'labelmap' },
  ])
  t.same(rules.apply(labels({ a: '1', b: '2' })), labels({ a: 'changed', b: '2', n: 'changed' }))
  t.end()
})

t.test('identities', (t) => {
  const rename = compileRules([{ source_labels: ['__name__'], regex: 'a_(.*)', target_label: '__name__' }])
  t.equal(rename.identity(metric('a_b', { x: '1' }))?.prefix.toString(), metric('b', { x: '1' }).prefix.toString())
  const same = metric('b', { x: '1' })
  t.equal(rename.identity(same), same)
  const empty = compileRules([{ regex: '.*', action: 'labeldrop' }])
  t.equal(empty.identity(metric('a', { x: '1' })), null, 'a metric without name and labels')
  t.same(empty.identity(Identity.of('target', '', labels({ x: '1' })))?.labels, [])
  const span = Identity.of('span', '', [], { resource: { a: 'b' } })
  t.equal(compileRules([{ source_labels: ['a'], regex: 'x', action: 'keep' }]).identity(span), span)
  const log = Identity.of('log', '', labels({ app: 'x' }), { resource: { a: 'b' } })
  t.equal(compileRules([{ target_label: 'env', replacement: 'p' }]).identity(log)?.prefix.toString(),
    '{"type":"log","labels":{"app":"x","env":"p"},"resource":{"a":"b"},"ts":"')
  t.end()
})

t.test('metadata', (t) => {
  const after = (rules: RuleConfig[], name: string, kind: string) =>
    compileRules(rules).identity(Identity.of('metadata', name, [], { kind, help: 'h' }))?.name ?? null
  const name = ['__name__']
  t.equal(after([{ source_labels: name, regex: 'go_.*', action: 'drop' }], 'go_threads', 'gauge'), null)
  t.equal(after([{ source_labels: name, regex: 'go_.*', action: 'drop' }], 'up', 'gauge'), 'up')
  t.equal(after([{ source_labels: name, regex: 'h_bucket', action: 'keep' }], 'h', 'histogram'), 'h', 'a series of the family is left')
  t.equal(after([{ source_labels: name, regex: 'h_bucket', action: 'drop' }], 'h', 'histogram'), 'h')
  t.equal(after([{ source_labels: name, regex: 'h(_.*)?', action: 'drop' }], 'h', 'histogram'), null)
  t.equal(after([{ source_labels: name, regex: '(.*)', target_label: '__name__', replacement: 'x_$1' }], 'h', 'histogram'), 'x_h')
  t.equal(after([{ source_labels: name, regex: '(h_.*)', target_label: '__name__', replacement: 'x_$1' }], 'h', 'histogram'), 'h')
  t.equal(after([{ source_labels: ['job'], regex: 'x', action: 'keep' }], 'h', 'histogram'), 'h', 'another label')
  t.equal(after([{ source_labels: ['__name__', 'le'], regex: 'h;.*', action: 'drop' }], 'h', 'histogram'), 'h')
  t.equal(after([{ regex: '__name__', action: 'labeldrop' }], 'h', 'histogram'), 'h')
  t.equal(after([{ target_label: 'job', replacement: 'x' }], 'h', 'histogram'), 'h')
  t.end()
})

t.test('all faults at once', (t) => {
  try {
    compileRules([{ action: 'kep' }, { action: 'drop', regex: '(' }, { action: 'hashmod', target_label: 'x' }])
    t.fail('accepted')
  } catch (error) {
    t.same((error as Problems).list.map((problem) => problem.message), [
      "rule 1: unknown relabel action 'kep'",
      'rule 2: bad regular expression: missing closing )',
      'rule 3: relabel configuration for hashmod requires non-zero modulus',
    ])
  }
  t.throws(() => compileRules([{ target_label: 'a.b' }], 'legacy'), Problem)
  t.end()
})

t.test('short forms', (t) => {
  const none: ShortForms = { keep: [], drop: [], set: new Map(), rename: new Map(), labeldrop: [], labelkeep: [] }
  const before = labels({ __name__: 'up', a: '1', b: '2', job: 'x' })
  const after = (forms: Partial<ShortForms>) => shortRules({ ...none, ...forms }).apply(before)
  t.equal(after({ keep: ['job=y|z'] }), null)
  t.same(after({ keep: ['a,b=1;2'], drop: ['a=2'] }), before)
  t.same(after({ set: new Map([['n', '${a}-$b-$$${b}-${none}$']]) }), labels({ __name__: 'up', a: '1', b: '2', job: 'x', n: '1-$b-$2-$' }))
  t.same(after({ set: new Map([['a', '']]) }), labels({ __name__: 'up', b: '2', job: 'x' }))
  t.same(after({ rename: new Map([['a', 'c'], ['none', 'd']]) }), labels({ __name__: 'up', b: '2', c: '1', job: 'x' }))
  t.same(after({ labeldrop: ['.*'] }), labels({ __name__: 'up' }), 'the name of a metric stays')
  t.same(after({ labelkeep: ['job'] }), labels({ __name__: 'up', job: 'x' }))
  t.throws(() => after({ keep: ['job'] }), { message: "--keep: 'job' is not valid" })
  try {
    after({ drop: ['job=a('] })
    t.fail('accepted')
  } catch (error) {
    t.match((error as Problem).place, { file: '--drop', column: 6, source: 'job=a(' })
  }
  t.end()
})

t.test('documents', async (t) => {
  const complaints = async (text: string) => {
    try {
      await parseRules(text, 'f.yaml')
      return []
    } catch (error) {
      const list = error instanceof Problems ? error.list : [error as Problem]
      return list.map((problem) => renderProblem(problem, '').split('\n')[0])
    }
  }
  for (const key of ['relabel_configs', 'metric_relabel_configs', 'write_relabel_configs', 'rules']) {
    t.same(await parseRules(`${key}: [{target_label: a, replacement: 8080}]`, 'f'), [{ target_label: 'a', replacement: '8080' }])
  }
  t.same(await parseRules('', 'f'), [])
  t.same(await parseRules('- &r {target_label: a, regex: }\n- *r', 'f'), [{ target_label: 'a', regex: '' }, { target_label: 'a', regex: '' }])
  t.same(await parseRules('- {action: hashmod, target_label: a, modulus: 18446744073709551615}', 'f'),
    [{ action: 'hashmod', target_label: 'a', modulus: 18446744073709551615n }])
  t.same(await complaints('rulez: []'), ["f.yaml:1:1: unknown key 'rulez'"])
  t.same(await complaints('target_label: x'), ["f.yaml:1:1: unknown key 'target_label'"])
  t.same(await complaints('rules: []\nrelabel_configs: []'), ["f.yaml:2:1: 'relabel_configs' beside 'rules'"])
  t.same(await complaints('rules: {rules: []}'), ['f.yaml:1:8: not a list of relabel rules'])
  t.same(await complaints('- a'), ['f.yaml:1:3: not a relabel rule'])
  t.same(await complaints('- {target_label: [x]}'), ["f.yaml:1:18: 'target_label' is not a text"])
  t.same(await complaints('- a: ['), ['f.yaml:1:7: not YAML: flow sequence in block collection must be sufficiently indented and end with a ]'])
  t.same(await complaints('- {action: keepequal, source_labels: [a], target_label: b, regex: (.*)}'),
    ["f.yaml:1:67: keepequal action requires only 'source_labels' and 'target_label', and no other fields"])
  const rules = await parseRules('- {source_labels: [a], regex: b, target_label: c, modulus: 3}', 'f')
  t.same(await parseRules(await rulesText(rules), 'f'), [{ ...rules[0], separator: ';', replacement: '$1', action: 'replace' }])
})

t.test("Prometheus's benchmark rules", async (t) => {
  const { benchmarks } = JSON.parse(readFileSync(`${DEFAULT_DIRECTORY}/corpora/relabel-benchmarks.json`, 'utf8')) as {
    benchmarks: { name: string; labels: { [name: string]: string }; rules_yaml: string }[]
  }
  for (const { name, labels: before, rules_yaml } of benchmarks) {
    t.doesNotThrow(async () => compileRules(await parseRules(rules_yaml, name)).apply(labels(before)), name)
  }
})

t.test('a thousand rules are asked once for an identity', (t) => {
  let asked = 0
  const step = { apply: () => (asked++, true), reads: [], writes: null, drops: false }
  const rules = new RelabelRules(Array.from({ length: 1000 }, () => step))
  const apply = applyOf({ identity: (id) => rules.identity(id), reason: 'relabel' }, ['any'])
  const reader = new LineReader({ maxLineBytes: 1000, maxDepth: 9, maxIdentities: 100, onBad: () => false })
  const lines = Array.from({ length: 10 }, (_, i) => `${metric('m', { i: `${i % 2}` }).prefix.toString()}${i}","value":1}\n`)
  for (let round = 0; round < 5; round++) apply(reader.push(Buffer.from(lines.join('')))!, () => {})
  t.equal(asked, 2000, 'two identities, whatever the number of records')
  t.end()
})

t.test('a layout is asked about once, whatever becomes of it', (t) => {
  const layout = new Layout([metric('a', { x: '1' }), metric('b', { x: '2' })])
  const scrape = (value: number) => new SampleBatch(layout, '1', Float64Array.of(value, value))
  const answers: [RuleConfig, string[]][] = [
    [{ source_labels: ['x'], regex: '.*', action: 'keep' }, ['a', 'b']],
    [{ source_labels: ['x'], regex: '1', action: 'drop' }, ['b']],
    [{ source_labels: ['__name__'], target_label: '__name__', replacement: 'n_$1' }, ['n_a', 'n_b']],
  ]
  for (const [config, expected] of answers) {
    let asked = 0
    const rules = compileRules([config])
    const apply = applyOf({ identity: (id) => (asked++, rules.identity(id)), reason: 'relabel' }, ['any'])
    let dropped = 0
    const after = [1, 2, 3].map((value) => apply(scrape(value), (_, count) => void (dropped += count)))
    for (const [round, batch] of after.entries()) {
      t.same(Array.from({ length: batch.length }, (_, row) => batch.id(row)?.name), expected)
      t.equal(batch.value(0), round + 1)
      t.equal(batch.layout, after[0].layout, 'what comes out shares a layout too')
    }
    t.equal(asked, 2)
    t.equal(dropped, 3 * (2 - expected.length))
  }
  t.end()
})

const name = fc.constantFrom('a', 'b', 'cc', 'job', 'ü', '__proto__', '__name__')
const value = fc.constantFrom('', 'x', 'foo-1', 'ß\n', '"')
const rule: fc.Arbitrary<RuleConfig> = fc.oneof(
  fc.record({ source_labels: fc.array(name, { maxLength: 2 }), regex: fc.constantFrom('(.*)', 'x|f.*', '', '.*;.*', '(f)(o+).*'),
    action: fc.constantFrom('keep', 'drop') }),
  fc.record({ source_labels: fc.array(name, { maxLength: 2 }), regex: fc.constantFrom('(.*)', '(f)(o+).*', 'x'),
    target_label: fc.constantFrom('a', 'n', '__name__', '${1}'), replacement: fc.constantFrom('$1', '', 'k$2', 'ü"') }),
  fc.record({ regex: fc.constantFrom('a|b', '__.*', '(.*)'), action: fc.constantFrom('labeldrop', 'labelkeep') }),
  fc.record({ regex: fc.constantFrom('(.)', '__(.*)__'), replacement: fc.constantFrom('x$1', 'same'), action: fc.constant('labelmap') }),
  fc.record({ source_labels: fc.array(name, { maxLength: 2 }), target_label: name, modulus: fc.constant(7), action: fc.constant('hashmod') }),
)
const line = fc.record({
  type: fc.constantFrom('metric', 'metric', 'metric', 'log', 'target'), name: fc.constantFrom('m', 'foo-1', 'ü'),
  labels: fc.dictionary(name, value), ts: fc.constantFrom('1', '1763804400123000000'), value: fc.constantFrom(1, 1.5, 1e21, 'NaN'),
})

function textOf({ identity, payload }: Record): string {
  return identity.prefix.toString() + tailText(identity, payload)
}

t.test('lines relabelled in place are as if decoded, relabelled and written', (t) => {
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), fc.array(line, { maxLength: 12 }), (configs, records) => {
      const rules = compileRules(configs)
      const text = [...records, ...records].map((record) => JSON.stringify(record)).join('\n') + '\n'
      // The second half of the stream comes with identities that are known by their bytes.
      const canonical = text.trim().split('\n').filter((each) => each !== '')
        .map((each) => textOf(decodeLine(Buffer.from(each)) as Record)).join('')
      const apply = applyOf({ identity: (id) => rules.identity(id), reason: 'relabel' }, ['any'])
      const reader = new LineReader({ maxLineBytes: 10_000, maxDepth: 9, maxIdentities: 1000, onBad: () => false })
      const out = new ByteBuffer()
      const half = canonical.indexOf('\n', canonical.length / 2) + 1
      for (const part of [canonical.slice(0, half), canonical.slice(half)]) {
        const batch = reader.push(Buffer.from(part))
        if (batch !== null) apply(batch, () => {}).write(out)
      }
      const slow = canonical.split('\n').filter((each) => each !== '').map((each) => {
        const { identity, payload } = decodeLine(Buffer.from(each)) as Record
        const answer = rules.identity(identity)
        return answer === null ? '' : textOf({ identity: answer, payload })
      })
      return out.take().toString() === slow.join('')
    }),
    { numRuns: 500 },
  )
  t.end()
})
