// kill -9 of the stages of a scrape: a scrape cannot be had again, so that a kill costs what was not in the spool yet,
// and nothing else. What arrives of each run are its first scrapes, all of them, in order.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { serving } from '../support/client.js'
import { FlakyReceiver, RUN_HEADER } from '../support/flaky_receiver.js'
import { Random } from '../support/random.js'
import type { Received } from '../support/remote_write.js'
import { temporary } from '../support/temporary.js'
import { checkRun, type Fate, KILLS, QUICK, type Run, runPipe, SEED, waysText } from './run.js'

/** Kills here take their time: a run has to scrape for a while. */
const SHARE = 0.25

t.setTimeout(KILLS * 20_000 + 60_000)

const SERIES = 6
/** One series is dropped on the way. */
const DROPPED = 4

/** From `from` up to `to`. */
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to + 1 - from) }, (_, i) => from + i)

/** A target that numbers its scrapes, and what of them arrived. */
class Numbers {
  scrapes = 0
  again = 0
  readonly faults: string[] = []
  /** The first scrape of each run. */
  readonly runs: number[] = []
  readonly #arrived = Array.from({ length: SERIES }, () => new Set<number>())
  readonly #newest: number[] = Array.from({ length: SERIES }, () => 0)
  /** When `up` was 0: an answer that came too late is not in the records. */
  readonly #failed = new Set<number>()

  /** Scrapes that failed, as far as it arrived. */
  get failed(): number {
    return this.#failed.size
  }

  text(): string {
    this.scrapes++
    const lines = Array.from({ length: SERIES }, (_, i) => `chaos_scrapes_total{i="${i}"} ${this.scrapes}\n`)
    return `# TYPE chaos_scrapes_total counter\n${lines.join('')}`
  }

  arrive(samples: readonly Received[]): void {
    for (const { labels, value, stale, ms } of samples) {
      if (labels.__name__ === 'up' && value === 0) this.#failed.add(ms)
      // A staleness marker is NaN.
      if (labels.__name__ !== 'chaos_scrapes_total' || stale || Number.isNaN(value)) continue
      const series = Number(labels.i)
      if (series === DROPPED || labels.site !== 'eu') this.faults.push(JSON.stringify(labels))
      if (this.#arrived[series].has(value)) this.again++
      else if (value < this.#newest[series]) this.faults.push(`${value} came first after ${this.#newest[series]}`)
      this.#arrived[series].add(value)
      this.#newest[series] = Math.max(this.#newest[series], value)
    }
  }

  /** Scrapes that did not arrive although a later one of their run did, by series; not more than failed are none. */
  holes(): string[] {
    return this.#arrived.flatMap((arrived, series) => {
      const missing = this.runs.flatMap((from, run) => {
        const to = this.runs[run + 1] ?? this.scrapes + 1
        const last = Math.max(...[...arrived].filter((n) => n >= from && n < to))
        return range(from, last).filter((n) => !arrived.has(n))
      })
      return missing.length <= this.failed ? [] : [`series ${series}: ${missing.join(' ')}`]
    })
  }

  /** Of the last run. */
  missing(): number[] {
    const from = this.runs.at(-1)!
    return range(from, this.scrapes).filter((n) => this.#arrived.some((arrived, series) => series !== DROPPED && !arrived.has(n)))
  }
}

async function chaos(t: Test, fused: boolean, random: Random, kills: number): Promise<void> {
  const folder = temporary(t)
  const state = join(folder, 'state')
  const numbers = new Numbers()
  const target = await serving(t, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(numbers.text())
  })
  const receiver = await FlakyReceiver.start(random.fork(), ({ samples }) => numbers.arrive(samples))
  t.teardown(() => receiver.stop())
  const run = async (fate: Fate): Promise<Run> => {
    const name = `run-${numbers.runs.length}`
    numbers.runs.push(numbers.scrapes + 1)
    const stages = [
      `solder scrape ${target}/metrics --every 20ms --timeout 20ms --ledger`,
      `solder relabel --drop i=${DROPPED} --set site=eu --ledger`,
      `solder write prometheus ${receiver.url} --state ${state} --no-metadata --ledger --header ${RUN_HEADER}=${name} ${QUICK}`,
    ]
    const words = fused ? [`solder run -e "${stages.map((stage) => stage.slice('solder '.length)).join(' | ')}"`] : stages
    const ran = await runPipe(name, words, folder, state, fate, receiver, random)
    checkRun(t, ran, state, [receiver], 0)
    t.same([...numbers.faults, ...receiver.faults], [], `${name}: what arrives is right, in order`)
    return ran
  }
  let killed = 0
  while (killed < kills) killed += (await run(random.next() < 0.15 ? 'stop' : 'kill')).kills
  receiver.mood = 'well'
  const { ended } = await run('stop')
  const said = ended.map(({ stderr }) => stderr).join('')
  // A stop of all at once may come before one of them knows how; a scrape that is under way then is given up.
  const missing = ended.every(({ code }) => code === 0) ? numbers.missing() : []
  t.ok(missing.length <= numbers.failed + 1, `what was scraped before a stop arrived, all but ${missing.join()}`, { said })
  t.same(numbers.holes(), [], 'no run has a hole')
  t.comment(`${killed} kills, ${numbers.runs.length} runs, ${numbers.scrapes} scrapes, ${numbers.again} samples arrived again`)
  t.comment(`requests: ${waysText(receiver)}`)
}

const random = new Random(SEED)
for (const fused of [false, true]) {
  const own = random.fork()
  const kills = Math.max(1, Math.round((KILLS * SHARE) / 2))
  t.test(`${fused ? 'one process' : 'three processes'} (CHAOS_SEED=${SEED})`, (t) => chaos(t, fused, own, kills))
}
