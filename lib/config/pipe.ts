// One pipe of a pipeline file: as text, or by `from`, `through` and `to`; every stage where it can stand.

import { basename } from 'node:path'
import type { ParsedNode } from 'yaml'
import { didYouMean, type Place } from '../diag/problem.js'
import { BRANCH_KEYS } from '../pipeline/branch_options.js'
import type { Inlet, Pipe, PipeStage } from '../pipeline/model.js'
import { readBranch, type Setting } from './branch.js'
import type { ChainReader, Draft } from './chain.js'
import type { ConfigDocument, Entry } from './document.js'
import { misplaced, readRows, ROW_KEYS, type RowKey, type Rows, rowsOf } from './rows.js'

const KEYS = ['help', ...ROW_KEYS, 'branch'] as const

/** A pipe before it is known who reads it. */
export type LonePipe = Omit<Pipe, 'readers'>

/** Reads a pipe; problems are added to those of the document, and null stands for a pipe with any. */
export async function readPipe(
  document: ConfigDocument,
  { key: name, at, value }: Entry,
  chain: ChainReader,
): Promise<LonePipe | null> {
  if (!/^[a-z0-9][a-z0-9_-]*$/i.test(name)) {
    document.problem(at, `'${name}' is no name of a pipe`, { expected: 'letters, digits, - and _' })
    return null
  }
  if (value === null) {
    document.problem(at, `pipe '${name}' is empty`, {
      expected: "stages joined by '|', or a map of from, through and to",
    })
    return null
  }
  const before = document.problems.length
  const entries = document.entries(value)
  const rows = entries === null ? await fromText(document, value, chain) : await fromMap(document, at, entries, chain)
  if (rows === null) return null
  document.problems.push(...misplaced(rows))
  const said = entries?.find((entry): entry is Setting => entry.key === 'branch' && entry.value !== null)
  const branch = said === undefined ? null : await readBranch(document, said, chain)
  if (document.problems.length > before) return null
  return built(name, document.place(at), rows, branch)
}

async function fromText(document: ConfigDocument, node: ParsedNode, chain: ChainReader): Promise<Rows | null> {
  if (document.scalar(node) === null) {
    document.problem(node, 'this is no pipe', { expected: "stages joined by '|', or a map of from, through and to" })
    return null
  }
  return rowsOf(await chain.read(node), document.problems)
}

async function fromMap(
  document: ConfigDocument,
  at: ParsedNode,
  entries: readonly Entry[],
  chain: ChainReader,
): Promise<Rows | null> {
  const nodes = new Map<RowKey, ParsedNode>()
  for (const { key, at: keyAt, value } of entries) {
    if (!(KEYS as readonly string[]).includes(key)) {
      document.problem(keyAt, `unknown key '${key}' in a pipe`, {
        expected: KEYS.join(', '),
        hint: didYouMean(key, KEYS),
      })
    } else if (value === null) {
      document.problem(keyAt, `'${key}' is empty`, { expected: key === 'branch' ? Object.keys(BRANCH_KEYS).join(', ') : 'stages' })
    } else if ((ROW_KEYS as readonly string[]).includes(key)) nodes.set(key as RowKey, value)
  }
  if (!entries.some(({ key }) => key === 'from')) document.problem(at, "nothing comes into the pipe: 'from' is missing")
  return readRows(document, nodes, (node) => chain.read(node))
}

function built(name: string, place: Place, { from, through, to }: Rows, branch: Pipe['branch']): LonePipe {
  const ids = new Map<string, number>()
  const named = (draft: Draft): PipeStage[] =>
    draft.kind === 'component' || draft.kind === 'program' ? [{ ...draft, id: idOf(draft, ids) }] : []
  const inlets = from.map(({ drafts, place: at }): Inlet => {
    const [first] = drafts
    return { pipe: first.kind === 'pipe' ? first.name : null, stages: drafts.flatMap(named), place: at }
  })
  const reads = [...new Set(inlets.flatMap(({ pipe }) => pipe ?? []))]
  return {
    name,
    place,
    from: inlets,
    through: through.flatMap(named),
    to: to.map(({ drafts }) => drafts.flatMap(named)),
    reads,
    branch,
  }
}

function idOf(draft: Draft & { kind: 'component' | 'program' }, ids: Map<string, number>): string {
  const name = draft.kind === 'component' ? draft.component.name : basename(draft.words[0].toString())
  const word =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'exec'
  const count = (ids.get(word) ?? 0) + 1
  ids.set(word, count)
  return count === 1 ? word : `${word}-${count}`
}
