// `solder receive tcp` and `solder receive gelf` as processes; gelf-pro as a client.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import gelf from 'gelf-pro'
import t, { type Test } from 'tap'
import { sh } from '../support/solder.js'
import { Receiving } from '../support/source_process.js'

const TCP = ['--listen', '127.0.0.1:0']

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

t.test('tcp: lines of several senders', async (t) => {
  const receiving = await Receiving.start(t, ['tcp', ...TCP, '--label', 'app=x', '--peer-label', 'from', '--max-line-bytes', '20', '--ledger'])
  const [one, two] = [await open(t, receiving.ports[0]), await open(t, receiving.ports[0])]
  one.write('first of o')
  two.write('first of two\r\n')
  await receiving.records(1)
  one.end('ne\n\nlast, which is longer than the bound')
  const entries = await receiving.records(4)
  t.same(receiving.bodies, ['first of two', 'first of one', '', 'last, which is longe'])
  t.same(entries[0].labels, { app: 'x', from: '127.0.0.1' })
  t.same(entries[3].attributes, { truncated: true })
  t.equal(await receiving.stop(), 0)
  t.match(receiving.stderr, '"made":5,"out":4,"dropped":{"line_too_long":1},"pending":0,"in_bytes":64')
})

t.test('tcp: JSON values', async (t) => {
  const dead = `${t.testdir()}/dead.ndjson`
  const receiving = await Receiving.start(t, ['tcp', ...TCP, '--format', 'json', '--max-line-bytes', '100', '--max-depth', '3', '--dead-letter', dead, '--ledger'])
  const socket = await open(t, receiving.ports[0])
  socket.end(`{"msg":"x","__proto__":1}\n\n"text"\n{"broken\n[[[[1]]]]\n"${'x'.repeat(200)}"\n12`)
  await receiving.records(3)
  t.equal(await receiving.stop(), 1)
  t.same(receiving.bodies, [JSON.parse('{"__proto__":1,"msg":"x"}'), 'text', 12])
  t.match(receiving.stderr, '"in":3,"made":3,"out":3,"dropped":{"not_json":1,"too_deep":1,"line_too_long":1},"pending":0')
  t.equal(readFileSync(dead, 'utf8').split('\n').length, 4)
})

t.test('tcp: records, so that two pipes are joined', async (t) => {
  const receiving = await Receiving.start(t, ['tcp', ...TCP, '--format', 'records', '--ledger'])
  const record = '{"type":"metric","name":"up","labels":{"job":"node"},"kind":"gauge","ts":"1","value":1}\n'
  const socket = await open(t, receiving.ports[0])
  socket.end(`${record}{ "value": 2, "ts": "2", "type": "metric", "name": "up" }\n{}\n${record.trimEnd()}`)
  await receiving.records(3)
  t.equal(await receiving.stop(), 1)
  t.equal(receiving.stdout, `${record}{"type":"metric","name":"up","ts":"2","value":2}\n${record}`)
  t.match(receiving.stderr, /127\.0\.0\.1:3: not a record|no 'type'/)
})

t.test('gelf: gelf-pro over UDP, in chunks and packed, and over TCP', async (t) => {
  const places = ['--listen', 'udp://127.0.0.1:0', '--listen', 'tcp://127.0.0.1:0']
  const receiving = await Receiving.start(t, ['gelf', ...places, '--ledger'], 2)
  const [udp, tcp] = receiving.ports
  // What does not pack well needs several datagrams.
  const long = Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 65_521).toString(36)).join('')
  const send = (adapterName: 'udp' | 'tcp', port: number, message: string, extra: object) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ...(adapterName === 'udp' ? { protocol: 'udp4' as const } : {}) }
      const logger = gelf.setConfig({ adapterName, adapterOptions: options, fields: { facility: 'example' } })
      logger.message(message, 4, extra, (error?: unknown) => (error instanceof Error ? reject(error) : resolve(null)))
    })
  await send('udp', udp, 'short', { order: 42 })
  await send('udp', udp, long, {})
  await send('tcp', tcp, 'over TCP', { deep: { a: 1 } })
  const entries = await receiving.records(3)
  t.equal(await receiving.stop(), 0)
  const of = (start: string) => entries.find(({ body }) => String(body).startsWith(start))!
  t.equal(of(long.slice(0, 20)).body, long)
  const { labels, severity, severity_number, attributes, ts, observed } = of('short')
  t.same([Object.keys(labels!), labels!.level, severity, severity_number], [['host', 'level'], 'warning', 'warning', 13])
  t.match(attributes, { facility: 'example', order: 42 })
  t.ok(Math.abs(Number(BigInt(observed!) - BigInt(ts)) / 1e9) < 60, 'times')
  t.match(of('over TCP').attributes, { deep_a: 1 })
  t.match(receiving.stderr, '"made":3,"out":3,"dropped":{},"pending":0')
})

t.test('gelf: which fields become what; what is none; chunks that never come', async (t) => {
  const words = ['--label-fields', 'facility', '--internal-labels', '--chunk-timeout', '1ms', '--max-message-bytes', '200', '--ledger']
  const receiving = await Receiving.start(t, ['gelf', '--listen', 'udp://127.0.0.1:0', '--listen', 'tcp://127.0.0.1:0', ...words], 2)
  const [udp, tcp] = receiving.ports
  const socket = createSocket('udp4')
  const send = (bytes: Buffer | string) => new Promise((resolve) => socket.send(bytes, udp, '127.0.0.1', resolve))
  await send(Buffer.from([0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 1]))
  await send('hello')
  await send(gzipSync(Buffer.alloc(10_000)))
  await send('{"short_message":"x","facility":"f","host":"h"}')
  socket.close()
  await receiving.records(1)
  const client = await open(t, tcp)
  client.end(`{"short_message":"${'x'.repeat(300)}"}\0\n\0{"short_message":"y"}`)
  const [x, y] = await receiving.records(2)
  t.equal(await receiving.stop(), 1)
  t.same(x.labels, { __gelf_message_facility: 'f', __gelf_message_host: 'h', __gelf_message_level: 'alert', __gelf_message_peer: '127.0.0.1', facility: 'f' })
  t.equal(x.attributes, undefined)
  t.equal(y.body, 'y')
  t.match(receiving.stderr, '"dropped":{"bad_message":3,"chunks_missing":1},"pending":0')
  const wrong = await sh('solder receive gelf --label-fields app --listen x')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*'app' is no field of GELF[\s\S]*'x' is not valid/)
})
