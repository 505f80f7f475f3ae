// `solder receive fluent` as a process, with the client @fluent-org/logger in each of its modes.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { FluentClient } from '@fluent-org/logger'
import { encode } from '@msgpack/msgpack'
import t, { type Test } from 'tap'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'
import { Receiving } from '../support/source_process.js'

t.setTimeout(60_000)

const TCP = ['--listen', '127.0.0.1:0']
const MODES = ['Message', 'Forward', 'PackedForward', 'CompressedPackedForward'] as const

t.test('the client in each mode, with acknowledgements', async (t) => {
  const receiving = await Receiving.start(t as Test, ['fluent', ...TCP, '--label', 'site=attic', '--ledger'])
  for (const eventMode of MODES) {
    const client = new FluentClient('app', { eventMode, ack: { ackTimeout: 20_000 }, socket: { port: receiving.ports[0], host: '127.0.0.1' } })
    // Resolved when it is acknowledged.
    await Promise.all([client.emit('web', { log: `${eventMode} 1`, n: 1 }, new Date(1763804400123)), client.emit('web', { other: true })])
    await client.shutdown()
  }
  t.equal(await receiving.stop(), 0)
  const { entries } = receiving
  t.equal(entries.length, 8)
  for (const mode of MODES) {
    const entry = entries.find(({ body }) => body === `${mode} 1`)!
    t.same(entry, {
      type: 'log', labels: { site: 'attic', tag: 'app.web' }, ts: entry.ts, observed: entry.observed, body: `${mode} 1`, attributes: { n: 1 },
    })
    t.match(entry.ts, /^1763804400(123)?0+$/)
  }
  t.equal(entries.filter(({ body }) => JSON.stringify(body) === '{"other":true}').length, 4)
  t.match(receiving.stderr, '"made":8,"out":8,"dropped":{},"pending":0')
})

t.test('a shared key', async (t) => {
  const receiving = await Receiving.start(t as Test, ['fluent', ...TCP, '--shared-key', 'secret', '--tag-label', 'job', '--body-field', 'text'])
  const clientWith = (sharedKey: string) =>
    new FluentClient('app', { ack: { ackTimeout: 20_000 }, security: { clientHostname: 'me', sharedKey }, socket: { port: receiving.ports[0], host: '127.0.0.1' } })
  const client = clientWith('secret')
  await client.emit({ text: 'known', log: 'x' })
  await client.shutdown()
  const stranger = clientWith('guess')
  const refused = new Promise<Error>((resolve) => stranger.socketOn('error' as never, resolve))
  stranger.emit({ text: 'unknown' }).catch(() => {})
  t.match((await refused).message, 'shared_key mismatch')
  stranger.disconnect().catch(() => {})
  const nobody = connect(receiving.ports[0], '127.0.0.1')
  nobody.on('error', () => {}).write(encode(['tag', 1, { text: 'without asking' }]))
  await once(nobody.resume(), 'close')
  t.equal(await receiving.stop(), 0)
  t.same(receiving.entries.map(({ body, labels, attributes }) => [body, labels, attributes]), [['known', { job: 'app' }, { log: 'x' }]])
  t.match(receiving.stderr, 'expected PING')
})

t.test('users and their passwords', async (t) => {
  const users = `${t.testdir()}/users`
  writeFileSync(users, '# who may send\nada:one:two\nbob:three\n')
  const args = ['fluent', ...TCP, '--shared-key', 'secret', '--users', `file:${users}`]
  const receiving = await Receiving.start(t as Test, args)
  const clientOf = (username: string, password: string, sharedKey = 'secret') => {
    const security = { clientHostname: 'me', sharedKey, username, password }
    return new FluentClient('app', { ack: { ackTimeout: 20_000 }, security, socket: { port: receiving.ports[0], host: '127.0.0.1' } })
  }
  const refusal = async (client: FluentClient) => {
    const refused = new Promise<Error>((resolve) => client.socketOn('error' as never, resolve))
    client.emit({ log: 'not admitted' }).catch(() => {})
    const { message } = await refused
    client.disconnect().catch(() => {})
    return message
  }
  const ada = clientOf('ada', 'one:two')
  await ada.emit({ log: 'from ada' })
  await ada.shutdown()
  t.match(await refusal(clientOf('ada', 'three')), 'username/password mismatch')
  t.match(await refusal(clientOf('eve', '')), 'username/password mismatch')
  t.match(await refusal(clientOf('ada', 'one:two', 'guess')), 'shared_key mismatch')
  writeFileSync(users, 'eve:four and more\n')
  const eve = clientOf('eve', 'four and more')
  await eve.emit({ log: 'from eve' })
  await eve.shutdown()
  t.equal(await receiving.stop(), 0)
  t.same(receiving.entries.map(({ body }) => body), ['from ada', 'from eve'])
  writeFileSync(users, 'ada:one\nnobody\n')
  const wrong = await sh(`solder receive fluent --users file:${users}`)
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 .*--users: line 2 is not USER:PASSWORD/s)
})

t.test('what is none: told, kept, and a connection that cannot be read ends', async (t) => {
  const dead = `${t.testdir()}/dead.ndjson`
  const receiving = await Receiving.start(t as Test, ['fluent', ...TCP, '--max-message-bytes', '1000', '--dead-letter', dead, '--ledger'])
  const open = () => connect(receiving.ports[0], '127.0.0.1').on('error', () => {})
  const first = open()
  first.write(Buffer.concat([encode(null), encode(['no message']), encode(['tag', 1, 'none', { chunk: 'c1' }]), encode(['tag', 1, { log: 'good' }])]))
  const [ack] = (await once(first, 'data')) as [Buffer]
  t.same(ack, Buffer.from(encode({ ack: 'c1' })), 'what is rejected need not come again')
  await receiving.records(1)
  first.end(Buffer.from([0xc1]))
  await once(first.resume(), 'close')
  const endless = open()
  endless.write(Buffer.from('dbffffffff', 'hex'))
  await once(endless.resume(), 'close')
  const cut = open()
  cut.end(Buffer.from([0x93, 0xa1]))
  await once(cut.resume(), 'close')
  t.equal(await receiving.stop(), 1)
  t.match(receiving.stderr, '"in":5,"made":1,"out":1,"dropped":{"bad_message":5},"pending":0')
  const kept = readFileSync(dead, 'utf8').split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { detail: string }).detail)
  t.same(kept, ['expected a tag and events', 'an event without record', 'not MessagePack: byte 0xc1', 'larger than 1000 bytes', 'the last message is cut off'])
})

t.test('acknowledged when the sink has it', async (t) => {
  const folder = t.testdir()
  const out = `${folder}/out.ndjson`
  const pipe = start(`solder receive fluent --listen 127.0.0.1:0 --ack durable --state ${folder} | solder write file ${out} --state ${folder}`)
  const port = () => /listening on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(pipe.stderr())?.[1]
  while (port() === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  const client = new FluentClient('app', { ack: { ackTimeout: 20_000 }, socket: { port: Number(port()), host: '127.0.0.1' } })
  await client.emit({ log: 'safe' })
  await pipe.stop('SIGKILL')
  t.match(readFileSync(out, 'utf8'), '"body":"safe"')
  await client.shutdown().catch(() => {})
  const wrong = await sh('solder receive fluent --ack durable --listen udp://:1 --shared-key env:NO_SUCH_KEY')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 /)
  for (const said of ['--ack durable needs --state', "'udp://:1' is not valid", 'NO_SUCH_KEY is not set']) t.match(wrong.stderr, said)
})

/** A frame of zstd whose blocks are one byte, repeated 128 KiB each. */
function repeated(byte: number, blocks: number): Buffer {
  const block = (last: boolean) => {
    const header = Buffer.alloc(4)
    header.writeUIntLE((131_072 << 3) | (1 << 1) | Number(last), 0, 3)
    header[3] = byte
    return header
  }
  // No single segment, no checksum, a window of 128 KiB.
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38])
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1))])
}

/** A frame of zstd that holds the bytes as they are. */
function stored(bytes: Buffer): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32LE(bytes.length, 5)
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3)
  return Buffer.concat([head, bytes])
}

t.test('compressed with zstd, and what unpacks to too much', async (t) => {
  const receiving = await Receiving.start(t as Test, ['fluent', ...TCP, '--max-message-bytes', '1MiB'])
  const client = connect(receiving.ports[0], '127.0.0.1').on('error', () => {})
  const events = Buffer.concat([1, 2].map((n) => Buffer.from(encode([1_763_804_400, { log: `event ${n}` }]))))
  const option = { compressed: 'zstd' }
  client.write(encode(['app', stored(events), option]))
  client.write(encode(['app', repeated(0xc0, 1000), option]))
  client.write(encode(['app', Buffer.from('no zstd'), option]))
  client.write(encode(['app', stored(events), { compressed: 'lz4' }]))
  client.write(encode(['app', stored(events), option]))
  await receiving.records(4)
  client.end()
  t.equal(await receiving.stop(), 1)
  t.same(receiving.entries.map(({ body }) => body), ['event 1', 'event 2', 'event 1', 'event 2'])
  for (const said of ['larger than 1048576 bytes', 'invalid zstd data', 'compressed with lz4']) t.match(receiving.stderr, said)
})
