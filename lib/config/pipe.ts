// One pipe of a pipeline file: as text, or by `from`, `through` and `to`; every stage where it can stand.

import { basename } from 'node:path'
import type { ParsedNode } from 'yaml'
import type { StageComponent } from '../component.js'
import { didYouMean, type Place, Problem } from '../diag/problem.js'
import type { Inlet, Pipe, PipeStage } from '../pipeline/model.js'
import type { ChainReader, Draft } from './chain.js'
import type { ConfigDocument, Entry } from './document.js'

const KEYS = ['help', 'from', 'through', 'to'] as const

/** A pipe before it is known who reads it. */
export type LonePipe = Omit<Pipe, 'readers'>

/** Stages in a row, with the place of their text or map. */
interface Row {
  readonly drafts: readonly Draft[]
  readonly place: Place
}

interface Rows {
  from: readonly Row[]
  through: readonly Draft[]
  to: readonly Row[]
}

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
  if (document.problems.length > before) return null
  return built(name, document.place(at), rows)
}

async function fromText(document: ConfigDocument, node: ParsedNode, chain: ChainReader): Promise<Rows | null> {
  if (document.scalar(node) === null) {
    document.problem(node, 'this is no pipe', { expected: "stages joined by '|', or a map of from, through and to" })
    return null
  }
  const drafts = await chain.read(node)
  const last = drafts[drafts.length - 1]
  const ends = drafts.length > 1 && isSink(last)
  return {
    from: [{ drafts: drafts.slice(0, 1), place: drafts[0].place }],
    through: drafts.slice(1, ends ? -1 : undefined),
    to: ends ? [{ drafts: [last], place: last.place }] : [],
  }
}

async function fromMap(
  document: ConfigDocument,
  at: ParsedNode,
  entries: readonly Entry[],
  chain: ChainReader,
): Promise<Rows | null> {
  const nodes = new Map<string, ParsedNode>()
  for (const { key, at: keyAt, value } of entries) {
    if (!(KEYS as readonly string[]).includes(key)) {
      document.problem(keyAt, `unknown key '${key}' in a pipe`, {
        expected: KEYS.join(', '),
        hint: didYouMean(key, KEYS),
      })
    } else if (value === null) document.problem(keyAt, `'${key}' is empty`, { expected: 'stages' })
    else nodes.set(key, value)
  }
  if (!entries.some(({ key }) => key === 'from')) document.problem(at, "nothing comes into the pipe: 'from' is missing")
  const from = await branches(document, nodes.get('from'), chain)
  const through = nodes.has('through') ? await chain.read(nodes.get('through')!) : []
  const to = await branches(document, nodes.get('to'), chain)
  return { from, through, to }
}

/** Each element of a list is a branch; anything else is the only one. */
async function branches(document: ConfigDocument, node: ParsedNode | undefined, chain: ChainReader): Promise<Row[]> {
  if (node === undefined) return []
  const rows: Row[] = []
  for (const item of document.items(node) ?? [node]) {
    if (item === null) document.problem(node, 'a stage is missing')
    const drafts = item === null ? [] : await chain.read(item)
    if (drafts.length > 0) rows.push({ drafts, place: drafts[0].place })
  }
  return rows
}

function isSink(draft: Draft): boolean {
  return componentOf(draft)?.role === 'sink'
}

function componentOf(draft: Draft): StageComponent | null {
  return draft.kind === 'component' || draft.kind === 'broken' ? draft.component : null
}

/** Why stages cannot stand where they do. */
function misplaced({ from, through, to }: Rows): Problem[] {
  const problems: Problem[] = []
  for (const { drafts } of from) drafts.forEach((draft, i) => check(draft, i === 0, false, problems))
  through.forEach((draft) => check(draft, false, false, problems))
  for (const { drafts } of to) drafts.forEach((draft, i) => check(draft, false, i === drafts.length - 1, problems))
  return problems
}

function check(draft: Draft, first: boolean, last: boolean, problems: Problem[]): void {
  const { place } = draft
  const problem = (message: string, expected: string, hint?: string) =>
    problems.push(new Problem(message, { place, expected, hint }))
  if (draft.kind === 'pipe') {
    if (!first) problem("'pipe' reads no records", 'it as the first stage, where records come from')
    return
  }
  const component = componentOf(draft)
  if (component === null && draft.kind === 'broken') return
  const { name, role } = component ?? { name: 'exec', role: 'filter' }
  const makes = role === 'source' && component?.accepts.length === 0
  if (role === 'sink' && !last && !first)
    problem(`nothing comes out of '${name}'`, "it as the last stage, or under 'to'")
  if (role !== 'sink' && last)
    problem(`nothing takes what comes out of '${name}'`, 'a sink as the last stage, such as write file PATH')
  if (makes && !first) problem(`'${name}' reads no records`, "it as the first stage, or under 'from'")
  if (role !== 'source' && first && component !== null) {
    problem(`nothing comes into '${name}'`, "a source as the first stage, or 'pipe NAME'")
  }
  if (role === 'source' && !makes && first && draft.kind === 'component' && needsInput(draft)) {
    problem(`nothing comes into '${name}'`, `what makes ${draft.component.accepts.join(', ')} records before it`)
  }
}

/** A source that is fed with records, unless its arguments tell it what to do. */
function needsInput({ input }: Draft & { kind: 'component' }): boolean {
  return input().args.length === 0
}

function built(name: string, place: Place, { from, through, to }: Rows): LonePipe {
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
