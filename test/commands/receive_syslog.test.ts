// `solder receive syslog` as a process: transports, fields, bounds, ends.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { DatagramListener } from '../../lib/listen/datagrams.js'
import { Told } from '../../lib/io/told.js'
import { Certificates, noOpenssl } from '../support/certificate.js'
import { Receiving } from '../support/source_process.js'
import { sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

const TCP = ['--listen', '127.0.0.1:0']
const UDP = ['--listen', 'udp://127.0.0.1:0']

const syslog = (t: Test, words: readonly string[], places = 1) => Receiving.start(t, ['syslog', ...words], places)

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function datagrams(port: number, ...texts: string[]): Promise<void> {
  const socket = createSocket('udp4')
  for (const text of texts) await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve))
  socket.close()
}

t.test('all transports at once; what the fields of a message become', async (t) => {
  const path = `${temporary(t)}/log.sock`
  const places = ['--listen', 'tcp://127.0.0.1:0', '--listen', 'udp://127.0.0.1:0', '--listen', `unix:${path}`]
  const words = [...places, '--label', 'site=attic', '--timezone', 'UTC', '--ledger']
  const receiving = await syslog(t, words, 3)
  const [tcp, udp] = receiving.ports
  const message = '<165>1 2003-10-11T22:14:15.003Z host app 77 ID47 [a@1 x="1" y="2" y="3"] text'
  const client = await open(t, tcp)
  client.end(`${message.length} ${message}`)
  await receiving.records(1)
  await datagrams(udp, '<34>1 - - - - - - over UDP')
  await receiving.records(2)
  connect(path).end("<13>Nov  2 10:00:00 su: local\n")
  const [first, second, third] = await receiving.records(3)
  t.same(first, {
    type: 'log',
    labels: { app: 'app', facility: 'local4', hostname: 'host', severity: 'notice', site: 'attic' },
    ts: '1065910455003000000',
    observed: first.observed,
    body: 'text',
    severity: 'notice',
    severity_number: 10,
    attributes: { msg_id: 'ID47', proc_id: '77', structured_data: { 'a@1': { x: '1', y: ['2', '3'] } } },
  })
  t.same([second.labels, second.body, second.observed, second.severity_number], [{ facility: 'auth', severity: 'critical', site: 'attic' }, 'over UDP', undefined, 18])
  t.same([third.labels, third.body], [{ app: 'su', facility: 'user', severity: 'notice', site: 'attic' }, 'local'])
  t.equal(await receiving.stop(), 0)
  t.match(receiving.stderr, '"made":3,"out":3,"dropped":{},"pending":0')
  t.notOk(existsSync(path), 'the socket goes with the process')
})

t.test('which fields become what; time of arrival; labels for relabel rules', async (t) => {
  const fields = ['--label-fields', 'peer', '--attribute-fields', 'app', '--attribute-fields', 'severity']
  const own = await syslog(t, [...UDP, ...fields, '--timestamp', 'received'])
  await datagrams(own.ports[0], '<13>1 2003-10-11T22:14:15Z h a - - - x')
  const [entry] = await own.records(1)
  t.same(entry.labels, { peer: '127.0.0.1' })
  t.same(entry.attributes, { app: 'a', severity: 'notice' })
  t.ok(BigInt(entry.ts) > 1065910455000000000n && entry.observed === undefined)
  await own.stop()
  const internal = await syslog(t, [...UDP, '--internal-labels', '--label-fields', 'app'])
  await datagrams(internal.ports[0], '<13>1 - h a 7 I [x@1 __proto__="p"] y')
  t.same((await internal.records(1))[0].labels, {
    app: 'a', __syslog_connection_ip_address: '127.0.0.1', __syslog_message_app_name: 'a', __syslog_message_facility: 'user',
    __syslog_message_hostname: 'h', __syslog_message_msg_id: 'I', __syslog_message_proc_id: '7',
__syslog_message_sd_x_1___proto__: 'p', __syslog_message_severity: 'notice',
  })
  await internal.stop()
})

t.test('a sender that never ends its line, one too many, a silent one, a stream that cannot be framed', async (t) => {
  const bounds = ['--max-message-bytes', '1000', '--max-connections', '1', '--idle-timeout', '300ms']
  const receiving = await syslog(t, [...TCP, ...bounds])
  const endless = await open(t, receiving.ports[0])
  for (let i = 0; i < 100; i++) endless.write('x'.repeat(10_000))
  endless.write('\n<13>next\n')
  const [cut, next] = await receiving.records(2)
  t.same([(cut.body as string).length, cut.attributes, next.body], [1000, { truncated: true }, 'next'])
  const refused = await open(t, receiving.ports[0])
  await once(refused.resume(), 'close')
  await once(endless.resume(), 'close')
  t.equal(await receiving.stop(), 0)
  for (const said of ['(--max-message-bytes), or has no end: cut', '(--max-connections): closed', '--idle-timeout: closed']) t.match(receiving.stderr, said)

  const dead = `${t.testdir()}/dead.ndjson`
  const strict = await syslog(t, [...TCP, '--framing', 'octet-counting', '--format', 'rfc5424', '--dead-letter', dead, '--ledger'])
  const client = await open(t, strict.ports[0])
  client.write('17 <13>1 - - - - - -10 <13>hello!17 <13>1 - - - - - -<13>')
  await once(client.resume(), 'close')
  t.equal(await strict.stop(), 1)
  t.same(strict.bodies, ['', ''])
  t.match(strict.stderr, '"in":2,"made":2,"out":2,"dropped":{"bad_message":1,"bad_frame":1},"pending":0')
  const reasons = readFileSync(dead, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { reason: string; original: string })
  t.same(reasons.map(({ reason, original }) => [reason, original]), [
    ['bad_message', '<13>hello!'],
    ['bad_frame', '17 <13>1 - - - - - -10 <13>hello!17 <13>1 - - - - - -<13>'],
  ])
})

t.test('asked to stop it tells senders, and takes what is on its way', async (t) => {
  const receiving = await syslog(t, TCP)
  const client = await open(t, receiving.ports[0])
  client.write('<13>first\n<13>with')
  await receiving.records(1)
  client.resume().once('end', () => client.end('out end'))
  t.equal(await receiving.stop(), 0)
  t.same(receiving.bodies, ['first', 'without end'])
})

t.test('TLS, with certificates of clients', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('ca')
  const server = certificates.signed('server', authority, 'IP:127.0.0.1')
  const known = certificates.signed('client', authority, 'DNS:client')
  const tls = ['--tls-cert', server.cert, '--tls-key', server.key, '--tls-client-ca', authority.cert]
  // Two listeners have a certificate each.
  const receiving = await syslog(t, ['--listen', 'tls://127.0.0.1:0', '--listen', 'tls://127.0.0.1:0', ...tls], 2)
  const read = (path: string) => readFileSync(path)
  const client = { cert: read(known.cert), key: read(known.key) }
  for (const port of receiving.ports) {
    const stranger = connectTls({ port, host: '127.0.0.1', ca: read(authority.cert) })
    await new Promise((resolve) => stranger.resume().on('error', () => {}).on('close', resolve))
    const socket = connectTls({ port, host: '127.0.0.1', ca: read(authority.cert), ...client })
    socket.end('<13>to all')
    await once(socket.resume(), 'close')
  }
  await receiving.records(2)
  t.equal(await receiving.stop(), 0)
  t.same(receiving.bodies, ['to all', 'to all'])
  t.match(receiving.stderr, 'TLS: ')
})

t.test('connections that never shake hands count as open ones', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('ca')
  const { cert, key } = certificates.signed('server', authority, 'IP:127.0.0.1')
  const receiving = await syslog(t, ['--listen', 'tls://127.0.0.1:0', '--tls-cert', cert, '--tls-key', key, '--max-connections', '2'])
  const idle = [await open(t, receiving.ports[0]), await open(t, receiving.ports[0])]
  const third = await open(t, receiving.ports[0])
  await once(third.resume(), 'close')
  for (const socket of idle) socket.resetAndDestroy()
  await receiving.until(() => /TLS: /.test(receiving.stderr))
  // The others are gone as soon as that is seen.
  for (let sent = false; !sent; ) {
    const socket = connectTls({ port: receiving.ports[0], host: '127.0.0.1', ca: readFileSync(authority.cert) })
    sent = await new Promise((resolve) => socket.on('secureConnect', () => resolve(true)).on('error', () => resolve(false)).on('close', () => resolve(false)))
    socket.end('<13>there is room again')
  }
  await receiving.records(1)
  t.same(receiving.bodies, ['there is room again'])
  t.match(receiving.stderr, 'more than 2 connections (--max-connections): closed')
})

t.test('a reader that is slow: datagrams beyond the queue are dropped, and counted', async (t) => {
  const dropped: string[] = []
  const account = { in: 0, in_bytes: 0, drop: (reason: string) => void dropped.push(reason) }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const context = { account, clock: { monotonic: () => 0, sleep: async () => {} }, log } as never
  const taken: string[] = []
  let go = () => {}
  const waiting = new Promise<void>((resolve) => (go = resolve))
  let began = () => {}
  const begun = new Promise<void>((resolve) => (began = resolve))
  const listener = new DatagramListener(
    { transport: 'udp', place: '127.0.0.1:0' },
    { udp_buffer_bytes: 1 << 20, udp_queue_bytes: 300 },
    (datagrams) => {
      for (const { bytes } of datagrams) taken.push(bytes.toString())
      began()
      return waiting
    },
    (error) => t.fail(error.message),
    context,
    new Told(context),
  )
  const port = Number((await listener.listen()).split(':').at(-1))
  await datagrams(port, 'first')
  await begun
  await datagrams(port, ...Array.from({ length: 9 }, (_, i) => `more ${i}`))
  while (account.in < 6) await new Promise(setImmediate)
  go()
  await listener.end()
  t.same(taken, ['first', 'more 0', 'more 1', 'more 2'])
  t.same([account.in, dropped.length, dropped[0]], [6, 6, 'queue_full'])
})

t.test('addresses that cannot be had', async (t) => {
  const folder = temporary(t)
  writeFileSync(`${folder}/file`, '')
  const of = async (...words: string[]) => {
    const { code, stderr } = await sh(`solder receive syslog ${words.join(' ')}`)
    return `${code} ${stderr}`
  }
  t.match(await of(`--listen unix:${folder}/file`), /^75 .*cannot listen on unix:.*file: EEXIST/s)
  t.match(await of(`--listen unix:${folder}/no/such`), /^75 .*: ENOENT|EACCES/s)
  const receiving = await syslog(t, ['--listen', `unix:${folder}/sock`])
  t.match(await of(`--listen unix:${folder}/sock`), /^75 .*: EADDRINUSE.*another process listens there/s)
  receiving.child.kill('SIGKILL')
  await once(receiving.child, 'close')
  const again = await syslog(t, ['--listen', `unix:${folder}/sock`])
  t.equal(await again.stop(), 0, 'the name of one that was killed is taken over')
  const all = await of('--listen nowhere --listen ftp://x:1 --label-fields pid --timezone Mars --tls-cert x')
  t.match(all, /^2 /)
  for (const said of ["'nowhere' is not valid", "'ftp://x:1' is not valid", "'pid' is no field", "'Mars' is no time zone", '--tls-cert and --tls-key']) t.match(all, said)
  t.match(await of('--listen tls://:0'), '--listen tls:// needs --tls-cert and --tls-key')
})
