// A stage written as a map: its keys as the words that a command line would have.

import { didYouMean, problemsOf } from '../diag/problem.js'
import type { ParsedNode } from 'yaml'
import { argumentKey, type ArgumentSpec, flagOf, type OptionSpec, type OptionTable } from '../option/table.js'
import { Text } from '../pipeline/text.js'
import type { ConfigDocument, Entry } from './document.js'
import type { Scope } from './evaluate.js'
import type { Secrets } from './secrets.js'
import { behind, fillScalar, madeUp, type Spelled, spelledAt, textOf } from './spelled.js'

/** What may stand under the name. */
export interface Accepted {
  readonly name: string
  readonly args: readonly ArgumentSpec[]
  readonly options: OptionTable
  /** Whether its arguments are never taken for options. */
  readonly verbatim?: boolean
}

/**
 * The words of what stands under a stage's name; problems are added to those of the document. null if a value could not
 * be read; unknown keys are left out.
 */
export async function wordsOfValue(
  document: ConfigDocument,
  value: ParsedNode | null,
  accepted: Accepted,
  scope: Scope,
  secrets: Secrets,
): Promise<Spelled[] | null> {
  const reader = new KeyReader(document, accepted, scope, secrets)
  const before = document.problems.length
  const words = await reader.read(value)
  return document.problems.length > before + reader.unknown ? null : words
}

/** A scalar as words: several where it is an expression with a list. Problems are added to those of the document. */
export async function wordsOfScalar(
  document: ConfigDocument,
  node: ParsedNode,
  scope: Scope,
  secrets: Secrets,
): Promise<Spelled[]> {
  const source = document.source(node)
  try {
    const filled = await fillScalar(source, scope)
    const place = document.place(node)
    if (!Array.isArray(filled.value)) return [spelledAt(source, filled, secrets, place)]
    return filled.value.map((one) => spelledAt(source, { marked: textOf(one), spans: [] }, secrets, place))
  } catch (error) {
    document.problems.push(...problemsOf(error))
    return []
  }
}

/** Where the nearest word is known, a long list of all of them is left out. */
export function listed(hint: string | undefined, known: readonly string[]): { expected?: string; hint?: string } {
  return { hint, expected: hint !== undefined && known.length > 12 ? undefined : known.join(', ') || 'none' }
}

class KeyReader {
  /** Keys that nobody knows. */
  unknown = 0

  constructor(
    private readonly document: ConfigDocument,
    private readonly accepted: Accepted,
    private readonly scope: Scope,
    private readonly secrets: Secrets,
  ) {}

  async read(value: ParsedNode | null): Promise<Spelled[]> {
    if (value === null) return []
    const entries = this.document.entries(value)
    // Without keys it is the arguments.
    if (entries === null) return this.#ordered([], await this.#scalars(value))
    const { args, options } = this.accepted
    const positions = new Map(args.map((arg) => [argumentKey(arg), arg]))
    const flags: Spelled[] = []
    const places = new Map<ArgumentSpec, Spelled[]>()
    for (const entry of entries) {
      const { key } = entry
      const arg = positions.get(key)
      if (arg !== undefined) places.set(arg, await this.#argument(arg, entry))
      else if (Object.hasOwn(options, key)) flags.push(...(await this.#option(options[key], entry)))
      else this.#unknown(entry, [...positions.keys(), ...Object.keys(options)])
    }
    return this.#ordered(
      flags,
      args.flatMap((arg) => places.get(arg) ?? []),
    )
  }

  /** Arguments first, unless one of them would be taken for an option. */
  #ordered(flags: readonly Spelled[], args: readonly Spelled[]): Spelled[] {
    if (this.accepted.verbatim === true || !args.some(({ text }) => text.toString().startsWith('-')))
      return [...args, ...flags]
    return [...flags, madeUp(new Text(['--']), args[0].place), ...args]
  }

  #unknown({ key, at }: Entry, known: readonly string[]): void {
    this.unknown++
    const details = listed(didYouMean(key, known), known)
    this.document.problem(at, `unknown option '${key}' for '${this.accepted.name}'`, details)
  }

  async #argument(arg: ArgumentSpec, entry: Entry): Promise<Spelled[]> {
    const { value, at, key } = entry
    if (value === null) this.document.problem(at, `'${key}' has no value`, { expected: arg.help })
    const words = value === null ? [] : await this.#scalars(value)
    if (words.length > 1 && arg.variadic !== true) this.document.problem(value!, `'${key}' takes one value`)
    return words
  }

  async #option(spec: OptionSpec, entry: Entry): Promise<Spelled[]> {
    const { value, at, key } = entry
    if (value === null) {
      this.document.problem(at, `'${key}' has no value`, { expected: spec.help })
      return []
    }
    if (spec.type === 'bool') return this.#switch(entry, value)
    const flag = madeUp(new Text([flagOf(key)]), this.document.place(at))
    const values = spec.type === 'map' ? await this.#pairs(key, value) : await this.#scalars(value)
    if (values.length > 1 && spec.type !== 'list' && spec.type !== 'map')
      this.document.problem(value, `'${key}' takes one value`)
    return values.flatMap((word) =>
      word.text.toString().startsWith('-') ? [this.#joined(`${flagOf(key)}=`, word)] : [flag, word],
    )
  }

  async #switch({ key, at }: Entry, value: ParsedNode): Promise<Spelled[]> {
    const [word] = await this.#scalars(value)
    if (word === undefined) return []
    const text = word.text.reveal()
    if (text !== 'true' && text !== 'false')
      this.document.problem(value, `'${key}' is a switch`, { expected: 'true or false' })
    const flag = text === 'false' ? flagOf(key).replace('--', '--no-') : flagOf(key)
    return [madeUp(new Text([flag]), this.document.place(at))]
  }

  /** `name=value` of each key. */
  async #pairs(key: string, value: ParsedNode): Promise<Spelled[]> {
    const entries = this.document.entries(value)
    if (entries === null) {
      this.document.problem(value, `'${key}' is a map`, { expected: 'NAME: VALUE' })
      return []
    }
    const pairs: Spelled[] = []
    for (const { key: name, at, value: node } of entries) {
      if (node === null) this.document.problem(at, `'${name}' has no value`)
      const [word] = node === null ? [] : await this.#scalars(node)
      if (word !== undefined) pairs.push(this.#joined(`${name}=`, word))
    }
    return pairs
  }

  #joined(lead: string, word: Spelled): Spelled {
    return behind(new Text([lead]), word, this.secrets.text(lead + this.secrets.marked(word.text)))
  }

  async #scalars(value: ParsedNode): Promise<Spelled[]> {
    const items = this.document.items(value) ?? [value]
    const words: Spelled[] = []
    for (const item of items) {
      if (item === null || this.document.scalar(item) === null) {
        this.document.problem(item ?? value, 'this is no value', {
          expected: 'a text, a number, true, false, or a list of them',
        })
      } else words.push(...(await wordsOfScalar(this.document, item, this.scope, this.secrets)))
    }
    return words
  }
}
