// Requests that are too large: halved, by themselves and over real sockets, in memory and from the spool.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { uncompressSync } from 'snappy'
import t from 'tap'
import { Divided } from '../../../lib/delivery/divided.js'
import type { Reply } from '../../../lib/delivery/outcome.js'
import { type Identity, type Payload, tailText } from '../../../lib/record/index.js'
import { decodeWriteRequest } from '../../../lib/wire/remote_write/decode.js'
import { decodeRequest } from '../../../lib/wire/remote_write/decode_v2.js'
import { halvesOf } from '../../../lib/wire/remote_write/split.js'
import { serving } from '../../support/client.js'
import { encodeMessage, Receiver, samplesOf } from '../../support/remote_write.js'
import { decodeRequestMessage, encodeRequestMessage, labelsAt } from '../../support/remote_write_v2.js'
import { sh } from '../../support/solder.js'
import fc from '../../support/property.js'

const textOf = ({ identity, payload }: { identity: Identity; payload: Payload }) =>
  identity.prefix.toString() + tailText(identity, payload)
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const word = fc.stringMatching(/^[a-zé]{1,5}$/)
const series = fc.record({
  labels: fc.uniqueArray(fc.tuple(word, word), { maxLength: 3, selector: ([name]) => name }),
  samples: fc.array(fc.record({ value: fc.integer(), timestamp: fc.integer() }), { maxLength: 2 }),
  exemplars: fc.array(fc.record({ labels: fc.array(fc.tuple(word, word), { maxLength: 1 }), value: fc.integer(), timestamp: fc.nat() }), { maxLength: 1 }),
  histograms: fc.array(fc.record({ count_int: fc.nat(), sum: fc.integer(), schema: fc.integer({ min: -4, max: 8 }), timestamp: fc.nat() }), { maxLength: 1 }),
  help: word,
  type: fc.integer({ min: 0, max: 7 }),
})
type Series = typeof series extends fc.Arbitrary<infer S> ? S : never

const withName = (labels: [string, string][]) => [['__name__', 'm'] as const, ...labels]
const pairs = (labels: readonly (readonly [string, string])[]) => labels.map(([name, value]) => ({ name, value }))

function messageOne(all: Series[]): Buffer {
  const timeseries = all.map(({ labels, samples, exemplars, histograms }) => ({
    labels: pairs(withName(labels)),
    samples,
    histograms,
    exemplars: exemplars.map((one) => ({ ...one, labels: pairs(one.labels) })),
  }))
  return encodeMessage({ timeseries, metadata: [{ type: 1, metric_family_name: 'm', help: 'Help.' }] })
}

function messageTwo(all: Series[]): Buffer {
  const symbols = ['']
  const ref = (text: string) => (symbols.includes(text) ? symbols.indexOf(text) : symbols.push(text) - 1)
  const timeseries = all.map(({ labels, samples, exemplars, histograms, help, type }) => ({
    labels_refs: withName(labels).flat().map(ref),
    samples,
    histograms,
    exemplars: exemplars.map(({ labels, ...rest }) => ({ ...rest, labels_refs: labels.flat().map(ref) })),
    metadata: { type, help_ref: ref(help), unit_ref: 0 },
    created_timestamp: 5,
  }))
  return encodeRequestMessage({ symbols, timeseries })
}

t.test('halves hold the same records, in their order; those of 2.0 only the symbols that they need', async (t) => {
  fc.assert(
    fc.property(fc.array(series, { minLength: 1, maxLength: 9 }), (all) => {
      for (const version of [1, 2] as const) {
        const decode = version === 1 ? decodeWriteRequest : decodeRequest
        const whole = (version === 1 ? messageOne : messageTwo)(all)
        const halves = halvesOf(whole, version)
        if (halves === null) return all.length === 1
        const expected = decode(whole).map(textOf)
        const found = halves.map(({ bytes }) => decode(bytes).map(textOf))
        t.same(found.flat(), expected)
        // A series without a sample is no record.
        t.same(halves.map(({ records }) => records), found.map((records) => records.length))
        if (version === 1) continue
        const messages = halves.map(({ bytes }) => decodeRequestMessage(bytes))
        const before = decodeRequestMessage(whole)
        const meant = (message: typeof before) => message.timeseries.map(({ labels_refs, metadata, exemplars, ...rest }) => ({
          ...rest,
          labels: labelsAt(labels_refs, message.symbols),
          help: message.symbols[metadata!.help_ref],
          exemplars: exemplars.map((one) => ({ ...one, labels_refs: labelsAt(one.labels_refs, message.symbols) })),
        }))
        t.same(messages.flatMap(meant), meant(before))
        for (const message of messages) {
          const used = new Set(meant(message).flatMap(({ labels, help, exemplars }) => [
            '', help, ...[...labels, ...exemplars.flatMap((one) => one.labels_refs)].flatMap(({ name, value }) => [name, value]),
          ]))
          t.same([...message.symbols].sort(), [...used].sort())
        }
      }
      return true
    }),
    { numRuns: 100 },
  )
})

/** Requests are lists of numbers here. */
const list = (body: Buffer) => JSON.parse(body.toString()) as number[]
const piece = (numbers: number[]) => ({ body: Buffer.from(JSON.stringify(numbers)), records: numbers.length })
const STORED: Reply = { kind: 'stored' }
const LARGE: Reply = { kind: 'refused', status: 413, words: '413 payload too large' }

function divided(attempt: (numbers: number[]) => Reply): Divided {
  return new Divided({
    destination: 'http://h:1',
    log: quiet,
    smaller: '--batch-bytes',
    monotonic: () => 0,
    attempt: async (body) => attempt(list(body)),
    halves: async (body) => {
      const numbers = list(body)
      const half = Math.ceil(numbers.length / 2)
      return numbers.length < 2 ? null : [piece(numbers.slice(0, half)), piece(numbers.slice(half))]
    },
  })
}

const none = new AbortController().signal
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

t.test('down to one, in order, and what was answered is not asked again', async (t) => {
  let retries = 3
  const attempts: number[][] = []
  const to = divided((some) => {
    attempts.push(some)
    if (some.length > 4 || some.includes(7)) return LARGE
    return some.includes(9) && retries-- > 0 ? { kind: 'retry', words: '503', after: 0 } : STORED
  })
  const { body } = piece(numbers(16))
  for (let i = 0; i < 3; i++) t.match(await to.send(body, none), { kind: 'retry' })
  const outcome = await to.send(body, none)
  t.match(outcome, { kind: 'divided' })
  const parts = outcome.kind === 'divided' ? outcome.parts : []
  t.same(parts.map(({ body, words }) => [list(body), words]), [
    [[0, 1, 2, 3], null], [[4, 5], null], [[6], null], [[7], LARGE.kind === 'refused' ? LARGE.words : ''],
    [[8, 9, 10, 11], null], [[12, 13, 14, 15], null],
  ])
  t.same(parts.map(({ records }) => records), [4, 2, 1, 1, 4, 4])
  t.equal(attempts.filter((some) => some[0] === 0 && some.length === 4).length, 1)
  t.equal(attempts.filter((some) => some[0] === 8 && some.length === 4).length, 4)
})

t.test('one series that is too large is refused as it is; a destination that takes nothing is not asked for ever', async (t) => {
  t.equal(await divided(() => LARGE).send(piece([1]).body, none), LARGE)
  let attempts = 0
  const outcome = await divided(() => (attempts++, LARGE)).send(piece(numbers(5000)).body, none)
  const parts = outcome.kind === 'divided' ? outcome.parts : []
  t.same(parts.flatMap(({ body }) => list(body)), numbers(5000))
  t.ok(parts.every(({ words }) => words === '413 payload too large'))
  t.equal(attempts, 2 * 256 + 1)
})

/** Text that does not get shorter. */
const noise = (bytes: number) => randomBytes(bytes / 2).toString('hex')
const line = (name: string, i: number, label: string) =>
  `{"type":"metric","name":"${name}","labels":{"of":"${label}"},"ts":"${i + 1}000000","value":${i}}\n`

t.test('over sockets: nothing is lost but the series that is too large by itself', async (t) => {
  const series = numbers(60).map((i) => [`m${i}`, noise(i === 33 ? 10_000 : 400)] as const)
  const receiver = await Receiver.start((_, message) =>
    JSON.stringify(message).length > 8000 ? { status: 413, body: 'too large' } : { status: 204 },
  )
  t.teardown(() => receiver.stop())
  const stdin = numbers(5).flatMap((i) => series.map(([name, label]) => line(name, i, label))).join('')
  for (const state of ['', `--state ${t.testdir()}/state`]) {
    receiver.arrivals.length = 0
    const letter = `${t.testdir()}/dead`
    const ran = await sh(`solder write prometheus ${receiver.url} ${state} --dead-letter ${letter} --ledger`, { stdin })
    t.equal(ran.code, 1, ran.stderr)
    t.match(ran.stderr, /413 payload too large: too large: a request of \d+ bytes: sending it in halves/)
    t.match(ran.stderr, /m33: http:\/\/\S+: 413/)
    t.match(ran.stderr, '"in":300,"made":0,"out":295,"dropped":{"refused":5},"pending":0')
    const samples = samplesOf(receiver.stored)
    for (const [name] of series.filter(([name]) => name !== 'm33')) {
      t.same(samples.filter(({ labels }) => labels.__name__ === name).map(({ value }) => value), numbers(5))
    }
    t.equal(readFileSync(letter, 'utf8').trim().split('\n').length, 5)
  }
})

t.test('2.0 and metadata in halves; the bytes in the account are those that were stored', async (t) => {
  let bytes = 0
  let samples = 0
  const url = await serving(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const two = request.headers['content-type']?.includes('v2') === true
    const message = uncompressSync(body) as Buffer
    const count = two ? decodeRequest(message).length : decodeWriteRequest(message).length
    if (count > 5) return response.writeHead(413).end()
    bytes += body.length
    samples += count
    const headers = { 'x-prometheus-remote-write-samples-written': String(count) }
    response.writeHead(204, two ? headers : {}).end()
  })
  const metadata = numbers(20).map((i) => `{"type":"metadata","name":"m${i}","kind":"gauge","help":"${noise(300)}"}\n`)
  const stdin = metadata.join('') + numbers(40).map((i) => line(`m${i}`, i, noise(300))).join('')
  for (const protocol of [1, 2]) {
    bytes = samples = 0
    const ran = await sh(`solder write prometheus ${url} --protocol ${protocol} --concurrency 1 --ledger`, { stdin })
    t.equal(ran.code, 0, ran.stderr)
    t.match(ran.stderr, `"in":60,"made":0,"out":60,"dropped":{},"pending":0,"in_bytes":${stdin.length},"out_bytes":${bytes}}`)
    t.equal(samples, protocol === 1 ? 60 : 40)
  }
})

t.test('a small request is not refused for its size: it is sent once', async (t) => {
  const receiver = await Receiver.start(() => ({ status: 413 }))
  t.teardown(() => receiver.stop())
  const stdin = numbers(5).map((i) => line(`m${i}`, i, 'x')).join('')
  const ran = await sh(`solder write prometheus ${receiver.url} --concurrency 1 --ledger`, { stdin })
  t.equal(ran.code, 1)
  t.match(ran.stderr, '"dropped":{"refused":5}')
  t.equal(receiver.arrivals.length, 1)
})
