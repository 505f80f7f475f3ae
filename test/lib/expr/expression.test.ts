// Expressions over records: what absent fields mean, what is refused before the first record, what is decided by
// identity.

import t from 'tap'
import type { Problem} from '../../../lib/diag/problem.js';
import { Problems, renderProblem } from '../../../lib/diag/problem.js'
import type { RowTransform } from '../../../lib/component.js'
import { compileExpression, EvaluationError } from '../../../lib/expr/expression.js'
import { RecordedView, type RecordView, RowView } from '../../../lib/expr/field.js'
import { ByteBuffer, decodeLine, LineReader, type Record, tailText } from '../../../lib/record/index.js'
import { applyOf } from '../../../lib/transform.js'
import component from '../../../commands/filter/expression.js'
import fc from '../../support/property.js'

/** A record as the slow way gives it, without any batch. */
function viewOf(json: object): RecordView {
  return new RecordedView().at(decodeLine(Buffer.from(JSON.stringify(json))) as Record)
}

const METRIC = { type: 'metric', name: 'up', labels: { job: 'api', code: '200' }, kind: 'gauge', ts: '1763804400123456789', value: 10.5 }
const LOG = {
  type: 'log', labels: { app: 'shop' }, resource: { 'service.name': 'shop' }, ts: '1763804400000000000', body: 'paid 12 EUR',
  severity: 'INFO', severity_number: 9,
  attributes: { order: 42, price: 1.5, tags: ['a', 'b'], big: { $int: '9223372036854775807' }, one: { $double: 1 }, http: { code: 200 } },
}
const SPAN = { type: 'span', ts: '1', end: '2', name: 'GET /', kind: 'server', status: { code: 'error' } }

t.test('truth', async (t) => {
  const cases: [object, string, boolean][] = [
    [METRIC, 'labels.job == "api"', true],
    [METRIC, 'labels["job"] == "api" && labels[labels.job] == ""', true],
    [METRIC, 'labels.nope == ""', true],
    [METRIC, 'has(labels.job) && !has(labels.nope)', true],
    [METRIC, '"job" in labels && !("nope" in labels)', true],
    [METRIC, 'size(labels) == 2 && labels.exists(name, name.startsWith("co"))', true],
    [METRIC, 'labels == {"job": "api", "code": "200"}', true],
    [METRIC, 'labels.code in ["200", "204"]', true],
    [METRIC, 'double(labels.code) >= 200.0', true],
    [METRIC, 'value > 10 && value < 11 && value >= 10.5 && value <= 10.5 && value != 10 && value == 10.5', true],
    [METRIC, '10 < value', true],
    [{ ...METRIC, value: 11 }, 'value == 11 && value > 10.5 && int(value) == 11', true],
    [{ ...METRIC, value: '+Inf' }, 'value > 1e300', true],
    [{ ...METRIC, value: 'NaN' }, 'value == value || value > 0 || value <= 0', false],
    [METRIC, 'type == "metric" && name == "up" && kind == "gauge" && unit == null', true],
    [METRIC, 'name.matches("^u")  && !name.matches("^p")', true],
    [METRIC, 'ts > timestamp("2025-11-22T09:40:00Z") && ts < timestamp("2025-11-22T09:40:00.123456790Z")', true],
    [METRIC, 'ts.getHours() == 9 && ts.getHours("+02:00") == 11 && ts.getHours("Europe/Berlin") == 10', true],
    [METRIC, 'string(ts) == "2025-11-22T09:40:00.123456789Z"', true],
    [METRIC, 'ts - duration("1h") < timestamp("2025-11-22T08:40:01Z")', true],
    // Absent fields are null; null is not less, not equal, not greater, and fulfils no condition.
    [METRIC, 'body == null && attributes == null && attributes.x == null && attributes.x.y == null', true],
    [METRIC, 'severity_number < 3 || severity_number >= 3 || severity_number == 0', false],
    [METRIC, 'body.contains("x") || body.matches("x") || attributes.flag', false],
    [METRIC, '!attributes.flag && size(body) == null && severity_number + 1 == null', true],
    [METRIC, 'attributes.list.exists(x, x == 1) || attributes.list[3] == 1', false],
    [METRIC, '"x" in attributes', false],
    [METRIC, 'has(attributes.x)', false],
    [METRIC, 'attributes.x == null ? labels.job == "api" : false', true],
    [METRIC, 'histogram == null && histogram.count == null', true],
    [{ ...METRIC, value: undefined, stale: true }, 'stale && value == null && !(value > 0)', true],
    [LOG, 'body.startsWith("paid") && severity_number >= 9 && severity_number < 9.5 && severity == "INFO"', true],
    [LOG, 'attributes.order == 42 && attributes.order + 1 == 43 && attributes.price * 2.0 == 3.0', true],
    [LOG, 'attributes.big == 9223372036854775807 && attributes.one + 1.0 == 2.0 && attributes.http.code == 200', true],
    [LOG, 'attributes.tags[1] == "b" && attributes.tags[2] == null && attributes.tags.map(x, x + "!") == ["a!", "b!"]', true],
    [LOG, '"a" in attributes.tags && size(attributes.tags) == 2', true],
    [LOG, 'resource["service.name"] == "shop" && has(resource.nope) == false && resource.nope == null', true],
    [LOG, 'name == null && value == null && labels.app == "shop"', true],
    [LOG, 'body.split(" ")[1] == "12" && body.lowerAscii() == "paid 12 eur"', true],
    [SPAN, 'name == "GET /" && kind == "server" && status.code == "error" && end - ts < duration("1s")', true],
    [{ type: 'target', labels: { __address__: 'h:1' }, state: 'gone' }, 'state == "gone" && labels.__address__ == "h:1"', true],
    [{ type: 'metadata', name: 'up', kind: 'gauge', help: 'x' }, 'help == "x" && labels.job == ""', true],
    [METRIC, 'labels.job == "api" || 1 / 0 > 0', true],
    [METRIC, '1 / 0 > 0 || labels.job == "api"', true],
    [METRIC, 'attributes.__proto__ == null && labels.__proto__ == "" && labels.constructor == ""', true],
    [METRIC, 'cel.bind(x, labels.job, x + x) == "apiapi"', true],
  ]
  for (const [record, source, expected] of cases) {
    t.equal((await compileExpression(source, { result: 'bool' })).test(viewOf(record)), expected, source)
  }
})

t.test('no value', async (t) => {
  for (const source of ['1 / int(labels.n) > 0', 'attributes.order > "x"', 'attributes.order.x == 1', 'attributes.price + 1 > 2.0', 'body']) {
    const expression = await compileExpression(source, { result: 'bool' })
    t.equal(expression.fallible, true, source)
    t.throws(() => expression.test(viewOf({ ...LOG, labels: { n: '0' } })), EvaluationError, source)
  }
})

t.test('refused before the first record', async (t) => {
  const cases: [string, string][] = [
    ['', 'the expression is empty'],
    ['value >', 'expression:1:8: the expression ends too early'],
    ['(value > 1', "expression:1:11: expected ')', got the end"],
    ['lables.job == "x"', "expression:1:1: unknown variable 'lables'"],
    ['labels.job = "x"', 'expression:1:12: unexpected character: ='],
    ['labels.code == 404', 'expression:1:1: no such overload: string == int'],
    ['labels.code > 404', 'expression:1:1: no such overload: string > int'],
    ['labels.code in [404]', 'expression:1:1: no such overload: string in list(int)'],
    ['value + 1 > 2', 'expression:1:1: no such overload: double + int'],
    ['labels.job', 'expression:1:1: the expression is a string, not a bool'],
    ['labels.job && true', 'expression:1:1: expected bool, found string'],
    ['nmae.startsWith("x")', "expression:1:1: unknown variable 'nmae'"],
    ['name.startWith("x")', "expression:1:1: unknown function 'startWith'"],
    ['name.startsWith(1)', 'expression:1:1: no such overload: string.startsWith(int)'],
    ['name.matches("a(b")', 'expression:1:16: bad regular expression: missing closing )'],
    ['value.x == 1', "expression:1:7: no field 'x' in double"],
    ['has(value)', 'expression:1:1: has() takes one field'],
    ['labels.all(1, true)', 'expression:1:12: all(var, predicate) invalid predicate iteration variable'],
    ['value > 99999999999999999999', 'expression:1:9: int out of range: 99999999999999999999'],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, 'expression nested deeper than 100 levels (max_expression_depth)'],
    [`${'!'.repeat(60000)}true`, 'expression nested deeper than 100 levels (max_expression_depth)'],
    ['x'.repeat(70000), 'expression longer than 65536 characters (max_expression_length)'],
  ]
  for (const [source, expected] of cases) {
    try {
      await compileExpression(source, { result: 'bool' })
      t.fail(`accepted: ${source}`)
    } catch (error) {
      const problem = error instanceof Problems ? error.list[0] : (error as Problem)
      t.equal(renderProblem(problem, '').split('\n')[0].replace(/^: |^expression:\d+:\d+: (?=expression nested)/, ''), expected)
    }
  }
  const two = await compileExpression('lables.x == "" && vale > 1').catch((error: Problems) => error.list.length)
  t.equal(two, 2, 'all at once')
})

t.test('a long chain is not deep', async (t) => {
  const names = Array.from({ length: 2000 }, (_, i) => `name == "n${i}"`).join(' || ')
  t.equal((await compileExpression(names)).test(viewOf({ ...METRIC, name: 'n1999' })), true)
})

t.test('linear time, whatever the record holds', async (t) => {
  const expression = await compileExpression('body.matches("(a+)+$")')
  t.equal(expression.test(viewOf({ ...LOG, body: `${'a'.repeat(5000)}!` })), false)
  const own = await compileExpression('body.matches(attributes.pattern)')
  t.equal(own.test(viewOf({ ...LOG, body: 'xay', attributes: { pattern: 'a' } })), true)
  t.throws(() => own.test(viewOf({ ...LOG, attributes: { pattern: '(' } })), EvaluationError)
})

t.test('what an expression reads', async (t) => {
  const analysed = async (source: string) => {
    const { reads, identityOnly, fallible } = await compileExpression(source)
    return { reads: [...reads].sort(), identityOnly, fallible }
  }
  t.same(await analysed('labels.a == "x" && resource.b == "y"'), { reads: ['labels', 'resource'], identityOnly: true, fallible: false })
  t.same(await analysed('value > 1'), { reads: ['value'], identityOnly: false, fallible: false })
  t.same(await analysed('labels.exists(value, value == "x")'), { reads: ['labels'], identityOnly: true, fallible: false })
  t.same(await analysed('name == "x"'), { reads: ['name'], identityOnly: false, fallible: false }, 'a name is measured in a span')
  const byName = await compileExpression('name == "x"')
  t.equal(byName.byIdentity('metric'), true)
  t.equal(byName.byIdentity('span'), false)
})

const SOURCES = [
  'value > 10', 'labels.a == "x"', 'labels.a == "x" && value > 10', 'name == "m" || severity_number > 5', 'body.contains("x")',
  'attributes.n > 3', 'ts > timestamp(1)', 'has(labels.a)', 'value == null', 'double(labels.a) > 1.0', 'true', 'type == "metric"',
  'resource.s == "r" && value < 100.5',
]
const record = fc.record(
  {
    type: fc.constantFrom('metric', 'metric', 'log', 'span', 'target'), name: fc.constantFrom('m', 'n'),
    labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', '2', '')), resource: fc.constantFrom({}, { s: 'r' }),
    ts: fc.constantFrom('1', '1763804400123000000'), value: fc.oneof(fc.double().filter(Number.isFinite), fc.constantFrom('NaN', '+Inf', 12, 12.25)),
    severity_number: fc.integer({ min: 1, max: 24 }), body: fc.constantFrom('x', 'y', { k: 1 }), attributes: fc.constantFrom({}, { n: 5 }, { n: 'z' }),
  },
  { requiredKeys: ['type', 'ts', 'value'] },
)

t.test('filter keeps from lines what the expression keeps from records', async (t) => {
  for (const source of SOURCES) {
    const expression = await compileExpression(source, { result: 'bool' })
    let rejected = 0
    const context = { reject: () => void rejected++ } as unknown as Parameters<typeof component.create>[1]
    const transform = (await component.create({ args: [source], options: {} }, context)) as RowTransform
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 10 }), async (records) => {
        const lines = [...records, ...records].map((each) => {
          const { identity, payload } = decodeLine(Buffer.from(JSON.stringify(each))) as Record
          return identity.prefix.toString() + tailText(identity, payload)
        })
        let failed = 0
        const expected = lines.filter((text) => {
          try {
            return expression.test(viewOf(JSON.parse(text) as object))
          } catch {
            failed++
            return false
          }
        })
        rejected = 0
        let dropped = 0
        const apply = applyOf(transform, component.accepts)
        const reader = new LineReader({ maxLineBytes: 10_000, maxDepth: 9, maxIdentities: 1000, onBad: () => false })
        const batch = reader.push(Buffer.from(lines.join('')))
        const out = new ByteBuffer()
        if (batch !== null) apply(batch, (_, count) => void (dropped += count)).write(out)
        t.equal(out.take().toString(), expected.join(''), source)
        t.equal(rejected, failed)
        t.equal(dropped, lines.length - expected.length - failed)
      }),
      { numRuns: 40 },
    )
  }
})

t.test('a row is decoded only for what is asked', async (t) => {
  const expression = await compileExpression('value > 10 && labels.job == "api"')
  let decoded = 0
  const view = new RowView()
  const id = (decodeLine(Buffer.from(JSON.stringify(METRIC))) as Record).identity
  const batch = { plain: () => true, value: () => 11, payload: () => (decoded++, {}) } as unknown as Parameters<typeof view.at>[0]
  t.equal(expression.test(view.at(batch, 0, id)), true)
  t.equal(decoded, 0)
})
