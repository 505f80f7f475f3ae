// A stage of solder from its words: options known, values valid, expressions and patterns compiled, secrets hidden.

import { resolve } from 'node:path'
import type { Component, StageComponent } from '../component.js'
import { HIDDEN } from '../diag/hidden.js'
import { collect, didYouMean, nearest, type Place, Problem } from '../diag/problem.js'
import { flagOf, type OptionSpec, type OptionTable } from '../option/table.js'
import { givenIn, type Given, type GivenOption } from '../pipeline/given.js'
import type { ComponentStage } from '../pipeline/model.js'
import { filesReadAtStart } from '../pipeline/read_at_start.js'
import { Text } from '../pipeline/text.js'
import type { Kit } from './chain.js'
import { listed } from './keys.js'
import type { Spelled } from './spelled.js'

/** A stage before it has a name of its own in its pipe. */
export type Nameless<T> = Omit<T, 'id'>

/** How a stage was written: its options as flags, or as keys of a map. */
export type Form = 'words' | 'map'

/** Checks a stage; what is wrong is added to `problems`. null if anything is. */
export async function componentStage(
  component: StageComponent,
  place: Place,
  spelled: readonly Spelled[],
  form: Form,
  { language, problems, files }: Kit,
): Promise<Nameless<ComponentStage> | null> {
  const table = language.options(component)
  const found: Problem[] = []
  const known = unknownOptions(component, table, spelled, form, found)
  const unknown = found.length > 0
  const unmatched = form === 'words' ? patterns(component, known) : []
  for (const word of unmatched) found.push(patternProblem(word))
  const given = givenIn(
    table,
    known.map(({ text }) => text.toString()),
  )
  const words = hidden(table, known, given)
  const wrong: Problem[] = []
  const revealed = words.map((word) => word.reveal())
  const input = await collect(wrong, () => language.parse(component, revealed))
  for (const file of input === undefined ? [] : filesReadAtStart(component, input)) files.add(resolve(file))
  if (input !== undefined && unmatched.length === 0) await collect(wrong, () => component.check?.(input))
  const where = new Where(component, place, known, words, given, form)
  // What an unknown option leaves behind may look like an argument too many, or leave one out.
  const told = unknown ? wrong.filter(({ message }) => !/^(too many )?arguments? /.test(message)) : wrong
  for (const problem of told) found.push(where.put(problem))
  problems.push(...found)
  if (input === undefined || found.length > 0) return null
  return { kind: 'component', component, place, words, input: () => input }
}

/** Tells the options that the component does not have; the words without them. */
function unknownOptions(
  component: Component,
  table: OptionTable,
  spelled: readonly Spelled[],
  form: Form,
  problems: Problem[],
): readonly Spelled[] {
  const { unknown } = givenIn(
    table,
    spelled.map(({ text }) => text.toString()),
  )
  const flags = Object.keys(table).map(flagOf)
  for (const i of unknown) {
    const [flag] = spelled[i].text.toString().split('=', 1)
    const place = spelled[i].part(0, flag.length)
    const problem = flags.includes(flag)
      ? new Problem(`option '${flag}' takes no value`, { place })
      : new Problem(`unknown option '${flag}' for '${component.name}'`, {
          ...listed(didYouMean(flag, flags), flags),
          place,
        })
    problems.push(form === 'map' ? keyed(problem) : problem)
  }
  return unknown.length === 0 ? spelled : spelled.filter((_, i) => !unknown.includes(i) && !isValue(i - 1))

  /** What follows a word that is nearly an option with a value is meant as its value. */
  function isValue(of: number): boolean {
    const flag = unknown.includes(of) ? spelled[of].text.toString() : '='
    const near = flag.includes('=') ? undefined : nearest(flag, flags)
    return (
      near !== undefined &&
      table[near.slice(2).replaceAll('-', '_')].type !== 'bool' &&
      !spelled[of + 1].text.toString().startsWith('-')
    )
  }
}

/** Words that a shell would have replaced by names of files, for a component that looks for none itself. */
function patterns({ args }: StageComponent, spelled: readonly Spelled[]): Spelled[] {
  const names = args.some((arg) => arg.path === true && arg.name !== 'GLOB')
  return names ? spelled.filter(({ pattern, text }) => pattern && !text.toString().startsWith('-')) : []
}

function patternProblem({ text, place }: Spelled): Problem {
  const hint = 'name the files, or quote it if one is called so'
  return new Problem(`pattern '${text}' needs a shell, and none runs this pipe`, { place, hint })
}

function isSecret(spec: OptionSpec): boolean {
  return spec.type === 'secret' || spec.secret === true
}

/** The words, in which the values of options declared secret are hidden; a reference to a secret is none itself. */
function hidden(table: OptionTable, spelled: readonly Spelled[], { options }: Given): Text[] {
  const words = spelled.map(({ text }) => text)
  for (const { key, value, from } of options) {
    const spec = table[key]
    if (value === null || !isSecret(spec)) continue
    const whole = words[value]
    const start = spec.type === 'map' ? whole.toString().indexOf('=', from) + 1 : from
    const lead = whole.toString().slice(0, start)
    const reference = spec.type === 'secret' ? referenceIn(whole, lead) : null
    if (reference !== null) words[value] = new Text([lead + reference])
    else if (!/^(?:file|env):/.test(whole.toString().slice(start))) words[value] = whole.hiddenFrom(start)
  }
  return words
}

/** The reference of the one secret that follows the lead, if there is nothing else. */
export function referenceIn(text: Text, lead = ''): string | null {
  const parts = text.shown()
  const rest = parts[0] === lead ? parts.slice(1) : parts
  const [only] = rest
  return rest.length === 1 && typeof only !== 'string' ? only.reference : null
}

/** Keys instead of flags, for options that were written in a map. */
function keyed(problem: Problem): Problem {
  return problem.reworded((text) =>
    text.replace(/--(?!help\b)([a-z0-9]+(?:-[a-z0-9]+)*)/g, (_, flag: string) => flag.replaceAll('-', '_')),
  )
}

/** Finds the words that a problem is about. */
class Where {
  constructor(
    private readonly component: StageComponent,
    private readonly name: Place,
    private readonly spelled: readonly Spelled[],
    private readonly words: readonly Text[],
    private readonly given: Given,
    private readonly form: Form,
  ) {}

  put(problem: Problem): Problem {
    const place = this.#within(problem) ?? problem.place ?? this.#about(problem.message)
    const { message, exit, cause, expected, hint } = scrubbed(problem, this.words)
    const placed = new Problem(message, { place, exit, cause, expected, hint })
    return this.form === 'map' ? keyed(placed) : placed
  }

  /** The place of a problem inside of a word, such as an expression or a pattern. */
  #within({ place }: Problem): Place | undefined {
    if (place?.source === undefined || !(place.file === 'expression' || place.file.startsWith('--'))) return undefined
    const { line = 1, column = 1, length = 1, source } = place
    const options = this.given.options.filter(({ key }) => flagOf(key) === place.file)
    const args = this.given.args.map((value) => ({ value, from: 0 }))
    for (const { value, from } of place.file === 'expression' ? args : options) {
      if (value === null) continue
      const lines = this.#text(value, from).split('\n')
      if (lines[line - 1] !== source) continue
      const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0)
      return this.spelled[value].part(from + before + column - 1, length)
    }
    return this.name
  }

  /** The option or argument that a message is about; else the stage. */
  #about(message: string): Place {
    const flag = /--[a-z0-9-]+/.exec(message)?.[0]
    const options = this.given.options.filter(({ key }) => flagOf(key) === flag)
    const quoted = ({ value, from }: GivenOption) => value !== null && message.includes(this.#text(value, from))
    const option = options.find(quoted) ?? options.at(-1)
    if (option !== undefined) {
      const { value, flag: at, from } = option
      return value === null ? this.spelled[at].place : this.spelled[value].part(from, this.#text(value, from).length)
    }
    const { args } = this.given
    const [, name, index = '1'] = /^([A-Z.]+)(?: (\d+))? /i.exec(message) ?? []
    if (name === this.component.args[0]?.name && Number(index) <= args.length)
      return this.spelled[args[Number(index) - 1]].place
    if (message.startsWith('too many arguments'))
      return this.spelled[args[this.component.args.length]]?.place ?? this.name
    const longest = args
      .filter((i) => message.includes(this.#text(i, 0)))
      .sort((a, b) => this.#text(b, 0).length - this.#text(a, 0).length)[0]
    return longest === undefined ? this.name : this.spelled[longest].place
  }

  #text(word: number, from: number): string {
    return this.spelled[word].text.reveal().slice(from)
  }
}

/** A problem without the secrets of words. */
export function scrubbed(problem: Problem, words: readonly Text[]): Problem {
  const secrets: string[] = []
  for (const word of words) word.with(({ value }) => String(secrets.push(value)))
  return problem.reworded((text) =>
    secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, HIDDEN)), text),
  )
}
