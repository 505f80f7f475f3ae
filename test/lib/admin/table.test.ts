// The table of `solder top`: what it says, and that it keeps within its room.

import t from 'tap'
import { tableOf } from '../../../lib/admin/table.js'
import type { PipeStatus } from '../../../lib/admin/state.js'
import { colored, plain } from '../../../lib/view/style.js'

const stage = (name: string, out: number, filtered = 0) => {
  const account = { in: out + filtered, made: 0, out, dropped: { filtered }, pending: 3 }
  return { stage: name, ...account, in_bytes: out * 100, out_bytes: 0 }
}

const pipe = (name: string, more: Partial<PipeStatus>): PipeStatus => {
  const facts = { state: 'running', pid: 1, exit_code: null, restarts: 0, started: '0', cpu_seconds: 0, rss_bytes: 0 }
  return { name, ...facts, stages: [], ...more }
}

const before = { at: 0, pipes: [pipe('shop', { cpu_seconds: 1, stages: [stage('filter', 100, 50)] })] }
const now = {
  at: 2000,
  pipes: [
    pipe('shop', {
      cpu_seconds: 1.5,
      rss_bytes: 70 << 20,
      restarts: 2,
      stages: [stage('filter', 3100, 51), stage('write-something-with-a-very-long-name', 12_345_678)],
    }),
    pipe('gone', { state: 'failed', exit_code: 2, pid: null, restarts: 1 }),
  ],
}

t.test('rates between two looks, and what there is so far', async (t) => {
  t.equal(
    tableOf(before, now),
    `stage                                       in/s    out/s  dropped/s  dropped  pending   bytes/s
shop: running, cpu 25 %, memory 70 MiB, started again 2 times
  filter                                    1501     1500        0.5       51        3   146 KiB
  write-something-with-a-very-long-name  6172839  6172839          0        0        3   589 MiB
gone: failed (2), started again once
`,
  )
})

t.test('it keeps within its room, and tells what there is none for', async (t) => {
  const lines = (width: number, height: number) =>
    tableOf(before, now, { width, height, paint: plain }).split('\n').slice(0, -1)
  for (const width of [80, 60, 30, 10]) {
    t.same(lines(width, 24).filter((line) => line.length > width), [], `${width} columns`)
    t.equal(lines(width, 24).length, 5)
  }
  t.match(lines(80, 24)[3], /^ {2}write-something-w\S*… /, 'names give way')
  t.same(lines(80, 5).length, 5)
  t.match(lines(80, 4).slice(-2), [/^ {2}filter/, /^… 2 more lines$/])
  const bare = tableOf(before, now, { width: 80, paint: colored }).replace(/\x1b\[\d+m/g, '')
  t.same(bare.split('\n').slice(0, -1), lines(80, 24), 'colours take no room')
})
