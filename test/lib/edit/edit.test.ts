// Edits of records: what is set, deleted, renamed, hashed, and that all the rest stays as it was.

import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import type { Context } from '../../../lib/component.js'
import { editTransform, type Edit } from '../../../lib/edit/edit.js'
import { deleteEdit, hashEdit, hasher, renameEdit, setEdit } from '../../../lib/edit/edits.js'
import { parseField } from '../../../lib/edit/field.js'
import { Grouping } from '../../../lib/edit/group.js'
import { DerivedIdentities } from '../../../lib/edit/identities.js'
import { Unfit } from '../../../lib/edit/tree.js'
import { compileExpression, EvaluationError } from '../../../lib/expr/expression.js'
import { RecordedView } from '../../../lib/expr/field.js'
import { jsonOfValue } from '../../../lib/expr/json.js'
import { valueOfJson } from '../../../lib/expr/value.js'
import { canonical, type Json } from '../../../lib/record/json.js'
import { decodeValue } from '../../../lib/record/decode.js'
import { type Record, tailText } from '../../../lib/record/record.js'
import fc from '../../support/property.js'
import { sh } from '../../support/solder.js'

const SPAN = {
  type: 'span', resource: { 'service.name': 'shop' }, ts: '1', end: '2', name: 'GET /7', attributes: { n: { $double: 5 }, s: 'a' },
}
const POINT = { type: 'metric', name: 'up', labels: { code: '200', job: 'api' }, attributes: { code: 200 }, ts: '1', value: 3, int: true }
const LOG = { type: 'log', labels: { app: 'a' }, ts: '1', observed: '77', body: { a: { b: 1 } } }

function record(json: unknown): Record {
  const decoded = decodeValue(JSON.parse(JSON.stringify(json)))
  if ('reason' in decoded) throw new Error(decoded.detail)
  return decoded
}

const text = ({ identity, payload }: Record) => identity.prefix.toString() + tailText(identity, payload)
const back = (edited: Record) => JSON.parse(text(edited)) as { [key: string]: Json }

const field = (name: string) => parseField(name, 'set', new DerivedIdentities(1000))
const apply = (edit: Edit, json: unknown) => {
  const before = record(json)
  return back(edit.apply(before, new RecordedView().at(before)))
}
const set = async (name: string, expression: string, json: unknown) =>
  apply(setEdit(await field(name), await compileExpression(expression)), json)

t.test('set: fields of each kind', async (t) => {
  t.match(await set('attributes["http.route"]', '"/x"', SPAN), { attributes: { 'http.route': '/x', n: { $double: 5 } } })
  t.match(await set('name', 'resource["service.name"] + " " + name', SPAN), { name: 'shop GET /7' })
  t.match(await set('status.code', '"error"', SPAN), { status: { code: 'error' } })
  t.match(await set('attributes.n', 'attributes.n * 2.0', SPAN), { attributes: { n: { $double: 10 } } })
  t.match(await set('ts', 'observed', LOG), { ts: '77' })
  t.match(await set('end', 'ts + duration("1s")', SPAN), { end: '1000000001' })
  t.match(await set('body.a.c', '[1, 2.5, b"ab", null, true]', LOG), { body: { a: { b: 1, c: [1, 2.5, { $bytes: 'YWI=' }, null, true] } } })
  t.match(await set('body', 'body.a.b', LOG), { body: 1 })
  t.match(await set('attributes.m', '{"$x": ts}', LOG), { attributes: { m: { $map: { $x: '1970-01-01T00:00:00.000000001Z' } } } })
  t.same(await set('severity', '["a", 1]', LOG), { ...LOG, severity: '["a",1]' }, 'a text is the text of any value')
  t.same(await set('attributes.x', 'attributes.nothing', SPAN), SPAN, 'null changes nothing')
  t.same(await set('severity', '"x"', SPAN), SPAN, 'nor does a field that the type has not')
})

t.test('set: attributes of data points are labels with a type', async (t) => {
  t.match(await set('labels.code', '"404"', POINT), { labels: { code: '404', job: 'api' }, attributes: undefined })
  t.match(await set('attributes.code', '404', POINT), { labels: { code: '404' }, attributes: { code: 404 } })
  t.match(await set('labels.code', '404', POINT), { labels: { code: '404' }, attributes: undefined })
  t.match(await set('value', 'value * 2.0', POINT), { value: 6, int: undefined })
  const histogram = { type: 'metric', name: 'h', ts: '1', explicit_histogram: { count: '0' } }
  t.same(await set('value', '1.0', histogram), histogram, 'a histogram has no value')
})

t.test('delete and rename', async (t) => {
  t.same(apply(deleteEdit([await field('attributes.n'), await field('resource')]), SPAN), {
    type: 'span', ts: '1', end: '2', name: 'GET /7', attributes: { s: 'a' },
  })
  t.match(apply(deleteEdit([await field('attributes.code')]), POINT), { labels: { job: 'api' }, attributes: undefined })
  t.same(apply(deleteEdit([await field('body.x.y'), await field('labels.none')]), LOG), LOG)
  const moved = apply(renameEdit(await field('attributes.n'), await field('resource["n"]')), SPAN)
  t.match(moved, { resource: { n: { $double: 5 } }, attributes: { s: 'a', n: undefined } })
  t.match(apply(renameEdit(await field('labels.code'), await field('resource.code')), POINT), {
    labels: { job: 'api', code: undefined }, resource: { code: 200 },
  }, 'with its type')
  t.same(apply(renameEdit(await field('attributes.n'), await field('labels.n')), SPAN), SPAN, 'spans have no labels')
})

t.test('hash', async (t) => {
  const plain = createHash('sha256').update('a').digest('hex')
  t.match(apply(hashEdit([await field('attributes.s')], hasher('sha256', undefined)), SPAN), { attributes: { s: plain } })
  const keyed = createHmac('md5', 'k').update('5').digest('hex')
  t.match(apply(hashEdit([await field('attributes.n'), await field('body')], hasher('md5', 'k')), SPAN), { attributes: { n: keyed } })
})

t.test('what is no field, or cannot be changed', async (t) => {
  await t.rejects(parseField('nme', 'set', new DerivedIdentities(1)), { message: "no field that can be changed: 'nme'" })
  await t.rejects(parseField('histogram', 'set', new DerivedIdentities(1)), { message: /no field that can be changed/ })
  await t.rejects(parseField('1 + 1', 'set', new DerivedIdentities(1)), { message: 'no field of a record' })
  await t.rejects(parseField('labels', 'set', new DerivedIdentities(1)), { message: 'one label at a time' })
  await t.rejects(parseField('name.x', 'set', new DerivedIdentities(1)), { message: /no fields of its own/ })
  await t.rejects(parseField('events', 'set', new DerivedIdentities(1)), { message: /cannot be set/ })
  await t.rejects(parseField('ts', 'delete', new DerivedIdentities(1)), { message: /needs its 'ts'/ })
  await t.rejects(set('body.a.b.c', '1', LOG), { message: "no map holds 'c'" })
  await t.rejects(set('ts', '"soon"', LOG), { message: /expected a timestamp/ })
  await t.rejects(set('attributes', '1', LOG), { message: /expected a map/ })
  await t.rejects(set('value', '"x"', POINT), { message: /expected a number/ })
})

t.test('labels alone are decided once for each identity, the rest record by record', async (t) => {
  const context = { reject: () => {} } as unknown as Context
  const job = await field('labels.team')
  const edit = async (expression: string, where?: string) => {
    const condition = where === undefined ? undefined : await compileExpression(where, { result: 'bool' })
    return editTransform(setEdit(job, await compileExpression(expression)), condition, context)
  }
  t.ok('identity' in (await edit('"infra"', 'labels.job == "api"')))
  t.ok('take' in (await edit('string(value)')), 'the value of a sample is no part of its identity')
  t.ok('take' in (await edit('"infra"', 'value > 1.0')))
})

t.test('identities that say the same are one, and forgotten beyond the bound', async (t) => {
  const identities = new DerivedIdentities(2)
  const one = await parseField('labels.b', 'set', identities)
  const a = record(POINT)
  const same = record(POINT)
  t.equal(one.put(a, 'x').identity, one.put(same, 'x').identity)
  t.equal(one.put(a, 'x').identity, one.put(a, 'x').identity)
  const first = one.put(a, 'x').identity
  for (let i = 0; i < 5; i++) one.put(a, String(i))
  t.not(one.put(a, 'x').identity, first)
  t.same(one.put(a, 'x').identity.prefix, first.prefix)
})

const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'http.route', '$int', 'toString', '7'), fc.string({ maxLength: 4 }))
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ maxLength: 4 }), fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
    fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), tie('value'), { maxKeys: 3 }),
  ),
})).value
const entries = fc.array(fc.tuple(key, json), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs) as { [key: string]: Json })

t.test('an edit changes what it names and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(entries, entries, key, json, async (attributes, resource, name, value) => {
      const span = record({ ...SPAN, attributes, resource })
      for (const map of ['attributes', 'resource'] as const) {
        const place = await field(`${map}[${JSON.stringify(name)}]`)
        const given = map === 'attributes' ? attributes : resource
        const others = Object.fromEntries(Object.entries(given).filter(([at]) => at !== name))
        const expected = { attributes, resource, [map]: Object.fromEntries([...Object.entries(others), [name, value]]) }
        const put = place.put(span, value)
        same(put, { ...SPAN, ...expected })
        same(place.remove(put), { ...SPAN, attributes, resource, [map]: others })
        if (Object.hasOwn(given, name)) same(place.put(put, given[name]), { ...SPAN, attributes, resource })
      }
    }),
    { numRuns: 100 },
  )
})

function same(edited: Record, expected: unknown): void {
  const wanted = text(record(expected))
  if (text(edited) !== wanted) throw new Error(`${text(edited)} is not ${wanted}`)
}

t.test('whatever a record holds, what comes out is a record, or told', async (t) => {
  const names = ['name', 'body', 'labels.a', 'attributes.a', 'attributes', 'resource', 'resource.a.b', 'body.a', 'status.code', 'ts', 'value', 'severity_number', 'kind']
  const edits: Edit[] = []
  for (const name of names) {
    edits.push(setEdit(await field(name), await compileExpression('attributes.v')), hashEdit([await field(name)], hasher('sha256', 'k')))
    edits.push(renameEdit(await field('attributes["v"]'), await field(name)))
    if (name === 'ts' || name === 'value') continue
    edits.push(renameEdit(await field(name), await field('attributes["v"]')), deleteEdit([await field(name)]))
  }
  const odd = fc.oneof(json, fc.constantFrom<Json>({ $int: 'x' }, { $double: {} }, { $bytes: 5 }, { $int: '9223372036854775807' }, null))
  const types = fc.constantFrom('span', 'log', 'metric', 'profile', 'target')
  const fields = fc.dictionary(fc.constantFrom('body', 'status', 'severity_number', 'end_', 'events', 'name_'), odd)
  await fc.assert(
    fc.asyncProperty(types, fields, fc.dictionary(fc.constantFrom('v', 'a'), odd), fc.nat(edits.length - 1), async (type, more, attributes, at) => {
      const labels = Object.fromEntries(Object.keys(attributes).map((name) => [name, 'x']))
      const before = record({ type, ts: '1', value: 1, attributes, ...(type === 'span' ? {} : { labels }), ...more })
      try {
        record(back(edits[at].apply(before, new RecordedView().at(before))))
      } catch (error) {
        if (!(error instanceof Unfit) && !(error instanceof EvaluationError)) throw error
      }
    }),
    { numRuns: 500 },
  )
  t.same(apply(deleteEdit([await field('attributes')]), POINT), POINT, 'as a map the attributes of a data point are types of its labels')
})

t.test('a map that has lost its last field is gone, as it is for whoever reads the line', async (t) => {
  const log = { type: 'log', labels: { a: 'b' }, resource: { x: 1 }, ts: '1', body: { y: 1 }, attributes: { z: 1 } }
  const names = ['resource.x', 'attributes.z', 'body.y']
  const left = deleteEdit(await Promise.all(names.map(field))).apply(record(log), new RecordedView())
  t.same(left.identity.rest, {})
  t.same(left.payload, { ts: '1', body: {} })
  const point = deleteEdit([await field('labels.code')]).apply(record(POINT), new RecordedView())
  t.same(point.identity.rest, {})
  const moved: Record[] = []
  new Grouping(['z'], new DerivedIdentities(1)).take(record(log), 0, (one) => void moved.push(one))
  t.same(Object.keys(moved[0].payload), ['ts', 'body'])
})

t.test('a value read by an expression and put again is the same', async () => {
  fc.assert(fc.property(json, (value) => canonical(jsonOfValue(valueOfJson(value))) === canonical(value)))
  const all: readonly Json[] = [{ $double: 1 }, { $double: 'NaN' }, { $int: '9223372036854775807' }, { $bytes: 'AAEC' }, { $map: { $x: 1 } }]
  for (const tagged of all) {
    if (canonical(jsonOfValue(valueOfJson(tagged))) !== canonical(tagged)) throw new Error(canonical(tagged))
  }
})

t.test('group: attributes move to the resource', async (t) => {
  const grouping = new Grouping(['n', 'code', '__proto__'], new DerivedIdentities(100))
  const out: Record[] = []
  const grouped = (json: unknown) => {
    grouping.take(record(json), 0, (one) => void out.push(one))
    return back(out.at(-1)!)
  }
  t.same(grouped(SPAN), { ...SPAN, resource: { n: { $double: 5 }, 'service.name': 'shop' }, attributes: { s: 'a' } })
  t.match(grouped({ ...LOG, attributes: { n: 7 } }), { resource: { n: 7 }, attributes: undefined, labels: { app: 'a' } })
  t.same(grouped(LOG), LOG, 'nothing to move')
  t.match(grouped(POINT), { labels: { job: 'api', code: undefined }, attributes: undefined, resource: { code: 200 } })
  grouped({ ...SPAN, attributes: { n: { $double: 5 }, s: 'b' } })
  t.equal(out[0].identity, out.at(-1)!.identity, 'records of one resource are of one identity')
})

t.test('the commands', async (t) => {
  const stdin = [SPAN, POINT, LOG].map((line) => JSON.stringify(line)).join('\n')
  const run = await sh('solder enrich set body.a.b.c 1 --ledger', { stdin })
  t.equal(run.code, 1)
  t.equal(run.stdout.split('\n').length, 3, 'the log entry is rejected')
  t.match(run.stderr, /no map holds 'c'/)
  t.match(run.stderr, /"dropped":\{"unfit":1\}/)
  const hashed = await sh('solder enrich hash "attributes.s" --key env:SECRET', { stdin, env: { SECRET: 'k' } })
  t.match(hashed.stdout, createHmac('sha256', 'k').update('a').digest('hex'))
  t.same((await sh('solder enrich delete labels.code', { stdin: JSON.stringify(POINT) })).stdout,
    '{"type":"metric","name":"up","labels":{"job":"api"},"ts":"1","value":3,"int":true}\n')
})
