// Journals written by systemd-journal-remote and read by journalctl: `receive journal`, its cursor through kills, and
// more entries as they come. No systemd runs for it.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { missingPeers, until } from '../support/peers.js'
import { environment, sh } from '../support/solder.js'
import { type LogEntry, Receiving } from '../support/source_process.js'
import { temporary } from '../support/temporary.js'

t.setTimeout(120_000)

const REMOTE = '/lib/systemd/systemd-journal-remote'
const skip = missingPeers('journalctl', REMOTE)

/** Bytes of an entry in the export format; a value that is no plain text as bytes. */
function entryOf(number: number, fields: { [name: string]: string | Buffer }): Buffer {
  const own = { __REALTIME_TIMESTAMP: `${1763804400000000 + number}`, __MONOTONIC_TIMESTAMP: `${1000 + number}`, _BOOT_ID: '1'.repeat(32), ...fields }
  const parts = Object.entries(own).map(([name, value]) => {
    if (typeof value === 'string' && !value.includes('\n')) return Buffer.from(`${name}=${value}\n`)
    const bytes = Buffer.from(value as string)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')])
  })
  return Buffer.concat([...parts, Buffer.from('\n')])
}

let files = 0

/** A journal file with these entries in the folder. */
function journal(folder: string, entries: readonly Buffer[]): void {
  const { status, stderr } = spawnSync(REMOTE, ['-o', `${folder}/${files++}.journal`, '-'], { input: Buffer.concat(entries) })
  if (status !== 0) throw new Error(stderr.toString())
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => entryOf(from + i, { MESSAGE: `n${from + i}` }))
const bodiesOf = (stdout: string) => stdout.split('\n').slice(0, -1).map((line) => (JSON.parse(line) as LogEntry).body)

t.test('fields, matches, units', { skip }, async (t) => {
  const folder = temporary(t)
  journal(folder, [
    entryOf(1, { MESSAGE: 'two\nlines', PRIORITY: '3', _SYSTEMD_UNIT: 'shop.service', _HOSTNAME: 'web-1', SYSLOG_IDENTIFIER: 'shop', _PID: '12', CODE: Buffer.from([1, 255]) }),
    entryOf(2, { MESSAGE: 'other', PRIORITY: '6', _SYSTEMD_UNIT: 'mail.service' }),
    entryOf(3, { MESSAGE: 'x'.repeat(5000) }),
  ])
  const run = async (words: string) => {
    const { stdout, stderr, code } = await sh(`solder receive journal --directory ${folder} --once ${words}`)
    t.equal(code, 0, stderr)
    return stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogEntry)
  }
  const [first, second, third] = await run('--max-entry-bytes 1000 --label site=attic')
  t.same(first, {
    type: 'log', labels: { hostname: 'web-1', identifier: 'shop', site: 'attic', unit: 'shop.service' }, ts: '1763804400000001000',
    body: 'two\nlines', severity: 'error', severity_number: 17, attributes: { CODE: { $bytes: 'Af8=' }, _BOOT_ID: '1'.repeat(32), _PID: '12' },
  })
  t.same([second.body, second.labels], ['other', { site: 'attic', unit: 'mail.service' }])
  t.ok(String(third.body).length < 1000)
  t.equal(third.attributes?.truncated, true)
  t.same((await run('_SYSTEMD_UNIT=mail.service')).map(({ body }) => body), ['other'])
  t.same((await run('--unit shop.service')).map(({ body }) => body), ['two\nlines'])
  const fields = await run('--label-fields who=_SYSTEMD_UNIT --label-fields PRIORITY --attribute-fields _PID --internal-labels PRIORITY=3')
  t.match(fields[0].labels, { who: 'shop.service', priority: '3', __journal__systemd_unit: 'shop.service', __journal__pid: '12' })
  t.same(fields[0].attributes, { _PID: '12' })
  const wrong = await sh('solder receive journal --journalctl no-such --label-fields x-y')
  t.match(`${wrong.code} ${wrong.stderr}`, /^2 [\s\S]*'x-y' is not valid[\s\S]*no program 'no-such'/)
  const folderless = await sh('solder receive journal --directory /no/such --once')
  t.match(`${folderless.code} ${folderless.stderr}`, /^1 [\s\S]*journalctl: Failed to open[\s\S]*journalctl ended with 1/)
})

t.test('more entries as they come; from the end', { skip }, async (t) => {
  const folder = temporary(t)
  journal(folder, numbered(0, 3))
  const words = ['journal', '--directory', folder]
  const all = await Receiving.start(t as Test, words, 0)
  await all.records(3)
  journal(folder, numbered(3, 6))
  await all.records(6)
  t.equal(await all.stop(), 0)
  t.same(all.bodies, ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'])
})

t.test('at least once through kills of source and sink', { skip }, async (t) => {
  const folder = temporary(t)
  const out = `${temporary(t)}/out.ndjson`
  const state = temporary(t)
  const bodies = () => (existsSync(out) ? bodiesOf(readFileSync(out, 'utf8')) : [])
  const pipe = `solder receive journal --directory ${folder} --state ${state} | solder write file ${out} --state ${state}`
  let total = 0
  for (let turn = 0; turn < 4; turn++) {
    journal(folder, numbered(total, (total += 500)))
    const child = spawn('sh', ['-c', pipe], { env: environment(), detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'close')
    // Killed at once, or when all has come.
    const enough = turn % 2 === 0 ? total - 499 : total
    await until(async () => new Set(bodies()).size >= enough || undefined, `${enough} entries`)
    process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  await sh(`solder receive journal --directory ${folder} --once --state ${state} | solder write file ${out} --state ${state}`)
  const seen = bodies()
  t.same([...new Set(seen)].sort(), Array.from({ length: total }, (_, i) => `n${i}`).sort(), 'none is missing')
  t.comment(`${seen.length - total} of ${total} came twice`)
  const again = await sh(`solder receive journal --directory ${folder} --once --state ${state}`)
  t.equal(again.stdout, '', 'all of them are committed')
})

t.test('a journalctl that ends is started again behind the last entry', async (t) => {
  const folder = temporary(t)
  const script = `#!/bin/sh
echo "$*" >> ${folder}/calls
printf 'MESSAGE=a\\n__CURSOR=c%s\\n\\nMESSAGE=half' $(wc -l < ${folder}/calls)
exit 1
`
  await sh(`cat > ${folder}/journalctl; chmod +x ${folder}/journalctl`, { stdin: script })
  const receiving = await Receiving.start(t as Test, ['journal', '--journalctl', `${folder}/journalctl`, 'A=b'], 0)
  await receiving.records(2)
  t.equal(await receiving.stop(), 0)
  const calls = readFileSync(`${folder}/calls`, 'utf8').split('\n')
  t.match(calls[0], /--follow --no-tail -- A=b$/)
  t.match(calls[1], /--after-cursor=c1 --no-tail -- A=b$/)
  t.notOk(receiving.stdout.includes('half'))
  t.match(receiving.stderr, /journalctl ended with 1: starting it again in /)
})
