// A file of sampling policies as YAML nodes: values are asked for by key and type; what is wrong is kept with its place.

import type * as YamlModule from 'yaml'
import type { Document, LineCounter, Node, YAMLMap } from 'yaml'
import { didYouMean, Problem, problemsOf } from '../../diag/problem.js'
import { parseValue } from '../../option/value.js'

type Yaml = typeof YamlModule

interface Range {
  readonly min?: number
  readonly max?: number
  readonly required?: boolean
}

/** One YAML text, and the problems found in it. */
export class PolicyDocument {
  readonly root: Node | null
  readonly #lines: LineCounter
  readonly #document: Document.Parsed

  constructor(
    readonly yaml: Yaml,
    private readonly text: string,
    private readonly file: string,
    readonly problems: Problem[],
  ) {
    this.#lines = new yaml.LineCounter()
    this.#document = yaml.parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    for (const { message, pos } of this.#document.errors) {
      this.#report(pos[0], 1, `not YAML: ${message[0].toLowerCase()}${message.slice(1)}`)
    }
    this.root = this.#document.errors.length > 0 ? null : this.resolve(this.#document.contents)
  }

  resolve(node: unknown): Node | null {
    const resolved = this.yaml.isAlias(node) ? node.resolve(this.#document) : node
    return (resolved as Node | undefined) ?? null
  }

  /** The fields of a map; undefined, with a problem, if the node is none. */
  fields(node: Node | null, what: string, keys: readonly string[]): Fields | undefined {
    if (!this.yaml.isMap(node)) return void this.report(node, `${what} is no map`, `a map of ${keys.join(', ')}`)
    return new Fields(this, node, what, keys)
  }

  /** The elements of a list; none, with a problem, if the node is no list. */
  list(node: Node | null, what: string): readonly (Node | null)[] {
    if (this.yaml.isSeq(node)) return node.items.map((item) => this.resolve(item))
    this.report(node, `${what} is no list`, 'a list')
    return []
  }

  report(node: Node | null, message: string, expected?: string, hint?: string): void {
    const [from, to] = node?.range ?? this.#document.contents?.range ?? [0, 0]
    this.#report(from, to - from, message, expected, hint)
  }

  /** Runs what may throw Problems about the text of a node. */
  collect<T>(node: Node | null, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      for (const { message, expected, hint } of problemsOf(error)) this.report(node, message, expected, hint)
      return undefined
    }
  }

  #report(offset: number, length: number, message: string, expected?: string, hint?: string): void {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length))
    const source = this.text.split('\n')[line - 1]?.replace(/\r$/, '') ?? ''
    const shown = Math.max(1, Math.min(length, source.length - col + 1))
    const place = { file: this.file, line, column: col, length: shown, source }
    this.problems.push(new Problem(message, { place, expected, hint }))
  }
}

/** The values of a map by key. A value that is wrong is undefined, and a problem. */
export class Fields {
  readonly #nodes = new Map<string, { readonly key: Node; readonly value: Node | null }>()

  constructor(
    readonly document: PolicyDocument,
    readonly map: YAMLMap,
    private readonly what: string,
    keys: readonly string[],
  ) {
    for (const { key, value } of map.items) {
      const name = String((key as { value?: unknown }).value)
      if (keys.includes(name)) this.#nodes.set(name, { key: key as Node, value: document.resolve(value) })
      else document.report(key as Node, `unknown key '${name}' in ${what}`, keys.join(', '), didYouMean(name, keys))
    }
  }

  has(key: string): boolean {
    return this.#nodes.has(key)
  }

  node(key: string): Node | null {
    return this.#nodes.get(key)?.value ?? null
  }

  report(key: string, message: string, expected?: string, hint?: string): void {
    const nodes = this.#nodes.get(key)
    this.document.report(nodes?.value ?? nodes?.key ?? this.map, message, expected, hint)
  }

  text(key: string, { required = false } = {}): string | undefined {
    const value = this.#scalar(key, required)
    if (value === undefined) return undefined
    if (typeof value === 'string' && value !== '') return value
    return void this.report(key, `'${key}' is no text`, 'a text')
  }

  bool(key: string): boolean | undefined {
    const value = this.#scalar(key, false)
    if (value === undefined || typeof value === 'boolean') return value
    return void this.report(key, `'${key}' is neither true nor false`, 'true or false')
  }

  int(key: string, range: Range = {}): number | undefined {
    const value = this.number(key, range)
    if (value === undefined || Number.isSafeInteger(value)) return value
    return void this.report(key, `'${key}' is no whole number`, expected(range))
  }

  number(key: string, range: Range = {}): number | undefined {
    const { min = -Infinity, max = Infinity, required = false } = range
    const scalar = this.#scalar(key, required)
    if (scalar === undefined) return undefined
    // The Collector reads numbers as YAML 1.1 has them, with underscores.
    const value = typeof scalar === 'string' && /^\d[\d_]*$/.test(scalar) ? Number(scalar.replaceAll('_', '')) : scalar
    if (typeof value === 'number' && value >= min && value <= max) return value
    return void this.report(key, `'${key}' is ${typeof value === 'number' ? 'out of range' : 'no number'}`, expected(range))
  }

  /** Milliseconds. */
  duration(key: string): number | undefined {
    const value = this.#scalar(key, false)
    if (value === undefined) return undefined
    return this.document.collect(this.node(key), () => parseValue(DURATION, String(value), key) as number)
  }

  /** The elements of a list that has to be there. */
  list(key: string): readonly (Node | null)[] {
    if (this.has(key)) return this.document.list(this.node(key) ?? this.#nodes.get(key)!.key, `'${key}'`)
    this.report(key, `${this.what} needs '${key}'`)
    return []
  }

  texts(key: string): { readonly text: string; readonly node: Node | null }[] {
    const { document } = this
    return this.list(key).flatMap((node) => {
      if (document.yaml.isScalar(node) && node.value !== null) return [{ text: String(node.source ?? node.value), node }]
      document.report(node, `no text in '${key}'`, 'a list of texts')
      return []
    })
  }

  #scalar(key: string, required: boolean): unknown {
    const node = this.node(key)
    if (this.document.yaml.isScalar(node) && node.value !== null) return node.value
    if (node === null && !required) return undefined
    if (this.has(key)) this.report(key, `'${key}' has no value`)
    else this.report(key, `${this.what} needs '${key}'`)
    return undefined
  }
}

const DURATION = { type: 'duration', help: '', since: '' } as const

function expected({ min = -Infinity, max = Infinity }: Range): string {
  if (min === -Infinity) return 'a number'
  return max === Infinity ? `${min} or more` : `${min} to ${max}`
}
