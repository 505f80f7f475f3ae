// receive prometheus --ack durable: whoever is answered 2xx has what was sent in safety, whatever is killed when.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { compressSync } from 'snappy'
import t, { type Test } from 'tap'
import { Acks } from '../../lib/receive/acks.js'
import { type Batch, Identity } from '../../lib/record/index.js'
import { State } from '../../lib/state/state.js'
import { TestClock } from '../support/clock.js'
import { encodeMessage, Receiver, samplesOf } from '../support/remote_write.js'
import { type Running, start } from '../support/running.js'
import { sh } from '../support/solder.js'

// Several processes, on a machine that may have other work.
t.setTimeout(120_000)

const ONE_BITS = '4607182418800017408'
const LISTEN = '127.0.0.1:0'

/** A request with one sample of a series of its own. */
function requestOf(name: string): Buffer {
  const labels = [{ name: '__name__', value: name }]
  return compressSync(encodeMessage({ timeseries: [{ labels, samples: [{ value: ONE_BITS, timestamp: 1 }] }] })) as Buffer
}

interface Pipe {
  running: Running
  url: string
  /** Sends a signal to a stage by its place, from 0. */
  kill(stage: number, signal: NodeJS.Signals): void
  /** The status, or null where there was no answer. */
  post(name: string): Promise<number | null>
}

let pipes = 0

/** Starts stages, each with a process of its own. */
async function pipeOf(t: Test, folder: string, ...stages: string[]): Promise<Pipe> {
  const own = `${folder}/pipe${pipes++}`
  mkdirSync(own)
  const words = stages.map((stage, i) => `sh -c 'echo $$ >${own}/${i}; exec ${stage}'`)
  const running = start(words.join(' | '))
  t.teardown(() => running.stop('SIGKILL'))
  const wait = () => new Promise((resolve) => setTimeout(resolve, 20))
  const found = () => /listening on (\S+)/.exec(running.stderr())?.[1]
  while (found() === undefined || stages.some((_, i) => !existsSync(`${own}/${i}`))) await wait()
  const url = found()!
  const pid = (stage: number) => Number(readFileSync(`${own}/${stage}`, 'utf8'))
  return {
    running,
    url,
    kill: (stage, signal) => process.kill(pid(stage), signal),
    post: (name) => post(url, name).then(({ status }) => status, () => null),
  }
}

function post(url: string, name: string): Promise<Response> {
  return fetch(url, { method: 'POST', body: requestOf(name), headers: { 'content-type': 'application/x-protobuf' } })
}

const receive = (state: string, more = '') => `solder receive prometheus --listen ${LISTEN} --ack durable --state ${state} ${more}`
const namesIn = (path: string) => [...readFileSync(path, 'utf8').matchAll(/"name":"(\w+)"/g)].map(([, name]) => name)

t.test('answered when the sink has committed it, through every stage, alone and in a crowd', async (t) => {
  const folder = t.testdir()
  const state = `${folder}/state`
  const pipe = await pipeOf(t, folder, receive(state), 'solder relabel --set a=b', `solder write file ${folder}/out --state ${state}`)
  t.equal(await pipe.post('first'), 204)
  t.same(namesIn(`${folder}/out`), ['first'], 'it is there when the answer is')
  const crowd = Array.from({ length: 50 }, (_, i) => `m${i}`)
  t.same(await Promise.all(crowd.map((name) => pipe.post(name))), crowd.map(() => 204))
  t.same(namesIn(`${folder}/out`).sort(), ['first', ...crowd].sort())
  const { code, stderr } = await pipe.running.stop()
  t.equal(code, 0, stderr)
  const [file] = readdirSync(`${state}/checkpoints`)
  t.match(JSON.parse(readFileSync(`${state}/checkpoints/${file}`, 'utf8')), {
    type: 'checkpoint',
    source: `receive.prometheus/${LISTEN}/api/v1/write`,
    position: { request: 51, run: /^[0-9a-f]{12}$/ },
  })
})

t.test('the sink is killed before it commits: no 2xx; sent again, nothing is lost', async (t) => {
  const folder = t.testdir()
  const state = `${folder}/state`
  const stages = [receive(state, '--ack-timeout 2s'), `solder write file ${folder}/out --state ${state}`]
  const before = await pipeOf(t, folder, ...stages)
  t.equal(await before.post('stored'), 204)
  before.kill(1, 'SIGSTOP')
  const answer = before.post('lost')
  const early = await Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve('none yet'), 300))])
  t.equal(early, 'none yet')
  before.kill(1, 'SIGKILL')
  // The source hears of it when it writes.
  const next = await before.post('next')
  for (const status of [await answer, next]) t.ok(status === null || status === 503, `${status}`)
  await before.running.stop('SIGKILL')
  const after = await pipeOf(t, folder, ...stages)
  for (const name of ['lost', 'next']) t.equal(await after.post(name), 204)
  t.same(namesIn(`${folder}/out`), ['stored', 'lost', 'next'])
})

t.test('a stop waits for the commit of what is under way', async (t) => {
  const folder = t.testdir()
  const state = `${folder}/state`
  const pipe = await pipeOf(t, folder, receive(state, '--ledger'), 'solder filter true', `solder write file ${folder}/out --state ${state}`)
  // Now every stage is there.
  t.equal(await pipe.post('first'), 204)
  pipe.kill(2, 'SIGSTOP')
  const answer = pipe.post('last')
  while (!pipe.running.stderr().includes('"made":4')) {
    pipe.kill(0, 'SIGUSR1')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const ended = pipe.running.stop()
  pipe.kill(2, 'SIGCONT')
  t.equal(await answer, 204)
  const { code, stderr } = await ended
  t.equal(code, 0, stderr)
  t.same(namesIn(`${folder}/out`), ['first', 'last'])
})

t.test('a sink that commits nothing: 503 in time, with a bound on who waits', async (t) => {
  const folder = t.testdir()
  const pipe = await pipeOf(t, folder, receive(`${folder}/state`, '--ack-timeout 2s --max-waiting 2'), 'cat')
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => post(pipe.url, name)))
  t.same(answers.map(({ status, headers }) => [status, headers.get('retry-after')]), Array(3).fill([503, '5']))
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  t.same(texts.sort(), [
    'not committed within the time of --ack-timeout\n',
    'not committed within the time of --ack-timeout\n',
    'too many requests wait for their commit (--max-waiting)\n',
  ])
  const { stdout, stderr } = await pipe.running.stop()
  t.match(stderr, 'is there a sink with the same --state')
  t.equal(stdout.match(/"type":"metric"/g)?.length, 2, 'what was refused at once was not passed on')
})

t.test('any stage is killed at any moment: what was answered is there', async (t) => {
  const folder = t.testdir()
  const state = `${folder}/state`
  const receiver = await Receiver.start((index) => ({ status: index % 3 === 0 ? 503 : 204 }))
  t.teardown(() => receiver.stop())
  const sink = `solder write prometheus ${receiver.url} --state ${state} --batch-wait 5ms --max-backoff 30ms`
  // Whose reader is gone hears of it at its next write only.
  const stages = [receive(state, '--ack-timeout 1s'), 'solder filter true', sink]
  const answered: string[] = []
  let sent = 0
  for (let round = 0; round < 3; round++) {
    const pipe = await pipeOf(t, folder, ...stages)
    let killed = false
    const sending = Array.from({ length: 5 }, async () => {
      while (!killed) {
        const name = `m${sent++}`
        const status = await pipe.post(name)
        if (status === 204) answered.push(name)
        else t.ok(status === null || status === 503, `${status}`)
        if (!killed && sent > (round + 1) * 40) {
          killed = true
          pipe.kill(round, 'SIGKILL')
        }
      }
    })
    await Promise.all(sending)
    await pipe.running.stop('SIGKILL')
  }
  const last = await sh(sink, { stdin: '' })
  t.equal(last.code, 0, last.stderr)
  const arrived = new Set(samplesOf(receiver.stored).map(({ labels }) => labels.__name__))
  t.same(answered.filter((name) => !arrived.has(name)), [])
  t.ok(answered.length > 40)
})

t.test('in one process, too: what was answered is in the spool, though the receiver is down', async (t) => {
  const folder = t.testdir()
  const state = `${folder}/state`
  let down = true
  const receiver = await Receiver.start(() => ({ status: down ? 503 : 204 }))
  t.teardown(() => receiver.stop())
  const sink = `write prometheus ${receiver.url} --state ${state}`
  const pipe = await pipeOf(t, folder, `solder run -e "${receive(state).slice('solder '.length)} | relabel --set a=b | ${sink}"`)
  for (const name of ['a', 'b', 'c']) t.equal(await pipe.post(name), 204)
  await pipe.running.stop('SIGKILL')
  down = false
  const last = await sh(`solder ${sink}`, { stdin: '' })
  t.equal(last.code, 0, last.stderr)
  t.same(samplesOf(receiver.stored).map(({ labels }) => labels.__name__).sort(), ['a', 'b', 'c'])
})

t.test('commits of another process and of none; many by one', async (t) => {
  const state = new State(t.testdir())
  const source = 'receive.prometheus/x'
  const emitted: Batch[] = []
  const warned: string[] = []
  const write = (message: string) => void warned.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  // Time stands still, but where it is let run: then nobody commits any more.
  const clock = new TestClock()
  const acks = new Acks({ state, source, timeout: 100, max: 10 }, { clock, log, emit: (batch) => void emitted.push(batch) })
  await acks.open()
  const id = Identity.of('metric', 'm', [], {})
  const pass = () => acks.pass([id], [{ ts: '1', value: 1 }])
  await state.commit({ source, position: { request: 7, run: 'another' } })
  t.equal(await clock.run(pass()), false)
  const { run } = emitted[0].payload(1).position as { run: string }
  const two = [pass(), pass()]
  await state.commit({ source, position: { request: 3, run } })
  t.same(await Promise.all(two), [true, true], 'the newest is for all before it')
  const [early, late] = [pass(), pass()]
  await state.commit({ source, position: { request: 4, run } })
  t.equal(await early, true)
  t.equal(await clock.run(late), false)
  t.equal(warned.length, 1, 'told once in a while')
  acks.close()
})

t.test('where the file system tells nothing, a look from time to time finds the commit', async (t) => {
  const state = new State(t.testdir())
  const source = 'receive.prometheus/x'
  const emitted: Batch[] = []
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const clock = new TestClock()
  const acks = new Acks({ state, source, timeout: 1e9, max: 10 }, { clock, log, emit: (batch) => void emitted.push(batch) })
  await acks.open()
  // Another folder of the same name, which nobody watches.
  rmSync(state.folder, { recursive: true })
  await state.make()
  const passed = acks.pass([Identity.of('metric', 'm', [], {})], [{ ts: '1', value: 1 }])
  await state.commit({ source, position: emitted[0].payload(1).position as { run: string } })
  t.equal(await clock.run(passed), true)
  acks.close()
})

t.test('what is missing or too much is said', async (t) => {
  const ran = await sh('solder receive prometheus --ack durable; solder receive prometheus --state x')
  t.equal(ran.code, 2)
  t.match(ran.stderr, '--ack durable needs --state')
  t.match(ran.stderr, '--state is for --ack durable')
})
