// HTTP servers: who comes in, what is too large or too slow, TLS, and how they stop.

import { once } from 'node:events'
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import t, { type Test } from 'tap'
import { problemsOf } from '../../../lib/diag/problem.js'
import { systemClock } from '../../../lib/io/clock.js'
import { listenAddress } from '../../../lib/net/listen.js'
import { HttpServer, type Route, type ServerValues } from '../../../lib/net/server.js'
import { serverOptions } from '../../../lib/net/server_options.js'
import { defaultValue } from '../../../lib/option/value.js'
import { Certificates, noOpenssl } from '../../support/certificate.js'

const OPTIONS = serverOptions('127.0.0.1:0')

function values(given: Partial<ServerValues> = {}): ServerValues {
  const defaults = Object.entries(OPTIONS).map(([key, spec]) => [key, defaultValue(spec)])
  return { ...(Object.fromEntries(defaults) as ServerValues), ...given }
}

const echo: Route = {
  methods: ['POST', 'PUT'],
  answer: async ({ method, url, body }) => ({ status: 200, text: `${method} ${url.search} ${body.toString()}` }),
}

interface Started {
  url: string
  log: string[]
  stop(): Promise<void>
  run: Promise<void>
}

async function started(t: Test, given: Partial<ServerValues> = {}, route = echo): Promise<Started> {
  const stop = new AbortController()
  const log: string[] = []
  const tell = (message: string) => void log.push(message)
  const context = { clock: systemClock, log: { debug: tell, info: tell, warn: tell, error: tell }, signal: stop.signal }
  const server = new HttpServer(values(given), new Map([['/in', route]]), context)
  const url = await server.listen()
  const run = server.run()
  run.catch(() => {})
  t.teardown(async () => {
    stop.abort()
    await run.catch(() => {})
  })
  return { url, log, run, stop: () => (stop.abort(), run) }
}

type Body = NonNullable<RequestInit['body']>

async function post(url: string, headers: { [name: string]: string } = {}, body: Body = 'x'): Promise<[number, string]> {
  const response = await fetch(`${url}/in?a=b`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
  return [response.status, (await response.text()).trim()]
}

t.test('routes and methods', async (t) => {
  const { url } = await started(t)
  t.same(await post(url), [200, 'POST ?a=b x'])
  const other = await fetch(`${url}/out`, { method: 'POST' })
  t.same([other.status, (await other.text()).trim()], [404, 'nothing here; served are /in'])
  const get = await fetch(`${url}/in`)
  t.same([get.status, get.headers.get('allow')], [405, 'POST, PUT'])
  t.equal((await fetch(`${url}/in`, { method: 'HEAD' })).status, 405)
})

t.test('basic and bearer: either is enough, anything else is not', async (t) => {
  const token = t.testdir({ token: 'first\n' }) + '/token'
  const { url } = await started(t, { basic_user: 'u', basic_password: 'p:ä', bearer: `file:${token}` })
  const basic = (text: string) => ({ authorization: `basic ${Buffer.from(text).toString('base64')}` })
  t.equal((await post(url, basic('u:p:ä')))[0], 200)
  t.equal((await post(url, { authorization: 'Bearer first' }))[0], 200)
  for (const headers of [{}, basic('u:p'), basic('u'), { authorization: 'Bearer' }, { authorization: 'Bearer firs' }, { authorization: 'first' }])
    t.equal((await post(url, headers as { [name: string]: string }))[0], 401)
  const refused = await fetch(`${url}/none`)
  t.same([refused.status, refused.headers.get('www-authenticate')], [401, 'Basic realm="solder", Bearer'], 'before it tells what is there')
  writeFileSync(token, 'second-one')
  t.equal((await post(url, { authorization: 'Bearer second-one' }))[0], 200, 'the file is read again')
  t.equal((await post(url, { authorization: 'Bearer first' }))[0], 401)
})

t.test('bodies: the bound is named, whether the length was told before or not', async (t) => {
  const { url } = await started(t, { max_body_bytes: 1000 })
  t.equal((await post(url, {}, 'x'.repeat(1000)))[0], 200)
  t.same(await post(url, {}, 'x'.repeat(1001)), [413, 'larger than 1000 bytes (--max-body-bytes)'])
  const chunks = async function* () {
    for (let i = 0; i < 20; i++) yield Buffer.alloc(100)
  }
  t.equal((await post(url, {}, chunks() as unknown as Body))[0], 413)
  t.equal((await post(url, {}, 'y'))[0], 200, 'others are served')
})

async function socketTo(t: Test, url: string, text = ''): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  if (text !== '') socket.write(text)
  return socket
}

async function said(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString()
}

t.test('what comes too slowly, or is no HTTP, is ended; nothing else is harmed', async (t) => {
  const { url } = await started(t, { header_timeout: 50, request_timeout: 100, max_header_bytes: 2000 })
  const all = await Promise.all([
    socketTo(t, url, 'POST /in HTTP/1.1\r\n').then(said),
    socketTo(t, url, 'POST /in HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nab').then(said),
    socketTo(t, url, 'hello\r\n\r\n').then(said),
    socketTo(t, url, `POST /in HTTP/1.1\r\nhost: a\r\na: ${'b'.repeat(3000)}\r\n\r\n`).then(said),
  ])
  t.same(all.map((text) => text.slice(9, 12)), ['408', '408', '400', '431'])
  t.equal((await post(url))[0], 200)
})

t.test('connections are bounded', async (t) => {
  const { url, log } = await started(t, { max_connections: 1 })
  const first = await socketTo(t, url)
  t.equal(await said(await socketTo(t, url)), '')
  t.match(log.join(), /more than 1 connections \(--max-connections\)/)
  first.end('POST /in HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx')
  t.match(await said(first), /^HTTP\/1.1 200/)
})

t.test('stopping: no new connection, idle ones are closed, what is under way is answered', async (t) => {
  let go = () => {}
  let asked = () => {}
  const waiting = new Promise<void>((resolve) => (asked = resolve))
  const answer = async () => {
    asked()
    await new Promise<void>((resolve) => (go = resolve))
    return { status: 204 }
  }
  const { url, stop } = await started(t, {}, { methods: ['POST'], answer })
  const idle = await socketTo(t, url)
  const underWay = fetch(`${url}/in`, { method: 'POST', body: 'x' })
  await waiting
  const stopped = stop()
  await said(idle)
  await t.rejects(post(url))
  go()
  const response = await underWay
  t.same([response.status, response.headers.get('connection')], [204, 'close'])
  await stopped
})

t.test('stopping is bounded where a request never ends', async (t) => {
  const { url, stop } = await started(t, { request_timeout: 50, header_timeout: 50 })
  const slow = await socketTo(t, url, 'POST /in HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n')
  await once(slow, 'data')
  slow.write('ab')
  await Promise.all([stop(), said(slow)])
})

t.test('what a route throws ends the server', async (t) => {
  const answer = () => Promise.reject(new Error('broken'))
  const { url, run } = await started(t, {}, { methods: ['POST'], answer })
  t.equal((await post(url))[0], 503)
  await t.rejects(run, { message: 'broken' })
})

t.test('options: every problem at once; an address in use asks for another try', async (t) => {
  const context = {
    clock: systemClock, log: { debug() {}, info() {}, warn() {}, error() {} }, signal: AbortSignal.abort(),
  }
  const make = (given: Partial<ServerValues>) => new HttpServer(values(given), new Map(), context)
  try {
    make({ listen: 'nowhere', basic_user: 'u', tls_cert: '/none', bearer: 'env:SOLDER_NONE' })
    t.fail('taken')
  } catch (error) {
    t.same(problemsOf(error).map(({ message }) => message), [
      '--basic-user and --basic-password belong together',
      '--bearer: environment variable SOLDER_NONE is not set',
      '--tls-cert and --tls-key belong together',
      '--tls-cert: cannot read /none: no such file or directory',
      "--listen: 'nowhere' is not valid",
    ])
  }
  const { url } = await started(t)
  await t.rejects(make({ listen: new URL(url).host }).listen(), { message: /cannot listen on .*EADDRINUSE/, exit: 75 })
  t.same(listenAddress(':1'), { host: undefined, port: 1 })
  t.same(listenAddress('[::1]:80'), { host: '::1', port: 80 })
  for (const wrong of ['', '1', 'a', 'a:', 'a:b', 'a:99999', '::1:80', '[x]:1']) t.throws(() => listenAddress(wrong))
})

t.test('TLS: certificates of clients, and files that change', { skip: noOpenssl }, async (t) => {
  const made = new Certificates()
  t.teardown(() => made.remove())
  const authority = made.authority('authority')
  const [one, two] = ['one', 'two'].map((name) => made.signed(name, authority, 'IP:127.0.0.1'))
  const [cert, key] = [`${made.folder}/now.pem`, `${made.folder}/now.key`]
  const install = (pair: { cert: string; key: string }, age: number) => {
    copyFileSync(pair.cert, cert)
    copyFileSync(pair.key, key)
    for (const file of [cert, key]) utimesSync(file, age, age)
  }
  install(one, 1000)
  const { url, log } = await started(t, { tls_cert: cert, tls_key: key, tls_client_ca: authority.cert })
  t.match(url, /^https:/)
  const { hostname, port } = new URL(url)
  const ca = readFileSync(authority.cert)
  const shown = async () => {
    const socket = tlsConnect({ host: hostname, port: Number(port), ca, cert: readFileSync(two.cert), key: readFileSync(two.key) })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return subject.CN
  }
  t.equal(await shown(), 'one')
  install(two, 2000)
  t.equal(await shown(), 'two', 'without a restart')
  writeFileSync(cert, 'broken')
  t.equal(await shown(), 'two', 'what cannot be read changes nothing')
  t.match(log.join(), /going on with those before/)
  const options = { ca, cert: readFileSync(one.cert), key: readFileSync(one.key), method: 'POST', agent: false }
  const request = httpsRequest(`${url}/in`, options).end('x')
  const [response] = await once(request, 'response')
  t.equal(response.statusCode, 200)
  response.resume()
  const stranger = httpsRequest(`${url}/in`, { ca, method: 'POST', agent: false }).end('x')
  await t.rejects(once(stranger, 'response'), 'no certificate, no answer')
})
