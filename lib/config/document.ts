// A pipeline file as a tree whose every part knows its place. JSON is read as the YAML that it is.

import type * as YamlModule from 'yaml'
import type { Alias, Pair, ParsedNode, Scalar } from 'yaml'
import { type Place, Problem, type ProblemDetails } from '../diag/problem.js'
import { placeOf, type Source } from '../pipeline/source.js'
import { scalarOffsets } from './scalar.js'

/** The library, loaded when there is a file to read. */
export type Yaml = typeof YamlModule

export type Details = Pick<ProblemDetails, 'expected' | 'hint'>

/** One key of a map. */
export interface Entry {
  readonly key: string
  readonly at: ParsedNode
  /** null where nothing follows the key. */
  readonly value: ParsedNode | null
}

/** A file that was read. */
export class ConfigDocument {
  readonly root: ParsedNode | null
  readonly #document: ReturnType<Yaml['parseDocument']>

  /**
   * @param name as messages show it
   * @param problems where everything goes that is wrong in the file
   * @param key the key under which the pipeline stands
   */
  constructor(
    private readonly yaml: Yaml,
    readonly name: string,
    readonly text: string,
    readonly problems: Problem[],
    readonly path: string,
    key?: string,
  ) {
    this.#document = yaml.parseDocument(text, { prettyErrors: false, uniqueKeys: false })
    for (const { message, pos } of [...this.#document.errors, ...this.#document.warnings]) {
      const [text] = message.split('; please use')
      const hint = /compact mappings/.test(text) ? "a text with ': ' in it needs quotes" : undefined
      this.problemIn(pos[0], pos[1], `not YAML: ${text[0].toLowerCase()}${text.slice(1)}`, { hint })
    }
    const contents = this.#document.errors.length === 0 ? this.resolve(this.#document.contents) : null
    this.root =
      key === undefined ? contents : (this.entries(contents)?.find((entry) => entry.key === key)?.value ?? null)
  }

  /** Notes what is wrong with a part. */
  problem(node: ParsedNode, message: string, details: Details = {}): void {
    this.problemIn(node.range[0], node.range[1], message, details)
  }

  problemIn(start: number, end: number, message: string, details: Details = {}): void {
    this.problems.push(new Problem(message, { ...details, place: placeOf(this.name, this.text, start, end) }))
  }

  problemAt(place: Place, message: string): void {
    this.problems.push(new Problem(message, { place }))
  }

  /** What a part says, as plain data. */
  plain(node: ParsedNode | null): unknown {
    return node === null ? null : node.toJS(this.#document, { maxAliasCount: 10_000 })
  }

  place(node: ParsedNode): Required<Place> {
    return placeOf(this.name, this.text, node.range[0], node.range[1])
  }

  /** What an alias stands for; null for nothing. */
  resolve(node: unknown): ParsedNode | null {
    const target = this.yaml.isAlias(node) ? this.#target(node) : node
    const empty = this.yaml.isScalar(target) && target.value === null && (target.source ?? '') === ''
    return empty ? null : ((target ?? null) as ParsedNode | null)
  }

  #target(alias: Alias): unknown {
    const target = alias.resolve(this.#document)
    if (target === undefined) this.problem(alias as ParsedNode, `no anchor '&${alias.source}' before this`)
    return target
  }

  /** The keys of a map; null if it is none. A key that stands twice is told with both places. */
  entries(node: ParsedNode | null): Entry[] | null {
    if (!this.yaml.isMap(node)) return null
    const entries = new Map<string, Entry>()
    for (const pair of node.items as Pair<ParsedNode, ParsedNode | null>[]) {
      const at = pair.key
      const key = this.scalar(at)
      if (key === null) {
        this.problem(at, 'a key is a word')
        continue
      }
      const before = entries.get(key)
      if (before !== undefined) this.twice(key, at, this.place(before.at))
      else entries.set(key, { key, at, value: this.resolve(pair.value) })
    }
    return [...entries.values()]
  }

  /** Says that a name is there twice, and where it was first. */
  twice(name: string, at: ParsedNode, first: Place): void {
    this.problem(at, `'${name}' is defined twice`, {
      hint: `it is also at ${first.file}:${first.line}:${first.column}`,
    })
  }

  items(node: ParsedNode | null): (ParsedNode | null)[] | null {
    return this.yaml.isSeq(node) ? node.items.map((item) => this.resolve(item)) : null
  }

  /** The text of a scalar as it was written: `8080`, `1.10` and `true` are texts too. null if it is none. */
  scalar(node: ParsedNode | null): string | null {
    if (!this.yaml.isScalar(node)) return null
    const { value, source } = node as Scalar & { source?: string }
    return typeof value === 'string' ? value : (source ?? String(value))
  }

  /** What a scalar means: text, number, true, false or null. */
  value(node: ParsedNode): unknown {
    return (node as Scalar).value
  }

  /** A scalar as a text of its own, whose places are those of the file. */
  source(node: ParsedNode): Source {
    const text = this.scalar(node) ?? ''
    let offsets: readonly number[] | undefined
    const offset = (at: number) => (offsets ??= scalarOffsets(this.text, node.range, text))[Math.min(at, text.length)]
    return { name: this.name, text, origin: { text: this.text, offset }, expressions: true }
  }
}
