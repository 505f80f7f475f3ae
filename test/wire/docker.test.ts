// Logs as the Docker Engine API sends them: frames in whatever pieces they come, messages in parts, terminals.

import t from 'tap'
import { type DockerLine, dockerReader } from '../../lib/wire/docker/frames.js'
import { type FakeLine, frameOf } from '../support/docker_daemon.js'
import fc from '../support/property.js'

const TIME = '2025-11-22T09:40:00.123456789Z'
const TS = '1763804400123456789'

function read(bytes: Buffer, sizes: readonly number[], terminal = false, max = 1000): { lines: DockerLine[]; wrong: string | null } {
  const reader = dockerReader(terminal, max)
  const lines: DockerLine[] = []
  let wrong: string | null = null
  let from = 0
  for (const size of [...sizes, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, from + size))
    wrong ??= reader.push(piece, (line) => lines.push(line))
    piece.fill(0)
    from += size
  }
  reader.end((line) => lines.push(line))
  return { lines, wrong }
}

const framed = (...lines: FakeLine[]) => Buffer.concat(lines.map(frameOf))
const line = (stream: 'stdout' | 'stderr', text: string, part = false): FakeLine => ({ stream, time: TIME, text, part })

t.test('frames do not depend on the pieces', async (t) => {
  const text = fc.string({ maxLength: 30, unit: fc.constantFrom('a', ' ', 'ü', '1') })
  const list = fc.array(fc.tuple(fc.constantFrom('stdout' as const, 'stderr' as const), text))
  fc.assert(
    fc.property(list, fc.array(fc.nat(9)), (list, sizes) => {
      const { lines, wrong } = read(framed(...list.map(([stream, text]) => line(stream, text))), sizes)
      const expected = list.map(([stream, body]) => ({ stream, ts: TS, body, cut: false }))
      return wrong === null && JSON.stringify(lines) === JSON.stringify(expected)
    }),
  )
  t.pass()
})

t.test('messages in parts, of both streams at once', async (t) => {
  const { lines } = read(framed(line('stdout', 'one, ', true), line('stderr', 'other'), line('stdout', 'two, ', true), line('stdout', 'three')), [])
  t.same(lines.map(({ stream, body }) => [stream, body]), [['stderr', 'other'], ['stdout', 'one, two, three']])
  t.same(read(framed(line('stdout', 'never ended', true)), []).lines.map(({ body }) => body), ['never ended'])
  const reader = dockerReader(false, 1000)
  reader.push(framed(line('stdout', 'part', true)), () => t.fail())
  t.equal(reader.pending, true)
})

t.test('a terminal, lines without time, what is too long, what is no frame', async (t) => {
  t.same(read(Buffer.from(`${TIME} a\r\nno time\r\n`), [3], true).lines, [
    { stream: 'stdout', ts: TS, body: 'a', cut: false },
    { stream: 'stdout', ts: undefined, body: 'no time', cut: false },
  ])
  const long = read(framed(line('stdout', 'x'.repeat(50), true), line('stdout', 'x'.repeat(50), true), line('stdout', 'end'), line('stdout', 'next')), [7], false, 80)
  t.same(long.lines.map(({ body, cut }) => [body.length, cut]), [[80, true], [4, false]])
  const endless = Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])
  const reader = dockerReader(false, 100)
  reader.push(endless, () => t.fail())
  for (let i = 0; i < 100; i++) t.equal(reader.push(Buffer.alloc(10_000), () => t.fail()), null)
  t.equal(read(Buffer.from('HTTP/1.1 200 OK'), []).wrong, 'no frame of the Docker Engine API')
})
