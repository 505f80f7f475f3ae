// Lines of files that belong together: as the stage multiline joins them, but never over the end of a file.

import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Context, Pass } from '../../../lib/component.js'
import { StageAccount } from '../../../lib/io/account.js'
import { stageTransform } from '../../../lib/logs/command.js'
import multiline from '../../../lib/logs/stages/multiline.js'
import { Identity } from '../../../lib/record/identity.js'
import { following, readOnce } from '../../support/following.js'
import fc from '../../support/property.js'
import { temporary } from '../../support/temporary.js'

t.setTimeout(60_000)

const MULTILINE = { multiline: '^E', max_wait_time: 60_000 }

/** What `enrich multiline` makes of the lines. */
async function stageOf(lines: readonly string[], maxLines: number, maxSize: number): Promise<unknown[]> {
  const bodies: unknown[] = []
  const account = new StageAccount()
  const clock = { now: () => '0', millis: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() }
  const options = {
    firstline: '^E', max_wait_time: 1000, max_lines: maxLines, max_block_size: maxSize,
    max_streams: 10, trim_newlines: true,
  }
  const stage = await stageTransform(multiline, options, {}, { account, clock } as unknown as Context)
  const pass: Pass = ({ payload }) => void bodies.push(payload.body)
  for (const [i, body] of lines.entries()) {
    stage.take({ identity: Identity.of('log', ''), payload: { ts: '0', body } }, i, pass)
  }
  // The last block is due only now.
  stage.flush(pass)
  return bodies
}

t.test('a file makes the entries that the stage makes of its lines, packed or not', async (t) => {
  const folder = temporary(t)
  const usual = fc.constantFrom('', 'E', 'E one', ' at x', 'caused by E', '\r', 'ä')
  const line = fc.oneof(usual, fc.string({ maxLength: 5 }))
  const clean = line.map((text) => text.replace(/[\n\0\ufeff]/g, ''))
  const bounds = { lines: fc.constantFrom(0, 1, 2, 5), size: fc.constantFrom(1, 8, 30, 1 << 20) }
  const cases = fc.record({ some: fc.array(clean, { minLength: 1, maxLength: 30 }), packed: fc.boolean(), ...bounds })
  let files = 0
  await fc.assert(
    fc.asyncProperty(cases, async ({ some, packed, lines, size }) => {
      // Files count bytes where the stage counts UTF-16 units, and the first byte tells how a file is written.
      const texts = ['x', ...some].map((text) => (size < 1 << 20 ? text.replace(/[^ -~]/g, '') : text))
      const path = `${folder}/${files++}.log`
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      writeFileSync(path, packed ? gzipSync(bytes) : bytes)
      const read = await readOnce([path], { ...MULTILINE, max_lines: lines, max_block_size: size })
      const seen = texts.map((text) => (text.endsWith('\r') ? text.slice(0, -1) : text))
      const expected = await stageOf(seen, lines, size)
      t.same(read.bodies, expected)
      t.equal(read.account.dropped.get('joined') ?? 0, texts.length - expected.length)
      rmSync(path)
    }),
    { numRuns: 150 },
  )
})

t.test('a block goes on when the next one begins, and after a while; what follows is a block of its own', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  writeFileSync(log, 'before\nE one\n  at a\n')
  const tail = following(t, [`${folder}/*.log`], { ...MULTILINE, max_wait_time: 100 })
  await tail.count(2)
  t.same(tail.bodies, ['before', 'E one\n  at a'])
  appendFileSync(log, '  at b\n  at c\nE two\nE thr')
  await tail.count(4)
  t.same(tail.bodies.slice(2), ['  at b\n  at c', 'E two'], 'the line in part waits')
  appendFileSync(log, 'ee\n at d\n')
  await tail.count(5)
  t.same(tail.bodies.slice(4), ['E three\n at d'])
})

t.test('a block that is not whole has no checkpoint behind it', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  const log = `${folder}/app.log`
  writeFileSync(log, 'E one\n at a\nE two\n at b\n')
  const first = following(t, [`${log}*`], { ...MULTILINE, state })
  await first.count(1)
  await first.stop()
  t.same(first.bodies, ['E one\n at a'])
  appendFileSync(log, ' at c\nE three\n')
  const second = following(t, [`${log}*`], { ...MULTILINE, state })
  await second.count(1)
  t.same(second.bodies, ['E two\n at b\n at c'])
  await second.stop()
  const loose = following(t, [`${log}*`], { ...MULTILINE })
  await loose.count(2)
  await loose.stop()
  t.same(loose.bodies.slice(2), ['E three'], 'without a folder of state a stop lets it go on')
})

t.test('lines behind a block that went on are of it after a restart, too', async (t) => {
  const folder = temporary(t)
  const state = `${folder}/state`
  const log = `${folder}/app.log`
  writeFileSync(log, 'E one\n at a\n')
  t.same((await readOnce([log], { ...MULTILINE, state })).bodies, ['E one\n at a'])
  appendFileSync(log, ' at b\n at c\n')
  t.same((await readOnce([log], { ...MULTILINE, state })).bodies, [' at b\n at c'])
})

t.test('rotation: a block ends with its file, and goes on in its copy', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  writeFileSync(log, 'E zero\nE one\n at a\n')
  const tail = following(t, [`${log}*`], { ...MULTILINE, state: `${folder}/state`, linger: 50 })
  await tail.count(1)
  renameSync(log, `${log}.1`)
  writeFileSync(log, ' of no block, for this is another file\nE two\n at b\n')
  await tail.count(3)
  t.same([...tail.bodies].sort(), [' of no block, for this is another file', 'E one\n at a', 'E zero'])
  copyFileSync(log, `${log}.2`)
  truncateSync(log)
  appendFileSync(log, 'E three\nE four\n')
  await tail.count(5)
  t.same([...tail.bodies].sort().slice(3), ['E two\n at b', 'E zero'])
  t.same(tail.bodies.filter((body) => body === 'E three'), ['E three'])
})

t.test('bounds: lines of a block, its size, and a line that is too long', async (t) => {
  const folder = temporary(t)
  const log = `${folder}/app.log`
  const long = 'y'.repeat(300_000)
  writeFileSync(log, `E one\n${long}\n at a\nE ${long}`)
  const cut = await readOnce([log], { ...MULTILINE, max_entry_bytes: 100 })
  const part = long.slice(0, 100)
  t.same(cut.bodies, [`E one\n${part}`, ' at a', `E ${long}`.slice(0, 100)])
  t.same(cut.lines.map(({ payload }) => payload.attributes), [{ truncated: true }, undefined, { truncated: true }])
  t.equal(cut.account.dropped.get('line_too_long'), 2)
  writeFileSync(log, `E big\n${' at a\n'.repeat(100_000)}E next\n`)
  const big = await readOnce([log], { ...MULTILINE, max_lines: 0, max_block_size: 1 << 20 })
  t.same(big.bodies.map((body) => (body as string).length), [5 + 100_000 * 6, 6])
  const sized = await readOnce([log], { ...MULTILINE, max_lines: 0, max_block_size: 150_000 })
  t.same(sized.bodies.map((body) => (body as string).split('\n').length), [25_000, 25_000, 25_000, 25_000, 1, 1])
  const wide = Buffer.from(`\ufeffE ä\n at ö\nE ü\n`, 'utf16le')
  writeFileSync(log, wide)
  t.same((await readOnce([log], MULTILINE)).bodies, ['E ä\n at ö', 'E ü'])
})

t.test('what is no expression', async (t) => {
  await t.rejects(readOnce(['/nowhere/*.log'], { multiline: 'a(' }), { message: /missing closing \)/ })
  await t.rejects(readOnce(['/nowhere/*.log'], { multiline: '' }), { message: /--multiline: no expression/ })
})
