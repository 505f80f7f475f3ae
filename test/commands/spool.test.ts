// spool: ls, cat and grep beside a writer, fsck and trim alone.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compressSync } from 'snappy'
import t, { type Test } from 'tap'
import type { Log } from '../../lib/component.js'
import { systemClock } from '../../lib/io/clock.js'
import { Spool } from '../../lib/spool/spool.js'
import { encodeMessage } from '../support/remote_write.js'
import { sh } from '../support/solder.js'
import { temporary } from '../support/temporary.js'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const OPTIONS = { bytes: 1 << 20, age: 0, drops: false, fsync: 'never', fsyncInterval: 1000 } as const

const line = (name: string) => `{"type":"metric","name":"${name}","ts":"1000000","value":1}\n`

function body(name: string): Buffer {
  const timeseries = [
    { labels: [{ name: '__name__', value: name }], samples: [{ value: '4607182418800017408', timestamp: 1 }] },
  ]
  return compressSync(encodeMessage({ timeseries }))
}

/** A spool that holds a request for each name, of which the first is done. */
async function spoolOf(t: Test, names: readonly string[]): Promise<{ state: string; folder: string; spool: Spool }> {
  const state = temporary(t)
  const folder = join(state, 'spool', 'h')
  const spool = await Spool.open(folder, OPTIONS, systemClock, silent)
  const reader = await spool.reader('sent')
  for (const name of names) spool.append({ lane: 0, lanes: 1, records: 1, format: 1, body: body(name) })
  await spool.flushed()
  reader.done((await reader.next())!)
  await reader.commit()
  return { state, folder, spool }
}

const lines = (stdout: string) => stdout.trim().split('\n')

t.test('ls, cat and grep work while the spool is in use; fsck and trim do not', async (t) => {
  const { state, folder, spool } = await spoolOf(t, ['a', 'b', 'c'])
  const ls = await sh(`solder spool ls ${state}`)
  t.match(
    lines(ls.stdout).map((text) => JSON.parse(text)),
    [
      { path: /spool\/h\/0000000000000001\.seg$/, offset: 0, state: 'done', seq: 1, records: 1, ts: /^\d{19}$/ },
      { state: 'waiting', seq: 2 },
      { state: 'waiting', seq: 3 },
    ],
  )
  t.equal((await sh(`solder spool cat ${folder}`)).stdout, line('b') + line('c'))
  t.equal((await sh(`solder spool grep ${state} '"name":"c"'`)).stdout, line('c'))
  for (const action of ['fsck', 'trim']) {
    const refused = await sh(`solder spool ${action} ${state}`)
    t.equal(refused.code, 75)
    t.match(refused.stderr, /is in use by another process/)
  }
  await spool.close()
})

t.test('fsck moves what is damaged aside, once, and leaves the rest', async (t) => {
  const { state, folder, spool } = await spoolOf(t, ['a', 'b', 'c', 'd'])
  await spool.close()
  t.equal((await sh(`solder spool fsck ${state}`)).code, 0)
  const path = join(folder, '0000000000000001.seg')
  const bytes = readFileSync(path)
  const entry = bytes.length / 4
  bytes[entry + 12] ^= 1
  bytes[3 * entry - 1] ^= 1
  writeFileSync(path, bytes)
  t.same(
    lines((await sh(`solder spool ls ${state}`)).stdout).map((text) => JSON.parse(text).state),
    ['done', 'corrupt', 'corrupt', 'waiting'],
  )
  const fsck = await sh(`solder spool fsck ${state}`)
  t.equal(fsck.code, 1)
  t.same(lines(fsck.stdout), [`${path}.${entry}.corrupt`, `${path}.${2 * entry}.corrupt`])
  t.same(readFileSync(`${path}.${entry}.corrupt`), bytes.subarray(entry, 2 * entry))
  t.same(readFileSync(path), Buffer.concat([bytes.subarray(0, entry), bytes.subarray(3 * entry)]))
  t.equal((await sh(`solder spool cat ${state}`)).stdout, line('d'))
  t.equal((await sh(`solder spool fsck ${state}`)).code, 0)
  const trim = await sh(`solder spool trim ${state}`)
  t.match(JSON.parse(trim.stdout), { removed_files: 2, given_up_records: 0 })
  t.equal((await sh(`solder spool cat ${state}`)).stdout, line('d'))
})

t.test('trim --keep-bytes gives up the oldest, and says how much', async (t) => {
  const { state, folder, spool } = await spoolOf(t, ['a', 'b', 'c'])
  await spool.close()
  const trim = await sh(`solder spool trim ${state} --keep-bytes 10`)
  t.match(JSON.parse(trim.stdout), { path: folder, removed_files: 1, given_up_records: 2 })
  t.same(readdirSync(folder), ['sent.offset'])
  t.equal((await sh(`solder spool ls ${state}`)).stdout, '')
})

t.test('wrong usage', async (t) => {
  for (const [words, message] of [
    ['grep /nowhere', /argument TEXT is missing/],
    ['cat /nowhere x', /TEXT is for grep, not for cat/],
    ['cat /nowhere', /cannot read \/nowhere: no such file or directory \(ENOENT\)/],
    ['melt /nowhere', /unknown action 'melt'/],
  ] as const) {
    const ran = await sh(`solder spool ${words}`)
    t.equal(ran.code, 2, words)
    t.match(ran.stderr, message)
  }
})
