// YAML to a tree with places: aliases and merge keys are resolved. Loads the parser: import it when there is YAML.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { type Entry, MAX_DEPTH, type Node, Unreadable } from './node.js'

/** Nodes that aliases may unfold to, so that a short document cannot become an endless one. */
const MAX_NODES = 1_000_000

/** Throws Unreadable. */
export function parseYaml(text: string): Node {
  const document = parseDocument(text, { prettyErrors: false, strict: true, uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) {
    const message =
      error.code === 'DUPLICATE_KEY'
        ? 'key stands twice'
        : `not YAML: ${error.message[0].toLowerCase()}${error.message.slice(1)}`
    throw new Unreadable(message, Math.min(error.pos[0], text.length))
  }
  return new Reader(document).node(document.contents, 0, 0)
}

class Reader {
  #nodes = 0

  constructor(private readonly document: Document.Parsed) {}

  /** @param near where an absent node counts as standing */
  node(given: unknown, near: number, depth: number): Node {
    const node = isAlias(given) ? given.resolve(this.document) : given
    const { range } = (given ?? {}) as { range?: readonly number[] | null }
    const at = range?.[0] ?? near
    const length = (range?.[1] ?? at) - at
    if (depth > MAX_DEPTH) throw new Unreadable(`nested more than ${MAX_DEPTH} deep`, at)
    if (++this.#nodes > MAX_NODES) throw new Unreadable(`more than ${MAX_NODES} nodes`, at)
    if (isMap(node)) return { kind: 'map', entries: this.#entries(node, depth), at, length }
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item) => this.node(item, at, depth + 1)), at, length }
    if (!isScalar(node) || node.value === null) return { kind: 'null', at, length }
    if (typeof node.value === 'string') return { kind: 'string', text: node.value, at, length }
    // Unquoted numbers, booleans and dates are texts where a text is wanted.
    return { kind: 'other', text: node.source ?? String(node.value), at, length }
  }

  /** A merge key (`<<`) brings the keys that the map itself lacks. */
  #entries(map: YAMLMap, depth: number): Entry[] {
    const own: Entry[] = []
    const merged: Entry[] = []
    for (const pair of map.items) {
      const { range } = (pair.key ?? {}) as { range?: readonly number[] | null }
      const at = range?.[0] ?? 0
      const entry = {
        key: keyOf(pair, at),
        at,
        length: (range?.[1] ?? at) - at,
        value: this.node(pair.value, at, depth + 1),
      }
      if (entry.key !== '<<' || (pair.key as Scalar).type !== 'PLAIN') own.push(entry)
      else
        for (const from of entry.value.kind === 'list' ? entry.value.items : [entry.value])
          merged.push(...entriesOf(from))
    }
    const seen = new Set(own.map(({ key }) => key))
    for (const entry of merged) {
      if (!seen.has(entry.key)) own.push(entry)
      seen.add(entry.key)
    }
    return own
  }
}

function keyOf(pair: Pair, at: number): string {
  if (!isScalar(pair.key)) throw new Unreadable('not a key', at, 'a text')
  return typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value))
}

function entriesOf(node: Node): readonly Entry[] {
  if (node.kind !== 'map') throw new Unreadable("'<<' merges maps only", node.at, 'a map, or a list of maps')
  return node.entries
}
