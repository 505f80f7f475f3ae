// TLS of the HTTP client, with certificates made for the occasion, and proxies.

import { copyFileSync, readFileSync, utimesSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { Problem } from '../../../lib/diag/problem.js'
import { proxyRuleOf } from '../../../lib/net/proxy.js'
import { Certificates, noOpenssl, type Pair } from '../../support/certificate.js'
import { type ClientValues, clientValues, clientWith, listening, serving } from '../../support/client.js'

const get = (url: string) => ({ method: 'GET', url }) as const

async function asked(t: Test, given: Partial<ClientValues>, url: string): Promise<string> {
  const http = await clientWith(given)
  t.teardown(() => http.close())
  const { status, body } = await http.request(get(url))
  return `${status} ${body.toString()}`
}

async function secure(t: Test, pair: Pair, listener: RequestListener, more: ServerOptions = {}): Promise<string> {
  const server = createSecureServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key), ...more }, listener)
  server.on('tlsClientError', () => {})
  return listening(t, server)
}

t.test('TLS', { skip: noOpenssl }, async (t) => {
  const made = new Certificates()
  t.teardown(() => made.remove())
  const [ca, otherCa] = [made.authority('ca'), made.authority('other')]
  const here = made.signed('here', ca, 'IP:127.0.0.1,DNS:localhost')
  const named = made.signed('named', ca, 'DNS:solder.test')
  const [first, second] = [made.signed('first', ca, 'DNS:a'), made.signed('second', ca, 'DNS:b')]

  t.test('which servers are believed', async (t) => {
    const url = `https://${await secure(t, here, (_, response) => response.end('ok'))}/`
    t.equal(await asked(t, { tls_ca: ca.cert }, url), '200 ok')
    t.equal(await asked(t, { tls_insecure_skip_verify: true }, url), '200 ok')
    const unknown = { name: 'HttpError', reason: 'tls', message: /^127\.0\.0\.1:\d+: (unable to|self-signed)/ }
    await t.rejects(asked(t, {}, url), unknown)
    await t.rejects(asked(t, { tls_ca: otherCa.cert }, url), unknown)
    process.env.SSL_CERT_FILE = ca.cert
    t.equal(await asked(t, {}, url), '200 ok', "the machine's own certificates")
    delete process.env.SSL_CERT_FILE
    const plain = await serving(t, (_, response) => response.end('ok'))
    await t.rejects(asked(t, {}, plain.replace('http:', 'https:')), { reason: 'tls', message: /: TLS: / })
  })

  t.test('the name that the certificate must have', async (t) => {
    const sniOf = (socket: unknown) => String((socket as TLSSocket & { servername: unknown }).servername)
    const url = `https://${await secure(t, named, ({ socket }, response) => response.end(sniOf(socket)))}/`
    await t.rejects(asked(t, { tls_ca: ca.cert }, url), { reason: 'tls', message: /does not match certificate/ })
    const given = { tls_ca: ca.cert, tls_server_name: 'solder.test' }
    t.equal(await asked(t, given, url), '200 solder.test')
    t.equal(await asked(t, { ...given, header: new Map([['Host', 'x.example']]) }, url), '200 solder.test')
    await t.rejects(asked(t, { tls_ca: ca.cert, tls_server_name: 'other.test' }, url), {
      name: 'HttpError',
      reason: 'tls',
    })
  })

  t.test('versions', async (t) => {
    const url = `https://${await secure(t, here, (_, response) => response.end('ok'), { maxVersion: 'TLSv1.2' })}/`
    t.equal(await asked(t, { tls_ca: ca.cert }, url), '200 ok')
    await t.rejects(asked(t, { tls_ca: ca.cert, tls_min_version: 'TLS13' }, url), { name: 'HttpError', reason: 'tls' })
  })

  t.test('certificates of clients, rotated', async (t) => {
    const server = await secure(
      t,
      here,
      ({ socket }, response) => response.end((socket as TLSSocket).getPeerCertificate().subject.CN),
      { requestCert: true, ca: readFileSync(ca.cert) },
    )
    const url = `https://${server}/`
    await t.rejects(asked(t, { tls_ca: ca.cert }, url), { name: 'HttpError' })
    const own = { cert: `${made.folder}/own.pem`, key: `${made.folder}/own.key` }
    let stamp = 1_000_000_000
    const install = (pair: Pair) => {
      stamp++
      for (const key of ['cert', 'key'] as const) {
        copyFileSync(pair[key], own[key])
        utimesSync(own[key], stamp, stamp)
      }
    }
    install(first)
    const http = await clientWith({ tls_ca: ca.cert, tls_cert: own.cert, tls_key: own.key })
    t.teardown(() => http.close())
    t.equal((await http.request(get(url))).body.toString(), 'first')
    install(second)
    t.equal((await http.request(get(url))).body.toString(), 'second')
    copyFileSync(first.key, own.key)
    await t.rejects(http.request(get(url)), {
      name: 'HttpError',
      reason: 'tls',
      message: '--tls-cert, --tls-key: key values mismatch',
    })
    install(first)
    t.equal((await http.request(get(url))).body.toString(), 'first', 'half a rotation harms nothing')
  })

  t.test('what cannot work is told at the start', async (t) => {
    const mismatch = clientWith({ tls_cert: first.cert, tls_key: second.key })
    await t.rejects(mismatch, {
      name: 'Problem',
      message: `--tls-key: ${second.key} does not fit ${first.cert}: key values mismatch`,
    })
    await t.rejects(clientWith({ tls_cert: first.key, tls_key: first.key }), {
      message: `--tls-cert: ${first.key} holds no valid certificate`,
    })
  })

  t.test('through proxies', async (t) => {
    const target = `https://${await secure(t, here, ({ url }, response) => response.end(url))}/x?y`
    const given = { tls_ca: ca.cert }
    for (const scheme of ['http', 'https'] as const) {
      const proxy = await proxying(t, scheme === 'https' ? here : undefined)
      const proxyUrl = `${scheme}://user:p%40ss@${proxy.host}`
      t.equal(await asked(t, { ...given, proxy_url: proxyUrl }, target), '200 /x?y', scheme)
      t.equal(await asked(t, { ...given, proxy_url: proxyUrl, tls_server_name: 'localhost' }, target), '200 /x?y')
      t.equal(await asked(t, { ...given, proxy_url: proxyUrl }, 'http://far.example/'), '200 by proxy')
      t.equal(proxy.seen[0], `CONNECT ${new URL(target).host} ${Buffer.from('user:p@ss').toString('base64')}`)
      await t.rejects(asked(t, { ...given, proxy_url: `${scheme}://${proxy.host}` }, target), {
        reason: 'auth',
        message: `proxy ${proxy.host}: CONNECT ${new URL(target).host}: 407 Who`,
      })
    }
  })
})

/** A proxy that wants user and password, for CONNECT and for whole URLs. */
async function proxying(t: Test, pair?: Pair): Promise<{ host: string; seen: string[] }> {
  const seen: string[] = []
  const listener: RequestListener = (request, response) => {
    seen.push(
      `${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization']?.slice(6)}`,
    )
    response.end('by proxy')
  }
  const server =
    pair === undefined
      ? createServer(listener)
      : createSecureServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, listener)
  server.on('connect', (request, socket: Socket, head) => {
    const authorization = request.headers['proxy-authorization']
    socket.on('error', () => {})
    if (authorization === undefined) return socket.end('HTTP/1.1 407 Who\r\n\r\n')
    seen.push(`CONNECT ${request.url} ${authorization.slice(6)}`)
    const [host, port] = request.url!.split(':')
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => {})
  })
  return { host: await listening(t, server), seen }
}

t.test('plain HTTP through a proxy', async (t) => {
  const proxy = await proxying(t)
  const given = { proxy_url: `http://user:pass@${proxy.host}` }
  t.equal(await asked(t, given, 'http://target.example:8080/x?y'), '200 by proxy')
  t.same(proxy.seen, [
    `GET http://target.example:8080/x?y target.example:8080 ${Buffer.from('user:pass').toString('base64')}`,
  ])
  const direct = await serving(t, (_, response) => response.end('direct'))
  t.equal(await asked(t, given, direct), '200 by proxy')
  t.equal(
    await asked(t, { ...given, no_proxy: ['x.example'] }, direct),
    '200 direct',
    'with exceptions, loopback is one',
  )
})

t.test('which proxy for which URL', (t) => {
  const through = (given: Partial<ClientValues>, url: string): string | null => {
    const problems: Problem[] = []
    const rule = proxyRuleOf(clientValues(given), problems)
    if (problems.length > 0) throw problems[0]
    return rule(new URL(url))?.origin ?? null
  }
  const direct = (except: string, url: string) => through({ proxy_url: 'http://p:1', no_proxy: [except] }, url) === null
  const cases: [except: string, direct: readonly string[], proxied: readonly string[]][] = [
    ['*', ['http://a/', 'https://[fe80::1]/'], []],
    ['foo.com', ['http://foo.com/', 'https://a.b.foo.com:9/'], ['http://xfoo.com/', 'http://foo.com.x/']],
    ['.foo.com', ['http://a.foo.com/'], ['http://xfoo.com/']],
    ['*.foo.com', ['http://a.foo.com/'], ['http://xfoo.com/']],
    ['FOO.com:80', ['http://foo.com/'], ['https://foo.com/', 'http://foo.com:81/']],
    ['10.0.0.0/8', ['http://10.9.8.7:1/'], ['http://11.0.0.1/', 'http://ten.example/']],
    ['fd00::/8', ['http://[fd12::1]/'], ['http://[fe80::1]/', 'http://10.0.0.1/']],
    ['10.0.0.1', ['http://10.0.0.1:5/'], ['http://10.0.0.11/']],
    ['10.0.0.1:80', ['http://10.0.0.1/'], ['http://10.0.0.1:81/']],
    ['a, b', ['http://b/', 'http://a/', 'http://localhost/', 'http://127.9.9.9/', 'http://[::1]/'], ['http://c/']],
  ]
  for (const [except, straight, proxied] of cases) {
    for (const url of straight) t.ok(direct(except, url), `${except}: ${url}`)
    for (const url of proxied) t.notOk(direct(except, url), `${except}: not ${url}`)
  }
  t.throws(() => direct('10.0.0.0/99', 'http://a/'), { message: /is no network/ })

  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) delete process.env[name]
  Object.assign(process.env, {
    http_proxy: 'plain.example:3128',
    HTTPS_PROXY: 'http://u:p@tls.example',
    NO_PROXY: 'near',
  })
  const environment = { proxy_from_environment: true }
  t.equal(through(environment, 'http://far/'), 'http://plain.example:3128')
  t.equal(through(environment, 'https://far/'), 'http://tls.example')
  t.equal(through(environment, 'https://near/'), null)
  t.equal(through({}, 'http://far/'), null, 'only if asked for')
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  t.end()
})
