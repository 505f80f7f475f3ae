// One run of a pipe: started, killed or stopped at a moment of chance, and its accounts compared with what is on disk
// and what the receiver says.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Entry, gapsOf } from '../../lib/ledger/ledger.js'
import type { FlakyReceiver } from '../support/flaky_receiver.js'
import { type EndedStage, Pipe } from '../support/pipe.js'
import type { Random } from '../support/random.js'
import { type SpoolEntry, spoolEntries, waitingRecords } from '../support/spool_files.js'

export const KILLS = Number(process.env.CHAOS_KILLS ?? 10)
export const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)

export const LANES = 4
const KILLED = 128 + 9
/** Asked to stop before it could know how. */
const TERMINATED = 128 + 15
/** Done, not all delivered, the reader is gone. */
const FINE = new Set([0, 75, 141])
/** Why records are dropped: a kill made that a line or an entry was written in part; --no-metadata. */
const REASONS = new Set(['not_json', 'spool_torn', 'metadata', 'spool_full'])

/** Options of `write prometheus` by which not much is under way, and failures do not take long. */
export const QUICK =
  `--concurrency ${LANES} --batch-samples 100 --batch-wait 20ms --min-backoff 1ms --max-backoff 20ms` +
  ' --max-retry-after 20ms --timeout 200ms --drain-timeout 3s'

/** What happens to a pipe. */
export type Fate = 'kill' | 'stop' | 'end'

export interface Run {
  name: string
  ended: EndedStage[]
  /** Stages that a signal was sent to. */
  hit: Set<number>
  /** Stages that were killed. */
  kills: number
  /** Records that waited in the spool before. */
  before: number
}

/** @param state the folder of --state */
export async function runPipe(
  name: string,
  stages: readonly string[],
  cwd: string,
  state: string,
  fate: Fate,
  receiver: FlakyReceiver,
  random: Random,
): Promise<Run> {
  const before = waitingRecords(spoolEntries(state))
  const pipe = Pipe.start(stages, cwd, () => receiver.wake())
  const run: Run = { name, ended: [], hit: new Set(), kills: 0, before }
  if (fate !== 'end') await moment(pipe, receiver, random)
  if (fate === 'stop') {
    for (let stage = 0; stage < stages.length; stage++) if (await pipe.signal(stage, 'SIGTERM')) run.hit.add(stage)
  }
  while (fate === 'kill') {
    const stage = random.below(stages.length)
    if (!run.hit.has(stage) && (await pipe.signal(stage, 'SIGKILL'))) {
      run.hit.add(stage)
      run.kills++
    }
    // Sometimes what is left is killed while it drains.
    if (random.next() < 0.8) break
  }
  run.ended = await pipe.ended
  return run
}

/** While a pipe starts, or when the receiver has seen some requests of it. */
async function moment(pipe: Pipe, receiver: FlakyReceiver, random: Random): Promise<void> {
  if (random.next() < 0.2) {
    await pipe.pid(0)
    return void (await new Promise((resolve) => setTimeout(resolve, random.below(400))))
  }
  const until = receiver.requests + 1 + random.below(random.pick([3, 20, 60]))
  await receiver.until(() => receiver.requests >= until || pipe.over)
}

/**
 * How it ended, and whether everybody's account is right. Returns what the spools hold then.
 *
 * @param checkpoints how many may have come through at most
 * @param drops whether the spool may give up its oldest
 */
export function checkRun(
  t: Test,
  run: Run,
  state: string,
  receivers: readonly FlakyReceiver[],
  checkpoints: number,
  drops = false,
): SpoolEntry[] {
  const { name, ended, hit } = run
  const entries = spoolEntries(state)
  const said = ended.map(({ code, stderr }) => `${code} ${stderr}`).join('\n')
  const odd = ended.filter(({ code, stderr }, stage) => {
    const torn = code === 1 && hit.size > 0 && / stdin:\d+: not JSON: unexpected end/.test(stderr)
    return !FINE.has(code) && !torn && !(hit.has(stage) && (code === KILLED || code === TERMINATED))
  })
  t.same(odd, [], `${name}: exit codes`)
  t.notMatch(said, /(is|are) corrupt|starting over|from its start/, `${name}: no damage`)
  // A kill may tear an entry that is being written. What was under way when it was given up, and then killed, is
  // missing.
  if (!drops) t.notMatch(said, /lost from the spool \(spool_(?!torn)/, `${name}: no loss`)
  const accounts = ended.flatMap(({ accounts }) => accounts)
  for (const account of accounts) t.same(gapsOf([account], false), [], `${name}: ${account.stage}`, { said })
  const of = (stage: RegExp) => accounts.findLast((account) => stage.test(account.stage))
  const [source, relabel, sink] = [/^(receive|scrape)/, /^relabel/, /^write/].map(of)
  for (const stage of [source, relabel]) t.equal(stage?.pending ?? 0, 0, `${name}: ${stage?.stage} holds nothing`, { said })
  // A stage that ended by itself, or was stopped, has seen all that the one before let out.
  const whole = (index: number) => ended.length === 1 || ended[index].code < 128
  const seams: [Entry | undefined, Entry | undefined, boolean][] = [
    [source, relabel, whole(0) && whole(1)],
    [relabel, sink, whole(1)],
  ]
  for (const [from, to, all] of seams) {
    if (from !== undefined && to !== undefined && all) t.same(gapsOf([from, to], false), [], `${name}: seam`, { said })
  }
  if (sink !== undefined) checkSink(t, run, sink, waitingRecords(entries), receivers, checkpoints, said)
  return entries
}

/** What it holds is what its spool holds; what it counts as sent the receiver says it has. */
function checkSink(
  t: Test,
  { name, before }: Run,
  sink: Entry,
  after: number,
  receivers: readonly FlakyReceiver[],
  checkpoints: number,
  said: string,
): void {
  // Of what waited before, `made` was looked at; the rest was not touched and waits still. A second receiver makes
  // copies of all but the checkpoints.
  const copies = after - (before - sink.made) - sink.pending
  const most = (receivers.length - 1) * sink.in
  const right = copies <= most && copies >= most - (receivers.length - 1) * checkpoints
  t.ok(right, `${name}: pending is what this run left in the spool`, { said, sink, before, after })
  // Checkpoints go out when they are committed. An answer may come too late to be counted.
  const acknowledged = receivers.reduce((sum, receiver) => sum + receiver.acknowledged(name), 0)
  t.ok(sink.out <= acknowledged + checkpoints, `${name}: ${sink.out} out, ${acknowledged} acknowledged`)
  const reasons = [...sink.dropped.keys()].filter((reason) => !REASONS.has(reason))
  t.same(reasons, [], `${name}: dropped is what a kill has torn, and metadata`)
}

/** Lines of the file that were committed. */
export function committed(state: string): number {
  const folder = join(state, 'checkpoints')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
  if (names.length === 0) return 0
  const { position } = JSON.parse(readFileSync(join(folder, names[0]), 'utf8')) as { position: { line: number } }
  return position.line
}

/** A few of many. */
export function some(numbers: readonly number[]): string {
  return `${numbers.length}: ${numbers.slice(0, 10).join(' ')}${numbers.length > 10 ? ' …' : ''}`
}

/** Requests by what became of them. */
export function waysText({ ways }: FlakyReceiver): string {
  return [...ways].map(([way, count]) => `${way} ${count}`).join(', ')
}
