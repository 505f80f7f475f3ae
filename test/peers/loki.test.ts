// Real clients of Loki push to `receive loki`: winston-loki (protobuf and JSON), pino-loki (JSON with structured
// metadata).

import { once } from 'node:events'
import { createRequire } from 'node:module'
import pino from 'pino'
import { pinoLoki } from 'pino-loki'
import t from 'tap'
import winston from 'winston'
import { receiving } from '../support/receiving.js'

// Its types are not those of what it exports.
const LokiTransport = createRequire(import.meta.url)('winston-loki') as new (options: object) => winston.transport & {
  flush(): Promise<void>
  close(): Promise<void>
}

t.setTimeout(60_000)

process.env.TOKEN = 'let-me-in'

interface Log {
  labels: { [name: string]: string }
  ts: string
  body: string
  attributes?: object
}

const logs = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Log)

for (const json of [false, true]) {
  t.test(`winston-loki, ${json ? 'JSON' : 'protobuf'}, with credentials and a tenant`, async (t) => {
    const { url, end } = await receiving(t, 'receive', 'loki', '--basic-user', 'me', '--basic-password', 'secret')
    const transport = new LokiTransport({
      host: new URL(url).origin,
      json,
      basicAuth: 'me:secret',
      headers: { 'X-Scope-OrgID': 'team' },
      labels: { app: 'shop' },
      replaceTimestamp: false,
      gracefulShutdown: false,
      interval: 3600,
    })
    const logger = winston.createLogger({ level: 'debug', transports: [transport] })
    for (let i = 0; i < 100; i++) {
      logger.log({ level: i % 2 === 0 ? 'info' : 'debug', message: `€ ${i}\n`, timestamp: 1763805600000 + i, order: i })
    }
    await transport.close()
    const { code, lines, stderr } = await end()
    t.equal(code, 0, stderr)
    const came = logs(lines).sort((a, b) => (a.ts < b.ts ? -1 : 1))
    t.equal(came.length, 100)
    t.same(came.map(({ ts }) => ts), Array.from({ length: 100 }, (_, i) => `${1763805600000 + i}000000`))
    t.same(came[1].labels, { __tenant_id__: 'team', app: 'shop', level: 'debug' })
    t.equal(came[1].body, '€ 1\n {"level":"debug","order":1}')
    t.same(came[1].attributes, json ? { level: 'debug', order: '1' } : undefined)
  })
}

t.test('pino-loki, structured metadata and a bearer token', async (t) => {
  const { url, end } = await receiving(t, 'receive', 'loki', '--bearer', 'env:TOKEN', '--label', 'site=eu')
  const transport = pinoLoki({
    host: new URL(url).origin,
    headers: { authorization: `Bearer ${process.env.TOKEN}` },
    labels: { app: 'shop' },
    propsToLabels: ['status'],
    batching: { interval: 3600 },
  })
  const logger = pino({ base: { hostname: 'web-1' }, timestamp: () => ',"time":1763805600123' }, transport)
  for (let i = 0; i < 100; i++) logger.info({ status: 200 + (i % 2), meta: { order: i, tags: ['a'] } }, `paid ${i}`)
  transport.end()
  await once(transport, 'close')
  const { code, lines, stderr } = await end()
  t.equal(code, 0, stderr)
  const came = logs(lines)
  t.equal(came.length, 100)
  t.same(came[1].labels, { app: 'shop', hostname: 'web-1', level: 'info', site: 'eu', status: '201' })
  t.equal(came[1].ts, '1763805600123000000')
  t.same(came[1].attributes, { order: '1', tags: '["a"]' })
  t.match(JSON.parse(came[1].body), { msg: 'paid 1', status: 201 })
})
