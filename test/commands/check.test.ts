// check --connect: servers that stages name are asked, with what stores nothing, and those that do not answer are told.
// And that no secret of a pipeline file gets into a log.

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import t from 'tap'
import { Certificates, noOpenssl } from '../support/certificate.js'
import { sh } from '../support/solder.js'

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('servers are asked, with credentials', async (t) => {
  const asked: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { method, url, headers } = request
        asked.push(
          `${method} ${url} ${headers.authorization ?? '-'} ${headers['x-scope-orgid'] ?? '-'} ${Buffer.concat(chunks).toString('hex')}`,
        )
        const status =
          { '/write': 204, '/refuses': 400, '/other': 404 }[url!] ?? (headers.authorization === undefined ? 401 : 200)
        response.writeHead(status).end('a 1\n')
      })
  })
  const port = await listening(server)
  const folder = t.testdir({ token: 'hush-hush' })
  const good = `version: 1
pipes:
  a: scrape http://127.0.0.1:${port}/metrics --bearer file:token | write prometheus http://127.0.0.1:${port}/write --tenant x
  b: discover http http://127.0.0.1:${port}/targets --basic-user me --basic-password pass | scrape | write prometheus http://127.0.0.1:${port}/refuses
`
  writeFileSync(`${folder}/good.yaml`, good)
  const ran = await sh('solder check good.yaml --connect', { cwd: folder })
  t.match(ran, { code: 0, stdout: '2 pipes, nothing wrong; 4 stages found their servers\n', stderr: '' })
  t.same(asked.sort(), [
    `GET /metrics Bearer hush-hush - `,
    `GET /targets Basic ${Buffer.from('me:pass').toString('base64')} - `,
    'POST /refuses - - 00',
    'POST /write - x 00',
  ])
  asked.length = 0
  t.match(await sh('solder check good.yaml', { cwd: folder }), { code: 0, stdout: '2 pipes, nothing wrong\n' })
  t.same(asked, [], 'not without --connect')

  const bad = `version: 1
let: {token: '\${secret("file:token")}'}
pipes:
  a: scrape http://127.0.0.1:${port}/metrics | write prometheus http://127.0.0.1:${port}/other http://127.0.0.1:1/\${let.token}
`
  writeFileSync(`${folder}/bad.yaml`, bad)
  const failed = await sh('solder check bad.yaml --connect', { cwd: folder })
  t.equal(failed.code, 2)
  t.equal(failed.stdout, '')
  t.notMatch(failed.stderr, /hush/)
  t.match(failed.stderr, `bad.yaml:4:6: http://127.0.0.1:${port} answers 401\n  hint: it wants other credentials\n`)
  t.match(failed.stderr, `answers 404\n  hint: the path of the URL may be another one\n`)
  t.match(failed.stderr, /bad.yaml:4:\d+: cannot reach http:\/\/127.0.0.1:1: .*REFUSED/)
})

t.test('TLS', { skip: noOpenssl }, async (t) => {
  const certificates = new Certificates()
  t.teardown(() => certificates.remove())
  const authority = certificates.authority('authority')
  const { cert, key } = certificates.signed('server', authority, 'IP:127.0.0.1')
  const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) =>
    response.writeHead(204).end(),
  )
  const port = await listening(server)
  const folder = t.testdir()
  const write = (more: string) =>
    writeFileSync(
      `${folder}/p.yaml`,
      `version: 1\npipes:\n  a: scrape host | write prometheus https://127.0.0.1:${port}/w ${more}\n`,
    )
  write(`--tls-ca ${authority.cert}`)
  t.match(await sh('solder check p.yaml --connect', { cwd: folder }), { code: 0, stderr: '' })
  write('')
  t.match(await sh('solder check p.yaml --connect', { cwd: folder }), {
    code: 2,
    stderr: /cannot reach https:\/\/127.0.0.1:\d+: .*certificate/,
  })
})

t.test('a secret that somebody prints is not in the log', async (t) => {
  const folder = t.testdir({
    'p.yaml': `version: 1
pipes:
  a: |
    scrape host --once --collector loadavg
    | exec sh -c 'echo "I was told $0" >&2; exec cat' \${secret("env:TOKEN")}
    | write file out.ndjson
`,
  })
  const ran = await sh('solder run --once --http off p.yaml', { cwd: folder, env: { TOKEN: 'hush-hush' } })
  t.equal(ran.code, 0)
  t.match(ran.stderr, 'I was told <secret>')
  t.notMatch(ran.stderr + ran.stdout, 'hush')
})
