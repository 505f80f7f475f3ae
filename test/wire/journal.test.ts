// The journal's export format: entries in whatever pieces they come, text and bytes, with a bound.

import t from 'tap'
import { ExportReader } from '../../lib/wire/journal/export.js'
import fc from '../support/property.js'

type Fields = [name: string, value: Buffer][]

function written(entries: readonly Fields[]): Buffer {
  const parts = entries.flatMap((fields) => [
    ...fields.flatMap(([name, value]) => {
      if (/^[\x20-\x7e]*$/.test(value.toString('latin1'))) return [Buffer.from(`${name}=`), value, Buffer.from('\n')]
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(value.length))
      return [Buffer.from(`${name}\n`), length, value, Buffer.from('\n')]
    }),
    Buffer.from('\n'),
  ])
  return Buffer.concat(parts)
}

function read(bytes: Buffer, sizes: readonly number[], max = 1 << 20): { entries: Map<string, string[]>[]; cuts: boolean[] } {
  const reader = new ExportReader(max)
  const entries: Map<string, string[]>[] = []
  const cuts: boolean[] = []
  const take: Parameters<ExportReader['push']>[1] = (entry, cut) => {
    entries.push(new Map([...entry].map(([name, values]) => [name, values.map((value) => value.toString('latin1'))])))
    cuts.push(cut)
  }
  let from = 0
  for (const size of [...sizes, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, from + size))
    reader.push(piece, take)
    piece.fill(0)
    from += size
  }
  reader.end(take)
  return { entries, cuts }
}

const name = fc.constantFrom('MESSAGE', '_PID', '__CURSOR', 'A', 'B')
const value = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 20, unit: fc.constantFrom('a', '=', ' ', '\n') }).map((text) => Buffer.from(text)),
)
const entry = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 })

t.test('entries do not depend on the pieces', async (t) => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 4 }), fc.array(fc.nat(9)), (list, sizes) => {
      const expected = list.map((fields) => {
        const map: [string, string[]][] = []
        for (const [name, value] of fields) {
          const known = map.find(([other]) => other === name)
          if (known === undefined) map.push([name, [value.toString('latin1')]])
          else known[1].push(value.toString('latin1'))
        }
        return map
      })
      const { entries, cuts } = read(written(list), sizes)
      return JSON.stringify(entries.map((map) => [...map])) === JSON.stringify(expected) && !cuts.includes(true)
    }),
  )
  t.pass()
})

t.test('an entry beyond the bound is cut, and the next one is whole', async (t) => {
  const big: Fields = [['A', Buffer.from('x'.repeat(1000))], ['B', Buffer.alloc(1000, 1)], ['C', Buffer.from('c')]]
  const { entries, cuts } = read(written([big, [['MESSAGE', Buffer.from('next')]]]), [100, 500, 700], 200)
  t.same(cuts, [true, false])
  t.equal([...entries[0].values()].flat().join('').length <= 200, true)
  t.same([...entries[1]], [['MESSAGE', ['next']]])
})

t.test('an output that is cut off, and one that is nonsense', async (t) => {
  t.same(read(Buffer.from('MESSAGE=a\n'), []).entries.length, 1)
  t.same(read(Buffer.from('MESSAGE=a\n\nMESS'), []).entries.length, 1)
  t.doesNotThrow(() => read(Buffer.from(`x\n${'\xff'.repeat(100)}`, 'latin1'), []))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(9)), (bytes, sizes) => read(Buffer.from(bytes), sizes, 50) !== undefined))
})
