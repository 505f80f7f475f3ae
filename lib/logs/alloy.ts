// Stages as Alloy writes them: `stage.json { expressions = { level = "" } }`, one below the other, or inside of a block
// loki.process. A part of Alloy's syntax: blocks, attributes, texts, numbers, lists, maps and comments; no expressions.

import { Problem } from '../diag/problem.js'
import type { Json } from '../record/json.js'
import type { StageConfig, WrittenOption } from './definition.js'

/** @param file its name for messages. Throws a Problem with the place. */
export function parseAlloy(text: string, file: string): readonly StageConfig[] {
  const reader = new AlloyReader(text, file)
  const { stages, blocks } = reader.body(true)
  const inside = blocks.filter(({ name }) => name === 'loki.process')
  const other = blocks.find(({ name }) => name !== 'loki.process')
  if (other !== undefined) {
    throw new Problem(`unknown block '${other.name}'`, {
      place: other.place, expected: 'stage.NAME, or loki.process around them',
    })
  }
  return [...stages, ...inside.flatMap((block) => block.stages)]
}

const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const PATH = /[\p{L}_][\p{L}\p{Nd}_]*(?:\.[\p{L}_][\p{L}\p{Nd}_]*)*/uy
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const SPACE = /(?:[ \t\r]|\/\/[^\n]*|\/\*[^]*?\*\/)*/y
const SPACES = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y
const SINGLE: { readonly [c: string]: string } = {
  a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"',
}

/** Attributes that say nothing about stages. */
const WITHOUT_MEANING = new Set(['forward_to'])

interface Body {
  readonly options: Map<string, WrittenOption>
  readonly blocks: StageConfig[]
  readonly stages: StageConfig[]
}

class AlloyReader {
  #at = 0

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** @param whole whether the file is the body, rather than a block */
  body(whole: boolean): Body {
    const body: Body = { options: new Map(), blocks: [], stages: [] }
    for (;;) {
      this.#skip(SPACES)
      const c = this.text[this.#at]
      if (c === undefined ? whole : c === '}' && !whole) return body
      if (c === undefined) throw this.#problem(this.#at, 1, 'a block is not closed', '}')
      this.#statement(body)
    }
  }

  #statement(body: Body): void {
    const start = this.#at
    const name = this.#match(PATH)
    if (name === '') {
      throw this.#problem(start, 1, `unexpected '${this.text[start]}'`, 'the name of a block or of an attribute')
    }
    const place = this.#place(start, name.length)
    this.#skip(SPACE)
    if (this.text[this.#at] === '=') {
      this.#at++
      this.#skip(SPACES)
      if (body.options.has(name)) throw new Problem(`'${name}' is there twice`, { place })
      const from = this.#at
      const value = WITHOUT_MEANING.has(name) ? this.#passOver() : this.#value()
      if (!WITHOUT_MEANING.has(name)) body.options.set(name, { value, place: this.#place(from, this.#at - from) })
    } else {
      if (this.text[this.#at] === '"') this.#quoted()
      this.#skip(SPACE)
      if (this.text[this.#at] !== '{') {
        throw this.#problem(this.#at, 1, `unexpected end of '${name}'`, `{ or = behind ${name}`)
      }
      this.#at++
      const { options, blocks, stages } = this.body(false)
      this.#at++
      const stage = name.startsWith('stage.')
      ;(stage ? body.stages : body.blocks).push({ name: stage ? name.slice(6) : name, place, options, blocks, stages })
    }
    this.#skip(SPACE)
    const next = this.text[this.#at]
    if (next !== undefined && next !== '\n' && next !== '}') {
      throw this.#problem(this.#at, 1, `unexpected '${next}'`, 'a new line')
    }
  }

  #value(): Json {
    const start = this.#at
    const c = this.text[start]
    if (c === '"') return this.#quoted()
    if (c === '`') return this.#raw()
    if (c === '[') return this.#list()
    if (c === '{') return this.#map()
    const number = this.#match(NUMBER)
    if (number !== '') return Number(number)
    const word = this.#match(PATH)
    if (word === 'true' || word === 'false') return word === 'true'
    if (word === 'null') return null
    if (word === '') {
      throw this.#problem(start, 1, c === undefined ? 'a value is missing' : `unexpected '${c}'`, 'a value')
    }
    const message = `'${word}' is no value: references and functions are not evaluated here`
    throw this.#problem(start, word.length, message, 'a text in quotes, a number, true, false, a list or a map')
  }

  #list(): Json {
    this.#at++
    const list: Json[] = []
    this.#items(']', () => list.push(this.#value()))
    return list
  }

  #map(): Json {
    this.#at++
    const entries: [string, Json][] = []
    this.#items('}', () => {
      const start = this.#at
      const key = this.text[start] === '"' ? this.#quoted() : this.#match(IDENTIFIER)
      if (this.#at === start) throw this.#problem(start, 1, `unexpected '${this.text[start] ?? 'end'}'`, 'a key')
      this.#skip(SPACES)
      if (this.text[this.#at] !== '=') throw this.#problem(this.#at, 1, `a key without a value: ${key}`, '=')
      this.#at++
      this.#skip(SPACES)
      entries.push([key, this.#value()])
    })
    return Object.fromEntries(entries)
  }

  /** Items parted by commas; the last one may have a comma, and needs one before a line end. */
  #items(close: string, item: () => void): void {
    for (;;) {
      this.#skip(SPACES)
      if (this.text[this.#at] === close) break
      if (this.#at >= this.text.length) throw this.#problem(this.#at, 1, 'a list or map is not closed', close)
      item()
      this.#skip(SPACES)
      if (this.text[this.#at] === ',') this.#at++
      else if (this.text[this.#at] !== close) {
        throw this.#problem(this.#at, 1, `unexpected '${this.text[this.#at] ?? 'end'}'`, `, or ${close}`)
      }
    }
    this.#at++
  }

  /** A value that is not needed: up to the end of its line, or of the list that it is. */
  #passOver(): null {
    let depth = 0
    for (; this.#at < this.text.length; this.#at++) {
      const c = this.text[this.#at]
      if (c === '[') depth++
      else if (c === ']') depth--
      else if (c === '\n' && depth === 0) break
    }
    return null
  }

  #raw(): string {
    const start = this.#at
    const end = this.text.indexOf('`', start + 1)
    if (end < 0) throw this.#problem(start, 1, 'a text is not closed', '`')
    this.#at = end + 1
    return this.text.slice(start + 1, end)
  }

  #quoted(): string {
    const start = this.#at++
    let text = ''
    for (;;) {
      const c = this.text[this.#at]
      if (c === undefined || c === '\n') throw this.#problem(start, this.#at - start, 'a text is not closed', '"')
      if (c === '"') {
        this.#at++
        return text
      }
      if (c !== '\\') {
        text += c
        this.#at++
        continue
      }
      ESCAPE.lastIndex = this.#at
      const match = ESCAPE.exec(this.text)
      if (match === null) {
        const escape = this.text.slice(this.#at, this.#at + 2)
        throw this.#problem(this.#at, 2, `no such escape: ${escape}`, '\\n, \\t, \\\\, \\", \\x41, \\u00e9 …')
      }
      text += escaped(match)
      this.#at = ESCAPE.lastIndex
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #skip(pattern: RegExp): void {
    this.#match(pattern)
  }

  #place(at: number, length: number) {
    const before = this.text.lastIndexOf('\n', at - 1) + 1
    const end = this.text.indexOf('\n', before)
    const source = this.text.slice(before, end < 0 ? undefined : end).trimEnd()
    const line = this.text.slice(0, at).split('\n').length
    const shown = Math.max(1, Math.min(length, source.length - (at - before)))
    return { file: this.file, line, column: at - before + 1, length: shown, source }
  }

  #problem(at: number, length: number, message: string, expected: string): Problem {
    return new Problem(message, { place: this.#place(at, length), expected })
  }
}

function escaped([, single, ...codes]: RegExpExecArray): string {
  if (single !== undefined) return SINGLE[single]
  const [hex, short, long, octal] = codes
  const code = octal === undefined ? parseInt(hex ?? short ?? long, 16) : parseInt(octal, 8)
  return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
}
