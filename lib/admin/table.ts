// What runs, as a table for people: rates between two looks at the pipes.

import { droppedBy } from '../ledger/ledger.js'
import { type Paint, plain, type Style } from '../view/style.js'
import { entryOf, type EntryState, type PipeStatus } from './state.js'

/** One look: all pipes at a time, milliseconds of a clock that never jumps. */
export interface Look {
  readonly at: number
  readonly pipes: readonly PipeStatus[]
}

export interface Room {
  /** Columns and lines; any number if absent. */
  readonly width?: number
  readonly height?: number
  readonly paint: Paint
}

const HEAD = ['stage', 'in/s', 'out/s', 'dropped/s', 'dropped', 'pending', 'bytes/s']
/** Least widths: columns that move at every look are hard to read. */
const WIDTHS = [18, 6, 6, 9, 7, 7, 8]
const GAP = 2

/** A line for each pipe and each of its stages. What there is no room for is left out, and told. */
export function tableOf(before: Look, now: Look, room: Room = NO_BOUNDS): string {
  const { width = Infinity, height = Infinity, paint } = room
  const seconds = Math.max((now.at - before.at) / 1000, 0.001)
  const blocks = now.pipes.map((pipe) => {
    const earlier = before.pipes.find(({ name }) => name === pipe.name)
    const rows = pipe.stages.map((entry) => stageRow(entry, earlier, seconds))
    return { head: pipeLine(pipe, processorShare(pipe, earlier, seconds), width, paint), rows }
  })
  const line = layout([HEAD, ...blocks.flatMap(({ rows }) => rows)], width)
  const lines = [paint('dim', line(HEAD)), ...blocks.flatMap(({ head, rows }) => [head, ...rows.map(line)])]
  const hidden = lines.length - height
  const shown = hidden > 0 ? [...lines.slice(0, height - 1), paint('dim', `… ${hidden + 1} more lines`)] : lines
  return shown.map((text) => `${text}\n`).join('')
}

const NO_BOUNDS: Room = { paint: plain }

/** How rows become lines: the first column gives way where there is too little room, then the others are cut. */
function layout(rows: readonly (readonly string[])[], width: number): (row: readonly string[]) => string {
  const widths = WIDTHS.map((least, column) => Math.max(least, ...rows.map((row) => row[column].length)))
  const others = widths.slice(1).reduce((sum, one) => sum + GAP + one, 0)
  widths[0] = Math.min(widths[0], Math.max(WIDTHS[0], width - others))
  const cell = (text: string, column: number) =>
    column === 0 ? cut(text, widths[0]).padEnd(widths[0]) : ' '.repeat(GAP) + text.padStart(widths[column])
  return (row) => cut(row.map(cell).join(''), width)
}

/** The name of a pipe, and what is known of its process. */
function pipeLine(pipe: PipeStatus, cpu: number, width: number, paint: Paint): string {
  const { name, state, pid, exit_code, restarts, rss_bytes } = pipe
  const facts = [
    state === 'failed' ? `failed (${exit_code})` : state,
    ...(pid === null ? [] : [`cpu ${(100 * cpu).toFixed(0)} %`, `memory ${sizeText(rss_bytes)}`]),
    ...(restarts === 0 ? [] : [`started again ${restarts === 1 ? 'once' : `${restarts} times`}`]),
  ]
  const text = cut(`${name}: ${facts.join(', ')}`, width)
  const known = Math.min(name.length, text.length)
  return paint('bold', text.slice(0, known)) + paint(STATES.get(state) ?? 'yellow', text.slice(known))
}

/** Of one processor, between two looks. A new process begins to count anew. */
function processorShare({ pid, cpu_seconds }: PipeStatus, earlier: PipeStatus | undefined, seconds: number): number {
  return earlier?.pid === pid ? (cpu_seconds - (earlier?.cpu_seconds ?? 0)) / seconds : 0
}

const STATES = new Map<string, Style>([
  ['running', 'green'],
  ['done', 'dim'],
  ['failed', 'red'],
])

function stageRow(entry: EntryState, pipe: PipeStatus | undefined, seconds: number): string[] {
  const earlier = pipe?.stages.find(({ stage }) => stage === entry.stage)
  const grown = (value: (of: EntryState) => number) => value(entry) - (earlier === undefined ? 0 : value(earlier))
  const rate = (value: (of: EntryState) => number) => rateText(grown(value) / seconds)
  const dropped = (of: EntryState) => droppedBy(entryOf(of))
  return [
    `  ${entry.stage}`,
    rate((of) => of.in + of.made),
    rate((of) => of.out),
    rate(dropped),
    String(dropped(entry)),
    String(entry.pending),
    sizeText(Math.max(0, grown((of) => of.in_bytes + of.out_bytes) / seconds)),
  ]
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

function rateText(rate: number): string {
  const shown = Math.max(0, rate)
  return shown === 0 || shown >= 10 ? shown.toFixed(0) : shown.toFixed(1)
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function sizeText(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : size.toFixed(0)} ${UNITS[unit]}`
}
