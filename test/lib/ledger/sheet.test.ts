// The balance of a pipe whose branches come together and part.

import t from 'tap'
import type { Entry } from '../../../lib/ledger/ledger.js'
import { gapsIn, type Sheet } from '../../../lib/ledger/sheet.js'

const entry = (stage: string, came: number, made: number, out: number, dropped = 0): Entry => ({
  stage,
  in: came,
  made,
  out,
  dropped: new Map(dropped === 0 ? [] : [['filtered', dropped]]),
  pending: came + made - out - dropped,
  in_bytes: 0,
  out_bytes: 0,
})

const sheet = (filtered: Entry): Sheet => ({
  entries: [entry('a', 0, 5, 5), entry('b', 0, 7, 7), filtered, entry('c', 6, 0, 6), entry('d', 4, 0, 3)],
  junctions: [
    { from: ['a', 'b'], to: 'filter', waiting: 2 },
    { from: ['filter'], to: 'c', waiting: 0 },
    { from: ['filter'], to: 'd', waiting: 2 },
  ],
})

t.test('what waits and what is pending is no gap', async (t) => {
  t.same(gapsIn(sheet(entry('filter', 10, 0, 6, 4))), [])
})

t.test('what is missing, or too many, and where', async (t) => {
  t.same(gapsIn(sheet(entry('filter', 9, 0, 5, 4))), [
    { missing: 1, text: 'between a, b and filter: 10 went out, 9 came in: 1 missing' },
    { missing: -1, text: 'between filter and c: 5 went out, 6 came in: 1 too many' },
    { missing: -1, text: 'between filter and d: 3 went out, 4 came in: 1 too many' },
  ])
  t.match(gapsIn(sheet(entry('filter', 10, 0, 6, 5))), [{ missing: -1, text: 'filter: 1 more went than came' }])
})
