// A named piece of a pipe with typed arguments (`define`).

import type { ParsedNode } from 'yaml'
import { didYouMean, type Place, Problem } from '../diag/problem.js'
import { OPTION_TYPES, type OptionSpec, type OptionTable } from '../option/table.js'
import { parseValue } from '../option/value.js'
import type { Text } from '../pipeline/text.js'
import type { ConfigDocument } from './document.js'
import type { Scope } from './evaluate.js'
import { wordsOfScalar } from './keys.js'
import { ROW_KEYS, type RowKey } from './rows.js'
import type { Secrets } from './secrets.js'

export interface Definition {
  readonly name: string
  readonly document: ConfigDocument
  readonly options: OptionTable
  /** The stages: in one row under `pipe`, or in rows. */
  readonly body: ReadonlyMap<'pipe' | RowKey, ParsedNode>
  /** Where its name stands. */
  readonly place: Place
  /** What expressions see, without the arguments. */
  readonly scope: Scope
  /** What arguments are when nobody gives them, by their keys; with marks. */
  readonly defaults: ReadonlyMap<string, readonly string[]>
}

/** What stands under the name of a definition. */
const PARTS = ['args', 'pipe', ...ROW_KEYS, 'help']

const KEYS = ['type', 'help', 'default', 'required', 'values', 'min', 'max']

/** Reads what stands under a name of `define`; problems are added to those of the document. null: not to be used. */
export async function readDefinition(
  document: ConfigDocument,
  name: string,
  at: ParsedNode,
  node: ParsedNode | null,
  scope: Scope,
  secrets: Secrets,
): Promise<Definition | null> {
  const text = node === null ? null : document.scalar(node)
  const entries = document.entries(node)
  if (node === null || (entries === null && text === null)) {
    document.problem(node ?? at, `'${name}' is no definition`, {
      expected: "stages as text, or a map of 'args' and 'pipe'; or of from, through and to",
    })
    return null
  }
  const body = new Map<'pipe' | RowKey, ParsedNode>()
  const options: { [key: string]: OptionSpec } = {}
  const defaults = new Map<string, readonly string[]>()
  if (entries === null) body.set('pipe', node)
  for (const { key, at: keyAt, value } of entries ?? []) {
    if (key === 'help') continue
    if (key === 'args') await readArguments(document, value ?? keyAt, options, defaults, scope, secrets)
    else if (!PARTS.includes(key)) {
      const details = { expected: PARTS.join(', '), hint: didYouMean(key, PARTS) }
      document.problem(keyAt, `unknown key '${key}' in a definition`, details)
    } else if (value === null) document.problem(keyAt, `'${key}' is empty`, { expected: 'stages' })
    else if (body.has('pipe') || (key === 'pipe' && body.size > 0)) {
      document.problem(keyAt, `'${name}' has 'pipe' and from, through or to`, { expected: 'one or the other' })
    } else body.set(key as 'pipe' | RowKey, value)
  }
  if (body.size === 0 && !entries?.some(({ key }) => key === 'pipe' || (ROW_KEYS as readonly string[]).includes(key))) {
    document.problem(at, `'${name}' has no stages`, { expected: "'pipe': its stages; or from, through and to" })
  }
  return body.size === 0 ? null : { name, document, options, body, place: document.place(at), scope, defaults }
}

async function readArguments(
  document: ConfigDocument,
  node: ParsedNode,
  options: { [key: string]: OptionSpec },
  defaults: Map<string, readonly string[]>,
  scope: Scope,
  secrets: Secrets,
): Promise<void> {
  const entries = document.entries(node)
  if (entries === null) document.problem(node, "'args' is no map", { expected: 'NAME: TYPE' })
  for (const { key, at, value } of entries ?? []) {
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(key)) {
      document.problem(at, `'${key}' is no name of an argument`, { expected: 'lower case letters, digits and _' })
      continue
    }
    const reader = new ArgumentReader(document, key)
    const spec = reader.read(value ?? at)
    if (spec === null) continue
    options[key] = spec
    if (reader.standard === null) continue
    const before = document.problems.length
    const words: string[] = []
    for (const item of document.items(reader.standard) ?? [reader.standard]) {
      if (item === null || document.scalar(item) === null) {
        document.problem(item ?? reader.standard, 'this is no value')
        continue
      }
      for (const { text } of await wordsOfScalar(document, item, scope, secrets)) {
        checkDefault(document, item, spec, text)
        words.push(secrets.marked(text))
      }
    }
    if (document.problems.length === before) defaults.set(key, words)
  }
}

function checkDefault(document: ConfigDocument, node: ParsedNode, spec: OptionSpec, text: Text): void {
  try {
    if (spec.type !== 'list') parseValue(text.secret ? { ...spec, secret: true } : spec, text.reveal(), 'default')
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    document.problem(node, error.message, error)
  }
}

/** One argument: its type alone, or a map. */
class ArgumentReader {
  /** The node of `default`. */
  standard: ParsedNode | null = null

  constructor(
    private readonly document: ConfigDocument,
    private readonly key: string,
  ) {}

  read(node: ParsedNode): OptionSpec | null {
    const { document } = this
    const facts = { help: this.key, since: '' }
    const entries = document.entries(node)
    if (entries === null) return this.#spec(node, document.scalar(node), facts)
    let type: { node: ParsedNode; text: string | null } | null = null
    let more: object = facts
    for (const { key, at, value } of entries) {
      if (!KEYS.includes(key)) {
        document.problem(at, `unknown key '${key}' in an argument`, {
          expected: KEYS.join(', '),
          hint: didYouMean(key, KEYS),
        })
      } else if (value === null) document.problem(at, `'${key}' has no value`)
      else if (key === 'type') type = { node: value, text: document.scalar(value) }
      else if (key === 'default') this.standard = value
      else if (key === 'values') more = { ...more, values: this.#words(value) }
      else more = { ...more, [key]: document.value(value) }
    }
    if (type !== null) return this.#spec(type.node, type.text, more)
    document.problem(node, `argument '${this.key}' has no type`, { expected: OPTION_TYPES.join(', ') })
    return null
  }

  #words(node: ParsedNode): string[] {
    const items = this.document.items(node)
    if (items === null) this.document.problem(node, "'values' is no list")
    return (items ?? []).flatMap((item) => this.document.scalar(item) ?? [])
  }

  #spec(node: ParsedNode, type: string | null, more: object): OptionSpec | null {
    if (type === null || !(OPTION_TYPES as readonly string[]).includes(type)) {
      const details = { expected: OPTION_TYPES.join(', '), hint: didYouMean(type ?? '', OPTION_TYPES) }
      this.document.problem(node, `unknown type '${type ?? ''}' of argument '${this.key}'`, details)
      return null
    }
    const spec = { ...more, type } as unknown as OptionSpec
    if (spec.type !== 'enum' || Array.isArray(spec.values)) return spec
    this.document.problem(node, `argument '${this.key}' is an enum without values`, { expected: "'values': a list" })
    return null
  }
}
