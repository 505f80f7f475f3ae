// Plain HTTP over connections of our own: the same answers as undici's, nothing accepted that undici refuses, and what
// happens to connections that are kept.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createNetServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { BodyBuffers } from '../../../lib/net/buffers.js'
import { type HttpClient, HttpError, type HttpRequest } from '../../../lib/net/client.js'
import { clientWith, listening, serving } from '../../support/client.js'
import fc from '../../support/property.js'

const RUNS = Number(process.env.SOLDER_RUNS ?? 100)

type Method = 'GET' | 'POST' | 'HEAD'

/** What a server sends, in pieces, and whether it closes the connection then. */
interface Script {
  pieces: readonly Buffer[]
  close: boolean
}

/** The answer, or the reason why there is none. */
type Outcome = { status: number; headers: [string, string][]; body: string } | { reason: string; message: string }

async function outcome(client: HttpClient, request: HttpRequest): Promise<Outcome> {
  try {
    const { status, headers, body } = await client.request(request)
    // undici leaves the white space behind a value.
    const fields = [...headers].map(([name, value]): [string, string] => [name, value.replace(/[ \t]+(?=, |$)/g, '')])
    return { status, headers: fields.sort(), body: body.toString('latin1') }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    return { reason: error.reason, message: error.message }
  }
}

/** A server that answers every request by the script of the moment. */
class Scripted {
  url = ''
  script: Script = { pieces: [], close: true }
  readonly connections: Socket[] = []
  /** Called with the head of each request. */
  asked: (head: string, socket: Socket) => void = () => {}

  static async start(t: Test): Promise<Scripted> {
    const scripted = new Scripted()
    const server = createNetServer((socket) => scripted.#serve(socket))
    scripted.url = `http://${await listening(t, server)}/`
    t.teardown(() => {
      for (const socket of scripted.connections) socket.destroy()
    })
    return scripted
  }

  #serve(socket: Socket): void {
    this.connections.push(socket)
    let held = ''
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      held += bytes.toString('latin1')
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = held.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (held.length < end + 4 + length) return
      held = held.slice(end + 4 + length)
      this.asked(head, socket)
      void this.#answer(socket, this.script)
    })
  }

  async #answer(socket: Socket, { pieces, close }: Script): Promise<void> {
    for (const piece of pieces) {
      socket.write(piece)
      await turn()
    }
    if (close) socket.end()
  }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const whole = (text: string, close = false): Script => ({ pieces: [latin1(text)], close })

/** Both clients, and what each makes of a script. */
async function twins(t: Test): Promise<(script: Script, method?: Method) => Promise<[own: Outcome, undici: Outcome]>> {
  const server = await Scripted.start(t)
  const own = await clientWith({}, { timeout: 10_000 })
  const undici = await clientWith({}, { timeout: 10_000, direct: false })
  t.teardown(() => Promise.all([own.close(), undici.close()]))
  const buffers = new BodyBuffers()
  return async (script, method = 'GET') => {
    server.script = script
    const request: HttpRequest = { method, url: server.url, buffers, ...(method === 'POST' && { body: 'x'.repeat(1000) }) }
    return [await outcome(own, request), await outcome(undici, request)]
  }
}

const TOKEN = fc.stringMatching(/^[a-z][a-z0-9!#$%&'*+.^_`|~-]{0,10}$/)
const VALUE = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/)
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection', 'content-encoding', 'location', 'upgrade', 'keep-alive', 'trailer'])
const FIELD = fc.tuple(TOKEN, fc.constantFrom('', ' ', ' \t '), VALUE).filter(([name]) => !FRAMING.has(name))
const field = ([name, space, value]: [string, string, string]) => `${name}:${space}${value}\r\n`
const EXTENSION = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  TOKEN.map((name) => `;${name}`),
  fc.tuple(TOKEN, TOKEN).map(([name, value]) => `;${name}=${value}`),
  TOKEN.map((name) => `;${name}="a b;c"`),
)

const BODY = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 300_000 }).map((length) => Buffer.alloc(length, 'metric{a="b"} 1\n')),
)

const RESPONSE = fc.record({
  version: fc.constantFrom('1.1', '1.1', '1.0'),
  status: fc.constantFrom(200, 200, 200, 201, 204, 205, 299, 304, 404, 418, 500, 503, 999),
  reason: fc.constantFrom('', ' ', ' OK', ' a  long reason \xe9'),
  interim: fc.array(fc.constantFrom('HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 103 Hints\r\nlink: <x>\r\n\r\n'), { maxLength: 2 }),
  fields: fc.array(FIELD, { maxLength: 6 }),
  connection: fc.constantFrom('', '', 'Connection: keep-alive\r\n', 'connection: close\r\n', 'Keep-Alive: timeout=30\r\n'),
  body: BODY,
  gzip: fc.boolean(),
  framing: fc.constantFrom('length', 'chunked', 'close'),
  chunks: fc.array(fc.tuple(fc.integer({ min: 1, max: 70_000 }), EXTENSION, fc.boolean()), { minLength: 1, maxLength: 8 }),
  trailers: fc.array(FIELD, { maxLength: 2 }),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  bytewise: fc.boolean(),
  method: fc.constantFrom<Method>('GET', 'GET', 'POST', 'HEAD'),
})
type Made = typeof RESPONSE extends fc.Arbitrary<infer T> ? T : never

function chunkedBody({ chunks, trailers }: Made, body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < body.length; i++) {
    const [size, extension, upper] = chunks[i % chunks.length]
    const chunk = body.subarray(at, at + size)
    const digits = chunk.length.toString(16)
    parts.push(latin1(`${upper ? `0${digits.toUpperCase()}` : digits}${extension}\r\n`), chunk, latin1('\r\n'))
    at += size
  }
  return Buffer.concat([...parts, latin1(`0${chunks[0][1]}\r\n${trailers.map(field).join('')}\r\n`)])
}

function bytesOf(made: Made): Buffer {
  const { version, status, reason, interim, fields, connection, gzip, framing, method } = made
  const bare = status === 204 || status === 304
  const body = gzip ? gzipSync(made.body) : made.body
  const chunked = framing === 'chunked' && version === '1.1'
  let head = `${interim.join('')}HTTP/${version} ${status}${reason}\r\n${fields.map(field).join('')}${connection}`
  if (gzip && !bare) head += 'Content-Encoding: gzip\r\n'
  if (chunked && !bare) head += 'Transfer-Encoding: chunked\r\n'
  else if (framing === 'length' && !bare) head += `Content-Length: ${body.length}\r\n`
  const sent = bare || method === 'HEAD' ? Buffer.alloc(0) : chunked ? chunkedBody(made, body) : body
  return Buffer.concat([latin1(`${head}\r\n`), sent])
}

/** The script of a response: cut at any places, or its beginning byte by byte. */
function scriptOf(
  bytes: Buffer, { cuts, bytewise, framing, connection, version, method }: Made, close = false,
): Script {
  const places = new Set(cuts.map((cut) => cut % (bytes.length + 1)))
  if (bytewise) for (let i = 0; i < Math.min(bytes.length, 300); i++) places.add(i)
  const sorted = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  const pieces = sorted.slice(1).map((to, i) => bytes.subarray(sorted[i], to))
  const ends = framing === 'close' || version === '1.0' || method === 'HEAD' || connection.startsWith('connection')
  return { pieces: pieces.filter(({ length }) => length > 0), close: close || ends }
}

t.test('an answer is what undici makes of it, however it is framed and cut', async (t) => {
  const both = await twins(t)
  let answers = 0
  await fc.assert(
    fc.asyncProperty(RESPONSE, async (made) => {
      const [own, undici] = await both(scriptOf(bytesOf(made), made), made.method)
      assert.deepEqual(own, undici)
      if ('status' in own) answers++
    }),
    { numRuns: RUNS },
  )
  t.ok(answers > RUNS / 2, 'most are answers')
})

/** Bytes that mean something to a parser. */
const BITE = fc.oneof(
  fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', ':', ',', ';', '0', '-1', 'f', '\x7f', '\xff', '\r\n\r\n', '\r\n '),
  fc.constantFrom('Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 \r\n\r\n'),
  fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const MUTATION = fc.record({
  kind: fc.constantFrom('insert', 'replace', 'delete', 'truncate', 'double'),
  /** Mostly in the head. */
  place: fc.oneof({ weight: 4, arbitrary: fc.nat(200) }, fc.nat()),
  bite: BITE,
  length: fc.integer({ min: 1, max: 30 }),
})
type Mutation = typeof MUTATION extends fc.Arbitrary<infer T> ? T : never

function mutated(bytes: Buffer, { kind, place, bite, length }: Mutation): Buffer {
  const at = place % (bytes.length + 1)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (kind) {
    case 'insert':
      return Buffer.concat([before, latin1(bite), after])
    case 'replace':
      return Buffer.concat([before, latin1(bite), after.subarray(bite.length)])
    case 'delete':
      return Buffer.concat([before, after.subarray(length)])
    case 'truncate':
      return before
    case 'double':
      return Buffer.concat([before, after.subarray(0, length), after])
  }
}

/** RFC 9110 wants these accepted: 100 (15.2), and 204 and 304 with a content-length (8.6). */
const UNDICI_REFUSES = /HTTP\/1\.[01] (100|204|304)/

t.test('of a response that is broken, nothing is accepted that undici refuses', async (t) => {
  const both = await twins(t)
  await fc.assert(
    fc.asyncProperty(RESPONSE, fc.array(MUTATION, { minLength: 1, maxLength: 3 }), async (made, mutations) => {
      const bytes = mutations.reduce(mutated, bytesOf(made))
      const [own, undici] = await both(scriptOf(bytes, made, true), made.method)
      if ('reason' in own) assert.match(own.message, /^127\.0\.0\.1:\d+(: | closed the connection )/)
      else if ('reason' in undici) assert.match(bytes.toString('latin1'), UNDICI_REFUSES)
      else assert.deepEqual(own, undici)
    }),
    { numRuns: RUNS },
  )
})

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('what could be understood in two ways is refused', async (t) => {
  const both = await twins(t)
  const head = (fields: string, rest = 'ok') => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${rest}`
  const chunks = (text: string) => head('Transfer-Encoding: chunked', text)
  const refused: { [message: string]: string[] } = {
    'bad status line': [
      `\r\n${OK}`,
      OK.replace('HTTP/1.1', 'HTTP/2.0'),
      OK.replace('HTTP/1.1', 'HTTP/1.10'),
      OK.replace('HTTP', 'ICY'),
      OK.replace(' 200', '  200'),
      OK.replace('200', '2000'),
      OK.replace('200', '099'),
      OK.replace('OK', 'O\0K'),
      OK.replace('OK', 'O\nK'),
      'HTTP/1.1\r\n\r\n',
    ],
    'bad header name': [
      head('A: b\r\n c\r\nContent-Length: 2'),
      head('A : b\r\nContent-Length: 2'),
      head(': b\r\nContent-Length: 2'),
      head('b\r\nContent-Length: 2'),
      head('Content-Length\0: 2'),
    ],
    'bad character in a header': [head('A: \0\r\nContent-Length: 2'), head('A: a\rb: c'), head('A: b\nContent-Length: 2')],
    'bad content-length': [
      ...['+2', '-2', '2,2', '2, 3', '0x2', '2.0', '', '2 2', '\xa02', '9'.repeat(20), '9007199254740993'].map((length) =>
        head(`Content-Length: ${length}`),
      ),
      head('Content-Length: 2\r\nContent-Length: 2'),
      head('Content-Length: 2\r\ncontent-length: 3'),
    ],
    'both content-length and transfer-encoding': [
      head('Content-Length: 2\r\nTransfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'),
      head('Transfer-Encoding: chunked\r\nContent-Length: 2', '2\r\nok\r\n0\r\n\r\n'),
    ],
    'unknown transfer-encoding': [
      ...['identity', 'gzip, chunked', 'chunked, chunked', 'xchunked', ''].map((coding) => head(`Transfer-Encoding: ${coding}`)),
      head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
      chunks('0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
    ],
    'bad chunk size': ['-2', '0x2', ' 2', '2 ', '', 'g', 'f'.repeat(20)].map((size) => chunks(`${size}\r\nok\r\n0\r\n\r\n`)),
    'bad chunk extension': ['; a', ';=b', ';a=', ';a="', ';a=\0', ';'].map((more) => chunks(`2${more}\r\nok\r\n0\r\n\r\n`)),
    'chunk extension too long': [chunks(`2;${'a'.repeat(5000)}\r\nok\r\n0\r\n\r\n`)],
    'more chunk extensions than data': [chunks(`1;${'a'.repeat(1000)}\r\nx\r\n`.repeat(20))],
    'bad end of a chunk': ['2\r\nokk\r\n', '2\r\nok\r0', '2\r\r', '2\r\nok\n0'].map((text) => chunks(`${text}\r\n0\r\n\r\n`)),
    'content-length in a trailer': [chunks('2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n')],
    'unasked upgrade': [`HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n${OK}`],
  }
  for (const [message, texts] of Object.entries(refused)) {
    for (const text of texts) {
      const [own] = await both(whole(text, true))
      t.match(own, { reason: 'protocol', message: new RegExp(`^127\\.0\\.0\\.1:\\d+: not HTTP: ${message}$`) }, JSON.stringify(text.slice(0, 80)))
    }
  }
  const middle = /^127\.0\.0\.1:\d+ closed the connection in the middle of the response$/
  for (const text of ['HT', 'HTTP/1.1 200 OK\r\n', head('Content-Length: 3'), chunks('2\r\nok\r\n0\r\n'), chunks('5\r\nok')]) {
    const [own] = await both(whole(text, true))
    t.match(own, { reason: 'protocol', message: middle }, JSON.stringify(text))
  }
})

t.test('bounds', async (t) => {
  const { server, get } = await kept(t)
  const made = (text: string) => {
    server.script = whole(text)
    return get()
  }
  const long = 'x'.repeat(70_000)
  const overflow = { reason: 'too_large', message: /: response headers are larger than --max-header-bytes$/ }
  const hints = 'HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n'
  for (const text of [
    `HTTP/1.1 200 ${long}`,
    `HTTP/1.1 200 OK\r\nA: ${long}`,
    `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(20_000)}\r\n`,
    hints.repeat(3000),
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ${long}\r\n\r\n`,
  ]) {
    t.match(await made(text), overflow, text.slice(0, 30))
  }
  t.match(await made(hints.repeat(100) + OK), { status: 200, body: 'ok' })
  t.match(await made(`HTTP/1.1 100 Continue\r\n\r\n${OK}`), { status: 200, body: 'ok' })
  t.match(await made('HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n'), { status: 304, body: '' })
  // Who says something else first and waits is not waited for.
  t.match(await made('SSH-2.0-OpenSSH_9.2\r\n'), { reason: 'protocol', message: /not HTTP: bad status line$/ })
})

/** A client, a server by script, and what was asked of it over which connection, counted from 0. */
async function kept(
  t: Test,
): Promise<{ server: Scripted; http: HttpClient; asked: number[]; get(): Promise<Outcome> }> {
  const server = await Scripted.start(t)
  server.script = whole(OK)
  const http = await clientWith({}, { timeout: 10_000 })
  t.teardown(() => http.close())
  const asked: number[] = []
  server.asked = (_, socket) => asked.push(server.connections.indexOf(socket))
  return { server, http, asked, get: () => outcome(http, { method: 'GET', url: server.url }) }
}

t.test('which connections are kept', async (t) => {
  const keeping = [
    OK,
    OK.replace('\r\n', '\r\nConnection: keep-alive\r\n'),
    OK.replace('\r\n', '\r\nKeep-Alive: timeout=5\r\n'),
    OK.replace('1.1', '1.0').replace('\r\n', '\r\nConnection: Keep-Alive\r\n'),
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ]
  const dropping = [
    OK.replace('\r\n', '\r\nConnection: x, Close\r\n'),
    OK.replace('\r\n', '\r\nKeep-Alive: timeout=2\r\n'),
    OK.replace('1.1', '1.0'),
    `${OK}HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned`,
    'HTTP/1.1 204 No Content\r\n\r\nx',
  ]
  for (const [texts, connections] of [[keeping, [0, 0, 0]], [dropping, [0, 1, 2]]] as const) {
    for (const text of texts) {
      const { server, asked, get } = await kept(t)
      server.script = whole(text)
      for (let i = 0; i < 3; i++) t.match(await get(), { body: text.includes('ok') ? 'ok' : '' })
      t.same(asked, connections, JSON.stringify(text))
    }
  }
  const { server, http, asked, get } = await kept(t)
  server.script = whole('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
  await http.request({ method: 'HEAD', url: server.url })
  server.script = whole(OK)
  await Promise.all([get(), get(), get()])
  await Promise.all([get(), get(), get()])
  t.equal(new Set(asked).size, 4, 'one for HEAD alone, and one for each of three at a time')
})

t.test('an idle connection is closed before the server would, and keeps no process alive', async (t) => {
  const { server, get, asked } = await kept(t)
  server.script = whole(OK.replace('\r\n', '\r\nKeep-Alive: timeout=3\r\n'))
  await get()
  await new Promise((resolve) => server.connections[0].on('close', resolve))
  t.match(await get(), { body: 'ok' })
  t.same(asked, [0, 1])
  const support = new URL('../../support/client.js', import.meta.url)
  const script = `const { clientWith } = await import('${support.href}')
    const { status } = await (await clientWith()).request({ method: 'GET', url: '${server.url}' })
    console.log(status)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  t.equal(stdout, '200\n', 'and the process has ended')
})

t.test('a connection that the server has closed, or has written to unasked', async (t) => {
  for (const unasked of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned']) {
    const { server, http, asked, get } = await kept(t)
    await get()
    const [first] = server.connections
    await new Promise<void>((resolve) => first.end(unasked, resolve))
    t.match(await outcome(http, { method: 'POST', url: server.url, body: 'x' }), { body: 'ok' }, 'a POST does not fail')
    t.same(asked, [0, 1])
    first.destroy()
  }
})

t.test('a connection that ends when a request is on its way', async (t) => {
  const lost = { reason: 'connect', message: /closed the connection without a response$/ }
  for (const [method, outcomes] of [['GET', { body: 'ok' }], ['POST', lost]] as const) {
    const { server, http, asked, get } = await kept(t)
    await Promise.all([get(), get()])
    const ask = server.asked
    server.asked = (head, socket) => {
      ask(head, socket)
      if (server.connections.indexOf(socket) < 2) socket.destroy()
    }
    t.match(await outcome(http, { method, url: server.url, ...(method === 'POST' && { body: 'x' }) }), outcomes, method)
    t.same(asked.slice(2).map((n) => Math.min(n, 2)).slice(1), method === 'GET' ? [2] : [], 'the second time over a new one')
  }
})

t.test('bodies of any size, in memory that comes back', async (t) => {
  const large = Buffer.alloc(5 << 20)
  for (let i = 0; i < large.length; i += 4) large.writeUInt32LE(i, i)
  const sizes = [0, 1, (1 << 14) - 1, 1 << 14, 1 << 16, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20, 5 << 20]
  const url = await serving(t, (request, response) => {
    const body = large.subarray(0, Number(request.url!.slice(2)))
    if (request.url![1] === 'l') return response.end(body)
    for (let i = 0; i < body.length; i += 100_000) response.write(body.subarray(i, i + 100_000))
    response.end()
  })
  const http = await clientWith()
  t.teardown(() => http.close())
  const buffers = new BodyBuffers()
  for (const kind of ['l', 'c']) {
    for (const size of sizes) {
      const { body } = await http.request({ method: 'GET', url: `${url}/${kind}${size}`, buffers })
      t.ok(body.equals(large.subarray(0, size)), `${kind} ${size}`)
      buffers.give(body)
    }
  }
})

t.test('what is sent', async (t) => {
  const seen: { request: IncomingMessage; raw: string }[] = []
  const server = createServer((request, response) => {
    seen.push({ request, raw: request.rawHeaders.join('|') })
    request.resume().on('end', () => response.end('ok'))
  })
  const host = await listening(t, server)
  const http = await clientWith()
  t.teardown(() => http.close())
  const url = `http://${host}/a?b=%0d%0a`
  const raw = async (request: Partial<HttpRequest>) => {
    await http.request({ method: 'GET', url, ...request })
    return seen.at(-1)!.raw.replace(/user-agent\|[^|]+\|?/, '').replace(/\|$/, '')
  }
  t.equal(await raw({}), `host|${host}|connection|keep-alive`)
  t.equal(await raw({ method: 'HEAD' }), `host|${host}|connection|close`)
  t.equal(await raw({ method: 'POST' }), `host|${host}|connection|keep-alive|content-length|0`)
  t.equal(await raw({ method: 'PUT', body: 'ü' }), `host|${host}|connection|keep-alive|content-length|2`)
  t.equal(await raw({ headers: { Host: 'x', 'X-A': '\xe9 b' } }), `host|x|connection|keep-alive|x-a|\xe9 b`)
  t.equal(seen.at(-1)!.request.url, '/a?b=%0d%0a')
  const before = seen.length
  for (const headers of [
    { 'x-a': 'a\r\nx-b: c' },
    { 'x-a': 'a\nb' },
    { 'x-a': 'a\0' },
    { 'x-a': '\u0100' },
    { 'x\r\ny': 'a' },
    { 'x y': 'a' },
    { '': 'a' },
    { host: 'a\r\nb' },
    { 'Content-Length': '5' },
    { 'transfer-encoding': 'chunked' },
    { connection: 'close' },
    { expect: '100-continue' },
  ]) {
    const sent = await outcome(http, { method: 'GET', url, headers: headers as unknown as { [name: string]: string } })
    t.match(sent, { reason: 'protocol', message: / invalid .* header$/ })
  }
  t.equal(seen.length, before, 'nothing of it')
})

t.test('a request given up at any moment takes its connection with it', async (t) => {
  const stages = ['HTTP/1.1 2', 'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\nsome']
  for (const [i, text] of [null, '', ...stages].entries()) {
    const { server, http, asked, get } = await kept(t)
    // Over a new connection, and over one that is kept.
    for (const reused of [false, true]) {
      server.script = whole(OK)
      if (reused) await get()
      server.script = whole(text ?? '')
      const stop = new AbortController()
      const gone = new Promise<void>((resolve) => {
        if (text === null) resolve()
        const ask = server.asked
        server.asked = (head, socket) => {
          ask(head, socket)
          server.asked = ask
          socket.once('close', () => resolve())
          if (text !== null) setImmediate(() => stop.abort())
        }
      })
      const request = http.request({ method: 'GET', url: server.url, signal: stop.signal })
      if (text === null) stop.abort()
      await t.rejects(request, { name: 'HttpError', reason: 'aborted' }, `${i} ${reused}`)
      await gone
    }
    const last = asked.at(-1) ?? -1
    server.script = whole(OK)
    t.match(await get(), { body: 'ok' })
    if (text !== null) t.not(asked.at(-1), last, 'and the next has another')
  }
})

t.test('the server answers before it has read everything', async (t) => {
  const { server, http, asked, get } = await kept(t)
  let answered = false
  server.asked = () => {}
  const early = createNetServer((socket) => {
    server.connections.push(socket)
    socket.on('error', () => {})
    if (answered) return socket.on('data', () => socket.write(OK))
    answered = true
    socket.once('readable', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'))
  })
  const url = `http://${await listening(t, early)}/`
  t.match(await outcome(http, { method: 'POST', url, body: Buffer.alloc(32 << 20) }), { status: 413 })
  t.match(await outcome(http, { method: 'GET', url }), { body: 'ok' }, 'the rest of the body is not the next request')
  t.match(await get(), { body: 'ok' })
  t.same(asked, [])
})

t.test('hosts by address and by name', async (t) => {
  const http = await clientWith()
  t.teardown(() => http.close())
  const hosts = async (address: string, name: string) => {
    const server = createServer((request, response) => response.end(request.headers.host))
    const port = (await listening(t, server, address)).split(':').at(-1)!
    t.equal((await http.request({ method: 'GET', url: `http://${name}:${port}/` })).body.toString(), `${name}:${port}`)
  }
  await hosts('127.0.0.1', '127.0.0.1')
  await hosts('127.0.0.1', 'localhost')
  if (Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))) await hosts('::1', '[::1]')
  t.match(await outcome(http, { method: 'GET', url: 'http://nowhere.invalid/' }), { reason: 'connect', message: /nowhere\.invalid/ })
})

t.test('a connection that is kept does not keep the bodies that came over it', async (t) => {
  const server = await Scripted.start(t)
  server.script = whole(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
  const client = await clientWith({}, { timeout: 10_000 })
  t.teardown(() => client.close())
  const ask = async () => new WeakRef((await client.request({ method: 'GET', url: server.url })).body.buffer)
  const bodies = [await ask(), await ask()]
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turns = 0; turns < 3; turns++) {
    await turn()
    collect()
  }
  t.strictSame(bodies.map((body) => body.deref()?.byteLength), [undefined, undefined])
  t.equal(server.connections.length, 1)
})
