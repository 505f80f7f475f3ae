// `solder receive fluent` as a process, with the client @fluent-org/logger in each of its modes.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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
