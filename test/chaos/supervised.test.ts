// kill -9 of the process of a pipe, of its supervisor, and of both, at random moments, before a receiver that fails in
// every way: what a source had committed, and what a server had answered, is at the receiver or in the spool, and
// arrives in order.
//
// CHAOS_KILLS: how many kills, CHAOS_SEED: which ones.

import { appendFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { compressSync } from 'snappy'
import t, { type Test } from 'tap'
import { FlakyReceiver } from '../support/flaky_receiver.js'
import { Random } from '../support/random.js'
import { encodeMessage } from '../support/remote_write.js'
import { spoolEntries } from '../support/spool_files.js'
import { gone, lives, Supervised, until } from '../support/supervised.js'
import { temporary } from '../support/temporary.js'
import { committed, KILLS, QUICK, SEED, some, waysText } from './run.js'
import { Trail } from './trail.js'

/** Kills here take their time: a process is started again after a second and more. */
const SHARE = 0.3
const KILLS_HERE = Math.max(2, Math.round(KILLS * SHARE))

t.setTimeout(KILLS * 40_000 + 120_000)
t.comment(`CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS}`)

const RELABEL = 'relabel --drop i=5 --set site=eu'

type Victim = 'pipe' | 'supervisor' | 'both'

/** A pipeline with one pipe `work`, run after run, and what arrived of it. */
class Stand {
  readonly trail = new Trail()
  readonly state: string
  kills = 0
  run: Supervised | null = null

  private constructor(
    private readonly t: Test,
    private readonly random: Random,
    readonly folder: string,
    private readonly source: string,
  ) {
    this.state = join(folder, 'state')
  }

  receiver!: FlakyReceiver

  static async at(t: Test, random: Random, source: string): Promise<Stand> {
    const stand = new Stand(t, random, temporary(t), source)
    stand.receiver = await FlakyReceiver.start(random.fork(), ({ samples }) => stand.trail.arrive(samples))
    t.teardown(() => stand.receiver.stop())
    return stand
  }

  /**
   * Starts another supervisor.
   * @param last whether it is to bring everything to its end, however long that takes
   */
  async start(last = false): Promise<Supervised> {
    const { random, receiver } = this
    const quick = last ? QUICK.replace(/--drain-timeout \w+/, '--drain-timeout 5m') : QUICK
    const fsync = random.pick(['interval', 'never', 'always'])
    const sink = `write prometheus ${receiver.url} --state state --no-metadata --fsync ${fsync} ${quick}`
    const text = `version: 1\npipes:\n  work: ${this.source} | ${RELABEL} | ${sink}\n`
    this.run = new Supervised(this.t, text, last ? ['--once'] : [], { folder: this.folder })
    return this.run
  }

  /** When the receiver has seen some more requests, or all is done. */
  async moment(): Promise<void> {
    const { receiver, random, run } = this
    const wanted = receiver.requests + 1 + random.below(random.pick([3, 20, 60]))
    await until(async () => receiver.requests >= wanted || run!.log.some(isDone) || undefined, 'requests')
  }

  /** Whether the supervisor is left. */
  async kill(victim: Victim): Promise<boolean> {
    const run = this.run!
    const { pid } = await run.pipe('work')
    if (pid !== null && victim !== 'supervisor' && lives(pid)) process.kill(pid, 'SIGKILL')
    if (victim !== 'pipe') {
      run.signal('SIGKILL')
      await run.ended
    }
    this.kills++
    if (pid !== null) await gone([pid])
    return victim === 'pipe'
  }

  /** What was answered or committed is there, and what is there is right. */
  check(safe: number, what: string): void {
    const { t, trail, receiver } = this
    const said = this.run!.stderr
    const entries = spoolEntries(this.state)
    t.equal(some(trail.missing(safe, entries)), '0: ', `${what}: all ${safe} are at the receiver or in the spool`, { said })
    t.equal(some(trail.unsent(entries)), '0: ', `${what}: what is done with is at the receiver`, { said })
    t.same([...trail.faults, ...receiver.faults], [], `${what}: what arrives is right, in order`)
    t.notMatch(said, /do not add up|(is|are) corrupt|starting over|lost from the spool \(spool_(?!torn)/, `${what}: no damage, no gap`)
  }

  victim(): Victim {
    return this.random.weighted({ pipe: 6, supervisor: 3, both: 2 })
  }

  told(): string {
    const { trail, receiver, kills } = this
    return `${kills} kills, ${trail.arrived} of ${trail.kept} records, ${trail.again} arrived again; requests: ${waysText(receiver)}`
  }
}

const isDone = ({ message }: { message: string }) => /^done, exit code/.test(message)

t.test(`a file on its way (CHAOS_SEED=${SEED})`, async (t) => {
  const random = new Random(SEED)
  const stand = await Stand.at(t as Test, random, 'receive ndjson in.ndjson --state state')
  const { trail, receiver, folder, state } = stand
  const feed = (count: number) => appendFileSync(join(folder, 'in.ndjson'), trail.feed(count))
  while (stand.kills < KILLS_HERE) {
    feed(random.between(1000, 6000))
    const run = await stand.start()
    await run.running()
    for (let again = true; again; ) {
      await stand.moment()
      again = (await stand.kill(stand.victim())) && random.next() < 0.5 && !run.log.some(isDone)
    }
    stand.check(committed(state), `after kill ${stand.kills}`)
    // A supervisor that lives has started the pipe again, or will.
    await run.stop()
  }
  receiver.mood = 'well'
  t.match(await (await stand.start(true)).ended, { code: 0 })
  stand.check(trail.end, 'in the end')
  t.equal(some(trail.missing(trail.end)), '0: ', 'everything arrived')
  t.equal(committed(state), trail.end, 'and is committed')
  t.comment(stand.told())
})

/** Sends the trail, a request at a time, each until it is answered with 204. */
class Sender {
  /** Numbers below were answered for. */
  answered = 0
  retries = 0
  /** What came in place of the last 204. */
  said = ''
  readonly #ended: Promise<void>
  #stopped = false

  /** @param url where the server is now; null while there is none */
  constructor(
    private readonly trail: Trail,
    private readonly url: () => string | null,
    random: Random,
  ) {
    this.#ended = this.#send(random)
  }

  /** What is under way is sent until it is answered. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#ended
  }

  async #send(random: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#stopped) {
      const lines = this.trail.feed(random.between(1, 60)).trimEnd().split('\n')
      const timeseries = lines.map((line) => seriesOf(line))
      const body = compressSync(encodeMessage({ timeseries })) as Buffer
      for (let said = await posted(this.url(), agent, body); said !== '204'; said = await posted(this.url(), agent, body)) {
        this.said = said
        this.retries++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      this.answered = this.trail.end
    }
    agent.destroy()
  }
}

function seriesOf(line: string): object {
  const { name, labels, ts, value } =
    JSON.parse(line) as { name: string; labels: { [name: string]: string }; ts: string; value: number }
  const all = Object.entries({ __name__: name, ...labels }).map(([name, value]) => ({ name, value }))
  // The schema has a value as its bits.
  const bits = String(new BigUint64Array(new Float64Array([value]).buffer)[0])
  return { labels: all, samples: [{ value: bits, timestamp: Number(ts.slice(0, -6)) }] }
}

/** The status of the answer, or what there was in place of one. */
function posted(url: string | null, agent: Agent, body: Buffer): Promise<string> {
  if (url === null) return Promise.resolve('no server')
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'content-length': body.length }
  return new Promise((resolve) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.on('close', () => resolve(response.complete ? String(response.statusCode) : 'half an answer'))
    })
    asked.on('error', (error) => resolve(error.message))
    asked.end(body)
  })
}

t.test(`what a server has answered for, with --ack durable (CHAOS_SEED=${SEED})`, async (t) => {
  const random = new Random(SEED + 1)
  const stand = await Stand.at(t as Test, random, 'receive prometheus --listen 127.0.0.1:0 --ack durable --ack-timeout 2s --state state')
  const { trail, receiver } = stand
  const url = () => stand.run?.log.find(({ message }) => message.startsWith('listening on '))?.message.slice('listening on '.length) ?? null
  const sender = new Sender(trail, url, random.fork())
  let run = await (await stand.start()).running()
  while (stand.kills < KILLS_HERE) {
    await stand.moment()
    const answered = sender.answered
    const left = await stand.kill(stand.victim())
    stand.check(answered, `after kill ${stand.kills}`)
    if (!left) run = await (await stand.start()).running()
    // Somebody is answered again before the next one.
    await until(async () => sender.answered > answered || undefined, 'an answer').catch((error: unknown) => {
      throw new Error(`no answer after kill ${stand.kills}: ${sender.said}\n${run.stderr}`, { cause: error })
    })
  }
  receiver.mood = 'well'
  await sender.stop()
  await until(async () => trail.missing(sender.answered).length === 0 || undefined, 'all that was answered')
  t.equal(await run.stop(), 0)
  stand.check(sender.answered, 'in the end')
  t.comment(`${stand.told()}; ${sender.retries} sent again by the client`)
})
