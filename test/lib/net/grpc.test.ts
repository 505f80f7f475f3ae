// gRPC's frames and statuses, and zstd: what is read back, and what is refused.

import { execFileSync, spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { frameOf, FrameReader, unpacked } from '../../../lib/net/grpc/frame.js'
import { type GrpcError, STATUS, statusHeaders, statusOf } from '../../../lib/net/grpc/status.js'
import { decodeBody } from '../../../lib/net/encoding.js'
import fc from '../../support/property.js'

const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'none'
  } catch (error) {
    return `${(error as GrpcError).status.code} ${(error as Error).message}`
  }
}

const readerOf = (bytes: Uint8Array) => {
  const reader = new FrameReader(100, '--max')
  reader.push(Buffer.from(bytes))
  return reader
}

t.test('a message in any pieces is the message', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), fc.array(fc.nat(20), { maxLength: 20 }), (bytes, packed, cuts) => {
      const frame = frameOf(bytes, packed)
      const reader = new FrameReader(100, '--max')
      let at = 0
      for (const cut of cuts) reader.push(frame.subarray(at, (at += cut)))
      reader.push(frame.subarray(at))
      const { compressed, message } = reader.end()
      return compressed === packed && message.equals(bytes)
    }),
  )
})

t.test('what is no unary message', async (t) => {
  const frame = frameOf(Buffer.from('abc'))
  t.equal(codeOf(() => readerOf(frame.subarray(0, -1)).end()), `${STATUS.invalid_argument} the message is cut off`)
  t.equal(codeOf(() => readerOf(frame.subarray(0, 3)).end()), `${STATUS.invalid_argument} the message is cut off`)
  t.equal(codeOf(() => readerOf(Buffer.alloc(0)).end()), `${STATUS.invalid_argument} no message`)
  t.equal(codeOf(() => readerOf(Buffer.concat([frame, frame]))), `${STATUS.unimplemented} more than one message in a unary call`)
  t.equal(codeOf(() => readerOf(frameOf(Buffer.alloc(101)).subarray(0, 5))), `${STATUS.resource_exhausted} a message of 101 bytes: more than 100 (--max)`)
  t.match(codeOf(() => readerOf(Buffer.from([7, 0, 0, 0, 0]))), `${STATUS.internal} unknown flag 7`)
})

t.test('packed messages', async (t) => {
  const one = async (message: Buffer, encoding: string) => {
    try {
      return (await unpacked({ compressed: true, message }, encoding, 1000, '--max')).toString()
    } catch (error) {
      return `${(error as GrpcError).status.code} ${(error as Error).message}`
    }
  }
  t.equal(await one(gzipSync('hello'), 'gzip'), 'hello')
  t.equal(await one(gzipSync(Buffer.alloc(100_000)), 'gzip'), `${STATUS.resource_exhausted} a message of more than 1000 bytes (--max)`)
  t.match(await one(Buffer.from('hello'), 'gzip'), `${STATUS.invalid_argument} message: body is not gzip`)
  t.match(await one(Buffer.from('hello'), 'identity'), `${STATUS.internal} `)
})

t.test('a status is the same when it is read', async (t) => {
  fc.assert(
    fc.property(fc.nat(16), fc.string({ unit: 'binary' }), fc.option(fc.nat(100_000), { nil: undefined }), (code, message, retryAfter) => {
      const headers = statusHeaders({ code, message: message.toWellFormed(), retryAfter })
      const read = statusOf(headers)!
      return read.code === code && read.message === message.toWellFormed() && read.retryAfter === retryAfter &&
        Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value))
    }),
  )
  t.match(statusHeaders({ code: 3, message: 'größe 5%\n' }), { 'grpc-status': '3', 'grpc-message': 'gr%C3%B6%C3%9Fe 5%25%0A' })
  t.equal(statusOf({}), null)
  t.same(statusOf({ 'grpc-status': '14', 'grpc-message': '100%', 'grpc-status-details-bin': 'no' }), { code: 14, message: '100%' })
})

const missing = spawnSync('zstd', ['--version']).status === 0 ? false : 'zstd is not installed'

t.test('zstd: what the program packs, in frames; bombs, and what is cut off', { skip: missing }, async (t) => {
  const text = Buffer.from(Array.from({ length: 50_000 }, (_, i) => `${(i * 7919) % 10_007} `).join(''))
  const pack = (input: Buffer, ...options: string[]) => execFileSync('zstd', ['-q', '-c', ...options], { input })
  const unpack = async (bytes: Buffer, max = 1 << 20) => {
    try {
      return (await decodeBody(bytes, 'zstd', max, 'body')).toString('latin1')
    } catch (error) {
      return (error as Error).message
    }
  }
  const packed = pack(text)
  t.ok((await unpack(packed)) === text.toString())
  t.ok((await unpack(pack(text, '-19', '--no-check'))) === text.toString())
  const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9])
  t.equal(await unpack(Buffer.concat([pack(Buffer.from('one ')), skipped, pack(Buffer.from('two'))])), 'one two')
  t.equal(await unpack(pack(Buffer.alloc(5_000_000))), 'body: body is larger than 1048576 bytes')
  const unsized = execFileSync('sh', ['-c', 'head -c 5000000 /dev/zero | zstd -q -c'])
  t.equal(await unpack(unsized), 'body: body is larger than 1048576 bytes')
  t.match(await unpack(execFileSync('sh', ['-c', 'head -c 50000000 /dev/zero | zstd -q -c --long=27'])), 'a window of more than 8388608 bytes')
  for (const at of [1, 5, 9, 40, packed.length - 1]) t.match(await unpack(packed.subarray(0, at)), 'body is not zstd', `${at} bytes`)
  t.match(await unpack(Buffer.from('no frame at all')), 'no frame of zstd')
})
