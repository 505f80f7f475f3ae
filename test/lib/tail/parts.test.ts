// The parts of the tailer: patterns, folders, names, text, places, positions.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import t from 'tap'
import { systemClock } from '../../../lib/io/clock.js'
import { exclusion, globOf } from '../../../lib/tail/glob.js'
import { logOf, logsOf } from '../../../lib/tail/names.js'
import { Place } from '../../../lib/tail/place.js'
import { Positions } from '../../../lib/tail/positions.js'
import { textOf } from '../../../lib/tail/text.js'
import { Walk } from '../../../lib/tail/walk.js'
import fc from '../../support/property.js'
import { temporary } from '../../support/temporary.js'

t.test('patterns', async (t) => {
  const cases: [string, readonly string[], readonly string[]][] = [
    ['/var/log/*.log', ['a.log', '[1].log'], ['a/b.log', 'a.txt', '.log', '.a.log']],
    ['/var/log/**/*.log', ['a.log', 'a/b.log', 'a/b/c.log'], ['a/b.txt', '.hidden/a.log']],
    ['/var/log/pods/*/*/[0-9].log', ['a/b/0.log'], ['a/0.log', 'a/b/c/0.log', 'a/b/x.log']],
    ['/srv/{a,b/c}/*.log', ['a/x.log', 'b/c/x.log'], ['b/x.log', 'c/x.log']],
    ['/srv/app-?.log', ['app-1.log'], ['app-10.log']],
    ['/srv/plain.log', ['plain.log'], ['other.log']],
  ]
  for (const [pattern, yes, no] of cases) {
    const glob = globOf(pattern)
    for (const below of yes) t.ok(glob.matches(below), `${pattern}: ${below}`)
    for (const below of no) t.notOk(glob.matches(below), `${pattern}: not ${below}`)
  }
  t.equal(globOf('/var/log/**/x/*.log').base, '/var/log/')
  t.equal(globOf('*.log').base, '')
  const pods = globOf('/pods/web-*/*/*.log')
  t.same(['web-1', 'db-1', 'web-1/c', 'db-1/c', 'web-1/c/d'].filter(pods.enters), ['web-1', 'web-1/c'])
  const deep = globOf('/srv/web-*/**/*.log')
  t.same(['web-1', 'db-1', 'web-1/c/d', 'db-1/c'].filter(deep.enters), ['web-1', 'web-1/c/d'])
  for (const wrong of ['', '/var/log/', 'a\0b', `/${'x'.repeat(5000)}`]) {
    t.throws(() => globOf(wrong), { message: /is no pattern of files/ })
  }
  t.ok(exclusion('*.gz')('/a/b.gz'))
  t.notOk(exclusion('/a/*.gz')('/b/b.gz'))
  t.ok(exclusion('**/kube-proxy/*')('/pods/kube-proxy/0.log'))
})

t.test('what a pattern enters is what leads to what it matches', async () => {
  const part = fc.constantFrom('a', 'b', '*', '?', '**', '{a,b}', 'a*', '[ab]')
  const name = fc.constantFrom('a', 'b', 'ab', 'c')
  const pattern = fc.array(part, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(pattern, fc.array(name, { minLength: 1, maxLength: 5 }), (parts, names) => {
      const glob = globOf(parts.join('/'))
      const path = `${glob.base}`.split('/').slice(0, -1)
      if (path.some((part, i) => part !== names[i])) return
      const below = names.slice(path.length)
      if (below.length === 0 || !glob.matches(below.join('/'))) return
      for (let i = 1; i < below.length; i++) {
        if (!glob.enters(below.slice(0, i).join('/'))) throw new Error('not entered')
      }
    }),
  )
})

t.test('folders are read again when they change', async (t) => {
  const folder = temporary(t)
  mkdirSync(`${folder}/a/b`, { recursive: true })
  writeFileSync(`${folder}/a/one.log`, '')
  symlinkSync('..', `${folder}/a/b/up`)
  const told: string[] = []
  const walk = new Walk(globOf(`${folder}/**/*.log`), exclusion('two.log'), 10, (message) => told.push(message))
  t.same(walk.files(Date.now()), [`${folder}/a/one.log`])
  writeFileSync(`${folder}/a/b/two.log`, '')
  writeFileSync(`${folder}/a/b/three.log`, '')
  t.same(walk.files(Date.now()), [`${folder}/a/one.log`, `${folder}/a/b/three.log`])
  rmSync(`${folder}/a/b`, { recursive: true })
  t.same(walk.files(Date.now()), [`${folder}/a/one.log`])
  rmSync(`${folder}/a`, { recursive: true })
  t.same(walk.files(Date.now()), [])
  writeFileSync(`${folder}/[x]*.log`, '')
  const named = new Walk(globOf(`${folder}/[x]*.log`), () => false, 10, () => {})
  t.same(named.files(0), [`${folder}/[x]*.log`], 'a name as it is')
  t.same(told, [])
  for (let i = 0; i < 20; i++) mkdirSync(`${folder}/${i}`)
  writeFileSync(`${folder}/a.log`, '')
  const few = new Walk(globOf(`${folder}/**/*.log`), () => false, 10, (message) => told.push(message))
  const both = [`${folder}/[x]*.log`, `${folder}/a.log`]
  t.same([few.files(0), few.files(0)], [both, both])
  t.match(told, [/more folders than --max-folders 10: not all/])
  symlinkSync('later', `${folder}/link.log`)
  const links = new Walk(globOf(`${folder}/l*.log`), () => false, 10, () => {})
  t.same(links.files(0), [`${folder}/link.log`], 'a link that leads nowhere may lead somewhere later')
})

t.test('names of rotated files', async (t) => {
  const pieces = ['a/app.log.1', 'a/app.log.12.gz', 'a/app.log-20251122', 'a/app.log-20251122-1763800000.zst']
  for (const path of ['a/app.log', ...pieces]) {
    t.equal(logOf(path), 'a/app.log', path)
  }
  t.same(logsOf('a/app-20251122.log.gz'), ['a/app-20251122.log', 'a/app.log'])
  t.same(logsOf('a/0.log.20251122-103000'), ['a/0.log'])
  t.same(logsOf('a/web01.log'), ['a/web01.log'])
  t.same(logsOf('a/catalina.2025-11-22.log'), ['a/catalina.2025-11-22.log', 'a/catalina.log'])
})

t.test('text: all at once is the same as line by line', async (t) => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(Buffer.from('\r\n'), Buffer.from('\n'), Buffer.from('plain text')),
  )
  const text = textOf(Buffer.alloc(0), 'auto')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const data = Buffer.concat([...pieces, Buffer.from('\n')])
      const lines: string[] = []
      let repaired = 0
      for (let from = 0; from < data.length; ) {
        const end = text.firstEnd(data, from)
        const line = data.subarray(from, end - 1)
        const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(line)
        lines.push(decoded.endsWith('\r') ? decoded.slice(0, -1) : decoded)
        if (Buffer.compare(Buffer.from(decoded), line) !== 0) repaired++
        from = end
      }
      const all = text.decode(data)
      const expected = JSON.stringify({ lines, repaired })
      if (JSON.stringify(all) !== expected) throw new Error(`${JSON.stringify(all)}, not ${expected}`)
    }),
  )
  t.equal(text.boundary(Buffer.from('aä'), 2), 1)
})

t.test('a place is the same, however it was come to', async (t) => {
  const folder = temporary(t)
  const content = fc.uint8Array({ maxLength: 4000 })
  await fc.assert(
    fc.asyncProperty(content, fc.array(fc.nat(2000)), fc.nat(4000), async (bytes, steps, at) => {
      const data = Buffer.from(bytes)
      const offset = Math.min(at, data.length)
      writeFileSync(`${folder}/f`, data)
      const place = new Place()
      for (const step of [...steps, data.length]) {
        place.advance(data.subarray(place.offset, Math.min(offset, place.offset + step)))
      }
      const handle = await open(`${folder}/f`)
      const found = await Place.at(handle, offset)
      const beyond = await Place.at(handle, data.length + 1)
      await handle.close()
      async function* pieces() {
        for (let i = 0; i < data.length; i += 700) yield data.subarray(i, i + 700)
      }
      let along: Place | null = null
      for await (const each of Place.along(pieces(), [offset])) along = each
      if (!found!.matches(place.mark) || beyond !== null) throw new Error('at')
      if (offset > 0 && !along!.matches(place.mark)) throw new Error('along')
    }),
    { numRuns: 50 },
  )
})

t.test('positions of many files are few checkpoints', async (t) => {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const positions = await Positions.load(null, 'files', systemClock, log)
  const slots = Array.from({ length: 1000 }, (_, i) => positions.slot(String(5000 + i)))
  const position = { device: '1', inode: '1', name: 'a', path: 'a', ...new Place().mark }
  for (const slot of slots) positions.set(slot, position, 10)
  t.equal(positions.checkpoints()!.length, 64)
  t.equal(positions.checkpoints(), null)
  positions.set(slots[7], { ...position, offset: 9 }, 10)
  const [one] = positions.checkpoints()!.payloads
  t.equal((one.position as { files: unknown[] }).files.length, 16)
  for (const slot of slots) positions.set(slot, { ...position, gone: 1 }, 0)
  positions.forget(() => {})
  const { payloads } = positions.checkpoints()!
  const empty = payloads.map((payload) => (payload.position as { files: unknown[] }).files.length)
  t.same(new Set(empty), new Set([0]), 'what is gone for long is forgotten')
})
