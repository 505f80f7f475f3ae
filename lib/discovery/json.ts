// JSON (RFC 8259) to a tree with places. JSON.parse would give no more than an offset for what is no JSON, and nothing
// about where in valid JSON a wrong key stands.

import { type Entry, MAX_DEPTH, type Node, Unreadable } from './node.js'

const SPACE = /[ \t\n\r]*/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|true(?!\w)|false(?!\w)|null(?!\w)/y

/** Throws Unreadable. */
export function parseJson(text: string): Node {
  const reader = new Reader(text)
  const node = reader.value(0)
  reader.end()
  return node
}

class Reader {
  #at = 0

  constructor(private readonly text: string) {}

  value(depth: number): Node {
    this.#skip()
    const at = this.#at
    if (depth > MAX_DEPTH) throw new Unreadable(`nested more than ${MAX_DEPTH} deep`, at)
    const first = this.text[at]
    const placed = (node: { kind: 'map'; entries: Entry[] } | { kind: 'list'; items: Node[] }): Node => ({
      ...node,
      at,
      length: this.#at - at,
    })
    if (first === '{') return placed({ kind: 'map', entries: this.#sequence('}', () => this.#entry(depth)) })
    if (first === '[') return placed({ kind: 'list', items: this.#sequence(']', () => this.value(depth + 1)) })
    if (first === '"') return { kind: 'string', text: this.#string(), at, length: this.#at - at }
    const scalar = this.#match(SCALAR)
    if (scalar === null) throw this.#wrong('a value')
    return scalar === 'null'
      ? { kind: 'null', at, length: 4 }
      : { kind: 'other', text: scalar, at, length: scalar.length }
  }

  end(): void {
    this.#skip()
    if (this.#at < this.text.length) throw this.#wrong('the end of the document')
  }

  #entry(depth: number): Entry {
    const at = this.#at
    if (this.text[at] !== '"') throw this.#wrong('a key in double quotes')
    const key = this.#string()
    const length = this.#at - at
    this.#skip()
    if (this.text[this.#at] !== ':') throw this.#wrong("':'")
    this.#at++
    return { key, at, length, value: this.value(depth + 1) }
  }

  #sequence<T>(close: string, read: () => T): T[] {
    const items: T[] = []
    this.#at++
    this.#skip()
    if (this.text[this.#at] === close) {
      this.#at++
      return items
    }
    for (;;) {
      items.push(read())
      this.#skip()
      const next = this.text[this.#at]
      if (next !== ',' && next !== close) throw this.#wrong(`',' or '${close}'`)
      this.#at++
      if (next === close) return items
      this.#skip()
    }
  }

  #string(): string {
    const literal = this.#match(STRING)
    if (literal === null) throw new Unreadable('not JSON: malformed string', this.#at)
    return JSON.parse(literal) as string
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)
    if (found === null) return null
    this.#at += found[0].length
    return found[0]
  }

  #skip(): void {
    this.#match(SPACE)
  }

  #wrong(expected: string): Unreadable {
    const at = Math.min(this.#at, this.text.length)
    const found =
      at >= this.text.length
        ? 'unexpected end'
        : `unexpected ${JSON.stringify(String.fromCodePoint(this.text.codePointAt(at)!))}`
    return new Unreadable(`not JSON: ${found}`, at, expected)
  }
}
