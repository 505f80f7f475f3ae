// Stages as Promtail writes them: a list `pipeline_stages` in YAML, each stage a map of its name and options.

import { LineCounter, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from 'yaml'
import { didYouMean, type Place, Problem } from '../diag/problem.js'
import type { Json } from '../record/json.js'
import type { StageConfig, WrittenOption } from './definition.js'

/** Names that Promtail has for stages of Alloy. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['labelallow', 'label_keep'], ['labeldrop', 'label_drop'],
])

/** Stages of which the YAML is the values themselves. */
const VALUES = new Set([
  'labels', 'static_labels', 'structured_metadata', 'label_keep', 'label_drop', 'structured_metadata_drop',
])

/** @param file its name for messages; what is wrong is added to `problems`, with the place */
export function parsePromtail(text: string, file: string, problems: Problem[]): readonly StageConfig[] {
  return new PromtailReader(text, file, problems).stages()
}

/** Options that are sizes. */
const SIZES = new Set(['longer_than', 'max_partial_line_size'])

/** As Alloy has it: Promtail has several sources of a drop as a list, and sizes in any case (`8kb`). */
function writtenAs(option: string, value: Json): Json {
  if (option === 'source' && Array.isArray(value)) return value.join(',')
  if (!SIZES.has(option) || typeof value !== 'string') return value
  const [, number, unit] = /^(\d+)\s*([kmgt]?)(?:i?b)?$/i.exec(value) ?? []
  return number === undefined ? value : `${number}${unit === '' ? 'B' : `${unit.toUpperCase()}iB`}`
}

class PromtailReader {
  readonly #lines = new LineCounter()
  readonly #document

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly problems: Problem[],
  ) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true })
  }

  stages(): readonly StageConfig[] {
    for (const { message, pos } of this.#document.errors) {
      const [first] = message.split('\n')
      this.problems.push(new Problem(first.replace(/ at line \d+.*$/, ''), { place: this.#at(pos[0], 1) }))
    }
    if (this.#document.errors.length > 0) return []
    const root: unknown = this.#document.contents
    const list = isMap(root) ? (root.get('pipeline_stages', true) as unknown) : root
    return this.#list(list, root as Node | null)
  }

  #list(node: unknown, around: Node | null): StageConfig[] {
    if (!isSeq(node)) {
      this.#problem('no list of stages', (node as Node | null) ?? around, 'pipeline_stages: [- NAME: {OPTION: VALUE}]')
      return []
    }
    return node.items.flatMap((item) => this.#stage(item))
  }

  #stage(node: unknown): StageConfig[] {
    const [pair] = isMap(node) ? (node.items as Pair[]) : []
    if (!isMap(node) || node.items.length !== 1 || !isScalar(pair.key)) {
      this.#problem('no stage', node as Node, 'a map with one key, the name of the stage')
      return []
    }
    const written = String(pair.key.value)
    const name = NAMES.get(written) ?? written
    const place = this.#placeOf(pair.key)
    const value = pair.value as Node | null
    if (VALUES.has(name)) {
      const values = { value: this.#json(value), place: this.#placeOf(value) ?? place }
      return [{ name, place, options: new Map([['values', values]]), blocks: [], stages: [] }]
    }
    const { options, nested } = this.#options(value)
    if (name === 'metrics') return [{ name, place, options: new Map(), blocks: this.#metrics(value), stages: [] }]
    return [{ name, place, options, blocks: [], stages: nested }]
  }

  #options(node: Node | null): { options: Map<string, WrittenOption>; nested: StageConfig[] } {
    const options = new Map<string, WrittenOption>()
    let nested: StageConfig[] = []
    const empty = node === null || (isScalar(node) && (node.value === null || node.value === ''))
    if (!empty && !isMap(node)) this.#problem('no options', node, 'a map of options')
    for (const { key, value } of isMap(node) ? (node.items as Pair[]) : []) {
      const option = isScalar(key) ? String(key.value) : ''
      if (option === 'stages') nested = this.#list(value, node)
      else {
        const json = this.#json(value as Node | null)
        const written = writtenAs(option, json)
        options.set(option, { value: written, place: this.#placeOf((value ?? key) as Node) })
      }
    }
    return { options, nested }
  }

  /** `NAME: {type: Counter, description: …, source: …, config: {action: inc}}` */
  #metrics(node: Node | null): StageConfig[] {
    const blocks: StageConfig[] = []
    for (const { key, value } of isMap(node) ? (node.items as Pair[]) : []) {
      const { options } = this.#options(value as Node | null)
      const config = isMap(value) ? (value.get('config', true) as Node | undefined) : undefined
      for (const [option, one] of this.#options(config ?? null).options) options.set(option, one)
      const type = String(options.get('type')?.value ?? '').toLowerCase()
      const types = ['counter', 'gauge', 'histogram']
      if (!types.includes(type)) {
        const hint = didYouMean(type, types)
        this.#problem(`no type of a metric: '${type}'`, (value ?? key) as Node, types.join(', '), hint)
        continue
      }
      options.delete('type')
      options.delete('config')
      options.set('name', { value: isScalar(key) ? String(key.value) : '' })
      if (!options.has('prefix')) options.set('prefix', { value: 'promtail_custom_' })
      blocks.push({ name: `metric.${type}`, place: this.#placeOf(key as Node), options, blocks: [], stages: [] })
    }
    return blocks
  }

  #json(node: Node | null): Json {
    const value = isAlias(node) ? node.resolve(this.#document) : node
    return value === null || value === undefined ? null : (value.toJS(this.#document) as Json)
  }

  #problem(message: string, node: Node | null, expected: string, hint?: string): void {
    this.problems.push(new Problem(message, { place: this.#placeOf(node) ?? this.#at(0, 1), expected, hint }))
  }

  #placeOf(node: Node | null | undefined): Place | undefined {
    const range = node?.range
    return range === null || range === undefined ? undefined : this.#at(range[0], range[1] - range[0])
  }

  #at(offset: number, length: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    const source = this.text.split('\n')[line - 1] ?? ''
    const most = source.length - col + 1
    return { file: this.file, line, column: col, length: Math.max(1, Math.min(length, most)), source }
  }
}
