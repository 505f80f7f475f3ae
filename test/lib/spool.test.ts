// The spool: checksums, frames, order, crashes at any byte, damage at any byte, bounds, a full disk, one process alone.

import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Log } from '../../lib/component.js'
import { systemClock } from '../../lib/io/clock.js'
import { crc32c } from '../../lib/spool/crc32c.js'
import { decodeHead, encodeHead, HEAD_BYTES } from '../../lib/spool/frame.js'
import type { SpoolReader } from '../../lib/spool/reader.js'
import { partsOf, scanFolder } from '../../lib/spool/scan.js'
import { SegmentReader } from '../../lib/spool/segment.js'
import { Spool, type SpoolOptions } from '../../lib/spool/spool.js'
import type { Loss } from '../../lib/spool/store.js'
import { ROOT, sh } from '../support/solder.js'
import fc from '../support/property.js'
import { temporary } from '../support/temporary.js'

const OPTIONS: SpoolOptions = {
  bytes: 1 << 20,
  age: 0,
  drops: false,
  fsync: 'never',
  fsyncInterval: 1000,
}

const told: string[] = []
const tell = (message: string) => void told.push(message)
const log: Log = { debug: tell, info: tell, warn: tell, error: tell }

interface Opened {
  spool: Spool
  reader: SpoolReader
  losses: Loss[]
}

async function open(folder: string, change: Partial<SpoolOptions> = {}): Promise<Opened> {
  const spool = await Spool.open(folder, { ...OPTIONS, ...change }, systemClock, log)
  const reader = await spool.reader('sent')
  const losses: Loss[] = []
  reader.lost = (loss) => void losses.push(loss)
  return { spool, reader, losses }
}

const entry = (text: string, records = 1) => ({ lane: 1, lanes: 4, records, format: 1, body: Buffer.from(text) })

/** What is there to read: all up to an entry that is appended behind it. */
async function rest({ spool, reader }: Opened): Promise<string[]> {
  const texts: string[] = []
  spool.append(entry('end', 0))
  for (;;) {
    const found = (await reader.next())!
    reader.done(found)
    if (found.body.toString() === 'end') return texts
    texts.push(found.body.toString())
  }
}

const segments = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()

t.test('CRC-32C', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa, 'RFC 3720, B.4')
  t.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43)
  t.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i))), 0x46dd794e)
  const slow = (bytes: Uint8Array) => {
    let crc = -1
    for (const byte of bytes) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
    }
    return ~crc >>> 0
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc32c(bytes) === slow(bytes)))
})

t.test('heads go both ways, and no changed bit passes', async (t) => {
  const head = { seq: 2 ** 40 + 7, time: 1763804400123, lane: 65535, lanes: 3, records: 2 ** 32 - 1, format: 2 }
  const bytes = encodeHead({ ...head, body: Buffer.from('body') })
  t.match(decodeHead(bytes, 0), { ...head, length: 4, bodyCrc: crc32c(Buffer.from('body')) })
  for (let bit = 0; bit < HEAD_BYTES * 8; bit++) {
    const other = Buffer.from(bytes)
    other[bit >> 3] ^= 1 << (bit & 7)
    t.equal(decodeHead(other, 0), null)
  }
})

t.test('what is appended is read in order, once, also after a restart', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['a', 'b', 'c', 'd']) one.spool.append(entry(text, 10))
  await one.spool.flushed()
  const read = [await one.reader.next(), await one.reader.next(), await one.reader.next()]
  t.same(read.map((found) => [found?.seq, found?.body.toString(), found?.lane, found?.lanes]), [
    [1, 'a', 1, 4],
    [2, 'b', 1, 4],
    [3, 'c', 1, 4],
  ])
  one.reader.done(read[1]!)
  t.equal(one.reader.records, 30)
  await one.spool.close()
  const two = await open(folder)
  t.equal(two.reader.records, 30)
  two.spool.append(entry('e'))
  t.same(await rest(two), ['a', 'c', 'd', 'e'], 'not b')
  t.equal(two.reader.records, 0)
  await two.spool.close()
  const three = await open(folder)
  t.same(await rest(three), [])
  t.equal(three.reader.records, 0)
  await three.spool.close()
})

t.test('a torn tail costs the torn entry alone', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['first', 'second', 'third']) one.spool.append(entry(text, 7))
  await one.spool.close()
  const [name] = segments(folder)
  const whole = readFileSync(join(folder, name))
  for (let length = whole.length - 1; length >= 0; length--) {
    const copy = temporary(t)
    writeFileSync(join(copy, name), whole.subarray(0, length))
    const two = await open(copy)
    const kept = ['first', 'second', 'third'].filter((_, i) => length >= [49, 99, 148][i])
    t.same(await rest(two), kept, `${length} bytes`)
    await two.spool.close()
  }
})

t.test('a flipped byte costs the entry that it is in, which is set aside and told', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  const texts = ['first', 'second', 'third']
  for (const text of texts) one.spool.append(entry(text, 7))
  await one.spool.close()
  const [name] = segments(folder)
  const whole = readFileSync(join(folder, name))
  for (let at = 0; at < whole.length; at++) {
    const copy = temporary(t)
    const bytes = Buffer.from(whole)
    bytes[at] ^= 0x10
    writeFileSync(join(copy, name), bytes)
    const two = await open(copy)
    const hit = [49, 99, 148].findIndex((end) => at < end)
    t.same(await rest(two), texts.filter((_, i) => i !== hit), `byte ${at}`)
    t.equal(two.losses.length, 1)
    t.match(two.losses[0], { seq: hit + 1, words: /set aside in .*\.corrupt$/ })
    await two.spool.close()
    const aside = readdirSync(copy).filter((other) => other.endsWith('.corrupt'))
    t.equal(aside.length, 1)
    t.same(readFileSync(join(copy, aside[0])), bytes.subarray([0, 49, 99][hit], [49, 99, 148][hit]))
  }
})

t.test('what is not there is told, and what is there is read', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['first', 'second', 'third']) one.spool.append(entry(text, 7))
  await one.spool.close()
  const two = await open(folder)
  two.spool.append(entry('fourth', 7))
  await two.spool.close()
  const [older] = segments(folder)
  const whole = readFileSync(join(folder, older))
  const cases: [string, Buffer | null, string[], RegExp][] = [
    ['cut between entries', whole.subarray(0, 49), ['first', 'fourth'], /: entries 2 to 3 are missing$/],
    ['cut out', Buffer.concat([whole.subarray(0, 49), whole.subarray(99)]), ['first', 'third', 'fourth'], /: entry 2 is missing$/],
    ['emptied', Buffer.alloc(0), ['fourth'], /: entries 1 to 3 are missing$/],
    ['removed', null, ['fourth'], /: entries 1 to 3 are missing$/],
  ]
  for (const [what, bytes, texts, words] of cases) {
    const copy = temporary(t)
    cpSync(folder, copy, { recursive: true })
    if (bytes === null) rmSync(join(copy, older))
    else writeFileSync(join(copy, older), bytes)
    const three = await open(copy)
    t.same(await rest(three), texts, what)
    t.match(three.losses, [{ reason: 'spool_corrupt', records: 0, words }], what)
    t.equal(three.reader.low, three.spool.end)
    await three.spool.close()
  }
  const copy = temporary(t)
  cpSync(folder, copy, { recursive: true })
  for (const name of segments(copy)) rmSync(join(copy, name))
  writeFileSync(join(copy, 'sent.offset'), readFileSync(join(folder, 'sent.offset')))
  const nothing = await open(copy)
  t.same(await rest(nothing), [])
  await nothing.spool.close()
})

t.test('what was in hand, and is not there any more, is not waited for', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['first', 'second']) one.spool.append(entry(text))
  await one.reader.next()
  await one.reader.next()
  await one.spool.close()
  for (const name of segments(folder)) rmSync(join(folder, name))
  const two = await open(folder)
  t.equal(two.reader.low, 1)
  const next = two.reader.next()
  while (two.losses.length === 0) await new Promise(setImmediate)
  t.match(two.losses, [{ seq: 1, records: 0, words: /entries 1 to 2 are missing$/ }])
  t.equal(two.reader.low, two.spool.end)
  await two.spool.close()
  t.equal(await next, null)
})

t.test('a head that is damaged while its entry waits: its records are told in the end', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['first', 'second']) one.spool.append(entry(text, 7))
  await one.spool.close()
  const two = await open(folder)
  const path = join(folder, segments(folder)[0])
  const bytes = readFileSync(path)
  bytes[49 + 20] ^= 1
  writeFileSync(path, bytes)
  t.same(await rest(two), ['first'])
  const records = two.losses.map(({ reason, records, seq }) => [reason, records, seq])
  t.same(records, [['spool_corrupt', 0, 2], ['spool_corrupt', 7, 2]])
  t.equal(two.reader.records, 0)
  await two.spool.close()
})

t.test('what is appended is stored, however much is appended meanwhile', async (t) => {
  const { spool } = await open(temporary(t), { fsync: 'always' })
  let stored = false
  const producing = (async () => {
    for (; !stored; await new Promise(setImmediate)) spool.append(entry('x'.repeat(1000)))
  })()
  await spool.sync()
  stored = true
  await producing
  await spool.close()
})

t.test('a damaged offset: what is there is read again', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  for (const text of ['a', 'b']) one.spool.append(entry(text))
  one.reader.done((await one.reader.next())!)
  await one.spool.close()
  writeFileSync(join(folder, 'sent.offset'), '{"next":2,"open":[]} 00000000\n')
  const two = await open(folder)
  t.same(await rest(two), ['a', 'b'])
  t.match(told.at(-1), /sent\.offset is corrupt: set aside/)
  await two.spool.close()
})

type Op =
  | { op: 'append'; size: number }
  | { op: 'read'; done: boolean }
  | { op: 'late' }
  | { op: 'commit' }
  | { op: 'restart' }
  | { op: 'kill'; torn: number | null; flip: number | null }

const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('append' as const), size: fc.nat(3000) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('read' as const), done: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ op: 'late' as const }) },
  { weight: 2, arbitrary: fc.constant({ op: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'restart' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('kill' as const),
      torn: fc.option(fc.nat(5000)),
      flip: fc.option(fc.nat(100_000)),
    }),
  },
)

/** A queue that knows what it should hold. */
class Model {
  folder!: string
  opened!: Opened
  /** What must still come. */
  readonly owed = new Set<number>()
  /** Done, and said to be on disk. */
  readonly committed = new Set<number>()
  readonly done = new Set<number>()
  readonly inHand: Awaited<ReturnType<SpoolReader['next']>>[] = []
  readonly losses: Loss[] = []
  /** Whether bytes were touched. */
  damaged = false
  #id = 0

  constructor(private readonly t: Test) {}

  async open(folder: string): Promise<void> {
    this.folder = folder
    this.inHand.length = 0
    this.opened = await open(folder, { bytes: 1 << 16 })
    this.opened.reader.lost = (loss) => void this.losses.push(loss)
  }

  async run(op: Op): Promise<void> {
    const { spool, reader } = this.opened
    if (op.op === 'append') {
      this.owed.add(++this.#id)
      spool.append({ ...entry(`${this.#id}:${'x'.repeat(op.size)}`), records: 1 })
      await spool.flushed()
    } else if (op.op === 'read') await this.read(op.done)
    else if (op.op === 'late') this.finish(this.inHand.splice(-1, 1)[0])
    else if (op.op === 'commit') {
      const done = [...this.done]
      await reader.commit()
      for (const id of done) this.committed.add(id)
    } else if (op.op === 'restart') {
      await spool.close()
      for (const id of this.done) this.committed.add(id)
      await this.open(this.folder)
    } else await this.kill(op)
  }

  async read(done: boolean): Promise<void> {
    const { reader } = this.opened
    // Nothing but what is owed can be waited for.
    if (this.owed.size <= this.inHand.length) return
    const found = (await reader.next())!
    this.arrived(found.body)
    if (done) this.finish(found)
    else this.inHand.push(found)
  }

  arrived(body: Buffer): void {
    const id = Number.parseInt(body.toString())
    this.t.notOk(this.committed.has(id) && `${id} came again`)
  }

  finish(found: Awaited<ReturnType<SpoolReader['next']>> | undefined): void {
    if (!found) return
    this.opened.reader.done(found)
    const id = Number.parseInt(found.body.toString())
    this.done.add(id)
    this.owed.delete(id)
  }

  /** The files as they are now, but for the damage, go on elsewhere. */
  async kill({ torn, flip }: { torn: number | null; flip: number | null }): Promise<void> {
    const copy = temporary(this.t)
    // What was done, but not said to be on disk, may come again.
    for (const id of this.done) if (!this.committed.has(id)) this.done.delete(id)
    cpSync(this.folder, copy, { recursive: true })
    await this.opened.spool.close()
    this.damaged ||= torn !== null || flip !== null
    const { segments } = await scanFolder(copy)
    const last = segments.at(-1)
    if (last !== undefined && torn !== null) {
      const size = Math.max(0, last.size - torn)
      await this.#forgive(last.path, size, last.size)
      truncateSync(last.path, size)
    }
    const hit = flip === null ? undefined : segments[flip % segments.length]
    const size = hit === undefined ? 0 : statSync(hit.path).size
    if (hit !== undefined && size > 0) {
      const at = flip! % size
      await this.#forgive(hit.path, at, at + 1)
      const bytes = readFileSync(hit.path)
      bytes[at] ^= 1 << (flip! % 8)
      writeFileSync(hit.path, bytes)
    }
    await this.open(copy)
  }

  /** Entries that these bytes touch may be gone. */
  async #forgive(path: string, from: number, to: number): Promise<void> {
    const file = await SegmentReader.open(path, () => true)
    const size = statSync(path).size
    for (let found = await file.next(size); found !== null; found = await file.next(size)) {
      const touched = found.from < to && found.to > from
      if (touched && found.kind === 'entry') this.owed.delete(Number.parseInt(found.body.toString()))
    }
    await file.close()
  }
}

t.test('whatever happens: nothing committed comes again, nothing else is lost but what is damaged', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(ops, { maxLength: 60 }), async (steps) => {
      const model = new Model(t)
      await model.open(temporary(t))
      for (const step of steps) await model.run(step)
      for (const found of model.inHand) model.finish(found!)
      for (const text of await rest(model.opened)) {
        model.arrived(Buffer.from(text))
        model.owed.delete(Number.parseInt(text))
      }
      await model.opened.spool.close()
      t.same([...model.owed], [], 'everything came')
      if (!model.damaged) t.same(model.losses, [], 'and nothing is told')
    }),
    { numRuns: 60 },
  )
})

t.test('any bytes at all are read past', async (t) => {
  const folder = temporary(t)
  const path = join(folder, '0000000000000001.seg')
  const frame = encodeHead({ ...entry('body'), seq: 3, time: 0 })
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constant(Buffer.concat([frame, Buffer.from('body')])),
    fc.constant(frame),
    fc.nat(HEAD_BYTES).map((length) => frame.subarray(0, length)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const bytes = Buffer.concat(pieces)
      writeFileSync(path, bytes)
      let at = 0
      for await (const found of partsOf({ path, first: 1, size: bytes.length, newest: 0 })) {
        t.equal(found.from, at)
        at = found.to
      }
      t.equal(at, bytes.length, 'every byte is accounted for')
    }),
    { numRuns: 300 },
  )
})

t.test('bounds: the oldest is given up and told, in records', async (t) => {
  const folder = temporary(t)
  const one = await open(folder, { bytes: 1 << 16, drops: true })
  for (let i = 0; i < 200; i++) {
    one.spool.append(entry(`${i}:${'x'.repeat(1000)}`, 10))
    await one.spool.flushed()
    t.ok(one.spool.bytes <= 1 << 16)
  }
  t.equal(one.spool.room(), undefined)
  const lost = one.losses.reduce((sum, { records }) => sum + records, 0)
  t.ok(one.losses.every(({ reason }) => reason === 'spool_full'))
  t.equal(one.reader.records, 2000 - lost)
  const kept = await rest(one)
  t.same(
    kept.map((text) => Number.parseInt(text)),
    Array.from({ length: 200 - lost / 10 }, (_, i) => i + lost / 10),
  )
  t.equal(one.reader.records, 0)
  await one.spool.close()
})

t.test('bounds: a writer waits until something was read, even for an entry larger than all of it', async (t) => {
  const folder = temporary(t)
  const one = await open(folder, { bytes: 1 << 14 })
  const texts: string[] = []
  const reading = (async () => {
    while (texts.length < 60) {
      const found = (await one.reader.next())!
      texts.push(found.body.toString())
      one.reader.done(found)
    }
  })()
  for (let i = 0; i < 60; i++) {
    one.spool.append(entry(String(i).padEnd(i % 20 === 0 ? 40_000 : 1500)))
    await one.spool.room()
  }
  await reading
  t.same(
    texts.map(Number),
    Array.from({ length: 60 }, (_, i) => i),
  )
  t.ok(told.some((line) => /the spool is full \(--spool-bytes\): waiting/.test(line)))
  await one.spool.close()
})

t.test('bounds: what is too old is given up', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  one.spool.append(entry('old', 5))
  await one.spool.close()
  const clock = { ...systemClock, millis: () => Date.now() + 60_000 }
  const spool = await Spool.open(folder, { ...OPTIONS, age: 1000 }, clock, log)
  const reader = await spool.reader('sent')
  const losses: Loss[] = []
  reader.lost = (loss) => void losses.push(loss)
  t.same(await rest({ spool, reader, losses }), [])
  t.match(losses, [{ reason: 'spool_age', records: 5 }])
  await spool.close()
})

t.test('one process alone', async (t) => {
  const folder = temporary(t)
  const one = await open(folder)
  await t.rejects(open(folder), { message: `${folder} is in use by another process`, exit: 75 })
  await one.spool.close()
  await (await open(folder)).spool.close()
})

t.test('files that must not grow: another one; an entry that fits nowhere waits, and is told at the end', async (t) => {
  const folder = temporary(t)
  const script = `
    import { Spool } from '${ROOT}/dist/lib/spool/spool.js'
    import { systemClock } from '${ROOT}/dist/lib/io/clock.js'
    const log = { debug() {}, info() {}, error() {}, warn: (text) => console.log(text) }
    const options = { bytes: 1 << 24, age: 0, drops: false, fsync: 'interval', fsyncInterval: 10 }
    const spool = await Spool.open('${folder}', options, systemClock, log)
    await spool.reader('sent')
    for (let i = 0; i < 10; i++) {
      spool.append({ lane: 0, lanes: 1, records: 1, format: 1, body: Buffer.alloc(10000, i) })
      await spool.flushed()
    }
    spool.append({ lane: 0, lanes: 1, records: 1, format: 1, body: Buffer.alloc(40000) })
    await new Promise(setImmediate)
    await spool.close().catch((error) => console.log(error.exit, error.message))`
  writeFileSync(join(folder, 'script.mjs'), script)
  const ran = await sh(`trap '' XFSZ; ulimit -f 64; node ${folder}/script.mjs`)
  t.match(ran.stdout, /^75 .*: no room on the disk \(EFBIG\)\n$/m, ran.stderr)
  t.ok(segments(folder).length >= 4)
  const two = await open(folder)
  t.same(
    (await rest(two)).map((text) => [text.length, text.charCodeAt(0)]),
    Array.from({ length: 10 }, (_, i) => [10000, i]),
  )
  await two.spool.close()
})
