// Every line of a log counted at the end of a pipe, while the log is rotated in every way and stages of the pipe are
// killed: none is missing, and none is there twice unless a stage was killed.
//
// TORTURE_ROUNDS: how often a pipe is killed in each way, TORTURE_SEED: when.

import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { Pipe } from '../support/pipe.js'
import { Random } from '../support/random.js'
import { noSmallDisk, SmallDisk } from '../support/small_disk.js'
import { temporary } from '../support/temporary.js'
import { deletion, logrotate, type Rotate, WAYS, Writer } from './writer.js'

const ROUNDS = Number(process.env.TORTURE_ROUNDS ?? 1)
const SEED = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)

t.setTimeout(ROUNDS * 200_000)
t.comment(`TORTURE_SEED=${SEED} TORTURE_ROUNDS=${ROUNDS}`)

/**
 * Lines that can have been read since the last commit: a checkpoint stands behind each MiB, and behind each half
 * second.
 */
const MOST_AGAIN = 40_000
const QUICK = '--every 10ms --scan-every 20ms --delay 0s --linger 300ms'

class Bench {
  readonly writer: Writer
  readonly logs: string
  kills = 0
  readonly #out: string

  constructor(
    private readonly t: Test,
    readonly folder: string,
    private readonly rotate: Rotate,
    private readonly random: Random,
    private readonly fused: boolean,
  ) {
    this.logs = `${folder}/logs`
    mkdirSync(this.logs)
    this.writer = new Writer(`${this.logs}/app.log`, random)
    this.#out = `${folder}/out.ndjson`
    t.teardown(() => this.writer.close())
  }

  start(more = '', fused = this.fused): Pipe {
    const source = `receive file ${this.logs}/app.log* --state ${this.folder}/state ${QUICK} ${more}`
    const sink = `write file ${this.#out} --state ${this.folder}/state`
    const words = [source, 'filter true', sink]
    const stages = fused ? [`solder run -e "${words.join(' | ')}"`] : words.map((stage) => `solder ${stage}`)
    const pipe = Pipe.start(stages, this.folder)
    this.t.teardown(() => Promise.all(stages.map((_, stage) => pipe.signal(stage, 'SIGKILL'))))
    return pipe
  }

  get stored(): number {
    return existsSync(this.#out) ? statSync(this.#out).size : 0
  }

  /** Writes and rotates until the sink has stored some of it and the log was rotated, or the pipe is over. */
  async work(pipe: Pipe, turns: number, careful = false): Promise<void> {
    const before = this.stored
    const { rotations } = this.writer
    const idle = () => this.stored === before || this.writer.rotations === rotations
    for (let turn = 0; turn < turns || (idle() && !pipe.over); turn++) {
      this.writer.write(this.random.between(1, 100))
      if (careful) await this.#read(pipe)
      if (this.random.next() < 0.15) this.turn()
      await pause(this.random.below(8))
    }
  }

  turn(): void {
    this.writer.rotations++
    this.rotate(this.writer, this.random)
  }

  /** Resolves when the last line that was written is stored: its file is open then. */
  async #read(pipe: Pipe): Promise<void> {
    const last = `"body":"${this.writer.lines - 1} `
    while (!pipe.over && !(existsSync(this.#out) && readFileSync(this.#out, 'utf8').includes(last))) await pause(5)
  }

  async kill(pipe: Pipe): Promise<void> {
    await pipe.signal(this.fused ? 0 : this.random.below(3), 'SIGKILL')
    this.kills++
    // A stage learns that its reader has gone when it writes.
    while (!pipe.over) {
      this.writer.write(1)
      await pause(5)
    }
    await pipe.ended
  }

  async stop(pipe: Pipe): Promise<void> {
    await pipe.signal(0, 'SIGTERM')
    const ended = await pipe.ended
    this.t.same(ended.map(({ code }) => code), ended.map(() => 0), 'stopped', { ended })
  }

  /** Reads what is left. */
  async end(): Promise<void> {
    const ended = await this.start('--once', true).ended
    this.t.same(ended.map(({ code }) => code), ended.map(() => 0), 'read to the end', { ended })
  }

  /** Numbers of lines that are not stored, and how many are stored more than once. */
  count(): { missing: number[]; again: number } {
    const times = new Uint32Array(this.writer.lines)
    let again = 0
    for (const line of readFileSync(this.#out, 'utf8').split('\n').slice(0, -1)) {
      const { type, body } = JSON.parse(line) as { type: string; body: string }
      if (type !== 'log' || !/^\d+ x*$/.test(body)) this.t.fail(`not a line that was written: ${line.slice(0, 200)}`)
      if (times[Number(body.split(' ')[0])]++ > 0) again++
    }
    return { missing: [...times.keys()].filter((line) => times[line] === 0), again }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function benchOf(t: Test, rotate: Rotate, random: Random, fused: boolean): Bench {
  const folder = temporary(t)
  return new Bench(t, folder, rotate, random, fused)
}

/** Stops and kills, and what is there at the end. */
async function torture(t: Test, bench: Bench): Promise<void> {
  const stopped = bench.start()
  await bench.work(stopped, 15)
  await bench.stop(stopped)
  // Rotated while nobody looks.
  bench.writer.write(50)
  bench.turn()
  bench.writer.write(50)
  await bench.end()
  t.same(bench.count(), { missing: [], again: 0 }, 'stopped: each line once')
  for (let round = 0; round < ROUNDS; round++) {
    const pipe = bench.start()
    await bench.work(pipe, 15)
    await bench.kill(pipe)
    bench.writer.write(50)
    bench.turn()
  }
  await bench.end()
  const { missing, again } = bench.count()
  t.same(missing.slice(0, 10), [], 'killed: none is missing')
  t.ok(again <= bench.kills * MOST_AGAIN, `killed: ${again} lines of ${bench.writer.lines} came again`)
  const { lines, rotations } = bench.writer
  t.comment(`${lines} lines, ${rotations} rotations, ${bench.kills} kills, ${again} lines again`)
}

const random = new Random(SEED)

for (const [i, [name, rotate]] of Object.entries(WAYS).entries()) {
  t.test(name, async (t) => torture(t as Test, benchOf(t as Test, rotate, random.fork(), i % 2 === 1)))
}

t.test('deletion: what was written after it is read, as long as the file is open', async (t) => {
  const bench = benchOf(t as Test, deletion, random.fork(), false)
  const pipe = bench.start()
  await bench.work(pipe, 10, true)
  // What a stop leaves unread in a deleted file is lost.
  while (!pipe.over && bench.count().missing.length > 0) await pause(10)
  await bench.stop(pipe)
  await bench.end()
  t.same(bench.count(), { missing: [], again: 0 })
  t.comment(`${bench.writer.lines} lines, ${bench.writer.rotations} deletions`)
})

const noDisk = noSmallDisk()

t.test('no room for positions: it is told, lines go on, and nothing comes twice', { skip: noDisk }, async (t) => {
  const folder = temporary(t)
  const disk = await SmallDisk.mount(t as Test, '64k')
  const log = `${folder}/app.log`
  const out = `${folder}/out.ndjson`
  const source = disk.inside(`solder receive file ${log} --state ${disk.folder} ${QUICK}`)
  const sink = disk.inside(`solder write file ${out} --state ${disk.folder}`)
  const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').length - 1 : 0)
  writeFileSync(log, '')
  await Pipe.start([`${source} --once`, sink], folder).ended
  disk.fill()
  writeFileSync(log, 'one\n')
  const pipe = Pipe.start([source, sink], folder)
  await pipe.said(1, /--state: cannot write .*: ENOSPC: waiting until there is room/)
  appendFileSync(log, 'two\nthree\n')
  while (!pipe.over && lines() < 3) await pause(5)
  disk.clear()
  await pipe.signal(0, 'SIGTERM')
  t.same((await pipe.ended).map(({ code }) => code), [0, 0])
  await Pipe.start([`${source} --once`, sink], folder).ended
  t.equal(lines(), 3)
})

/** logrotate's own ways. Where it says so a program has to wait: what it writes meanwhile is lost by the way itself. */
const CONFIGS: { readonly [name: string]: { words: string; paused: boolean; dated?: true } } = {
  'create, delaycompress': { words: 'create\ncompress\ndelaycompress', paused: false },
  'create, compress': { words: 'create\ncompress', paused: true },
  'copytruncate, compress, dateext': {
    words: 'copytruncate\ncompress\ndateext\ndateformat -%Y%m%d-%s', paused: true, dated: true,
  },
}

const missing = installed('logrotate') ? false : 'logrotate is not installed (npm run peers)'
for (const [i, [name, { words, paused, dated = false }]] of Object.entries(CONFIGS).entries()) {
  t.test(`logrotate: ${name}`, { skip: missing }, async (t) => {
    const folder = temporary(t)
    const config = `${folder}/conf`
    const bench = benchOf(t as Test, logrotate(config, `${folder}/status`, paused, dated), random.fork(), i % 2 === 1)
    writeFileSync(config, `${bench.logs}/app.log {\nrotate 1000\nnomail\n${words}\n}\n`, { mode: 0o644 })
    await torture(t as Test, bench)
  })
}

function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return process.env.SOLDER_PEERS === '1'
  }
}
