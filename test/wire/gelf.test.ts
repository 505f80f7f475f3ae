// GELF: messages, their packing, and chunks in any order.

import { deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { Chunks, isChunk } from '../../lib/wire/gelf/chunks.js'
import { type GelfMessage, parseGelf, unpacked } from '../../lib/wire/gelf/message.js'
import fc from '../support/property.js'

const BOUNDS = { maxBytes: 1000, maxDepth: 10 }
const parse = (value: unknown) => parseGelf(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), BOUNDS)
const plain = (message: GelfMessage | string) =>
  typeof message === 'string' ? message : { ...message, attributes: Object.fromEntries(message.attributes) }

t.test('messages', async (t) => {
  t.same(plain(parse({ version: '1.1', host: 'example.org', short_message: 'A short message', full_message: 'Backtrace here', timestamp: 1385053862.3072, level: 1, _user_id: 9001, _some_info: 'foo' })), {
    version: '1.1', host: 'example.org', body: 'A short message', ts: '1385053862307200000', level: 1, facility: undefined,
    attributes: { full_message: 'Backtrace here', user_id: 9001, some_info: 'foo' },
  }, "the specification's example")
  t.same(plain(parse({ short_message: 'x', facility: 'f', file: 'a.js', line: 7, _: 1, __proto__x: {} })), {
    version: undefined, host: undefined, body: 'x', ts: undefined, level: 1, facility: 'f', attributes: { file: 'a.js', line: 7, _: 1, _proto__x: {} },
  }, 'what is missing; fields of GELF 1.0')
  t.same(plain(parse('{"short_message":"x","__proto__":1,"___proto__":2}')), {
    version: undefined, host: undefined, body: 'x', ts: undefined, level: 1, facility: undefined,
    attributes: JSON.parse('{"_proto__":1,"__proto__":2}') as object,
  }, 'names of objects')
  const time = (timestamp: unknown) => (parse({ short_message: 'x', timestamp }) as GelfMessage).ts
  t.same([time('1.5'), time(''), time('now'), time(-1), time(null), time(1e300)], ['1500000000', undefined, undefined, undefined, undefined, undefined])
  const level = (level: unknown) => (parse({ short_message: 'x', level }) as GelfMessage).level
  t.same([level(7), level('3'), level(8), level(1.5), level(null)], [7, 3, undefined, undefined, 0])
  t.same([parse('{'), parse('[]'), parse({}), parse('[[[[[[[[[[[')].map((wrong) => String(wrong).split(':')[0]), [
    'not JSON', 'not a JSON object', 'no short_message', 'nested deeper than 10 levels (max_depth)',
  ])
  t.equal((parse({ full_message: 'only' }) as GelfMessage).body, 'only')
})

t.test('packing', async (t) => {
  const text = Buffer.from('{"short_message":"x"}')
  for (const packed of [text, gzipSync(text), deflateSync(text), deflateSync(text, { level: 1 }), deflateSync(text, { level: 9 })]) {
    t.same(unpacked(packed, BOUNDS), text)
  }
  const bomb = Buffer.alloc(1_000_000)
  for (const packed of [gzipSync(bomb), deflateSync(bomb)]) t.equal(unpacked(packed, BOUNDS), 'larger than 1000 bytes unpacked (--max-message-bytes)')
  t.type(unpacked(gzipSync(text).subarray(0, 20), BOUNDS), 'string')
})

function chunksOf(id: number, message: Buffer, size: number): Buffer[] {
  const count = Math.ceil(message.length / size)
  return Array.from({ length: count }, (_, i) => {
    const head = Buffer.from([0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, id, i, count])
    return Buffer.concat([head, message.subarray(i * size, (i + 1) * size)])
  })
}

t.test('chunks come in any order, mixed, and twice', async (t) => {
  const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), (list, size, random) => {
      const all = list.flatMap((bytes, id) => chunksOf(id, Buffer.from(bytes), size))
      const shuffled = [...all, ...all.slice(0, 3)].map((chunk) => [random.next().value as number, chunk] as const)
      shuffled.sort(([a], [b]) => a - b)
      const chunks = new Chunks({ maxBytes: 1 << 20, timeout: 5000 }, () => {})
      const found = shuffled.flatMap(([, chunk]) => {
        const message = isChunk(chunk) ? chunks.add(chunk, 'peer', 0) : 'no chunk'
        return message === null ? [] : [String(message)]
      })
      // One that came again after its message was whole may be the beginning of another.
      return list.every((bytes) => found.includes(Buffer.from(bytes).toString()))
    }),
  )
  t.pass()
})

t.test('chunks that are given up, and those that are none', async (t) => {
  const lost: string[] = []
  const chunks = new Chunks({ maxBytes: 100, timeout: 5000 }, (why) => lost.push(why))
  const [a, b] = chunksOf(1, Buffer.alloc(40), 30)
  t.equal(chunks.add(a, 'peer', 0), null)
  t.equal(chunks.add(b, 'another', 0), null, 'ids are those of a sender')
  chunks.expire(4999)
  t.same(lost, [])
  t.equal(chunks.add(b, 'peer', 5000), null, 'too late')
  t.same(lost, ['incomplete', 'incomplete'])
  for (let id = 10; id < 14; id++) chunks.add(chunksOf(id, Buffer.alloc(40), 30)[0], 'peer', 5000)
  t.same(lost.slice(2), ['bound', 'bound', 'bound'])
  const bad = (number: number, count: number) => chunks.add(Buffer.from([0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, 99, number, count]), 'peer', 5000)
  t.match(bad(0, 0), /^chunk 0 of 0/)
  t.match(bad(3, 3), /^chunk 3 of 3/)
  t.match(bad(0, 200), /^chunk 0 of 200/)
  t.equal(bad(0, 3), null)
  t.match(bad(0, 4), 'chunk 0 of 4: the others were of 3')
  chunks.end()
})
