// What runs, as a table for people: rates between two looks at the pipes.

import { entryOf, type EntryState, type PipeStatus } from './state.js'
import { droppedBy } from '../ledger/ledger.js'

/** One look: all pipes at a time, milliseconds of a clock that never jumps. */
export interface Look {
  readonly at: number
  readonly pipes: readonly PipeStatus[]
}

const HEAD = ['pipe / stage', 'state', 'in/s', 'out/s', 'dropped/s', 'pending', 'dropped', 'bytes/s', 'cpu', 'memory', 'restarts']

/** A line for each pipe and each of its stages. */
export function tableOf(before: Look, now: Look): string {
  const seconds = Math.max((now.at - before.at) / 1000, 0.001)
  const rows = [HEAD]
  for (const pipe of now.pipes) {
    const earlier = before.pipes.find(({ name }) => name === pipe.name)
    rows.push(pipeRow(pipe, earlier, seconds))
    for (const entry of pipe.stages) {
      rows.push(stageRow(entry, earlier?.stages.find(({ stage }) => stage === entry.stage), seconds))
    }
  }
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const cell = (text: string, column: number) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}

function pipeRow(pipe: PipeStatus, earlier: PipeStatus | undefined, seconds: number): string[] {
  // A new process begins to count anew.
  const cpu = earlier?.pid === pipe.pid ? (pipe.cpu_seconds - (earlier?.cpu_seconds ?? 0)) / seconds : 0
  const state = pipe.state === 'failed' ? `failed (${pipe.exit_code})` : pipe.state
  const alive = pipe.pid !== null
  return [
    pipe.name, state, '', '', '', '', '', '', alive ? `${(100 * cpu).toFixed(0)} %` : '', alive ? sizeText(pipe.rss_bytes) : '',
    String(pipe.restarts),
  ]
}

function stageRow(entry: EntryState, earlier: EntryState | undefined, seconds: number): string[] {
  const rate = (value: (of: EntryState) => number) => rateText((value(entry) - (earlier === undefined ? 0 : value(earlier))) / seconds)
  const dropped = (of: EntryState) => droppedBy(entryOf(of))
  return [
    `  ${entry.stage}`, '', rate((of) => of.in + of.made), rate((of) => of.out), rate(dropped), String(entry.pending), String(dropped(entry)),
    sizeText(Math.max(0, (entry.in_bytes + entry.out_bytes - (earlier?.in_bytes ?? 0) - (earlier?.out_bytes ?? 0)) / seconds)), '', '', '',
  ]
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
