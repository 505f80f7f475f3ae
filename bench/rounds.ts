// Contestants that take turns, round by round, each with fresh processes around it: their CPU time a sample, and their memory.

import { mkdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../test/support/solder.js'
import { type Choice, isChosen, medianRow, type Row } from './bench.js'
import { type Contestant, isInstalled, type Job } from './contestants.js'
import { proportionalOf, type Running, start, type Usage, usageOf } from './measure.js'
import { type Counts, delay, type Load, Rig } from './rig.js'

const ROUNDS = 3

export interface Run {
  load: Load
  job: Job
  /** Share of the series that the rules keep. */
  kept: number
  /** Seconds, before measuring, in which all that is due arrives. */
  warmup: number
  /** Seconds measured. */
  seconds: number
}

export interface Entry {
  /** Of its row. */
  name: string
  contestant: Contestant
  run: Run
}

/** Rows of all entries that are chosen and installed: medians of several rounds, in turn. */
export async function rounds(entries: readonly Entry[], choice: Choice): Promise<Row[]> {
  const chosen = entries.filter(({ name, contestant }) => isInstalled(contestant) && isChosen(name, choice))
  const rows = chosen.map(() => [] as Row[])
  for (let round = 0; round < (choice.rounds ?? ROUNDS); round++) {
    for (const [at, entry] of chosen.entries()) rows[at].push(await measure(entry, choice))
  }
  return rows.map(medianRow)
}

async function measure({ name, contestant, run }: Entry, { seconds = run.seconds, gc }: Choice): Promise<Row> {
  const { load, job, kept } = run
  const rig = await Rig.open(load)
  const running = start(contestant.command(rig, job), gc ? gcEnvironment(rig) : {})
  try {
    const settled = await settle(rig, running, run)
    const before = await snapshot(rig, running, gc)
    await delay(seconds * 1000)
    const after = await snapshot(rig, running, gc)
    const proportional = sum(after.usages.map(({ pid }) => proportionalOf(pid)))
    const total = await rig.drain(load.series * kept)
    const scrapes = after.scrapes - before.scrapes
    const processes = after.usages.map((usage, at) => ({ name: usage.name, figures: between(before.usages[at], usage) }))
    const of = (figure: string) => sum(processes.map(({ figures }) => figures[figure]))
    const samples = scrapes * load.series
    const series = load.targets * load.series
    const figures = {
      'cpu_us/sample': ((of('user_s') + of('system_s')) / samples) * 1e6,
      'rss_bytes/series': of('peak_mib') * (MIB / series),
      'rss_end_bytes/series': of('rss_mib') * (MIB / series),
      'pss_end_bytes/series': proportional / series,
      'settled_s': settled,
    }
    // Scrapes begin at any moment of the interval.
    const missing = load.targets * (seconds / job.every - 1) - scrapes
    return { name, figures, processes, mark: markOf(running, total, load.series * kept, missing) }
  } finally {
    running.stop()
    await rig.close()
  }
}

const WINDOW_SECONDS = 3
const PATIENCE_SECONDS = 300

/** Waits until all that is due has been scraped and has arrived for some seconds; the seconds from the start until it does. */
async function settle(rig: Rig, running: Running, { load, job, kept, warmup }: Run): Promise<number> {
  const due = (load.targets / job.every) * WINDOW_SECONDS * 0.9
  const history = [await rig.counts()]
  for (let late = 0; ; ) {
    await delay(1000)
    running.check()
    const seconds = history.push(await rig.counts()) - 1
    const [then, now] = [history[Math.max(0, seconds - WINDOW_SECONDS)], history[seconds]]
    if (now.scrapes - then.scrapes < due || now.samples - then.samples < due * load.series * kept) late = seconds
    if (seconds - late >= warmup || seconds >= PATIENCE_SECONDS) return late + 1
  }
}

/** Sums of the contestant and its surroundings at one moment. */
async function snapshot(rig: Rig, running: Running, gc: boolean) {
  running.check()
  const usages = usageOf(running.pid).map((usage) => ({ ...usage, gc: gc ? gcSeconds(rig, usage.pid) : undefined }))
  return { usages, scrapes: (await rig.counts()).scrapes }
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

/** What is wrong with a run, from the counts at its end and the scrapes that are missing. */
export function markOf(running: Running, counts: Counts, samplesPerScrape: number, missing: number): string | undefined {
  const { scrapes, good, samples } = counts
  const surplus = samples - good * samplesPerScrape
  const marks = []
  if (surplus < 0) marks.push(`${-surplus} samples LOST`)
  if (surplus > 0) marks.push(`${surplus} samples TOO MANY`)
  if (good < scrapes) marks.push(`${scrapes - good} scrapes FAILED`)
  if (missing > 0) marks.push(`${missing} scrapes LEFT OUT`)
  return marks.length === 0 ? undefined : `${marks.join(', ')}; it said: ${running.said()}`
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
