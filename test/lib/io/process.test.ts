// A stage as a process: pipes that close, readers that stall, signals, bad lines. `relabel` with a rule that touches nothing
// stands for all.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environment, sh } from '../../support/solder.js'
import { temporary } from '../../support/temporary.js'

const STAGE = ['relabel', '--labeldrop', 'no_such_label']
const PIPED = `solder ${STAGE.join(' ')}`

function line(i: number): string {
  return `{"type":"metric","name":"m","labels":{"i":"${i % 100}","pad":"${'x'.repeat(100)}"},"ts":"${i + 1}","value":${i}}\n`
}

function stage(...more: string[]) {
  return spawn('solder', [...STAGE, ...more], { env: environment() })
}

t.test('a line is passed on before the next one comes', async (t) => {
  const child = stage()
  for (let i = 0; i < 3; i++) {
    child.stdin.write(line(i))
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
    t.equal(chunk.toString(), line(i))
  }
  child.stdin.end()
  t.same(await once(child, 'close'), [0, null])
})

t.test('a reader that goes away ends the stage silently with 141', async (t) => {
  const ran = await sh(`bash -c 'yes "$LINE" | ${PIPED} | head -n 1 >/dev/null; echo "\${PIPESTATUS[1]}"'`, {
    env: { LINE: line(1).trimEnd() },
  })
  t.equal(ran.stdout, '141\n')
  t.equal(ran.stderr, '')
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} drains what came and ends with 0`, async (t) => {
    const child = stage()
    child.stdin.write(line(1))
    await once(child.stdout, 'data')
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stdin.write(line(2) + line(3).slice(0, 20))
    child.kill(signal)
    child.stdin.write(line(3).slice(20))
    const [code] = (await once(child, 'close')) as [number | null]
    t.equal(code, 0)
    t.equal(out, line(2) + line(3))
  })
}

t.test('a second signal ends it at once', async (t) => {
  const child = stage()
  child.stdin.write(line(1))
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  // The first one stops the stage after half a second of silence; keep it busy until the second arrives.
  const busy = setInterval(() => child.stdin.write(line(1)), 20)
  child.stdin.on('error', () => {})
  child.stdout.resume()
  setTimeout(() => child.kill('SIGTERM'), 100)
  const [, signal] = await closed
  clearInterval(busy)
  t.equal(signal, 'SIGTERM')
})

function procNumber(pid: number, file: string, key: string): number {
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))![1])
}

t.test('a slow reader slows the source; memory stays flat; nothing is lost', async (t) => {
  const child = spawn(process.execPath, [join(environment().PATH!.split(':')[0], '../../../bin/solder.js'), ...STAGE], { env: environment() })
  const count = 400_000
  const feed = (async () => {
    for (let i = 0; i < count; i += 1000) {
      const text = Array.from({ length: 1000 }, (_, j) => line(i + j)).join('')
      if (!child.stdin.write(text)) await once(child.stdin, 'drain')
    }
    child.stdin.end()
  })()
  // Nobody reads: what the stage has taken stops growing.
  let taken = -1
  for (let same = 0; same < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = procNumber(child.pid!, 'io', 'rchar')
    same = now === taken && now > 1 << 20 ? same + 1 : 0
    taken = now
  }
  const total = count * line(1).length
  t.ok(taken < total / 4, `${taken} bytes of ${total} taken`)
  t.ok(procNumber(child.pid!, 'status', 'VmHWM') < 150_000, 'resident memory below 150 MB')
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  })
  await feed
  t.same(await once(child, 'close'), [0, null])
  t.equal(lines, count)
})

t.test('a pipe that is full, again and again, loses and repeats nothing', async (t) => {
  const count = 20_000
  const text = Array.from({ length: count }, (_, i) => line(i)).join('')
  // Every read of the slow reader leaves the pipe room for a part of what waits.
  const ran = await sh(`cat | ${PIPED} | { sleep 0.2; dd bs=7001 count=40 status=none; sleep 0.1; cat; }`, { stdin: text })
  t.equal(ran.code, 0)
  t.ok(ran.stdout === text, 'the same bytes')
})

t.test('bad lines: drop, fail, pass', async (t) => {
  const input = `${line(1)}oops\n${line(2)}`
  const drop = await sh(PIPED, { stdin: input })
  t.match(drop, { code: 1, stdout: line(1) + line(2), stderr: "solder relabel: stdin:2: not JSON: unexpected token 'o'\n" })
  const fail = await sh(`${PIPED} --on-bad fail`, { stdin: input })
  t.match(fail, { code: 1, stderr: "solder relabel: stdin:2: not JSON: unexpected token 'o'\n" })
  const pass = await sh(`${PIPED} --on-bad pass`, { stdin: input })
  t.match(pass, { code: 1, stdout: input })
})

t.test('the dead letter keeps what was rejected, the ledger explains every record', async (t) => {
  const file = join(temporary(t), 'dead.ndjson')
  const input = `${line(1)}oops\n{"type":"metric","name":"m","ts":7}\n${line(2)}`
  const ran = await sh(`${PIPED} --dead-letter ${file} --ledger --log-level error`, { stdin: input })
  t.equal(ran.code, 1)
  t.same(JSON.parse(ran.stderr), {
    stage: 'relabel', in: 4, made: 0, out: 2, dropped: { not_json: 1, bad_field: 1 }, pending: 0,
    in_bytes: input.length, out_bytes: 2 * line(1).length,
  })
  const dead = readFileSync(file, 'utf8').trim().split('\n').map((text) => JSON.parse(text) as { reason: string; original: unknown })
  t.match(dead, [
    { stage: 'relabel', reason: 'not_json', original: 'oops' },
    { stage: 'relabel', reason: 'bad_field', original: '{"type":"metric","name":"m","ts":7}' },
  ])
})

t.test('many bad lines are told once each, then summed up', async (t) => {
  const ran = await sh(PIPED, { stdin: 'x\n'.repeat(1000) })
  const told = ran.stderr.trim().split('\n')
  t.equal(told.length, 11)
  t.equal(told[10], 'solder relabel: 990 more records rejected: not_json')
})

t.test('a line without end meets the bound, and the rest goes on', async (t) => {
  const ran = await sh(
    `{ head -c 300000000 /dev/zero | tr '\\0' a; echo; cat; } | { ${PIPED}; echo "code $?"; grep VmHWM /proc/self/status >/dev/null; }`,
    { stdin: line(1) },
  )
  t.equal(ran.stdout, `${line(1)}code 1\n`)
  t.match(ran.stderr, /stdin:1: line longer than 16777216 bytes \(max_line_bytes\)/)
})
