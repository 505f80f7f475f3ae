// The forward protocol: where values end, what messages hold, the handshake.

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { decode, encode, ExtData } from '@msgpack/msgpack'
import t from 'tap'
import { ValueFrames } from '../../lib/wire/fluent/frames.js'
import { pong } from '../../lib/wire/fluent/handshake.js'
import { decodeValue, messageOf } from '../../lib/wire/fluent/message.js'
import fc from '../support/property.js'

const BOUNDS = { maxBytes: 100_000, maxDepth: 20 }

function split(bytes: Buffer, sizes: readonly number[], bounds = BOUNDS): { found: Buffer[]; wrong: string | null; held: number } {
  const frames = new ValueFrames(bounds)
  const found: Buffer[] = []
  let from = 0
  let wrong: string | null = null
  for (const size of [...sizes, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, from + size))
    wrong ??= frames.push(piece, (value) => found.push(Buffer.from(value)))
    piece.fill(0xc1)
    from += size
  }
  return { found, wrong, held: frames.held }
}

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.constant(null), fc.boolean(), fc.double(), fc.integer(), fc.maxSafeInteger(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 0, max: 20 }).map((length) => new ExtData(5, new Uint8Array(length))),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string().filter((key) => key !== '__proto__'), tie('value'), { maxKeys: 20 }),
  ),
})).value

t.test('values are told apart, in whatever pieces they come', async (t) => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), fc.array(fc.nat(50)), (list, sizes) => {
      const parts = list.map((item) => Buffer.from(encode(item, { useBigInt64: true })))
      const { found, wrong, held } = split(Buffer.concat(parts), sizes)
      return wrong === null && held === 0 && found.length === parts.length && found.every((bytes, i) => bytes.equals(parts[i]))
    }),
  )
  t.pass()
})

t.test('what is no MessagePack, too large, too deep, or lies about its length', async (t) => {
  t.equal(split(Buffer.from([0xc1]), []).wrong, 'not MessagePack: byte 0xc1')
  t.equal(split(Buffer.from('dbffffffff', 'hex'), []).wrong, 'larger than 100000 bytes', 'a length that cannot be taken is seen at once')
  t.equal(split(Buffer.alloc(200_000, 0x91), []).wrong, 'nested deeper than 20 levels')
  t.equal(split(Buffer.concat([Buffer.from('ddffffffff', 'hex'), Buffer.alloc(200_000, 0xc0)]), [70_000]).wrong, 'larger than 100000 bytes')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(20)), (bytes, sizes) => {
    for (const found of split(Buffer.from(bytes), sizes).found) {
      try {
        messageOf(decodeValue(found), BOUNDS)
      } catch (error) {
        if (!(error instanceof Error)) return false
      }
    }
    return true
  }), { numRuns: 500 })
})

const eventTime = (seconds: number, nanos: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(seconds, 0)
  bytes.writeUInt32BE(nanos, 4)
  return new ExtData(0, bytes)
}
const parse = (message: unknown) => messageOf(decodeValue(Buffer.from(encode(message))), BOUNDS)

t.test('every mode', async (t) => {
  const [time, ts] = [eventTime(1763804400, 123456789), '1763804400123456789']
  const entries = [[time, { message: 'a' }], [1763804400, { message: 'b', n: 1 }]]
  const events = [{ ts, record: { message: 'a' } }, { ts: '1763804400000000000', record: { message: 'b', n: 1 } }]
  const packed = Buffer.concat(entries.map((entry) => Buffer.from(encode(entry))))
  t.same(parse(['tag', time, { message: 'a' }]), { tag: 'tag', events: [events[0]], chunk: undefined, complaints: [] }, 'Message')
  t.same(parse(['tag', 1.5, { a: 1 }, { chunk: 'c' }]), { tag: 'tag', events: [{ ts: '1500000000', record: { a: 1 } }], chunk: 'c', complaints: [] })
  t.same(parse(['tag', entries, { chunk: 'c' }]), { tag: 'tag', events, chunk: 'c', complaints: [] }, 'Forward')
  t.same(parse(['tag', packed, { size: 2 }]), { tag: 'tag', events, chunk: undefined, complaints: [] }, 'PackedForward')
  const asText = Buffer.concat([Buffer.from([0x93]), Buffer.from(encode('tag')), Buffer.from([0xd9, packed.length]), packed, Buffer.from([0x80])])
  t.same(messageOf(decodeValue(asText), BOUNDS)?.events, events, 'the same as a string')
  t.same(parse(['tag', gzipSync(packed), { compressed: 'gzip' }])?.events, events, 'CompressedPackedForward')
  const members = Buffer.concat(entries.map((entry) => gzipSync(encode(entry))))
  t.same(parse(['tag', members, { compressed: 'gzip' }])?.events, events, 'each event packed by itself')
  t.same(parse(['tag', [[[time, { otel: 1 }], { a: 1 }], [[time, {}], { b: 1 }]]])?.events, [{ ts, record: { a: 1 }, metadata: { otel: 1 } }, { ts, record: { b: 1 } }], "Fluent Bit's metadata")
  t.equal(parse(null), null, 'a heartbeat')
})

t.test('values of records', async (t) => {
  const of = (record: object, options = {}) => messageOf(decodeValue(Buffer.from(encode(['t', 1, record], options))), BOUNDS)!.events[0].record
  t.same(of({ text: 'grün', bytes: Buffer.from([255]), utf8: Buffer.from('ü'), nan: NaN, deep: { a: [null, true, 1.5] } }), {
    text: 'grün', bytes: { $bytes: '/w==' }, utf8: 'ü', nan: 'NaN', deep: { a: [null, true, 1.5] },
  })
  t.same(of({ small: 5n, large: 2n ** 63n }, { useBigInt64: true }), { small: 5, large: { $int: '9223372036854775808' } })
  t.same(parse(['t', -1, {}])?.events, [{ ts: undefined, record: {} }])
  t.same(parse(['t', 1e12, {}])?.events, [{ ts: undefined, record: {} }], 'a time that no record holds')
})

t.test('what is no message, and events that are none beside good ones', async (t) => {
  for (const wrong of [1, 'x', [], ['tag'], [1, 2, {}], {}]) t.throws(() => parse(wrong), Error, JSON.stringify(wrong))
  t.throws(() => parse(['tag', Buffer.from('x'), { compressed: 'lz4' }]), { message: 'compressed with lz4, expected gzip or zstd' })
  t.throws(() => parse(['tag', gzipSync(Buffer.alloc(200_000)), { compressed: 'gzip' }]))
  t.same(parse(['tag', 1, 'no record'])?.complaints, ['an event without record'])
  const proto = Buffer.concat([Buffer.from([0x92, 1, 0x81]), Buffer.from(encode('__proto__')), Buffer.from([1])])
  const message = parse(['tag', Buffer.concat([proto, Buffer.from(encode([1, { good: 1 }])), Buffer.from([0x92, 1])])])
  t.same(message?.events, [{ ts: '1000000000', record: { good: 1 } }])
  t.same(message?.complaints, ['The key __proto__ is not allowed', 'the last event is cut off'])
})

t.test('the handshake', async (t) => {
  const nonce = Buffer.from('0123456789abcdef')
  const sha = (...parts: (string | Buffer)[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest('hex')
  const ping = (key: string) => decodeValue(Buffer.from(encode(['PING', 'client', 'salt', sha('salt', 'client', nonce, key), '', ''])))
  const challenge = { nonce, auth: Buffer.alloc(0) }
  const admission = { sharedKey: 'key', users: null }
  const good = pong(ping('key'), challenge, admission, 'server')
  t.equal(good.refused, null)
  t.same(decode(good.answer), ['PONG', true, '', 'server', sha('salt', 'server', nonce, 'key')])
  const bad = pong(ping('guess'), challenge, admission, 'server')
  t.same(decode(bad.answer), ['PONG', false, 'shared_key mismatch', 'server', ''])
  t.throws(() => pong(['tag', 1, {}], challenge, admission, 'server'), { message: 'expected PING' })
})
