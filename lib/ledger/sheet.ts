// The accounts of a pipe whose branches come together and part, added up.

import { apart, droppedBy, type Entry } from './ledger.js'

/** What goes out of some stages comes into another one. */
export interface Junction {
  /** Names of entries. */
  readonly from: readonly string[]
  readonly to: string
  /** Records on their way. */
  readonly waiting: number
}

export interface Sheet {
  readonly entries: readonly Entry[]
  readonly junctions: readonly Junction[]
}

export interface Gap {
  /** Records; below 0 there are too many. */
  readonly missing: number
  /** A sentence. */
  readonly text: string
}

/** What does not add up. What is pending or on its way is no gap. */
export function gapsIn({ entries, junctions }: Sheet): Gap[] {
  const gaps: Gap[] = []
  const add = (where: string, came: number, went: number, how: string) => {
    if (came !== went) gaps.push({ missing: came - went, text: `${where}: ${how}: ${apart(came, went)}` })
  }
  for (const entry of entries) {
    const came = entry.in + entry.made
    const went = entry.out + droppedBy(entry) + entry.pending
    add(entry.stage, came, went, `${came} came in or were made, ${went} are accounted for`)
    if (entry.pending < 0) gaps.push({ missing: entry.pending, text: `${entry.stage}: ${-entry.pending} more went than came` })
  }
  const named = (name: string) => entries.find(({ stage }) => stage === name)
  for (const { from, to, waiting } of junctions) {
    const out = from.reduce((sum, name) => sum + (named(name)?.out ?? 0), 0) - waiting
    const came = named(to)?.in ?? 0
    add(`between ${from.join(', ')} and ${to}`, out, came, `${out} went out, ${came} came in`)
  }
  return gaps
}
