// Transforms that hold records back: checkpoints stay behind what is held, accounts add up, and what is due goes on by itself.

import t from 'tap'
import { filter, type Pass, type StatefulTransform } from '../../lib/component.js'
import { flowOf } from '../../lib/flow.js'
import { StageAccount } from '../../lib/io/account.js'
import { openStage, type StageOutput } from '../../lib/io/run.js'
import { type Batch, ByteBuffer, Identity, LineReader, type Record, RecordBatch } from '../../lib/record/index.js'
import { extractedField } from '../../lib/record/log_line.js'
import { TestClock } from '../support/clock.js'
import fc from '../support/property.js'

/** Joins `size` records of a name to the first of them, or those that came within `wait`; nothing else of a join goes on. */
class Joining implements StatefulTransform {
  readonly #held = new Map<string, { record: Record; order: number; count: number; until: number }>()
  busy = false

  constructor(
    private readonly size: number,
    private readonly wait: number,
    private readonly now: () => number,
    private readonly account: StageAccount,
  ) {}

  take(record: Record, order: number, pass: Pass): void {
    const { name } = record.identity
    const held = this.#held.get(name)
    if (held === undefined) this.#held.set(name, { record, order, count: 1, until: this.now() + this.wait })
    else {
      held.count++
      this.account.drop('joined', 1)
    }
    if (this.#held.get(name)!.count >= this.size) this.#pass(name, pass)
  }
  held(): number {
    for (const { order } of this.#held.values()) return order
    return Infinity
  }
  due(): number {
    return Math.min(...[...this.#held.values()].map(({ until }) => until))
  }
  tick(now: number, pass: Pass): void {
    for (const [name, { until }] of this.#held) if (until <= now) this.#pass(name, pass)
  }
  flush(pass: Pass): void {
    for (const name of this.#held.keys()) this.#pass(name, pass)
  }
  full(): boolean {
    return this.busy && this.#held.size > 0
  }
  #pass(name: string, pass: Pass): void {
    const { record, count } = this.#held.get(name)!
    this.#held.delete(name)
    pass({ identity: record.identity, payload: { ...record.payload, value: count } })
  }
}

const metric = (name: string, ts: number): Record => ({ identity: Identity.of('metric', name), payload: { ts: String(ts), value: 1 } })
const checkpoint = (source: string, position: number): Record => ({ identity: Identity.of('checkpoint', '', undefined, { source }), payload: { position } })
const batchOf = (records: readonly Record[]) => new RecordBatch(records.map(({ identity }) => identity), records.map(({ payload }) => payload))

interface Seen {
  source?: string
  position?: number
  name?: string
  value?: number
}

function seen(batches: readonly Batch[]): Seen[] {
  const out = new ByteBuffer()
  for (const batch of batches) batch.write(out)
  return out.take().toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as Seen)
}

function balance({ in: taken, made, out, dropped }: StageAccount): number {
  return taken + made - out - [...dropped.values()].reduce((sum, count) => sum + count, 0)
}

t.test('a checkpoint goes on when all before it has, the newest of a source soon after; accounts add up', async (t) => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c').map((name) => ({ name })) },
    { weight: 3, arbitrary: fc.constantFrom('x', 'y').map((source) => ({ source })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((pass) => ({ pass })) },
    { weight: 1, arbitrary: fc.constant({ log: true }) },
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), (events, size, cut) => {
      const account = new StageAccount()
      let now = 0
      const flow = flowOf(new Joining(size, 10, () => now, account), ['metric'], account)
      const all: Seen[] = []
      const passed = (batches: readonly Batch[]) => {
        for (const batch of batches) account.out += batch.length
        all.push(...seen(batches))
      }
      let batch: Record[] = []
      let came = 0
      const push = () => {
        account.in += batch.length
        passed(flow.push(batchOf(batch)))
        batch = []
      }
      for (const event of events) {
        if ('name' in event) batch.push(metric(event.name, ++came))
        else if ('source' in event) batch.push(checkpoint(event.source, came))
        else if ('log' in event) batch.push({ identity: Identity.of('log', ''), payload: { ts: '1' } })
        else {
          push()
          now += event.pass
          passed(flow.tick(now))
        }
        if (batch.length >= cut) push()
      }
      push()
      passed(flow.end())
      t.equal(balance(account), 0)
      // How many samples have gone on by the time of each checkpoint, all of those that came before it among them.
      const last = new Map<string, number>()
      let gone = 0
      for (const { source, position, value } of all) {
        if (source === undefined) gone += value ?? 0
        else {
          if (gone < position!) return false
          if (position! < (last.get(source) ?? 0)) return false
          last.set(source, position!)
        }
      }
      // The newest of each source is there.
      const newest = new Map<string, number>()
      let count = 0
      for (const event of events) {
        if ('name' in event) count++
        else if ('source' in event) newest.set(event.source, count)
      }
      return gone === came && [...newest].every(([source, position]) => last.get(source) === position)
    }),
  )
})

t.test('checkpoints come through while something is always held', async (t) => {
  const account = new StageAccount()
  const flow = flowOf(new Joining(2, Infinity, () => 0, account), ['metric'], account)
  const positions: number[] = []
  flow.push(batchOf([metric('a', 1)]))
  for (let i = 2; i < 100; i += 2) {
    // One of the two is held at any time.
    const records = [checkpoint('s', i), metric('b', i), checkpoint('s', i + 0.5), metric('a', i), checkpoint('s', i + 1), metric('a', i), metric('b', i)]
    positions.push(...seen(flow.push(batchOf(records))).flatMap(({ position }) => position ?? []))
  }
  t.ok(positions.length > 45, `${positions.length}`)
  t.equal((account.dropped.get('superseded') ?? 0) + positions.length > 140, true)
})

t.test('types that it does not look at pass, unread lines as they are', async (t) => {
  const account = new StageAccount()
  const reader = new LineReader({ maxLineBytes: 1000, maxDepth: 9, maxIdentities: 9, onBad: () => true })
  const lines = ['{"type":"log","ts":"1"}', 'no record', '{"type":"metric","name":"a","ts":"1","value":1}', 'nor this', '{"type":"log","ts":"2"}', '']
  for (const transform of [new Joining(1, 1, () => 0, account), { record: (record: Record) => ({ ...record }), reason: 'x' }]) {
    const out = new ByteBuffer()
    for (const batch of flowOf(transform, ['metric'], account).push(reader.push(Buffer.from(lines.join('\n')))!)) batch.write(out)
    t.equal(out.take().toString(), lines.join('\n'))
  }
})

/** A stage of `Joining` that is fed by and by; what it passed on, with the time. */
async function staged(feed: (clock: TestClock, said: (records: Record[]) => Batch, stop: AbortController) => AsyncIterable<Batch>, busy = false) {
  const clock = new TestClock()
  const account = new StageAccount()
  const stop = new AbortController()
  const out: (Seen & { at: number })[] = []
  const output: StageOutput = {
    bytes: 0,
    failed: new Promise<never>(() => {}),
    batch: (batch) => void out.push(...seen([batch]).map((one) => ({ ...one, at: clock.time }))),
    flush: () => Promise.resolve(),
  }
  const component = filter({
    name: 'join', summary: '', description: '', since: '0.1.0', accepts: ['metric'], emits: ['same'], guarantee: '', args: [], options: {}, examples: [],
    create: () => {
      const joining = new Joining(3, 100, clock.monotonic, account)
      joining.busy = busy
      return joining
    },
  })
  const options = { on_bad: 'drop', log_level: 'info', log_format: 'text', ledger: false } as unknown as { [key: string]: never }
  const input = { batches: () => feed(clock, batchOf, stop) }
  const run = await openStage(component, { args: [], options }, { stop: stop.signal, input, output, account, clock })
  t.equal(await clock.run(run()), 0)
  t.equal(balance(account), 0)
  return out.map(({ at, name, position, value }) => [at, name ?? position, value])
}

t.test('what is held goes on when it is due, though nothing comes', async (t) => {
  const out = await staged(async function* (clock, batch) {
    yield batch([metric('a', 1), checkpoint('s', 1)])
    await clock.sleep(30)
    yield batch([metric('b', 2)])
    await clock.sleep(500)
    yield batch([metric('c', 3), metric('c', 3), metric('c', 3), metric('a', 4), checkpoint('s', 2)])
  })
  t.same(out, [[100, 'a', 1], [100, 1, undefined], [130, 'b', 1], [530, 'c', 3], [530, 'a', 1], [530, 2, undefined]])
})

t.test('nothing is read while it is full; a stop does not wait for that', async (t) => {
  const out = await staged(async function* (clock, batch, stop) {
    yield batch([metric('a', 1)])
    t.equal(clock.time, 100)
    yield batch([metric('b', 1)])
    t.equal(clock.time, 200)
    stop.abort()
    yield batch([metric('c', 1)])
    t.equal(clock.time, 200)
  }, true)
  t.same(out, [[100, 'a', 1], [200, 'b', 1], [200, 'c', 1]])
})

t.test('rows that go on as they came are their lines, others are written anew; nothing moves', async (t) => {
  const row = fc.record({
    body: fc.string(),
    fields: fc.dictionary(fc.constantFrom('a', 'a"b', 'b', 'c\\', 'x'), fc.string({ unit: fc.constantFrom('a', '"', '\\', ':', 'é', '{') })),
    becomes: fc.constantFrom('itself', 'itself', 'itself', 'labelled', 'other', 'nothing'),
  })
  const recordOf = ({ body, fields }: { body: string; fields: { [name: string]: string } }, i: number): Record => ({
    identity: Identity.of('log', '', ['n', String(i % 3)]),
    payload: { ts: String(i), body, ...(Object.keys(fields).length > 0 && { extracted: { ...fields } }) },
  })
  const linesOf = (batches: readonly Batch[]) => {
    const out = new ByteBuffer()
    for (const batch of batches) batch.write(out)
    return out.take().toString()
  }
  fc.assert(fc.property(fc.array(row, { maxLength: 80 }), fc.boolean(), (rows, decoded) => {
    const records = rows.map(recordOf)
    const answerOf = ({ payload }: Record): Record | null => {
      const i = Number(payload.ts)
      const identity = Identity.of('log', '', ['n', String(i % 3)])
      if (rows[i].becomes === 'nothing') return null
      if (rows[i].becomes === 'labelled') return { identity: Identity.of('log', '', ['n', 'other']), payload }
      return { identity, payload: rows[i].becomes === 'other' ? { ...payload, body: 'other' } : payload }
    }
    const batch = batchOf(records)
    const reader = new LineReader({ maxLineBytes: 1 << 16, maxDepth: 9, maxIdentities: 9, onBad: () => false })
    const lines = records.length === 0 ? batch : reader.push(Buffer.from(linesOf([batch])))!
    const flow = flowOf({ record: answerOf, reason: 'nothing' }, ['log'], new StageAccount())
    const expected = linesOf([batchOf(records.map(answerOf).filter((one) => one !== null))])
    const found = linesOf(flow.push(decoded ? batch : lines))
    return found === expected || t.equal(found, expected)
  }))
})

t.test('one field of what was extracted is the same as among all of them', async (t) => {
  const name = fc.oneof(fc.constantFrom('level', 'x', 'a b', '__proto__'), fc.string())
  const value = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', '\\', 'level', ':', '"level":"x"') }), fc.integer(), fc.boolean())
  fc.assert(fc.property(fc.array(fc.dictionary(name, value, { noNullPrototype: true }), { minLength: 1 }), name, (maps, asked) => {
    const reader = new LineReader({ maxLineBytes: 1 << 16, maxDepth: 9, maxIdentities: 9, onBad: () => false })
    const out = new ByteBuffer()
    batchOf(maps.map((extracted) => ({ identity: Identity.of('log', ''), payload: { ts: '1', body: 'b', extracted } }))).write(out)
    const batch = reader.push(out.take())!
    return maps.every((extracted, row) => {
      return [asked, ...Object.keys(extracted)].every((key) => {
        const expected = Object.hasOwn(extracted, key) ? extracted[key] : undefined
        return t.strictSame(extractedField(batch.payload(row), key), expected)
      })
    })
  }))
})
