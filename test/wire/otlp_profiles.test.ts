// Profiles of OTLP: what a record holds of the dictionary, how dictionaries come together, and what is no profile.

import t from 'tap'
import type { Record } from '../../lib/record/index.js'
import { ExportRequest } from '../../lib/wire/otlp/export_request.js'
import type { ProfilesRequest } from '../../lib/wire/otlp/message.js'
import { profileRecords } from '../../lib/wire/otlp/profiles.js'
import { decodeMessage, encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { recordsOf } from '../../lib/wire/otlp/records.js'
import { REQUESTS } from '../../lib/wire/otlp/schema.js'
import { resolvedProfiles } from '../support/otlp_messages.js'
import { FRAMES, profilesExport } from '../support/profiles.js'

const BOUNDS = { max_elements: 1000, max_depth: 20 }
const TYPE = REQUESTS.profiles
const decode = (bytes: Buffer) => decodeMessage<ProfilesRequest>(bytes, TYPE, BOUNDS)
const sent = (): ProfilesRequest => decode(encodeMessage(profilesExport(), TYPE))
const dataOf = ({ payload }: Record) => Buffer.from(payload.data as string, 'base64')

/** A request of so many records, as it is sent. */
function requestOf(records: readonly Record[]): ProfilesRequest {
  const request = new ExportRequest('profiles')
  for (const { identity, payload } of records) request.add(identity, payload)
  return decode(request.finish())
}

t.test('a record holds one profile, and of the dictionary what that refers to', async (t) => {
  const records = recordsOf('profiles', sent())
  const shop = { resource: { 'service.name': 'shop' }, resource_meta: { schema_url: 'https://opentelemetry.io/schemas/1.37.0' }, scope: { name: 'ebpf', version: '1.2' } }
  t.same(records.map(({ identity }) => identity.rest), [shop, shop, { resource: { 'service.name': 'bank' } }])
  t.same(records.map(({ identity: { type, name } }) => [type, name]), [['profile', 'cpu'], ['profile', 'heap'], ['profile', 'cpu']])
  t.match(records[0].payload, { ts: '1763804400000000000', end: '1763804410000000000', format: 'otlp' })
  t.equal(records[1].payload.end, undefined)
  const frames = Object.values(FRAMES)
  for (const [i, record] of records.entries()) {
    for (const name of frames.flat()) t.equal(dataOf(record).includes(name), (frames[i] as readonly string[]).includes(name), `${i} ${name}`)
    const { dictionary } = decode(dataOf(record))
    t.ok(Object.values(dictionary!).every(([first]) => first === '' || Object.keys(first as object).length === 0), 'the first of a table is nothing')
    t.equal(Object.keys(dictionary!).length, 7)
  }
})

t.test('in a request what is the same is one entry', async (t) => {
  const records = recordsOf('profiles', sent())
  const again = requestOf([...records, ...records])
  const texts = again.dictionary!.stringTable!
  t.equal(new Set(texts).size, texts.length)
  t.same([...texts].sort(), profilesExport().dictionary.stringTable.filter((text) => text !== 'service.name' && text !== 'bank').sort())
  for (const [table, entries] of Object.entries(profilesExport().dictionary)) {
    if (table !== 'stringTable') t.equal(again.dictionary![table as 'stackTable']!.length, entries.length, table)
  }
  t.same(resolvedProfiles(requestOf(records)), resolvedProfiles(sent()))
})

t.test('what a stage has changed goes out as it is', async (t) => {
  const [{ identity, payload }] = recordsOf('profiles', sent())
  const changed = identity.with('wall', ['__tenant_id__', 'x', 'env', 'prod', 'thread.name', 'no'])
  const of = (more: object, id = changed) => {
    const resolved = resolvedProfiles(requestOf([{ identity: id, payload: { ...payload, ...more } }])) as ProfilesRequest
    return resolved.resourceProfiles![0].scopeProfiles![0].profiles![0] as unknown as { [name: string]: unknown }
  }
  t.match(of({}), {
    sampleType: { typeStrindex: 'wall', unitStrindex: 'nanoseconds' }, timeUnixNano: '1763804400000000000', durationNano: '10000000000',
    attributeIndices: [{ keyStrindex: 'env', value: { stringValue: 'prod' } }],
  })
  t.match(of({ ts: '5', end: '9', attributes: { env: 3 } }), {
    timeUnixNano: '5', durationNano: '4', attributeIndices: [{ keyStrindex: 'env', value: { intValue: '3' } }, { keyStrindex: 'thread.name' }],
  })
  const { durationNano, attributeIndices } = of({ end: undefined }, identity)
  t.same([durationNano, attributeIndices], [undefined, undefined])
  // An attribute of its own that the record has, too.
  const [own] = recordsOf('profiles', requestOf([{ identity: changed, payload }]))
  t.same(of({ data: own.payload.data, attributes: { env: 'test' } }, own.identity).attributeIndices, [
    { keyStrindex: 'thread.name', unitStrindex: '', value: { stringValue: 'no' } },
    { keyStrindex: 'env', unitStrindex: '', value: { stringValue: 'test' } },
  ])
})

t.test('a record that is none leaves nothing behind', async (t) => {
  const records = recordsOf('profiles', sent())
  const [{ identity, payload }] = records
  const wrong = sent()
  wrong.dictionary!.stackTable![1] = { locationIndices: [1, 99] }
  const data = (request: object) => encodeMessage(request, TYPE).toString('base64')
  const alone = data({ resourceProfiles: [{ scopeProfiles: [{ profiles: [wrong.resourceProfiles![0].scopeProfiles![0].profiles![0]] }] }], dictionary: wrong.dictionary })
  const cases: readonly (readonly [object, string])[] = [
    [{ format: 'pprof' }, `'format': "pprof": expected "otlp"`],
    [{ format: undefined }, `'format': undefined: expected "otlp"`],
    [{ data: 'ä' }, "'data': expected base64"],
    [{ data: 'AAAA' }, "'data': no ProfilesData: field number 0"],
    [{ data: '' }, "'data': 0 profiles: expected one"],
    [{ data: data(sent()) }, "'data': 3 profiles: expected one"],
    [{ data: alone }, "'data': index 99 of 5 into the locationTable"],
    [{ ts: '9', end: '5' }, "'end': 5 is before 9"],
    [{ ts: 'now' }, `'ts': "now" is no time`],
    [{ attributes: { a: { $int: 'ten' } } }, '{"$int":"ten"}: expected decimal digits'],
    [{ attributes: { a: { $int: '9999999999999999999' } } }, '9999999999999999999 is no int64'],
  ]
  const request = new ExportRequest('profiles')
  const fresh = { identity: identity.with('not yet there', []), payload }
  for (const [more, message] of cases) {
    t.throws(() => request.add(fresh.identity, { ...payload, ...more }), { message }, message)
  }
  t.equal(request.records + request.bytes, 0)
  request.add(records[2].identity, records[2].payload)
  const bytes = request.finish()
  t.notOk(bytes.includes('not yet there') || bytes.includes('main'))
  t.same(decode(bytes), requestOf([records[2]]))
  t.throws(() => request.add(recordsOf('profiles', sent())[0].identity.with('x', []), {}), { message: /format/ })
})

t.test('profiles that refer to what is not there, and resources that do', async (t) => {
  const request = sent()
  const [shop, bank] = request.resourceProfiles!
  const [cpu, heap] = shop.scopeProfiles![0].profiles!
  cpu.attributeIndices = [2]
  heap.samples![0].stackIndex = -1
  const { records, wrong } = profileRecords(request, Infinity)!
  t.same(records.map(({ identity }) => identity.rest.resource), [{ 'service.name': 'bank' }])
  t.same(wrong.map(({ complaint }) => complaint), ['index 2 of 2 into the attributeTable', 'index -1 of 4 into the stackTable'])
  t.equal(profileRecords(request, Infinity)!.bytes, [...records, ...wrong.map(({ record }) => record)].reduce((sum, record) => sum + dataOf(record).length, 0))
  const [evidence] = wrong.map(({ record }) => decode(dataOf(record)))
  t.same(evidence.dictionary, request.dictionary, 'the whole dictionary, to look at')
  t.same(evidence.resourceProfiles![0].scopeProfiles![0].profiles, [cpu])
  bank.resource!.attributes![0].keyStrindex = 13
  t.throws(() => profileRecords(request, Infinity), { message: 'index 13 of 13 into the stringTable' })
  t.equal(profileRecords(sent(), 300), null, 'more than it may be')
})

t.test('other versions are refused where they can be told', async (t) => {
  // The numbers of fields of a sample: 1.9 has values, attributes and link in places 2 to 4.
  const sample = (...bytes: number[]) => {
    const field = (number: number, inner: Buffer) => Buffer.concat([Buffer.from([(number << 3) | 2, inner.length]), inner])
    return decode(field(1, field(2, field(2, field(2, Buffer.from(bytes))))))
  }
  t.throws(() => sample(0x12, 1, 5, 0x1a, 1, 1), { message: "'linkIndex' is not as in version 1.10 of opentelemetry-proto" })
  t.throws(() => sample(0x12, 1, 5, 0x20, 1), { message: "'values' is not as in version 1.10 of opentelemetry-proto" })
  t.match(profileRecords(sample(0x12, 1, 0), Infinity)!.wrong, [{ complaint: /a sample with attributes and no values/ }])
  t.same(sample(0x12, 1, 1, 0x18, 2, 0x22, 1, 5).resourceProfiles![0].scopeProfiles![0].profiles, [
    { samples: [{ attributeIndices: [1], linkIndex: 2, values: ['5'] }] },
  ])
})
