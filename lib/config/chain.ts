// Stages in a row, from the text or the maps that a pipeline file has: commands, programs, other pipes, definitions.

import type { ParsedNode } from 'yaml'
import { type CatalogueEntry, loadComponent, type StageComponent } from '../component.js'
import { collect, didYouMean, type Place, Problem, problemsOf } from '../diag/problem.js'
import type { Value } from '../expr/value.js'
import type { ComponentStage, ProgramStage } from '../pipeline/model.js'
import { Text } from '../pipeline/text.js'
import { splitPipe } from '../pipeline/words.js'
import { argumentsOf } from './arguments.js'
import { componentStage, type Form, type Nameless } from './component_stage.js'
import type { Definition } from './definition.js'
import type { ConfigDocument } from './document.js'
import type { Scope } from './evaluate.js'
import { type Accepted, wordsOfValue } from './keys.js'
import type { Language } from './language.js'
import { readRows, type Rows } from './rows.js'
import type { Secrets } from './secrets.js'
import { fillWord, madeUp, type Spelled } from './spelled.js'

/** A stage as it stands in a file, or the name of a pipe whose records come there. */
export type Draft =
  | Nameless<ComponentStage>
  | Nameless<ProgramStage>
  | { readonly kind: 'pipe'; readonly name: string; readonly place: Place }
  /** A definition with several sources or sinks. */
  | { readonly kind: 'piece'; readonly name: string; readonly rows: Rows; readonly place: Place }
  /** Something is wrong with it, which was told; the component may be known all the same. */
  | { readonly kind: 'broken'; readonly component: StageComponent | null; readonly place: Place }

/** Stages that are known by name, and what they need. */
export interface Kit {
  readonly language: Language
  readonly definitions: ReadonlyMap<string, Definition>
  readonly secrets: Secrets
  readonly problems: Problem[]
  /** Every file that was read, also those that stages name. */
  readonly files: Set<string>
  /** Names of the definitions whose stages have been read. */
  readonly expanded: Set<string>
}

/** Words that mean something in pipeline files only, with what follows them. */
const OWN = new Map<string, Accepted>([
  ['pipe', { name: 'pipe', args: [{ name: 'NAME', help: 'the name of a pipe', required: true }], options: {} }],
  [
    'exec',
    {
      name: 'exec',
      args: [{ name: 'PROGRAM', help: 'a program', required: true, variadic: true }],
      options: {},
      verbatim: true,
    },
  ],
])

/** What the first words of a stage name. */
type Meaning = { own: string } | { definition: Definition } | { component: StageComponent }

export class ChainReader {
  constructor(
    private readonly kit: Kit,
    private readonly document: ConfigDocument,
    private readonly scope: Scope,
    /** Definitions that are being expanded. */
    private readonly within: readonly string[] = [],
  ) {}

  /** The stages of a text, a map, or a list of them. Problems are added to those of the kit. */
  async read(node: ParsedNode): Promise<Draft[]> {
    const drafts: Draft[] = []
    for (const item of this.document.items(node) ?? [node]) {
      if (item === null) this.document.problem(node, 'a stage is missing')
      drafts.push(
        ...((item === null ? null : await this.#item(item)) ?? [this.#broken(this.document.place(item ?? node))]),
      )
    }
    return drafts
  }

  /** What a map of settings says, as words of its options: for keys of a pipe that are no stages. */
  settings(node: ParsedNode, accepted: Accepted): Promise<Spelled[] | null> {
    return wordsOfValue(this.document, node, accepted, this.scope, this.kit.secrets)
  }

  #broken(place: Place, component: StageComponent | null = null): Draft {
    return { kind: 'broken', component, place }
  }

  async #item(node: ParsedNode): Promise<Draft[] | null> {
    const entries = this.document.entries(node)
    if (entries !== null) return this.#map(node)
    if (this.document.scalar(node) !== null) return this.#text(node)
    this.document.problem(node, 'this is no stage', { expected: 'VERB [KIND] [ARGUMENT…] [--option…], or a map' })
    return null
  }

  async #text(node: ParsedNode): Promise<Draft[] | null> {
    const { problems, secrets } = this.kit
    const source = this.document.source(node)
    const stages = await collect(problems, () => splitPipe(source))
    if (stages === undefined) return null
    const drafts: Draft[] = []
    for (const stage of stages) {
      const spelled: Spelled[] = []
      let filled = true
      for (const word of stage) {
        const words = await collect(problems, () => fillWord(source, word, this.scope, secrets))
        if (words === undefined) filled = false
        spelled.push(...(words ?? []))
      }
      const found = filled && spelled.length > 0 ? await this.#words(spelled) : null
      drafts.push(...(found ?? [this.#broken(this.document.place(node))]))
    }
    return drafts
  }

  async #words(spelled: readonly Spelled[]): Promise<Draft[] | null> {
    const texts = spelled.map(({ text }) => text.toString())
    const found = await this.#meaning(
      texts,
      spelled.slice(0, 2).map(({ place }) => place),
    )
    if (found === null) return null
    const { meaning, count } = found
    return this.#stage(meaning, joined(spelled[0].place, spelled[count - 1].place), spelled.slice(count), 'words')
  }

  async #map(node: ParsedNode): Promise<Draft[] | null> {
    const entries = this.document.entries(node)!
    if (entries.length !== 1) {
      const hint = entries.length > 1 ? 'each stage is an element of its own in a list' : undefined
      this.document.problem(node, 'a stage is one name with its options', { expected: 'VERB KIND: its options', hint })
      return null
    }
    const [{ key, at, value }] = entries
    const place = this.document.place(at)
    const words = key.split(' ')
    const found = await this.#meaning(words, [place, place])
    if (found === null) return null
    const { meaning, count } = found
    const accepted = 'own' in meaning ? OWN.get(meaning.own)! : this.#accepted(meaning)
    const before = this.document.problems.length
    const given = await wordsOfValue(this.document, value, accepted, this.scope, this.kit.secrets)
    if (given === null) return null
    const rest = words.slice(count).map((word) => madeUp(new Text([word]), place))
    const stage = await this.#stage(meaning, place, [...rest, ...given], 'map')
    return this.document.problems.length > before ? null : stage
  }

  #accepted(meaning: Exclude<Meaning, { own: string }>): Accepted {
    if ('definition' in meaning) return { name: meaning.definition.name, args: [], options: meaning.definition.options }
    const { component } = meaning
    return { name: component.name, args: component.args, options: this.kit.language.options(component) }
  }

  /** What the first words name, and how many they are; null if that is nothing, which is told. */
  async #meaning(
    words: readonly string[],
    places: readonly Place[],
  ): Promise<{ meaning: Meaning; count: number } | null> {
    const [first] = words
    if (OWN.has(first)) return { meaning: { own: first }, count: 1 }
    const { definitions, problems, language } = this.kit
    const two = definitions.get(words.slice(0, 2).join(' '))
    if (two !== undefined && words.length > 1) return { meaning: { definition: two }, count: 2 }
    const one = definitions.get(first)
    if (one !== undefined) return { meaning: { definition: one }, count: 1 }
    let found: { entry: CatalogueEntry; rest: readonly string[] }
    try {
      found = language.find(words)
    } catch (error) {
      problems.push(...problemsOf(error).map((problem) => this.#unknown(problem, words, places)))
      return null
    }
    const component = await loadComponent(found.entry)
    const count = words.length - found.rest.length
    if (component.role !== 'tool') return { meaning: { component }, count }
    const hint = `run it by itself: solder ${component.name}`
    problems.push(
      new Problem(`'${component.name}' is no stage of a pipe`, { hint, place: joined(places[0], places[count - 1]) }),
    )
    return null
  }

  #unknown(problem: Problem, [first, second]: readonly string[], places: readonly Place[]): Problem {
    const { message, expected } = problem
    if (/^\w+=/.test(first)) {
      const hint = 'set it for the whole of solder; ${env.NAME} reads it'
      return new Problem('a variable needs a shell, and none runs this pipe', { hint, place: places[0] })
    }
    const names = [...this.kit.definitions.keys()]
    if (!message.startsWith('unknown command')) {
      const kinds = names.filter((name) => name.startsWith(`${first} `)).map((name) => name.slice(first.length + 1))
      const known = [...(expected?.split(', ') ?? []), ...kinds]
      const about = second === undefined || message.endsWith('which kind?') ? places[0] : places[1]
      return new Problem(message, { place: about, expected: known.join(', '), hint: didYouMean(second ?? '', known) })
    }
    const verbs = [...new Set([...this.kit.language.names, ...names].map((name) => name.split(' ')[0]))]
    const hint = didYouMean(first, [...verbs, ...OWN.keys()]) ?? `a program that is not solder: exec ${first}`
    return new Problem(`unknown command '${first}'`, { place: places[0], hint })
  }

  async #stage(meaning: Meaning, place: Place, words: readonly Spelled[], form: Form): Promise<Draft[] | null> {
    const { problems } = this.kit
    if ('component' in meaning) {
      const stage = await componentStage(meaning.component, place, words, form, this.kit)
      return [stage ?? this.#broken(place, meaning.component)]
    }
    if ('definition' in meaning) return this.#expand(meaning.definition, place, words)
    const what = meaning.own === 'exec' ? 'a program' : 'the name of a pipe'
    if (words.length === 0) problems.push(new Problem(`'${meaning.own}' of what?`, { place, expected: what }))
    else if (meaning.own === 'exec') return [{ kind: 'program', words: words.map(({ text }) => text), place }]
    else if (words.length > 1) problems.push(new Problem("'pipe' takes one name", { place: words[1].place }))
    else return [{ kind: 'pipe', name: words[0].text.toString(), place: words[0].place }]
    return null
  }

  async #expand(definition: Definition, place: Place, words: readonly Spelled[]): Promise<Draft[] | null> {
    const { problems, secrets } = this.kit
    const { name } = definition
    if (this.within.includes(name)) {
      const circle = [...this.within.slice(this.within.indexOf(name)), name].join(' -> ')
      problems.push(new Problem(`'${name}' is made of itself: ${circle}`, { place }))
      return null
    }
    const values = await argumentsOf(definition, place, words, secrets, problems)
    return values === null ? null : this.definition(definition, values, place)
  }

  /** The stages of a definition with these arguments, of which some may be mere examples, used in this place. */
  async definition(
    definition: Definition,
    values: ReadonlyMap<string, Value>,
    place: Place,
    examples?: ReadonlySet<string>,
  ): Promise<Draft[]> {
    const { name, document, body } = definition
    this.kit.expanded.add(name)
    const value = (key: string) => Promise.resolve(values.get(key) as Value)
    const args = { names: [...values.keys()], value, examples }
    const inside = new ChainReader(this.kit, document, { ...definition.scope, args }, [...this.within, name])
    const row = body.get('pipe')
    if (row !== undefined) return inside.read(row)
    const rows = await readRows(document, body, (node) => inside.read(node))
    if (rows.from.length === 0 && rows.to.length === 0) return [...rows.through]
    return [{ kind: 'piece', name, rows, place }]
  }
}

/** From the beginning of one place to the end of another, where that is in one line. */
function joined(from: Place, to: Place): Place {
  if (from.line !== to.line || from.file !== to.file) return from
  return { ...from, length: to.column! + to.length! - from.column! }
}
