// Stages in rows: the branches of `from`, what follows them, the branches of `to`; of a pipe, or of a definition that
// is a piece of one.

import type { ParsedNode } from 'yaml'
import type { StageComponent } from '../component.js'
import { type Place, Problem } from '../diag/problem.js'
import type { Draft } from './chain.js'
import type { ConfigDocument } from './document.js'

/** Stages in a row, with the place of their text or map. */
export interface Row {
  readonly drafts: readonly Draft[]
  readonly place: Place
}

export interface Rows {
  readonly from: readonly Row[]
  readonly through: readonly Draft[]
  readonly to: readonly Row[]
}

/** The keys of rows. */
export const ROW_KEYS = ['from', 'through', 'to'] as const

export type RowKey = (typeof ROW_KEYS)[number]

/** Several sources or sinks that have one name: a definition with `from` or `to`. */
type Piece = Draft & { kind: 'piece' }

/** Reads stages, which the function can do, as rows without pieces. Problems are added to those of the document. */
export async function readRows(
  document: ConfigDocument,
  nodes: ReadonlyMap<string, ParsedNode>,
  read: (node: ParsedNode) => Promise<Draft[]>,
): Promise<Rows> {
  /** Each element of a list is a branch; anything else is the only one. */
  const branches = async (node: ParsedNode | undefined): Promise<Row[]> => {
    if (node === undefined) return []
    const rows: Row[] = []
    for (const item of document.items(node) ?? [node]) {
      if (item === null) document.problem(node, 'a stage is missing')
      const drafts = item === null ? [] : await read(item)
      if (drafts.length > 0) rows.push({ drafts, place: drafts[0].place })
    }
    return rows
  }
  const from = await branches(nodes.get('from'))
  const through = nodes.has('through') ? await read(nodes.get('through')!) : []
  const to = await branches(nodes.get('to'))
  return unfolded({ from, through, to }, document.problems)
}

/** Stages in one row, as the first one, those behind it, and the last one where that is a sink. */
export function rowsOf(drafts: readonly Draft[], problems: Problem[]): Rows {
  const last = drafts[drafts.length - 1]
  const ends = drafts.length > 1 && isSink(last)
  const rows = {
    from: [{ drafts: drafts.slice(0, 1), place: drafts[0].place }],
    through: drafts.slice(1, ends ? -1 : undefined),
    to: ends ? [{ drafts: [last], place: last.place }] : [],
  }
  return unfolded(rows, problems)
}

/** Puts the branches of pieces in their places; a piece that cannot stand where it does is left there. */
function unfolded({ from, through, to }: Rows, problems: Problem[]): Rows {
  const [first] = from
  const only = first?.drafts[0]
  if (only !== undefined && isWhole(only) && first.drafts.length + through.length + to.length === 1) return only.rows
  const lead: Draft[] = []
  const ins = from.flatMap((row): readonly Row[] => {
    const [piece, ...rest] = row.drafts
    if (!isPiece(piece, 'from') || piece.rows.to.length > 0) return [row]
    const behind = [...piece.rows.through, ...rest]
    const { from: inner } = piece.rows
    if (behind.length === 0) return inner
    if (inner.length === 1) return [{ drafts: [...inner[0].drafts, ...behind], place: row.place }]
    if (from.length > 1) problems.push(stray(piece, 'from'))
    lead.push(...behind)
    return inner
  })
  const tail: Draft[] = []
  const outs = to.flatMap((row): readonly Row[] => {
    const piece = row.drafts[row.drafts.length - 1]
    if (!isPiece(piece, 'to') || piece.rows.from.length > 0) return [row]
    const before = [...row.drafts.slice(0, -1), ...piece.rows.through]
    const { to: inner } = piece.rows
    if (before.length === 0) return inner
    if (inner.length === 1) return [{ drafts: [...before, ...inner[0].drafts], place: row.place }]
    if (to.length > 1) problems.push(stray(piece, 'to'))
    tail.push(...before)
    return inner
  })
  return { from: ins, through: [...lead, ...through, ...tail], to: outs }
}

function isPiece(draft: Draft, side: 'from' | 'to'): draft is Piece {
  return draft.kind === 'piece' && draft.rows[side].length > 0
}

function isWhole(draft: Draft): draft is Piece {
  return isPiece(draft, 'from') && isPiece(draft, 'to')
}

function stray({ name, place, rows }: Piece, side: 'from' | 'to'): Problem {
  const [kind, where] = side === 'from' ? ['sources', 'behind'] : ['sinks', 'before']
  const alone = `'${name}' as all there is under '${side}'`
  if (rows.through.length > 0) {
    const message = `'${name}' is several ${kind} with stages ${where} them, and no branch`
    return new Problem(message, { place, expected: alone })
  }
  const expected = `them under 'through', or ${alone}`
  return new Problem(`no stages can stand ${where} '${name}' here: it is several ${kind}`, { place, expected })
}

function isSink(draft: Draft): boolean {
  return componentOf(draft)?.role === 'sink' || isPiece(draft, 'to')
}

function componentOf(draft: Draft): StageComponent | null {
  return draft.kind === 'component' || draft.kind === 'broken' ? draft.component : null
}

/** Why stages cannot stand where they do. */
export function misplaced({ from, through, to }: Rows): Problem[] {
  const problems: Problem[] = []
  for (const { drafts } of from) drafts.forEach((draft, i) => check(draft, i === 0, false, problems))
  through.forEach((draft) => check(draft, false, false, problems))
  for (const { drafts } of to) drafts.forEach((draft, i) => check(draft, false, i === drafts.length - 1, problems))
  return problems
}

/** The same of stages that stand alone: others may come before and behind them. */
export function misplacedBetween(drafts: readonly Draft[]): Problem[] {
  const problems: Problem[] = []
  const [first, ...rest] = drafts
  rest.forEach((draft, i) => (i < rest.length - 1 || !isSink(draft)) && check(draft, false, false, problems))
  if (rest.length > 0 && isSink(first)) check(first, false, false, problems)
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
  const { name, role, makes } = partOf(draft)
  if (role === 'sink' && !last && !first)
    problem(`nothing comes out of '${name}'`, "it as the last stage, or under 'to'")
  if (role !== 'sink' && role !== 'whole' && last)
    problem(`nothing takes what comes out of '${name}'`, 'a sink as the last stage, such as write file PATH')
  if (makes && !first) problem(`'${name}' reads no records`, "it as the first stage, or under 'from'")
  if (role === 'whole') problem(`'${name}' is a whole pipe`, 'it as the only stage of a pipe')
  if (role !== 'source' && role !== 'whole' && first && draft.kind !== 'program') {
    problem(`nothing comes into '${name}'`, "a source as the first stage, or 'pipe NAME'")
  }
  if (role === 'source' && !makes && first && draft.kind === 'component' && needsInput(draft)) {
    problem(`nothing comes into '${name}'`, `what makes ${draft.component.accepts.join(', ')} records before it`)
  }
}

/** What a stage is for others; `makes`: a source that takes no records. */
function partOf(draft: Draft): { name: string; role: 'source' | 'filter' | 'sink' | 'whole'; makes: boolean } {
  if (draft.kind === 'piece') {
    const [makes, takes] = [isPiece(draft, 'from'), isPiece(draft, 'to')]
    return { name: draft.name, role: makes && takes ? 'whole' : makes ? 'source' : 'sink', makes: makes && !takes }
  }
  const component = componentOf(draft)
  if (component === null) return { name: 'exec', role: 'filter', makes: false }
  const { name, role, accepts } = component
  return { name, role, makes: role === 'source' && accepts.length === 0 }
}

/** A source that is fed with records, unless its arguments tell it what to do. */
function needsInput({ input }: Draft & { kind: 'component' }): boolean {
  return input().args.length === 0
}
