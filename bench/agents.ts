// The whole job side by side: 20 targets x 5,000 series each second, three relabel rules, remote write to a receiver that takes
// everything. Contestants take turns, round by round, each with fresh processes around it.

import { mkdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../test/support/solder.js'
import { type Bar, type Bench, type Choice, isChosen, medianRow, ratio, type Row } from './bench.js'
import { AGENT, type Contestant, FUSED, isInstalled, type Job, PIPE, VMAGENT } from './contestants.js'
import { proportionalOf, type Running, start, type Usage, usageOf } from './measure.js'
import { delay, type Load, Rig } from './rig.js'

/** One of four series is dropped, by its code. */
export const RULES = [
  { source_labels: ['code'], regex: '404', action: 'drop' },
  { source_labels: ['handler'], regex: '/api/v1/(.*)', target_label: 'resource', replacement: '$1' },
  { regex: 'zone', action: 'labeldrop' },
]
const KEPT = 3 / 4

export interface Run {
  load: Load
  job: Job
  /** Seconds before measuring, and measured. */
  warmup: number
  seconds: number
}

const RUN: Run = { load: { targets: 20, series: 5000, churn: 0 }, job: { every: 1, rules: RULES }, warmup: 6, seconds: 10 }

export const agents: Bench = {
  name: 'agents',
  base: [AGENT.name, 'cpu_us/sample'],
  run: (choice) => rounds([FUSED, PIPE, AGENT, VMAGENT].map((contestant) => ({ contestant, run: RUN })), choice),
  bars: (rows) => [
    ...bar(rows, 'cpu_us/sample', FUSED.name, 1 / 8),
    ...bar(rows, 'rss_bytes/series', FUSED.name, 1 / 2),
    ...bar(rows, 'cpu_us/sample', PIPE.name, 1 / 2),
  ],
}

function bar(rows: readonly Row[], figure: string, name: string, most: number): Bar[] {
  const value = ratio(rows, figure, name, AGENT.name)
  return value === undefined ? [] : [{ what: `${figure} of ${name} / ${AGENT.name}`, figure: value, bar: { most } }]
}

export interface Entry {
  contestant: Contestant
  run: Run
}

/** Rows of all entries that are chosen and installed: medians of several rounds, in turn. */
export async function rounds(entries: readonly Entry[], choice: Choice): Promise<Row[]> {
  const chosen = entries.filter(({ contestant }) => isInstalled(contestant) && isChosen(contestant.name, choice))
  const rows = new Map<string, Row[]>()
  for (let round = 0; round < (choice.rounds ?? 3); round++) {
    for (const { contestant, run } of chosen) {
      const row = await measure(contestant, { ...run, seconds: choice.seconds ?? run.seconds }, choice.gc)
      rows.set(row.name, [...(rows.get(row.name) ?? []), row])
    }
  }
  return [...rows.values()].map(medianRow)
}

async function measure(contestant: Contestant, { load, job, warmup, seconds }: Run, gc: boolean): Promise<Row> {
  const rig = await Rig.open(load)
  const running = start(contestant.command(rig, job), gc ? gcEnvironment(rig) : {})
  try {
    await delay(warmup * 1000)
    const before = await snapshot(rig, running, gc)
    await delay(seconds * 1000)
    const after = await snapshot(rig, running, gc)
    const proportional = sum(after.usages.map(({ pid }) => proportionalOf(pid)))
    const { expected, arrived } = await rig.drain(load.series * KEPT)
    if (arrived === 0) throw new Error(`${contestant.name}: nothing arrived: ${running.stderr()}`)
    const scrapes = after.scrapes - before.scrapes
    const processes = after.usages.map((usage, at) => ({ name: usage.name, figures: between(before.usages[at], usage) }))
    const total = (figure: string) => sum(processes.map(({ figures }) => figures[figure]))
    const samples = scrapes * load.series
    const series = load.targets * load.series
    const figures = {
      'cpu_us/sample': ((total('user_s') + total('system_s')) / samples) * 1e6,
      'rss_bytes/series': total('peak_mib') * (MIB / series),
      'rss_end_bytes/series': total('rss_mib') * (MIB / series),
      'pss_end_bytes/series': proportional / series,
    }
    const due = (load.targets * seconds) / job.every
    return { name: contestant.name, figures, processes, mark: markOf(arrived - expected, scrapes - due) }
  } finally {
    running.stop()
    await rig.close()
  }
}

/** Sums of the contestant and its surroundings at one moment. */
async function snapshot(rig: Rig, running: Running, gc: boolean) {
  const usages = usageOf(running.pid).map((usage) => ({ ...usage, gc: gc ? gcSeconds(rig, usage.pid) : undefined }))
  if (usages.length === 0) throw new Error(`it ended: ${running.stderr()}`)
  return { usages, scrapes: await rig.scrapes() }
}

type Snapped = Usage & { gc: number | undefined }

function between(before: Snapped, after: Snapped): { [figure: string]: number } {
  return {
    'user_s': after.user - before.user,
    'system_s': after.system - before.system,
    'main_thread_s': after.main - before.main,
    ...(after.gc === undefined ? {} : { 'gc_pause_s': after.gc - (before.gc ?? 0) }),
    'rss_mib': after.resident / MIB,
    'peak_mib': after.peak / MIB,
  }
}

/** Scrapes begin at any moment of the interval: one a target more or less than is due is none left out. */
function markOf(surplus: number, scrapes: number): string | undefined {
  const marks = []
  if (surplus < 0) marks.push(`${-surplus} samples LOST`)
  if (surplus > 0) marks.push(`${surplus} samples TOO MANY`)
  if (scrapes < -RUN.load.targets) marks.push(`${-scrapes} scrapes LEFT OUT`)
  return marks.length === 0 ? undefined : marks.join(', ')
}

function gcEnvironment({ folder }: Rig): { [name: string]: string } {
  mkdirSync(`${folder}/gc`)
  return { NODE_OPTIONS: `--import=${pathToFileURL(`${ROOT}/dist/bench/gc.js`).href}`, SOLDER_BENCH_GC: `${folder}/gc` }
}

function gcSeconds({ folder }: Rig, pid: number): number | undefined {
  try {
    return Number(readFileSync(`${folder}/gc/${pid}`, 'utf8')) / 1000
  } catch {
    // No program of Node, or it has not written yet.
    return undefined
  }
}

const MIB = 1 << 20

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
