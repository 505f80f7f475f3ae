// The words of a command line: which component is meant, and its arguments and options, validated.

import { Command, CommanderError, Option } from 'commander'
import { type Catalogue, type CatalogueEntry, type Component, type Input, loadComponent } from '../component.js'
import type { Language } from '../config/language.js'
import { didYouMean, Problem, throwAll } from '../diag/problem.js'
import { COMMON_OPTIONS, READER_OPTIONS } from '../io/options.js'
import { flagOf, type OptionSpec, type OptionTable, type OptionValues } from '../option/table.js'
import { defaultValue, parseValue } from '../option/value.js'

/** Finds the component that the first words name; the rest are its own. */
export function findEntry(
  catalogue: Catalogue, words: readonly string[],
): { entry: CatalogueEntry; rest: readonly string[] } {
  const [verb, kind] = words
  const two = catalogue.find((entry) => entry.name === `${verb} ${kind}`)
  if (two !== undefined) return { entry: two, rest: words.slice(2) }
  const one = catalogue.find((entry) => entry.name === verb)
  if (one !== undefined) return { entry: one, rest: words.slice(1) }
  const kinds = catalogue.filter((entry) => entry.name.startsWith(`${verb} `)).map((entry) => entry.name.slice(verb.length + 1))
  if (kinds.length > 0) {
    const what = kind === undefined || kind.startsWith('-') ? `${verb}: which kind?` : `unknown kind '${kind}' for '${verb}'`
    throw new Problem(what, { expected: kinds.join(', '), hint: kind === undefined ? undefined : didYouMean(kind, kinds) })
  }
  const verbs = [...new Set(catalogue.map((entry) => entry.name.split(' ')[0]))]
  throw new Problem(`unknown command '${verb}'`, { expected: verbs.join(', '), hint: didYouMean(verb, verbs) })
}

/** The words of pipeline files: those of the command line. */
export function languageOf(catalogue: Catalogue): Language {
  return {
    names: catalogue.map(({ name }) => name),
    components: () => Promise.all(catalogue.map(loadComponent)),
    find: (words) => findEntry(catalogue, words),
    options: allOptions,
    parse: parseInput,
  }
}

/** The component's own options and those that every stage of its role takes, in the order of the help. */
export function allOptions(component: Component): OptionTable {
  if (component.role === 'tool') return component.options
  const reads = component.role !== 'source' || component.accepts.length > 0
  return { ...component.options, ...COMMON_OPTIONS, ...(reads ? READER_OPTIONS : {}) }
}

/** The typed input of a component from its words. Throws every problem at once. */
export function parseInput(component: Component, words: readonly string[]): Input<OptionTable> {
  const table = allOptions(component)
  const given = new Map<string, string[]>()
  const command = buildCommand(component, table, given)
  try {
    command.parse([...words], { from: 'user' })
  } catch (error) {
    throw error instanceof CommanderError ? usageProblem(component, table, error) : error
  }
  return { args: command.args, options: optionValues(table, given) as OptionValues<OptionTable> }
}

function buildCommand(component: Component, table: OptionTable, given: Map<string, string[]>): Command {
  const command = new Command(component.name).exitOverride().configureOutput({ writeErr: () => {} }).helpOption(false)
  for (const arg of component.args) {
    const name = arg.variadic === true ? `${arg.name}...` : arg.name
    command.argument(arg.required === true ? `<${name}>` : `[${name}]`)
  }
  for (const [key, spec] of Object.entries(table)) {
    const collect = (text: string) => void given.set(key, [...(given.get(key) ?? []), text])
    if (spec.type === 'bool') {
      const set = (text: string) => () => given.set(key, [text])
      command.addOption(new Option(flagOf(key)).argParser(() => true))
      command.on(`option:${key.replaceAll('_', '-')}`, set('true'))
      command.addOption(new Option(`--no-${key.replaceAll('_', '-')}`))
      command.on(`option:no-${key.replaceAll('_', '-')}`, set('false'))
    } else command.addOption(new Option(`${flagsOf(key, spec)} <value>`).argParser(collect))
  }
  return command
}

function flagsOf(key: string, { short }: OptionSpec): string {
  return short === undefined ? flagOf(key) : `-${short}, ${flagOf(key)}`
}

function optionValues(table: OptionTable, given: ReadonlyMap<string, readonly string[]>): { [key: string]: unknown } {
  const problems: Problem[] = []
  const values: { [key: string]: unknown } = {}
  for (const [key, spec] of Object.entries(table)) {
    const texts = given.get(key)
    try {
      values[key] = texts === undefined ? defaultValue(spec) : fromTexts(spec, texts, flagOf(key))
      if (texts === undefined && spec.required === true) throw new Problem(`${flagOf(key)} is missing`, { expected: spec.help })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      problems.push(error)
    }
  }
  throwAll(problems)
  return values
}

function fromTexts(spec: OptionSpec, texts: readonly string[], flag: string): unknown {
  if (spec.type === 'list') return texts
  if (spec.type === 'map') return new Map(texts.map((text) => parseValue(spec, text, flag) as [string, string]))
  return parseValue(spec, texts[texts.length - 1], flag)
}

function usageProblem(component: Component, table: OptionTable, error: CommanderError): Problem {
  // What stands behind the name may be a secret.
  const quoted = /'([^'=]*)/.exec(error.message)?.[1] ?? ''
  const flags = Object.keys(table).map(flagOf)
  switch (error.code) {
    case 'commander.unknownOption':
      return new Problem(`unknown option '${quoted}' for '${component.name}'`, {
        expected: flags.join(', '),
        hint: didYouMean(quoted, flags),
      })
    case 'commander.missingArgument':
      return new Problem(`argument ${quoted.replace('...', '')} is missing`, { hint: `see 'solder ${component.name} --help'` })
    case 'commander.optionMissingArgument':
      return new Problem(`option ${quoted.split(' ')[0]} needs a value`)
    case 'commander.excessArguments':
      return new Problem(`too many arguments for '${component.name}'`, {
        expected: component.args.length === 0 ? 'none' : component.args.map((arg) => arg.name).join(' '),
      })
    default:
      return new Problem(error.message.replace(/^error: /, ''))
  }
}
