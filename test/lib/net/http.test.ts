// The HTTP client against servers that behave, misbehave and attack.

import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createNetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { HttpClient } from '../../../lib/net/client.js'
import { bodyOf, type ClientValues, clientWith, listening, serving } from '../../support/client.js'
import { temporary } from '../../support/temporary.js'

async function client(t: Test, given: Partial<ClientValues> = {}): Promise<HttpClient> {
  const made = await clientWith(given)
  t.teardown(() => made.close())
  return made
}

/** A folder for files of one test, and how to write one so that its change is seen. */
function folder(t: Test): (name: string, text: string) => string {
  const path = temporary(t)
  let stamp = Date.now() / 1000
  return (name, text) => {
    writeFileSync(join(path, name), text)
    utimesSync(join(path, name), ++stamp, stamp)
    return join(path, name)
  }
}

const get = (url: string) => ({ method: 'GET', url }) as const

t.test('an answer', async (t) => {
  const seen: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const url = await serving(t, async (request, response) => {
    seen.push(request)
    sockets.add(request.socket)
    response.writeHead(
      418,
      [
        ['X-A', '1'],
        ['x-a', '2'],
        ['Content-Type', 'text/plain'],
      ].flat(),
    )
    response.end(`${request.method} ${request.url} ${await bodyOf(request)}`)
  })
  const http = await client(t)
  const answer = await http.request({
    method: 'PUT',
    url: `${url}/a%20b?c=d#e`,
    headers: { Accept: 'x/y' },
    body: 'text',
  })
  t.equal(answer.status, 418)
  t.equal(answer.body.toString(), 'PUT /a%20b?c=d text')
  t.equal(answer.headers.get('x-a'), '1, 2')
  t.equal(answer.headers.get('content-type'), 'text/plain')
  t.match(seen[0].headers, { accept: 'x/y', 'user-agent': /^solder\/\d/, 'content-length': '4', host: url.slice(7) })
  t.notOk('accept-encoding' in seen[0].headers, 'compression is not asked for unless the caller does')
  for (let i = 0; i < 5; i++) await http.request(get(url))
  t.ok(sockets.size <= 2, 'connections are kept')
  t.equal((await http.request({ method: 'HEAD', url })).body.length, 0)
})

t.test('content encodings', async (t) => {
  const text = 'metric 1\n'.repeat(10_000)
  const bodies: { [encoding: string]: Buffer } = {
    gzip: gzipSync(text),
    'x-gzip': Buffer.concat([gzipSync(text.slice(0, 50)), gzipSync(text.slice(50))]),
    deflate: deflateSync(text),
    'Deflate ': deflateRawSync(text),
    br: brotliCompressSync(text),
    'gzip, br': brotliCompressSync(gzipSync(text)),
    identity: Buffer.from(text),
  }
  const broken: { [encoding: string]: Buffer } = {
    gzip: gzipSync(text).subarray(0, 100),
    br: Buffer.from('no'),
    zstd: Buffer.from('x'),
    'gzip,gzip,gzip': gzipSync(''),
  }
  let body: Buffer = Buffer.alloc(0)
  let encoding = ''
  const url = await serving(t, (_, response) => response.setHeader('content-encoding', encoding).end(body))
  const http = await client(t)
  for ([encoding, body] of Object.entries(bodies))
    t.equal((await http.request(get(url))).body.toString(), text, encoding)
  for ([encoding, body] of Object.entries(broken)) {
    await t.rejects(
      http.request(get(url)),
      { name: 'HttpError', reason: 'protocol', message: /^127\.0\.0\.1:\d+: / },
      encoding,
    )
  }
  encoding = 'gzip'
  body = Buffer.alloc(0)
  t.equal((await http.request(get(url))).body.length, 0, 'nothing is nothing in any encoding')
})

t.test('gzip that lies about its size', async (t) => {
  const text = Buffer.alloc(6 << 20, 'x')
  const lying = gzipSync(text)
  const url = await serving(t, (_, response) => response.setHeader('content-encoding', 'gzip').end(lying))
  const http = await client(t)
  t.ok((await http.request(get(url))).body.equals(text), 'several pieces')
  lying.writeUInt32LE(10, lying.length - 4)
  await t.rejects(http.request(get(url)), {
    name: 'HttpError',
    reason: 'protocol',
    message: /not gzip: incorrect length/,
  })
  await t.rejects(http.request({ ...get(url), maxBytes: 1 << 20 }), { name: 'HttpError', reason: 'too_large' })
})

t.test('bodies beyond the bound', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 << 20))
  let written = 0
  let closed = () => {}
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const url = await serving(t, (request, response) => {
    if (request.url === '/bomb') return response.setHeader('content-encoding', 'gzip').end(bomb)
    if (request.url === '/long') return response.setHeader('content-length', 1e9).write('x')
    if (request.url === '/exact') return response.end('x'.repeat(1000))
    response.on('close', closed)
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1 << 14))) written += 1 << 14
    }
    response.on('drain', more)
    more()
  })
  const http = await client(t)
  const tooLarge = { reason: 'too_large', message: /body is larger than 1000 bytes$/ }
  for (const path of ['/bomb', '/long'])
    await t.rejects(http.request({ ...get(url + path), maxBytes: 1000 }), tooLarge, path)
  await t.rejects(http.request({ ...get(`${url}/endless`), maxBytes: 1000 }), tooLarge, 'endless')
  await gone
  t.ok(written < 64 << 20, 'the server is cut off, not drained')
  t.equal((await http.request({ ...get(`${url}/exact`), maxBytes: 1000 })).body.length, 1000)
  await t.rejects(http.request({ ...get(`${url}/exact`), maxBytes: 999 }), { name: 'HttpError', reason: 'too_large' })
  t.equal((await http.request({ ...get(`${url}/bomb`), maxBytes: Infinity })).body.length, 64 << 20)
})

t.test('time and giving up', async (t) => {
  const asked: Socket[] = []
  const url = await serving(t, (request, response) => {
    asked.push(request.socket)
    if (request.url === '/body') response.write('a beginning')
  })
  const http = await client(t)
  for (const path of ['/', '/body']) {
    const late = {
      name: 'HttpError',
      reason: 'timeout',
      message: /^no complete answer from 127\.0\.0\.1:\d+ within 50ms$/,
    }
    await t.rejects(http.request({ ...get(url + path), timeout: 50 }), late, path)
  }
  for (const socket of asked) if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve))
  t.pass('the connections are closed')
  const giveUp = new AbortController()
  const request = http.request({ ...get(url), signal: giveUp.signal })
  giveUp.abort()
  await t.rejects(request, { name: 'HttpError', reason: 'aborted' })
  await t.rejects(http.request({ ...get(url), signal: AbortSignal.abort() }), { name: 'HttpError', reason: 'aborted' })
})

t.test('no answer', async (t) => {
  const http = await client(t)
  const closed = createServer()
  const gone = await listening(t, closed)
  await new Promise((resolve) => closed.close(resolve))
  await t.rejects(http.request(get(`http://${gone}/`)), { reason: 'connect', message: `connect ECONNREFUSED ${gone}` })
  await t.rejects(http.request(get('ftp://h/')), { reason: 'protocol', message: 'not an http or https URL' })
  await t.rejects(http.request(get('nonsense')), { name: 'HttpError', reason: 'protocol' })

  let raw = ''
  let connections = 0
  const port = await listening(
    t,
    createNetServer((socket) => {
      connections++
      socket.on('error', () => {})
      socket.once('data', () => socket.end(raw))
    }),
  )
  await t.rejects(http.request(get(`http://${port}/`)), {
    reason: 'connect',
    message: `${port} closed the connection without a response`,
  })
  t.equal(connections, 2, 'what can be repeated is, once')
  await t.rejects(http.request({ method: 'POST', url: `http://${port}/`, body: 'x' }), {
    name: 'HttpError',
    reason: 'connect',
  })
  t.equal(connections, 3, 'a POST is not')
  raw = 'SSH-2.0-OpenSSH_9.2\r\n'
  await t.rejects(http.request(get(`http://${port}/`)), {
    reason: 'protocol',
    message: /^127\.0\.0\.1:\d+: not HTTP: /,
  })
  raw = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'
  await t.rejects(http.request(get(`http://${port}/`)), { name: 'HttpError', reason: 'protocol' })
  raw = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`
  await t.rejects(http.request(get(`http://${port}/`)), { reason: 'too_large', message: /--max-header-bytes$/ })
  raw = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n__proto__: x\r\nContent-Length: 2\r\n\r\nok'
  const answer = await http.request(get(`http://${port}/`))
  t.match({ status: answer.status, body: answer.body.toString() }, { status: 200, body: 'ok' })
})

t.test('no connection is left behind', async (t) => {
  let asked = () => {}
  const server = createServer((request, response) => {
    if (request.url === '/endless') return response.on('drain', () => response.write('x')).write('x'.repeat(1 << 20))
    if (request.url === '/away') return response.writeHead(302, { location: '/' }).write('x'.repeat(1 << 20))
    if (request.url === '/wait') return asked()
    response.end('ok')
  })
  const url = `http://${await listening(t, server)}`
  const http = await clientWith()
  const failing = (path: string, more: object) =>
    t.rejects(http.request({ ...get(url + path), ...more }), { name: 'HttpError' })
  await failing('/endless', { maxBytes: 10 })
  await failing('/endless', { timeout: 20, maxBytes: Infinity })
  t.equal((await http.request(get(`${url}/away`))).body.toString(), 'ok')
  const question = new Promise<void>((resolve) => (asked = resolve))
  const waiting = t.rejects(http.request(get(`${url}/wait`)), { name: 'HttpError', reason: 'aborted' })
  await question
  await http.close()
  await waiting
  await t.rejects(http.request(get(url)), { name: 'HttpError', reason: 'aborted' })
  await new Promise((resolve) => server.close(resolve))
  t.pass('the server has no connection any more')
})

t.test('redirects', async (t) => {
  const seen: string[] = []
  const other = await serving(
    t,
    (request, response) => {
      seen.push(`other ${request.headers.authorization} ${request.headers['x-key']} ${request.headers.accept}`)
      response.end('other')
    },
    '127.0.0.2',
  )
  const url = await serving(t, async (request, response) => {
    const [, status, to] = request.url!.split('/')
    const { authorization = '-', 'content-type': type = '-' } = request.headers
    seen.push(`${request.method} ${request.url} ${await bodyOf(request)} ${type} ${authorization}`)
    const location = to === 'other' ? other : to === 'bad' ? 'file:///etc/passwd' : `/${to}`
    if (to === undefined) return response.end('done')
    response.writeHead(Number(status), to === 'nowhere' ? {} : { location })
    response.end('x'.repeat(to === 'large' ? 1 << 20 : 10))
  })
  const http = await client(t, { bearer: 'token', header: new Map([['X-Key', 'k']]) })
  const post = { method: 'POST', headers: { 'content-type': 'a/b' }, body: 'body' } as const
  for (const status of [301, 302, 303, 307, 308]) {
    seen.length = 0
    const answer = await http.request({ ...post, url: `${url}/${status}/end` })
    t.equal(answer.body.toString(), 'done')
    t.equal(seen[1], status < 304 ? 'GET /end  - Bearer token' : 'POST /end body a/b Bearer token', String(status))
  }
  t.equal((await http.request(get(`${url}/302/nowhere`))).status, 302, 'without a place to go it is an answer')
  t.equal((await http.request({ ...get(`${url}/302/large`), maxBytes: 1000 })).body.toString(), 'done')
  t.equal((await http.request({ method: 'HEAD', url: `${url}/303/end` })).status, 200)
  t.match(seen.at(-1), /^HEAD/)

  seen.length = 0
  await http.request({ ...get(`${url}/302/other`), headers: { accept: 'x/y' } })
  t.equal(seen[1], 'other undefined undefined x/y', 'credentials stay with their host')
  await t.rejects(http.request(get(`${url}/302/bad`)), { reason: 'protocol', message: /redirect to what is no http/ })

  const loop = await serving(t, (_, response) => response.writeHead(302, { location: '/' }).end())
  await t.rejects(http.request(get(loop)), { reason: 'protocol', message: /more redirects than --max-redirects 10$/ })
  const still = await client(t, { follow_redirects: false })
  const answer = await still.request(get(`${url}/302/end`))
  t.equal(answer.status, 302)
  t.equal(answer.body.toString(), 'x'.repeat(10))
})

t.test('basic and bearer authentication', async (t) => {
  const url = await serving(t, (request, response) => response.end(request.headers.authorization ?? 'none'))
  const shown = async (given: Partial<ClientValues>, to = url) =>
    (await (await client(t, given)).request(get(to))).body.toString()
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  t.equal(await shown({}), 'none')
  t.equal(await shown({ basic_user: 'ü', basic_password: 'p:w' }), basic('ü:p:w'))
  t.equal(await shown({ basic_user: 'u' }), basic('u:'))
  t.equal(await shown({ bearer: 'abc' }), 'Bearer abc')
  t.equal(await shown({ bearer: 'abc', auth_type: 'Token' }), 'Token abc')
  const withUser = url.replace('//', '//u%40x:p%@')
  t.equal(await shown({}, withUser), basic('u@x:p%'))
  t.equal(await shown({ bearer: 'abc' }, withUser), 'Bearer abc')
  process.env.SOLDER_TEST_TOKEN = 'from-env'
  t.teardown(() => delete process.env.SOLDER_TEST_TOKEN)
  t.equal(await shown({ bearer: 'env:SOLDER_TEST_TOKEN' }), 'Bearer from-env')
})

t.test('secrets in files are read again, and never shown', async (t) => {
  const write = folder(t)
  const url = await serving(t, (request, response) =>
    response.end(`${request.headers.authorization} ${request.headers['x-key']}`),
  )
  const path = write('token', 'first\n')
  const http = await client(t, { bearer: `file:${path}`, header: new Map([['X-Key', `file:${path}`]]) })
  t.equal((await http.request(get(url))).body.toString(), 'Bearer first first')
  write('token', 'second\n')
  t.equal((await http.request(get(url))).body.toString(), 'Bearer second second')
  rmSync(path)
  await t.rejects(http.request(get(url)), { reason: 'auth', message: '--bearer: no such file or directory' })
  write('token', 'third')
  t.equal((await http.request(get(url))).body.toString(), 'Bearer third third')
})

t.test('OAuth 2.0 client credentials', async (t) => {
  let now = 0
  const asked: { body: string; authorization?: string }[] = []
  let expires: unknown = 3600
  let inBodyOnly = false
  let reply: { status: number; body: string } | null = null
  const idp = await serving(t, async (request, response) => {
    const body = await bodyOf(request)
    asked.push({ body, authorization: request.headers.authorization })
    if (reply !== null) return response.writeHead(reply.status).end(reply.body)
    if (inBodyOnly && request.headers.authorization !== undefined)
      return response.writeHead(401).end('{"error":"invalid_client"}')
    response.end(JSON.stringify({ access_token: `t${++now}`, token_type: 'bearer', expires_in: expires }))
  })
  let valid = /./
  const url = await serving(t, (request, response) => {
    const authorization = request.headers.authorization ?? 'none'
    response.writeHead(valid.test(authorization) ? 200 : 401).end(authorization)
  })
  const oauth = {
    oauth2_client_id: 'me&you',
    oauth2_client_secret: 's3cret %',
    oauth2_token_url: `${idp}/token`,
    oauth2_scopes: ['a', 'b'],
    oauth2_params: new Map([['audience', 'x y']]),
  }
  const http = await client(t, oauth)
  const shown = async () => (await http.request(get(url))).body.toString()
  const both = await Promise.all([shown(), shown()])
  t.same(both, ['Bearer t1', 'Bearer t1'])
  t.same(
    asked,
    [
      {
        body: 'grant_type=client_credentials&scope=a+b&audience=x+y',
        authorization: `Basic ${Buffer.from('me%26you:s3cret+%25').toString('base64')}`,
      },
    ],
    'one token for all',
  )

  valid = /t2/
  t.equal(await shown(), 'Bearer t2', 'a refused token is replaced')
  valid = /never/
  t.equal((await http.request(get(url))).status, 401, 'once')
  valid = /t1\d/
  expires = '10'
  now = 10
  t.equal(await shown(), 'Bearer t11')
  t.equal(await shown(), 'Bearer t12', 'a token at its end is not used')

  inBodyOnly = true
  t.equal(await shown(), 'Bearer t13')
  t.match(asked.at(-1), { body: /client_id=me%26you&client_secret=s3cret\+%25/, authorization: undefined })
  t.equal(await shown(), 'Bearer t14')
  t.equal(asked.at(-2)!.authorization, undefined, 'what the server takes is remembered')

  const host = new URL(idp).host
  const replies = [
    {
      status: 403,
      body: '{"error":"access_denied","error_description":"s3cret %"}',
      says: 'status 403, access_denied',
    },
    { status: 200, body: 'not json s3cret', says: 'the answer holds no access_token' },
    { status: 200, body: '{"access_token":"a\\r\\nb"}', says: 'the answer holds no access_token' },
  ]
  for (const { says, ...next } of replies) {
    reply = next
    await t.rejects(shown(), { reason: 'auth', message: `OAuth 2.0 token from ${host}: ${says}` })
  }
})

t.test('headers of the user', async (t) => {
  const url = await serving(t, (request, response) => response.end(JSON.stringify(request.headers)))
  const http = await client(t, {
    header: new Map([
      ['Host', 'other.example'],
      ['X-Scope-OrgID', 'team'],
      ['user-agent', 'me'],
    ]),
  })
  const headers = JSON.parse(
    (await http.request({ ...get(url), headers: { 'x-scope-orgid': 'no' } })).body.toString(),
  ) as object
  t.match(headers, { host: 'other.example', 'x-scope-orgid': 'team', 'user-agent': 'me' })
})

t.test('Unix sockets', async (t) => {
  const path = join(temporary(t), 's')
  const server = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.teardown(() => server.close())
  const http = await client(t)
  const answer = await http.request({ ...get('http://docker.local:99/x'), socketPath: path })
  t.equal(answer.body.toString(), 'docker.local:99 /x')
  await t.rejects(http.request({ ...get('http://h/'), socketPath: '/no/such' }), {
    reason: 'connect',
    message: /ENOENT \/no\/such/,
  })
})

t.test('what cannot work is told at the start, all of it', async (t) => {
  const problems = async (given: Partial<ClientValues>): Promise<string[]> => {
    try {
      await (await clientWith(given)).close()
      return []
    } catch (error) {
      const { list = [error] } = error as { list?: unknown[] }
      return list.map((problem) => (problem as Error).message)
    }
  }
  const write = folder(t)
  t.same(await problems({}), [])
  t.same(
    await problems({
      basic_user: 'u',
      bearer: 'env:SOLDER_NO_SUCH',
      tls_ca: '/no/such',
      no_proxy: ['h'],
      header: new Map([['a b', 'x']]),
    }),
    [
      '--basic-user and --bearer exclude each other',
      '--bearer: environment variable SOLDER_NO_SUCH is not set',
      "--header: 'a b' is not a header name",
      '--tls-ca: cannot read /no/such: no such file or directory',
      '--no-proxy needs --proxy-url',
    ],
  )
  t.same(await problems({ bearer: 'file:/no/such' }), ['--bearer: cannot read /no/such: no such file or directory'])
  const empty = write('empty', '\n')
  t.same(await problems({ bearer: `file:${empty}` }), [`--bearer: ${empty} is empty`])
  t.same(await problems({ basic_password: 'x' }), ['--basic-password needs --basic-user'])
  t.same(await problems({ oauth2_client_id: 'x' }), [
    'OAuth 2.0 needs --oauth2-client-secret and --oauth2-token-url too',
  ])
  t.same(
    await problems({
      header: new Map([
        ['Authorization', 'x'],
        ['Content-Length', '1'],
        ['y', 'a\nb'],
      ]),
      bearer: 'z',
    }),
    [
      '--bearer and --header Authorization exclude each other',
      "--header Content-Length: this header is the client's own",
      '--header y: the value has characters that a header cannot carry',
    ],
  )
  t.same(await problems({ tls_cert: empty }), ['--tls-cert and --tls-key belong together'])
  t.same(await problems({ tls_ca: empty }), [`--tls-ca: ${empty} holds no valid certificate`])
  t.same(await problems({ proxy_url: 'ftp://user:secret@h' }), ['--proxy-url: not a proxy this client can use'])
})
