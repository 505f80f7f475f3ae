// `solder receive webhook` as a process: any JSON, and the requests of Heroku, Amazon Data Firehose and Google Pub/Sub
// as their documentation shows them. None of these services is asked.

import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { receiving } from '../support/receiving.js'
import { start } from '../support/running.js'
import { sh } from '../support/solder.js'
import type { LogEntry } from '../support/source_process.js'

t.setTimeout(60_000)

type Headers = { [name: string]: string }

async function post(url: string | URL, body: Buffer | string, headers: Headers = {}): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return `${response.status} ${(await response.text()).trim()}`
}

const JSON_TYPE = { 'content-type': 'application/json' }
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as LogEntry)
const hook = (t: Test, ...words: string[]) => receiving(t, 'receive', 'webhook', ...words)

t.test('any JSON, lines, lists', async (t) => {
  const { url, end } = await hook(t as Test, '--label', 'app=ci', '--max-request-bytes', '1000', '--max-depth', '4', '--ledger')
  t.equal(await post(url, '{"a":1,"__proto__":2}', JSON_TYPE), '204 ')
  t.equal(await post(url, '[{"a":1},"two",3]', JSON_TYPE), '204 ')
  t.equal(await post(url, '{"n":1}\n\n{"n":2}\n', { 'content-type': 'application/x-ndjson' }), '204 ')
  t.equal(await post(url, 'one\r\ntwo', { 'content-type': 'text/plain; charset=utf-8' }), '204 ')
  t.equal(await post(url, gzipSync('{"packed":true}'), { ...JSON_TYPE, 'content-encoding': 'gzip' }), '204 ')
  t.match(await post(url, '{"n":1}\n{broken', { 'content-type': 'application/x-ndjson' }), /^400 not JSON: /)
  t.match(await post(url, '', JSON_TYPE), /^400 not JSON: /)
  t.equal(await post(url, '[[[[[1]]]]]', JSON_TYPE), '400 nested deeper than 4 levels (max_depth)')
  t.equal(await post(url, gzipSync(Buffer.alloc(10_000, 32)), { 'content-encoding': 'gzip' }), '413 more than 1000 bytes (--max-request-bytes)')
  t.equal((await fetch(url)).status, 405)
  const { code, lines, stderr } = await end()
  t.equal(code, 0)
  const entries = parsed(lines)
  t.same(entries.map(({ body }) => body), [JSON.parse('{"a":1,"__proto__":2}'), { a: 1 }, 'two', 3, { n: 1 }, { n: 2 }, 'one', 'two', { packed: true }])
  t.same(entries[0].labels, { app: 'ci' })
  t.match(stderr, '"made":9,"out":9,"dropped":{},"pending":0')
})

t.test('Heroku', async (t) => {
  const { url, end } = await hook(t as Test)
  const drain = new URL('/heroku/api/v1/drain', url)
  const frames = [
    '<40>1 2012-11-30T06:45:29+00:00 host app web.3 - State changed from starting to up\n',
    '<45>1 2012-11-30T06:45:26.123456+00:00 host heroku router - [info] at=info path="/grün"\n',
  ]
  const body = frames.map((frame) => `${Buffer.byteLength(frame)} ${frame}`).join('')
  t.equal(await post(drain, body, { 'content-type': 'application/logplex-1', 'logplex-msg-count': '2' }), '204 ')
  t.match(await post(drain, '12 hello'), '400 the last message is cut off')
  t.match(await post(drain, '<40>1 no count'), '400 expected a count of octets before each message')
  t.match(await post(drain, '5 hello'), '400 no priority')
  const [first, second, ...more] = parsed((await end()).lines)
  t.same(first, {
    type: 'log', labels: { app: 'app', proc: 'web.3' }, ts: '1354257929000000000', observed: first.observed,
    body: 'State changed from starting to up', severity: 'emergency', severity_number: 21, attributes: { hostname: 'host' },
  })
  t.same([second.body, second.ts, second.severity], ['[info] at=info path="/grün"', '1354257926123456000', 'notice'])
  t.same(more, [])
})

t.test('Firehose: direct records, CloudWatch, the access key, its answers', async (t) => {
  const { url, end } = await hook(t as Test, '--access-key', 'secret', '--label', 'site=aws', '--max-request-bytes', '5000')
  const push = new URL('/awsfirehose/api/v1/push', url)
  const common = JSON.stringify({ commonAttributes: { lbl_stage: 'prod', other: 'x', 'lbl_no-name': 'y' } })
  const headers = { ...JSON_TYPE, 'x-amz-firehose-request-id': 'r1', 'x-amz-firehose-access-key': 'secret', 'x-amz-firehose-common-attributes': common }
  const watched = {
    messageType: 'DATA_MESSAGE', owner: '111', logGroup: 'group', logStream: 'stream', subscriptionFilters: ['f'],
    logEvents: [{ id: 'e1', timestamp: 1510109208016, message: 'first' }, { id: 'e2', timestamp: 'never', message: 'second' }],
  }
  const base64 = (data: Buffer | string) => ({ data: Buffer.from(data).toString('base64') })
  const packed = (value: unknown) => base64(gzipSync(JSON.stringify(value)))
  const request = (...records: object[]) => JSON.stringify({ requestId: 'r1', timestamp: 1578090901599, records })
  const answer = async (body: string, more: Headers = {}) => {
    const response = await fetch(push, { method: 'POST', body, headers: { ...headers, ...more } })
    const { timestamp, ...rest } =
      (await response.json()) as { requestId: string; timestamp: number; errorMessage?: string }
    t.ok(timestamp > 0)
    t.equal(response.headers.get('content-type'), 'application/json')
    return [response.status, rest]
  }
  t.same(await answer(request(base64('direct\n'), packed(watched), packed({ ...watched, messageType: 'CONTROL_MESSAGE' }))), [200, { requestId: 'r1' }])
  t.same(await answer(request(), { 'x-amz-firehose-access-key': 'guess' }), [401, { requestId: 'r1', errorMessage: 'wrong or missing access key' }])
  t.same(await answer('{}'), [400, { requestId: 'r1', errorMessage: 'expected requestId and records' }])
  t.same(await answer(request({})), [400, { requestId: 'r1', errorMessage: 'a record without data' }])
  const bomb = base64(gzipSync(Buffer.alloc(3000)))
  t.same(await answer(request(bomb, bomb)), [400, { requestId: 'r1', errorMessage: 'larger than --max-request-bytes' }])
  const [direct, first, second, ...more] = parsed((await end()).lines)
  t.same([direct.body, direct.labels], ['direct', { site: 'aws', stage: 'prod' }])
  t.same(first, {
    type: 'log', labels: { log_group: 'group', log_stream: 'stream', owner: '111', site: 'aws', stage: 'prod' }, ts: '1510109208016000000',
    observed: first.observed, body: 'first', attributes: { id: 'e1' },
  })
  t.same([second.body, second.observed, more], ['second', undefined, []])
})

t.test('Pub/Sub', async (t) => {
  const { url, end } = await hook(t as Test, '--bearer', 'token')
  const push = new URL('/gcp/api/v1/push', url)
  const body = JSON.stringify({
    message: {
      attributes: { 'logging.googleapis.com/timestamp': '2022-07-25T22:19:09.903683708Z' },
      data: Buffer.from('{"severity":"INFO"}').toString('base64'),
      messageId: '5187581549398349', message_id: '5187581549398349',
      publishTime: '2022-07-25T22:19:15.56Z', publish_time: '2022-07-25T22:19:15.56Z',
    },
    subscription: 'projects/my-project/subscriptions/my-sub',
  })
  const known = { ...JSON_TYPE, authorization: 'Bearer token' }
  t.match(await post(push, body, JSON_TYPE), '401 wrong or missing credentials')
  t.equal(await post(push, body, known), '204 ')
  t.equal(await post(push, '{"message":{"attributes":{"a":"b"}}}', known), '204 ', 'a message may have attributes alone')
  t.equal(await post(push, '{}', known), '400 expected a message')
  t.equal(await post(push, '{"message":{"data":7}}', known), '400 expected data in base64')
  const [first, second] = parsed((await end()).lines)
  t.same(first, {
    type: 'log', labels: { subscription: 'my-sub' }, ts: '1658787555560000000', observed: first.observed, body: '{"severity":"INFO"}',
    attributes: { 'logging.googleapis.com/timestamp': '2022-07-25T22:19:09.903683708Z', message_id: '5187581549398349' },
  })
  t.same([second.body, second.attributes], ['', { a: 'b' }])
})

t.test('answered when the sink has it', async (t) => {
  const folder = t.testdir()
  const out = `${folder}/out.ndjson`
  const pipe = start(`solder receive webhook --listen 127.0.0.1:0 --ack durable --state ${folder} | solder write file ${out} --state ${folder}`)
  const found = () => /listening on (\S+)/.exec(pipe.stderr())?.[1]
  while (found() === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await post(found()!, '{"a":1}', JSON_TYPE), '204 ')
  t.ok(existsSync(out))
  t.match(readFileSync(out, 'utf8'), '"body":{"a":1}')
  await pipe.stop('SIGKILL')
  const alone = await receiving(t as Test, 'receive', 'webhook', '--ack', 'durable', '--state', `${folder}/other`, '--ack-timeout', '50ms')
  t.match(await post(alone.url, '{"a":1}'), '503 not committed within the time of --ack-timeout')
  await alone.end()
  const wrong = await sh('solder receive webhook --path hook --ack durable --access-key env:NO_SUCH_KEY')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 /)
  for (const said of ['--ack durable needs --state', "--path: 'hook' is not valid", 'NO_SUCH_KEY is not set']) t.match(wrong.stderr, said)
})
