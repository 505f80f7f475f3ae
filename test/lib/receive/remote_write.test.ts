// Requests of remote write to records and answers: one identity a series, and any bytes.

import { compressSync } from 'snappy'
import t from 'tap'
import { StageAccount } from '../../../lib/io/account.js'
import { Recent } from '../../../lib/receive/recent.js'
import { RemoteWriteReceiver } from '../../../lib/receive/remote_write.js'
import type { Identity, Payload } from '../../../lib/record/index.js'
import { loadSnappy } from '../../../lib/wire/snappy.js'
import { encodeMessage } from '../../support/remote_write.js'
import { encodeRequestMessage } from '../../support/remote_write_v2.js'
import fc from '../../support/property.js'

const snappy = await loadSnappy()
const one = encodeMessage({
  timeseries: [
    { labels: [{ name: '__name__', value: 'a' }, { name: 'b', value: 'c' }], samples: [{ timestamp: 1 }] },
    { labels: [{ name: '__name__', value: 'h' }], histograms: [{ count_int: 1, zero_count_int: 1, timestamp: 1 }] },
  ],
  metadata: [{ type: 1, metric_family_name: 'a', help: 'Help.' }],
})
const two = encodeRequestMessage({
  symbols: ['', '__name__', 'a', 'b', 'c', 'Help.'],
  timeseries: [
    { labels_refs: [1, 2, 3, 4], samples: [{ value: 1, timestamp: 1 }], metadata: { type: 1, help_ref: 5 } },
    { labels_refs: [1, 4], exemplars: [{ labels_refs: [3, 4], value: 1 }], samples: [{ timestamp: 2 }] },
  ],
})
const TYPES = ['application/x-protobuf', 'application/x-protobuf; proto=io.prometheus.write.v2.Request']

function receiver(ids: (Identity | undefined)[] = [], payloads: Payload[] = []) {
  const account = new StageAccount()
  const limits = { snappy, max_request_bytes: 10_000, max_elements: 200, max_identities: 10, acks: null }
  return new RemoteWriteReceiver(limits, {
    account,
    reject: ({ reason }) => account.drop(reason, 1),
    emit: (batch) => {
      for (let row = 0; row < batch.length; row++) {
        ids.push(batch.id(row))
        payloads.push(batch.payload(row))
      }
    },
  })
}

const requestOf = (body: Buffer, type: string) => ({
  method: 'POST',
  url: new URL('http://localhost/'),
  headers: { 'content-type': type },
  body,
})

t.test('a series has one identity, request after request', async (t) => {
  for (const [message, type] of [[one, TYPES[0]], [two, TYPES[1]]] as const) {
    const ids: (Identity | undefined)[] = []
    const to = receiver(ids)
    for (let i = 0; i < 2; i++) t.equal((await to.answer(requestOf(snappy.compress(message), type))).status, 204)
    const series = ids.filter((id) => id?.type === 'metric')
    t.equal(series[2], series[0])
    t.equal(series[3], series[1])
  }
})

t.test('a histogram whose sum is the stale marker is the end of its series', async (t) => {
  const labels = [{ name: '__name__', value: 'h' }]
  const message = encodeMessage({ timeseries: [{ labels, histograms: [{ count_int: 0, sum: 1.5, timestamp: 7 }] }] })
  const at = message.indexOf(Buffer.from('000000000000f83f', 'hex'))
  Buffer.from('020000000000f07f', 'hex').copy(message, at)
  const payloads: Payload[] = []
  const to = receiver([], payloads)
  t.equal((await to.answer(requestOf(snappy.compress(message), TYPES[0]))).status, 204)
  t.same(payloads, [{ ts: '7000000', stale: true }])
})

/** The base of the changes below, with all that a series may have. */
const rich = [
  one,
  two,
  encodeMessage({
    timeseries: [
      { labels: [{ name: '__name__', value: 'a' }, { name: 'é', value: 'ü' }], samples: [{ value: '5', timestamp: -1 }, { value: '1', timestamp: 2 }] },
      { labels: [{ name: '__name__', value: 'a' }], samples: [{ timestamp: 3 }], exemplars: [{ value: 1, timestamp: 3 }] },
      { labels: [{ name: '__name__', value: 'a' }], histograms: [{ count_int: 2, zero_count_int: 2, timestamp: 1 }] },
    ],
  }),
  encodeRequestMessage({
    symbols: ['', '__name__', 'a', 'é', 'ü', 'Help.'],
    timeseries: [
      { labels_refs: [1, 2], samples: [{ value: 0, timestamp: 1 }, { value: NaN, timestamp: 1700000000000 }] },
      { labels_refs: [1, 2, 3, 4], samples: [{ value: 1, timestamp: 2, start_timestamp: 1 }], metadata: { type: 2, help_ref: 5 } },
      { labels_refs: [1, 2, 3, 4], samples: [{ value: 1, timestamp: 2 }], metadata: { type: 1, unit_ref: 4 } },
      { labels_refs: [1, 2], histograms: [{ count_int: 2, zero_count_int: 2, timestamp: 1 }], created_timestamp: 1 },
    ],
  }),
]
const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))

t.test('any bytes have an answer', async (t) => {
  const mutated = fc.tuple(fc.constantFrom(...rich), fc.array(change, { maxLength: 5 }), fc.boolean()).map(
    ([message, changes, inside]) => {
      const bytes = inside ? Buffer.from(message) : (compressSync(message) as Buffer)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return inside ? (compressSync(bytes) as Buffer) : bytes
    },
  )
  const garbage = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
  const to = receiver()
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: mutated }, garbage), fc.constantFrom(...TYPES), async (body, type) => {
      const { status, text } = await to.answer(requestOf(body, type))
      t.ok([204, 400, 413].includes(status), `${status} ${text}`)
      t.equal(status === 204, text === undefined)
    }),
    { numRuns: 2000 },
  )
})

/** The answer, and the samples that came out. */
async function outcomeAt(
  to: RemoteWriteReceiver, ids: (Identity | undefined)[], payloads: Payload[], body: Buffer, type: string,
) {
  ids.length = payloads.length = 0
  const answer = await to.answer(requestOf(body, type))
  const samples = ids.flatMap((id, row) => (id?.type === 'metric' ? [[id.prefix.toString(), { ...payloads[row] }]] : []))
  return { answer, samples }
}

t.test('a series that is known is read as one that is not', async (t) => {
  const ids: (Identity | undefined)[] = []
  const payloads: Payload[] = []
  const knows = receiver(ids, payloads)
  const freshIds: (Identity | undefined)[] = []
  const freshPayloads: Payload[] = []
  const request = fc.tuple(fc.nat(rich.length - 1), fc.array(change, { maxLength: 2 }))
  await fc.assert(
    fc.asyncProperty(request, async ([index, changes]) => {
      const type = TYPES[index % 2]
      const bytes = Buffer.from(rich[index])
      await knows.answer(requestOf(snappy.compress(bytes), type))
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      const body = snappy.compress(bytes)
      const fresh = receiver(freshIds, freshPayloads)
      const found = await outcomeAt(knows, ids, payloads, body, type)
      t.same(found, await outcomeAt(fresh, freshIds, freshPayloads, body, type))
    }),
    { numRuns: 3000 },
  )
})

t.test('what was not used for a while is forgotten', async (t) => {
  const recent = new Recent<number>(4)
  for (let i = 0; i < 100; i++) {
    recent.set(`${i}`, i)
    t.equal(recent.get('0'), 0, 'used all the time')
  }
  t.equal(recent.get('50'), undefined)
  t.equal(recent.get('99'), 99)
})
