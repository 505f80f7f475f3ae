// `solder write syslog` as a process: what records become, receivers that go away, the spool, TLS, datagrams.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { Certificates, noOpenssl } from '../support/certificate.js'
import { listening } from '../support/client.js'
import { freePort } from '../support/peers.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'

const TS = '1763804400123456789'
const TIME = '2025-11-22T09:40:00.123456Z'
const line = (record: object) => `${JSON.stringify({ type: 'log', ts: TS, ...record })}\n`
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line({ body: `n${from + i}` })).join('')
const numberOf = (message: string) => Number(/ n(\d+)$/.exec(message)?.[1])

/** The numbers of whole messages with a count of octets in front. */
function numbers(text: string): number[] {
  const found: number[] = []
  for (let rest = text; rest !== ''; ) {
    const [head, count] = /^(\d+) /.exec(rest) ?? ['', '']
    const message = rest.slice(head.length, head.length + Number(count))
    if (head === '' || message.length < Number(count)) break
    found.push(numberOf(message))
    rest = rest.slice(head.length + message.length)
  }
  return found
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A receiver that keeps what it is sent. */
class Receiver {
  text = ''
  connections: Socket[] = []
  #waiting: (() => void)[] = []
  readonly server = createServer((socket) => this.take(socket))

  readonly take = (socket: Socket): void => {
    this.connections.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString()
      for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  async until(done: (text: string) => boolean): Promise<void> {
    while (!done(this.text)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

async function receiver(t: Test, port = 0): Promise<{ receiver: Receiver; address: string }> {
  const receiver = new Receiver()
  t.teardown(() => receiver.connections.forEach((socket) => socket.destroy()))
  if (port === 0) return { receiver, address: await listening(t, receiver.server) }
  receiver.server.listen(port, '127.0.0.1')
  t.teardown(() => void receiver.server.close())
  await once(receiver.server, 'listening')
  return { receiver, address: `127.0.0.1:${port}` }
}

t.test('what records become', async (t) => {
  const { receiver: to, address } = await receiver(t)
  const structured_data = { 'a@1': { x: '1', y: ['2', '3'], z: 4 } }
  const records = [
    [{ labels: { facility: 'local4', hostname: 'h', app: 'a', severity: 'notice' }, body: 'x', severity: 'notice', severity_number: 10, attributes: { proc_id: '77', msg_id: 'I', structured_data } },
      `<165>1 ${TIME} h a 77 I [a@1 x="1" y="2" y="3" z="4"] x`],
    [{ resource: { 'service.name': 'shop', 'host.name': 'web-1' }, body: { a: 1 }, severity: 'WARN2', severity_number: 14 }, `<12>1 ${TIME} web-1 shop - - - {"a":1}`],
    [{ labels: { level: 'Error', service_name: 's', host: 'b', __tenant_id__: 'x' }, body: 'two\nlines', attributes: { pid: 5 } }, `<11>1 ${TIME} b s 5 - - two\nlines`],
    [{ labels: { facility: '25' } }, `<13>1 ${TIME} me solder - - -`],
    [{ ts: '-1', body: 'before 1970' }, '<13>1 - me solder - - - before 1970'],
  ] as const
  const { code, stderr } = await sh(`solder write syslog ${address} --hostname me --ledger`, {
    stdin: records.map(([record]) => line(record)).join('') + '{"type":"metric","name":"up","ts":"1","value":1}\n',
  })
  t.equal(code, 0, stderr)
  t.equal(to.text, records.map(([, text]) => `${Buffer.byteLength(text)} ${text}`).join(''))
  t.match(stderr, `"in":6,"made":0,"out":5,"dropped":{"unsupported_type":1},"pending":0`)
  const more = await sh(`solder write syslog ${address} --hostname me --framing nul --format rfc3164 --timezone Europe/Berlin --facility mail --app 'my app' --max-message-bytes 50`, {
    stdin: line({ body: 'zero \0' }) + line({ body: `${'x'.repeat(16)}üü` }),
  })
  t.equal(more.code, 0)
  t.ok(to.text.endsWith(`<21>Nov 22 10:40:00 me my_app: zero #000\0<21>Nov 22 10:40:00 me my_app: ${'x'.repeat(16)}ü\0`), to.text.slice(-120))
  t.match(more.stderr, 'a message is longer than 50 bytes (--max-message-bytes): cut there')
  const labels = await sh(`solder write syslog ${address} --structured-data-id own@1 --framing newline`, {
    stdin: line({ labels: { app: 'a', site: 'x"]', __name: 'no' }, body: 'b', attributes: { order: 42, deep: { a: true } } }),
  })
  t.equal(labels.code, 0)
  t.ok(to.text.endsWith('[own@1 site="x\\"\\]" deep="{\\"a\\":true}" order="42"] b\n'), to.text.slice(-100))
})

t.test('a receiver that goes away and comes back: nothing is lost that was not on its way', async (t) => {
  const port = await freePort()
  const first = await receiver(t, port)
  const fifo = `${t.testdir()}/fifo`
  await sh(`mkfifo ${fifo}`)
  const writing = start(`exec 3<>${fifo}; solder write syslog 127.0.0.1:${port} --batch-wait 10ms --min-backoff 10ms --max-backoff 50ms < ${fifo}`)
  const write = (text: string) => sh(`cat > ${fifo}`, { stdin: text })
  await write(numbered(0, 100))
  await first.receiver.until((text) => numbers(text).length >= 100)
  first.receiver.server.close()
  for (const socket of first.receiver.connections) socket.end()
  await Promise.all(first.receiver.connections.map((socket) => socket.closed || once(socket, 'close')))
  await write(numbered(100, 200))
  const second = await receiver(t, port)
  await second.receiver.until((text) => numbers(text).length >= 100)
  t.same(numbers(first.receiver.text), upTo(100))
  t.same(numbers(second.receiver.text), upTo(200).slice(100))
  const { code } = await writing.stop()
  t.equal(code, 0)
})

t.test('what is not sent in time: dropped and told, or kept in the spool for the next run', async (t) => {
  const port = await freePort()
  const bare = await sh(`solder write syslog 127.0.0.1:${port} --drain-timeout 1s --ledger`, { stdin: numbered(0, 10) })
  t.equal(bare.code, 75)
  t.match(bare.stderr, 'ECONNREFUSED')
  t.match(bare.stderr, '"in":10,"made":0,"out":0,"dropped":{"shutdown":10},"pending":0')
  const state = t.testdir()
  const command = `solder write syslog 127.0.0.1:${port} --state ${state} --ledger`
  t.equal((await sh(`${command} --drain-timeout 1s`, { stdin: numbered(0, 10) })).code, 75)
  const held = await sh(`solder spool cat ${state}`)
  t.equal(held.stdout, numbered(0, 10), 'the spool shows it as records')
  const { receiver: to } = await receiver(t, port)
  const { code, stderr } = await sh(command, { stdin: numbered(10, 20) })
  t.equal(code, 0, stderr)
  t.same(numbers(to.text), upTo(20))
  t.match(stderr, '"in":10,"made":10,"out":20,"dropped":{},"pending":0')
})

t.test('TLS', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('ca')
  const pair = certificates.signed('server', authority, 'IP:127.0.0.1')
  const to = new Receiver()
  const server = createTlsServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, to.take)
  const address = await listening(t, server)
  const { code, stderr } = await sh(`solder write syslog tls://${address} --tls-ca ${authority.cert}`, { stdin: numbered(0, 10) })
  t.equal(code, 0, stderr)
  t.same(numbers(to.text), upTo(10))
  const stranger = await sh(`solder write syslog tls://${address} --drain-timeout 2s`, { stdin: numbered(0, 1) })
  t.equal(stranger.code, 75)
  t.match(stranger.stderr, /UNABLE_TO|SELF_SIGNED|self-signed/)
})

t.test('UDP: a message is a datagram', async (t) => {
  const socket = createSocket('udp4')
  const got: string[] = []
  const all = new Promise<void>((resolve) => socket.on('message', (bytes) => got.push(bytes.toString()) === 10 && resolve()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const { code } = await sh(`solder write syslog udp://127.0.0.1:${socket.address().port} --hostname h`, { stdin: numbered(0, 10) })
  t.equal(code, 0)
  await all
  t.equal(got[0], `<13>1 ${TIME} h solder - - - n0`)
  t.same(got.map(numberOf), upTo(10))
})

t.test('what is wrong is told at once', async (t) => {
  const { code, stderr } = await sh('solder write syslog ftp://x:1 --facility x --timezone Mars --structured-data-id "a b" --tls-cert y --min-backoff 10s')
  t.equal(code, 2)
  for (const said of ["'ftp://x:1' is no address", "'x' is no facility", "'Mars' is no time zone", "'a b' is not valid", '--tls-cert and --tls-key', '--min-backoff is longer']) {
    t.match(stderr, said)
  }
})

t.test('check --connect opens a connection, and sends nothing', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('authority')
  const { cert, key } = certificates.signed('server', authority, 'IP:127.0.0.1')
  const came: string[] = []
  const take = (socket: Socket) => void socket.on('data', (bytes) => came.push(String(bytes))).on('error', () => {})
  const plain = createServer(take)
  const secure = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, take)
  const [tcp, tls] = [await listening(t, plain), await listening(t, secure)]
  const nobody = `127.0.0.1:${await freePort()}`
  const check = async (address: string, more = '') => {
    const folder = t.testdir({ 'p.yaml': `version: 1\npipes:\n  a: receive lines | write syslog ${address} ${more}\n` })
    return sh('solder check p.yaml --connect', { cwd: folder })
  }
  t.match(await check(`tcp://${tcp}`), { code: 0, stdout: /1 stages? found/ })
  t.match(await check(`tls://${tls}`, `--tls-ca ${authority.cert}`), { code: 0, stdout: /1 stages? found/ })
  t.match(await check(`udp://${nobody}`), { code: 0, stdout: /0 stages found/ }, 'of datagrams nobody says')
  t.match(await check(`tls://${tls}`), { code: 2, stderr: /p.yaml:3:\d+: cannot reach tls:.*certificate/ })
  t.match(await check(`tcp://${nobody}`), { code: 2, stderr: /cannot reach tcp:.*ECONNREFUSED/ })
  t.same(came, [])
})
