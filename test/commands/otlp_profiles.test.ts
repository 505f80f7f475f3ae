// Profiles through `solder receive otlp` and `solder write otlp`: in by one way, out by any; what becomes of those that
// are refused.

import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { encodeMessage } from '../../lib/wire/otlp/protobuf.js'
import { REQUESTS } from '../../lib/wire/otlp/schema.js'
import type { Answer } from '../support/collector.js'
import { encoded, type Exported, FakeOtlp } from '../support/otlp.js'
import { GrpcOtlp } from '../support/otlp_grpc.js'
import { resolvedProfiles } from '../support/otlp_messages.js'
import { FRAMES, profilesExport } from '../support/profiles.js'
import { receiving } from '../support/receiving.js'
import { sh } from '../support/solder.js'

t.setTimeout(120_000)

const FAST = '--min-backoff 1ms --max-backoff 5ms --batch-wait 5ms --ledger'
const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const FILTER = `solder filter 'resource["service.name"] != "bank"'`

async function receiverFor(t: Test, answer?: (index: number, items: Exported[]) => Answer): Promise<FakeOtlp> {
  const receiver = await FakeOtlp.start(answer)
  t.teardown(() => receiver.stop())
  return receiver
}

/** What `receive otlp` makes of an export. */
async function linesOf(t: Test, json: boolean): Promise<string> {
  const { url, end } = await receiving(t, 'receive', 'otlp')
  const body = json ? JSON.stringify(profilesExport()) : encodeMessage(profilesExport(), REQUESTS.profiles)
  const headers = { 'content-type': json ? 'application/json' : 'application/x-protobuf' }
  const { status } = await fetch(new URL('/v1development/profiles', url), { method: 'POST', body, headers })
  t.equal(status, 200)
  const { lines } = await end()
  return lines.map((line) => `${line}\n`).join('')
}

/** An export with entries in the place of their indices, as it was sent. */
function resolved(items: readonly Exported[], json: boolean): unknown[] {
  const bytes = (hex: unknown) => (json || hex === undefined ? hex : Buffer.from(hex as string, 'hex').toString('base64'))
  return items.map(({ resource, scope, item, dictionary }) => {
    const { schemaUrl = '', ...own } = resource
    const { originalPayload, ...rest } = item
    const profile = originalPayload === undefined ? rest : { ...rest, originalPayload: bytes(originalPayload) }
    const { name, version } = scope
    const scopeProfiles = [{ scope: { ...(name !== undefined && { name, version }) }, profiles: [profile] }]
    return resolvedProfiles({ resourceProfiles: [{ resource: own, schemaUrl, scopeProfiles }], dictionary })
  })
}

/** The profiles of the export, each alone. */
const EXPECTED = resolved(
  profilesExport().resourceProfiles.flatMap(({ resource, scopeProfiles, ...more }) =>
    scopeProfiles.flatMap(({ profiles, ...inScope }) =>
      profiles.map((item): Exported => {
        const scope = 'scope' in inScope ? { ...(inScope.scope as object) } : {}
        return { signal: 'profiles', resource: { ...resource, ...more }, scope, item, dictionary: profilesExport().dictionary }
      }),
    ),
  ),
  true,
)

t.test('what came in goes out, in every form and packing', async (t) => {
  const lines = await linesOf(t, false)
  t.equal(await linesOf(t, true), lines, 'the same records from JSON')
  for (const how of ['', '--compression none', '--encoding json', '--encoding json --compression none']) {
    const receiver = await receiverFor(t)
    const { code, stderr } = await sh(`solder write otlp ${receiver.origin}/base --tenant red ${how} ${FAST}`, { stdin: lines })
    t.equal(code, 0, stderr)
    t.match(stderr, '"in":3,"made":0,"out":3,"dropped":{}')
    t.same(receiver.arrivals.map(({ path }) => path), ['/base/v1development/profiles'])
    t.match(receiver.arrivals[0].headers, { 'content-type': how.includes('json') ? 'application/json' : 'application/x-protobuf', 'x-scope-orgid': 'red' })
    t.same(resolved(receiver.stored, how.includes('json')), EXPECTED, how)
  }
  const server = await GrpcOtlp.start()
  t.teardown(() => server.stop())
  const { code, stderr } = await sh(`solder write otlp ${server.url} ${FAST}`, { stdin: lines })
  t.equal(code, 0, stderr)
  t.same(resolved(server.stored, false), EXPECTED, 'gRPC')
})

t.test('of profiles that a stage leaves out nothing is left in the dictionary; a place of its own', async (t) => {
  const [common, own] = [await receiverFor(t), await receiverFor(t)]
  const stdin = (await linesOf(t, false)) + '{"type":"span","ts":"5","trace_id":"ab","span_id":"cd"}\n'
  const write = `solder write otlp ${common.origin} --profiles-url ${own.origin}/profiles?x=1 --compression none ${FAST}`
  const { code, stderr } = await sh(`${FILTER} | ${write}`, { stdin })
  t.equal(code, 0, stderr)
  t.same(common.stored.map(({ signal }) => signal), ['traces'])
  t.same(own.arrivals.map(({ path }) => path), ['/profiles?x=1'])
  t.same(resolved(own.stored, false), EXPECTED.slice(0, 2))
  const { stringTable } = own.stored[0].dictionary as { stringTable: string[] }
  t.ok(FRAMES.cpu.every((name) => stringTable.includes(name)))
  t.notOk(FRAMES.bank.some((name) => stringTable.includes(name)))
})

t.test('one that may pass is asked again, too large ones go in halves', async (t) => {
  const receiver = await receiverFor(t, (index, items) => {
    if (index === 0) return { status: 503, headers: { 'retry-after': '0' } }
    return items.length > 1 ? { status: 413, body: 'too large' } : { status: 200 }
  })
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} ${FAST} --batch-wait 1h`, { stdin: await linesOf(t, false) })
  t.equal(code, 0, stderr)
  t.match(stderr, '"out":3,"dropped":{}')
  t.same(new Set(resolved(receiver.stored, false).map((one) => JSON.stringify(one))), new Set(EXPECTED.map((one) => JSON.stringify(one))))
})

t.test('what is refused, in part and as a whole, is counted and kept', async (t) => {
  const lines = await linesOf(t, false)
  const folder = t.testdir()
  const letters = (name: string) => {
    const text = readFileSync(`${folder}/${name}`, 'utf8').split('\n').slice(0, -1)
    return text.map((line) => JSON.parse(line) as { reason: string; detail: string; original: object })
  }
  const records = lines.split('\n').slice(0, -1).map((line) => JSON.parse(line) as object)
  const partial = { rejectedProfiles: '1', errorMessage: 'too old' }
  for (const json of [false, true]) {
    const body = json ? JSON.stringify({ partialSuccess: partial }) : encoded('Answer', { partialSuccess: { ...partial, rejected: 1 } }).toString('latin1')
    const headers = json ? { 'content-type': 'application/json' } : PROTOBUF
    const receiver = await receiverFor(t, () => ({ status: 200, headers, body }))
    const { code, stderr } = await sh(`solder write otlp ${receiver.origin} --dead-letter ${folder}/partly-${json} ${FAST} --batch-wait 1h`, { stdin: lines })
    t.equal(code, 1)
    t.match(stderr, '"out":2,"dropped":{"partly_refused":1},"pending":0')
    t.same(letters(`partly-${json}`).map(({ original }) => original), records)
    t.match(letters(`partly-${json}`)[0], { reason: 'partly_refused', detail: /1 of 3 rejected, not told which: too old$/ })
  }
  const receiver = await receiverFor(t, () => ({ status: 400, body: 'no, thanks' }))
  const { code, stderr } = await sh(`solder write otlp ${receiver.origin} --dead-letter ${folder}/refused ${FAST} --batch-wait 1h`, { stdin: lines })
  t.equal(code, 1)
  t.match(stderr, '"out":0,"dropped":{"refused":3},"pending":0')
  t.same(letters('refused').map(({ original }) => original), records)
})

t.test('--state: what is held is shown as records, and is sent by the next start', async (t) => {
  const lines = await linesOf(t, false)
  const folder = t.testdir()
  const state = { down: true }
  const receiver = await receiverFor(t, () => ({ status: state.down ? 503 : 200 }))
  const words = `write otlp ${receiver.origin} --state ${folder}/state ${FAST}`
  const held = await sh(`solder ${words} --drain-timeout 50ms`, { stdin: lines })
  t.equal(held.code, 75, held.stderr)
  const { stdout } = await sh(`solder spool cat ${folder}/state`)
  t.equal(stdout, lines)
  state.down = false
  const again = await sh(`solder ${words}`)
  t.equal(again.code, 0, again.stderr)
  t.match(again.stderr, '"in":0,"made":3,"out":3,"dropped":{},"pending":0')
  t.same(resolved(receiver.stored, false), EXPECTED)
})
