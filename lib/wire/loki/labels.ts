// The labels of a stream as text: `{app="shop", env="prod"}`, values quoted as in Go and PromQL.

import type { Labels } from '../../record/labels.js'
import { labelsOf } from '../../record/labels.js'

const LEGACY = /^[A-Za-z_]\w*$/
const PLAIN = /^[^\u0000-\u001f"\\\u007f]*$/
const QUOTED = /[\u0000-\u001f"\\\u007f]/g

/** The text of a label set. Names that are no plain words are quoted, too. */
export function streamText(labels: Labels): string {
  let text = '{'
  for (let i = 0; i < labels.length; i += 2) {
    const name = LEGACY.test(labels[i]) ? labels[i] : quoted(labels[i])
    text += `${i === 0 ? '' : ', '}${name}=${quoted(labels[i + 1])}`
  }
  return `${text}}`
}

function quoted(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : `"${value.replace(QUOTED, escaped)}"`
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  if (character === '\n') return '\\n'
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

/** Characters of labels that an error shows. */
const SHOWN = 200
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g
const SPACE = /[ \t\r\n]*/y
const NAME = /[A-Za-z_]\w*/y
/** A string in double or single quotes with escapes, or in backquotes without. */
const STRING = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`]*)`/y

/**
 * The label set of such a text, without the label `without`. A name may be a string, too; a comma may stand behind the
 * last label. What is empty is absent. Throws an Error with the place where it is something else.
 */
export function parseStream(text: string, without = ''): Labels {
  const at = new Place(text)
  at.expect('{')
  const pairs: [string, string][] = []
  const names = new Set<string>()
  while (!at.takes('}')) {
    const name = at.match(NAME)?.[0] ?? at.string('a label name')
    if (names.has(name)) throw new Error(`duplicate label name ${JSON.stringify(name)}`)
    names.add(name)
    at.expect('=')
    const value = at.string('a quoted value')
    if (value !== '' && name !== without) pairs.push([name, value])
    if (!at.takes(',')) {
      at.expect('}')
      break
    }
  }
  at.end()
  return labelsOf(pairs)
}

class Place {
  #at = 0

  constructor(private readonly text: string) {}

  match(pattern: RegExp): RegExpExecArray | null {
    SPACE.lastIndex = this.#at
    SPACE.test(this.text)
    pattern.lastIndex = this.#at = SPACE.lastIndex
    const found = pattern.exec(this.text)
    if (found !== null) this.#at = pattern.lastIndex
    return found
  }

  takes(character: '{' | '}' | ',' | '='): boolean {
    return this.match(TOKENS[character]) !== null
  }

  expect(character: '{' | '}' | ',' | '='): void {
    if (!this.takes(character)) this.#fail(`'${character}'`)
  }

  string(what: string): string {
    const found = this.match(STRING)
    if (found === null) return this.#fail(what)
    const [, double, single, raw] = found
    return raw ?? unescaped(double ?? single)
  }

  end(): void {
    if (this.match(END) === null) this.#fail('the end')
  }

  #fail(expected: string): never {
    const shown = this.text.length > SHOWN ? `${this.text.slice(0, SHOWN)}…` : this.text
    throw new Error(`labels ${shown.replace(CONTROLS, ' ')}: expected ${expected} at character ${this.#at + 1}`)
  }
}

const TOKENS = { '{': /\{/y, '}': /\}/y, ',': /,/y, '=': /=/y }
const END = /$/y

const SIMPLE: ReadonlyMap<string, number> = new Map([
  ['a', 7], ['b', 8], ['f', 12], ['n', 10], ['r', 13], ['t', 9], ['v', 11], ['\\', 92], ['"', 34], ["'", 39],
])
const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|([0-7]{3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g

/** The escapes of a Go string (Go specification, "Rune literals"). Those of bytes stand for bytes of UTF-8. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  const pieces: Buffer[] = []
  let from = 0
  for (const found of text.matchAll(ESCAPE)) {
    pieces.push(Buffer.from(text.slice(from, found.index)), bytesOf(found))
    from = found.index + found[0].length
  }
  pieces.push(Buffer.from(text.slice(from)))
  return Buffer.concat(pieces).toString()
}

function bytesOf([all, hex, octal, short, long, other]: RegExpExecArray): Buffer {
  const byte = hex === undefined ? (octal === undefined ? SIMPLE.get(other) : parseInt(octal, 8)) : parseInt(hex, 16)
  if (byte !== undefined && byte <= 0xff) return Buffer.of(byte)
  const rune = short ?? long
  const code = rune === undefined ? NaN : parseInt(rune, 16)
  if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw new Error(`labels: escape ${all} is not valid`)
  return Buffer.from(String.fromCodePoint(code))
}
