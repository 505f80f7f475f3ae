// Memory that must not grow: a million series that stay, and series of which a tenth is new at each scrape.

import { RULES } from './agents.js'
import { type Bar, type Bench, type Choice, isChosen, ratio, type Row } from './bench.js'
import { AGENT, type Contestant, FUSED, isInstalled } from './contestants.js'
import { type Usage, usageOf, start } from './measure.js'
import { delay, type Load, Rig } from './rig.js'
import { markOf } from './rounds.js'

interface Watch {
  load: Load
  /** Seconds between two scrapes of a target. */
  every: number
  scrapes: number
}

/** Scrapes at the end in which memory is to be flat. */
const LAST = 20
/** The rise of a straight line through the last scrapes, as a share of their mean, that still is flat. */
const FLAT = 0.05
const GIB = 2 ** 30

export const million: Bench = {
  name: 'million',
  base: [AGENT.name, 'rss_peak_gib'],
  run: (choice) => watchAll({ load: { targets: 20, series: 50_000, churn: 0 }, every: 5, scrapes: 32 }, choice),
  bars: (rows) => [
    ...rows.filter(({ name }) => name === FUSED.name).map(({ figures: { rss_peak_gib: figure } }) => {
      return { what: `rss_peak of ${FUSED.name}`, figure, bar: { most: 1.3 }, unit: ' GiB' }
    }),
    ...[ratio(rows, 'rss_peak_gib', FUSED.name, AGENT.name)].flatMap((figure) =>
      figure === undefined ? [] : [{ what: `rss_peak of ${FUSED.name} / ${AGENT.name}`, figure, bar: { most: 1 / 3 } }],
    ),
    ...flat(rows),
  ],
}

export const churn: Bench = {
  name: 'churn',
  base: [AGENT.name, 'rss_peak_gib'],
  run: (choice) => watchAll({ load: { targets: 20, series: 5000, churn: 10 }, every: 1, scrapes: 100 }, choice),
  bars: flat,
}

function flat(rows: readonly Row[]): Bar[] {
  return rows
    .filter(({ name }) => name === FUSED.name)
    .map(({ name, figures }) => ({ what: `rise over the last ${LAST} scrapes of ${name}`, figure: figures.rise, bar: { most: FLAT } }))
}

async function watchAll(what: Watch, choice: Choice): Promise<Row[]> {
  const rows: Row[] = []
  for (const contestant of [FUSED, AGENT]) {
    if (isInstalled(contestant) && isChosen(contestant.name, choice)) rows.push(await watch(contestant, what, choice))
  }
  return rows
}

/** Without the rule that drops: what is scraped is sent. */
async function watch(contestant: Contestant, { load, every, ...what }: Watch, { seconds }: Choice): Promise<Row> {
  const scrapes = seconds === undefined ? what.scrapes : Math.max(LAST, Math.ceil(seconds / every))
  const rig = await Rig.open(load)
  const running = start(contestant.command(rig, { every, rules: RULES.slice(1) }))
  const history: { usages: Usage[]; scrapes: number }[] = []
  try {
    for (let n = 0; n < scrapes; n++) {
      await delay(every * 1000)
      running.check()
      history.push({ usages: usageOf(running.pid), scrapes: (await rig.counts()).scrapes })
    }
    const total = await rig.drain(load.series)
    const [half, last] = [history[scrapes >> 1], history[scrapes - 1]]
    const cpu = sum(last.usages.map(cpuOf)) - sum(half.usages.map(cpuOf))
    const resident = history.map(({ usages }) => sum(usages.map((usage) => usage.resident)))
    const rise = riseOf(resident.slice(-LAST))
    const figures = {
      'rss_peak_gib': sum(last.usages.map(({ peak }) => peak)) / GIB,
      'rss_end_gib': resident[scrapes - 1] / GIB,
      'rise': rise,
      'cpu_us/sample': (cpu / ((last.scrapes - half.scrapes) * load.series)) * 1e6,
    }
    const missing = load.targets * (scrapes - 1) - last.scrapes
    return { name: contestant.name, figures, resident, mark: markOf(running, total, load.series, missing) }
  } finally {
    running.stop()
    await rig.close()
  }
}

/** The rise of the straight line nearest to the values, from the first to the last, as a share of their mean. */
function riseOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = sum(values) / values.length
  const [above, below] = [values.map((value, at) => (at - middle) * (value - mean)), values.map((_, at) => (at - middle) ** 2)]
  return ((sum(above) / sum(below)) * (values.length - 1)) / mean
}

function cpuOf({ user, system }: Usage): number {
  return user + system
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
