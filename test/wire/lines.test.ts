// Bytes to lines: in whatever pieces they come, with bounds, in other encodings.

import t from 'tap'
import { checkEncoding, Utf8Stream } from '../../lib/wire/lines/encoding.js'
import { LineSplitter, wholeCharacters } from '../../lib/wire/lines/splitter.js'
import fc from '../support/property.js'

/** Bytes in pieces. */
const pieces = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const out: Buffer[] = []
  let from = 0
  for (const size of sizes) {
    out.push(bytes.subarray(from, from + size))
    from += size
  }
  return [...out, bytes.subarray(from)]
}

function linesOf(chunks: readonly Buffer[], maxBytes: number, end?: number): [string, boolean][] {
  const splitter = new LineSplitter({ maxBytes, end })
  const lines: [string, boolean][] = []
  for (const chunk of chunks) {
    // The caller may use its buffer again.
    const own = Buffer.from(chunk)
    splitter.push(own, (line, cut) => lines.push([line.toString('latin1'), cut]))
    own.fill(0x2a)
    if (splitter.held > maxBytes + 1) throw new Error('holds more than the bound')
  }
  splitter.end((line, cut) => lines.push([line.toString('latin1'), cut]))
  return lines
}

/** The same, in one go. */
function expected(text: string, max: number): [string, boolean][] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => {
    const whole = line.replace(/\r$/, '')
    return whole.length > max ? [whole.slice(0, max), true] : [whole, false]
  })
}

t.test('lines do not depend on the pieces', async (t) => {
  const text = fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', '\r', 'long line, this one'), { maxLength: 30 }).map((parts) => parts.join(''))
  const sizes = fc.array(fc.nat(9), { maxLength: 30 })
  fc.assert(
    fc.property(text, sizes, fc.integer({ min: 1, max: 20 }), (text, sizes, max) => {
      const found = linesOf(pieces(Buffer.from(text), sizes), max)
      return JSON.stringify(found) === JSON.stringify(expected(text, max))
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a line that never ends is cut once, and the next one is whole', async (t) => {
  const chunks = Array.from({ length: 50 }, () => Buffer.from('x'.repeat(10)))
  t.same(linesOf([...chunks, Buffer.from('\nnext\n')], 25), [['x'.repeat(25), true], ['next', false]])
})

t.test('other ends; a CR before them stays', async (t) => {
  t.same(linesOf([Buffer.from('a\r\0b\nc\0d')], 10, 0), [['a\r', false], ['b\nc', false], ['d', false]])
})

t.test('a cut leaves no part of a character', async (t) => {
  const cut = (text: string, max: number) => wholeCharacters(Buffer.from(text), max).toString()
  t.same([cut('aé', 2), cut('aé', 3), cut('€x', 2), cut('😀', 3), cut('a😀b', 5), cut('ab', 1)], ['a', 'aé', '', '', 'a😀', 'a'])
  t.equal(wholeCharacters(Buffer.alloc(9, 0x80), 5).length, 5, 'bytes that are no UTF-8 are cut where it is asked')
})

t.test('encodings', async (t) => {
  const decode = (label: string, chunks: readonly Buffer[]) => {
    const stream = new Utf8Stream(label)
    return Buffer.concat([...chunks.map((chunk) => stream.push(chunk)), stream.end()]).toString()
  }
  const bytes = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]))
  const le = Buffer.from('\ufeffgrün\n€', 'utf16le')
  const be = Buffer.from(le).swap16()
  for (const [what, text] of [['in one piece', [le]], ['byte by byte', bytes(le)]] as const) t.equal(decode('auto', text), 'grün\n€', what)
  t.equal(decode('auto', bytes(be)), 'grün\n€', 'the other order of bytes')
  t.equal(decode('utf-16be', [be.subarray(2)]), 'grün\n€', 'without a mark')
  t.equal(decode('auto', bytes(Buffer.from('\ufeffgrün'))), 'grün', 'a mark of UTF-8 is left out')
  t.equal(decode('utf-8', bytes(Buffer.from('\ufeffgrün'))), 'grün')
  t.equal(decode('utf-8', [Buffer.from([0xff, 0xfe])]).length, 2, 'no other encoding where one is named')
  t.equal(decode('latin1', [Buffer.from([0x67, 0xfc])]), 'gü')
  for (const short of ['', 'a', '\xef', '\xef\xbb', '\xff']) {
    t.equal(decode('auto', [Buffer.from(short, 'latin1')]), Buffer.from(short, 'latin1').toString(), 'shorter than a mark')
  }
  t.throws(() => checkEncoding('klingon', '--encoding'), { message: "--encoding: 'klingon' is no encoding" })
  for (const label of ['auto', 'utf-8', 'latin1', 'shift_jis']) t.doesNotThrow(() => checkEncoding(label, '--encoding'))
})
