// `solder receive statsd`, `receive influx` and `receive graphite` as processes; hot-shots and InfluxDB's client send.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { InfluxDB, Point } from '@influxdata/influxdb-client'
import { StatsD } from 'hot-shots'
import t, { type Test } from 'tap'
import { receiving } from '../support/receiving.js'
import { sh } from '../support/solder.js'
import { Receiving } from '../support/source_process.js'

t.setTimeout(60_000)

interface Sample {
  name: string
  labels?: { [name: string]: string }
  kind: string
  ts: string
  value: number
}

const both = ['--listen', 'udp://127.0.0.1:0', '--listen', 'tcp://127.0.0.1:0']
const samplesOf = (text: string) => text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Sample)
/** `name{a=b} value`, without what differs from run to run. */
const shown = ({ name, labels = {}, value }: Sample) => `${name}{${Object.entries(labels).map((pair) => pair.join('=')).join(',')}} ${value}`

async function overTcp(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.end(text)
  await once(socket.resume(), 'close')
}

t.test('statsd: events and service checks of hot-shots', async (t) => {
  const receiving = await Receiving.start(t, ['statsd', ...both, '--every', '1h', '--events', '--label', 'site=x'], 2)
  const [udp, tcp] = receiving.ports
  for (const [protocol, port] of [['udp', udp], ['tcp', tcp]] as const) {
    const server = { host: '127.0.0.1', port, protocol, prefix: 'shop.', globalTags: { via: protocol } }
    const client = new StatsD(server)
    const when = new Date(1_763_804_400_000)
    const options = { date_happened: when, hostname: 'web-1', aggregation_key: 'roll', priority: 'low', source_type_name: 'chef', alert_type: 'error' } as const
    client.event('déploy | v2', 'it\nfailed ✗', options, ['env:prod', 'canary'])
    client.check('db', client.CHECKS.CRITICAL, { date_happened: when, hostname: 'web-1', message: 'no route' }, ['env:prod'])
    client.event('plain')
    client.check('up', client.CHECKS.OK)
    await new Promise((resolve) => client.close(resolve))
  }
  t.equal(await receiving.stop(), 0)
  const lines = receiving.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { attributes: { via: string } })
  for (const via of ['udp', 'tcp']) {
    const [event, check, plain, up] = lines.filter(({ attributes }) => attributes.via === via)
    const common = { via, env: 'prod', hostname: 'web-1' }
    t.match(event, {
      type: 'log', labels: { source: 'dogstatsd', type: 'event', site: 'x' }, ts: '1763804400000000000', observed: /^\d{19}$/, body: 'it\nfailed ✗',
      severity: 'error', severity_number: 17,
    })
    t.same(event.attributes, { ...common, canary: 'true', title: 'déploy | v2', priority: 'low', alert_type: 'error', aggregation_key: 'roll', source_type_name: 'chef' })
    t.match(check, { labels: { type: 'service_check' }, body: 'no route', ts: '1763804400000000000', severity: 'critical', severity_number: 18 })
    t.same(check.attributes, { ...common, name: 'shop.db', status: 'critical' })
    t.match(plain, { body: 'plain', severity: 'informational', attributes: { title: 'plain' } })
    t.match(up, { body: 'shop.up', severity: 'informational', attributes: { name: 'shop.up', status: 'ok' } })
  }
  t.equal(lines.length, 8)
})

t.test('statsd: hot-shots over UDP and TCP, with tags, rates and events', async (t) => {
  const receiving = await Receiving.start(t, ['statsd', ...both, '--every', '1h', '--buckets', '0.1', '--ledger'], 2)
  const [udp, tcp] = receiving.ports
  for (const [protocol, port] of [['udp', udp], ['tcp', tcp]] as const) {
    const options = { host: '127.0.0.1', port, protocol, prefix: 'shop.', globalTags: { via: protocol } }
    const client = new StatsD(options)
    client.increment('orders', 3, ['country:de'])
    client.increment('orders', 1, 0.999999, { country: 'de' })
    client.gauge('depth', 7)
    client.gauge('depth', -2)
    client.timing('latency', 50)
    client.distribution('size', 12)
    client.unique('users', 1)
    client.unique('users', 2)
    client.event('deploy', 'now')
    client.check('db', client.CHECKS.OK)
    await new Promise((resolve) => client.close(resolve))
  }
  await overTcp(tcp, `bad\n${'x'.repeat(70_000)}\nraw:1|c`)
  t.equal(await receiving.stop(), 1)
  const samples = samplesOf(receiving.stdout)
  for (const via of ['udp', 'tcp']) {
    const own = samples.filter(({ labels }) => labels?.via === via).map(shown)
    t.match(own[0], new RegExp(`^shop_orders\\{country=de,via=${via}\\} 4(\\.0+\\d*)?$`))
    t.same(own.slice(1), [
      `shop_depth{via=${via}} 5`,
      `shop_latency_bucket{le=0.1,via=${via}} 1`, `shop_latency_bucket{le=+Inf,via=${via}} 1`, `shop_latency_count{via=${via}} 1`, `shop_latency_sum{via=${via}} 0.05`,
      `shop_size_bucket{le=0.1,via=${via}} 0`, `shop_size_bucket{le=+Inf,via=${via}} 1`, `shop_size_count{via=${via}} 1`, `shop_size_sum{via=${via}} 12`,
      `shop_users{via=${via}} 2`,
    ])
  }
  t.same(samples.filter(({ labels }) => labels === undefined).map(shown), ['raw{} 1'])
  t.match(receiving.stderr, /127\.0\.0\.1: column 4: expected a colon behind the name/)
  t.match(receiving.stderr, /"dropped":\{.*"pending":0/)
  t.match(JSON.parse(/\{"stage".*/.exec(receiving.stderr)![0]), { dropped: { event: 2, service_check: 2, bad_line: 1, line_too_long: 1 } })
  t.match(receiving.stderr, /events and service checks are dropped \(--events makes log records of them\)/)
  const wrong = await sh('solder receive statsd --buckets x --buckets 1 --buckets 1.0 --listen http://x')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*--buckets: 'x' is not valid[\s\S]*--buckets: '1.0' is not valid[\s\S]*'http:\/\/x' is not valid/)
})

t.test('statsd: samples of every interval', async (t) => {
  const receiving = await Receiving.start(t, ['statsd', '--listen', 'udp://127.0.0.1:0', '--every', '10ms'])
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.send('a:1|c\nb:2|g', receiving.ports[0], '127.0.0.1')
  await receiving.records(6)
  const times = new Set(samplesOf(receiving.stdout).map(({ ts }) => ts))
  t.ok(times.size >= 3)
  t.equal(await receiving.stop(), 0)
})

async function post(
  url: string | URL, body: string | Buffer, headers: { [name: string]: string } = {},
): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return `${response.status} ${(await response.text()).trim()}`
}

t.test("influx: InfluxDB's client, and requests of both versions", async (t) => {
  const { url, end } = await receiving(t as Test, 'receive', 'influx', '--bearer', 'secret', '--max-request-bytes', '1000', '--max-line-bytes', '300', '--ledger')
  const api = new InfluxDB({ url, token: 'secret' }).getWriteApi('org', 'bucket', 'ms', { gzipThreshold: 100 })
  api.useDefaultTags({ host: 'a b' })
  api.writePoint(new Point('cpu').tag('core', '0').floatField('user', 1.5).intField('calls', 3).uintField('up', 4).booleanField('ok', true).stringField('text', 'x\n"y"').timestamp(1700000000123))
  api.writePoints(Array.from({ length: 5 }, (_, i) => new Point('many').floatField('n', i).timestamp(1700000000000 + i)))
  await api.close()
  const token = { authorization: 'Token secret' }
  const write = (query: string, body: string | Buffer, headers = {}) =>
    post(new URL(query, url), body, { ...token, ...headers })
  t.equal(await write('write?db=x&precision=s', 'mem,host=h used=5i 1700000000'), '204 ')
  t.equal(await write('write', gzipSync('mem free=6 1700000000000000001'), { 'content-encoding': 'gzip' }), '204 ')
  const partly = await write('api/v2/write?precision=m', 'a.b v=1 28333333\nbad\nc d=x\nc d=2')
  t.match(partly, /^400 \{"code":"invalid","message":"partial write: line 2, column 4: .*; line 3, column 5: 'x': expected a number/)
  t.match(await write('write', `a b=1,c="${'é'.repeat(150)}"`), /^400 .*line 1, longer than 300 bytes \(--max-line-bytes\)/)
  t.match(await write('write?precision=d', 'a b=1'), /^400 .*precision 'd': expected n, ns/)
  t.match(await write('write', gzipSync(Buffer.alloc(10_000, 32)), { 'content-encoding': 'gzip' }), /^413 .*--max-request-bytes/)
  t.match(await post(new URL('write', url), 'a b=1'), /^401 /)
  const ping = await fetch(new URL('ping', url))
  t.same([ping.status, ping.headers.has('x-influxdb-version')], [204, true])
  t.match(await (await fetch(new URL('health', url))).json(), { status: 'pass' })
  t.match(await post(new URL('query?q=CREATE%20DATABASE%20x', url), ''), '200 {"results"')
  const { code, lines, stderr } = await end()
  t.equal(code, 1)
  const samples = samplesOf(lines.join('\n'))
  t.same(samples.slice(0, 4).map(shown), ['cpu_calls{core=0,host=a b} 3', 'cpu_ok{core=0,host=a b} 1', 'cpu_up{core=0,host=a b} 4', 'cpu_user{core=0,host=a b} 1.5'])
  t.same(samples.slice(4, 9).map(({ ts, value }) => [ts, value]), [0, 1, 2, 3, 4].map((i) => [`1700000000${String(i).padStart(3, '0')}000000`, i]))
  t.same(samples.slice(9).map(shown), ['mem_used{host=h} 5', 'mem_free{} 6', 'a_b_v{} 1', 'c_d{} 2'])
  t.same([samples[0], ...samples.slice(9, 12)].map(({ ts }) => ts), ['1700000000123000000', '1700000000000000000', '1700000000000000001', '1699999980000000000'])
  t.match(stderr, /"dropped":\{"text_field":1,"bad_line":3\},"pending":0/)
})

t.test('influx: answered when the sink has it', async (t) => {
  const state = t.testdir()
  const { url, end } = await receiving(t as Test, 'receive', 'influx', '--ack', 'durable', '--state', state, '--ack-timeout', '1ms')
  t.match(await post(new URL('write', url), 'a b=1'), /^503 .*--ack-timeout/)
  t.equal((await end()).code, 0)
})

t.test('graphite: lines over TCP and UDP, tags, templates', async (t) => {
  const words = ['--template', 'servers.* .host.measurement*', '--label', 'site=x', '--ledger']
  const receiving = await Receiving.start(t, ['graphite', ...both, ...words], 2)
  const [udp, tcp] = receiving.ports
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.send('servers.web1.cpu.load 1.5 1700000000\nservers.web1.cpu.load 2 1700000010', udp, '127.0.0.1')
  await receiving.records(2)
  await overTcp(tcp, 'disk.used;host=a;site=y 5 1700000000\r\nnow 1\n(lp0\nS\'pickle\'\nbad nan 1\nlast 2 1700000001')
  t.equal(await receiving.stop(), 1)
  const samples = samplesOf(receiving.stdout)
  t.same(samples.map(shown), ['cpu_load{host=web1,site=x} 1.5', 'cpu_load{host=web1,site=x} 2', 'disk_used{host=a,site=x} 5', 'now{site=x} 1', 'last{site=x} 2'])
  t.same(samples.map(({ kind, ts }) => `${kind} ${ts}`).filter((_, i) => i !== 3), ['gauge 1700000000000000000', 'gauge 1700000010000000000', 'gauge 1700000000000000000', 'gauge 1700000001000000000'])
  t.match(receiving.stderr, /"made":5,"out":5,"dropped":\{"bad_line":3\},"pending":0/)
  const wrong = await sh('solder receive graphite --template host --listen x')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*--template: 'host' is not valid[\s\S]*'x' is not valid/)
})
