// `--help`, from the declarations.

import { type Catalogue, type Component, loadComponent } from '../component.js'
import { type ArgumentSpec, flagOf, type OptionSpec } from '../option/table.js'
import { allOptions } from './command.js'

const WIDTH = 100

/** `solder --help`. */
export async function overview(catalogue: Catalogue): Promise<string> {
  const components = await Promise.all(catalogue.map(loadComponent))
  const width = Math.max(...components.map((component) => component.name.length))
  const rows = components.map((component) => `  ${component.name.padEnd(width)}  ${component.summary}`)
  return [
    'usage: solder VERB [KIND] [ARGUMENT...] [--option...]',
    '',
    'Telemetry as lines of JSON: each command reads records on stdin, writes records on stdout, and does one thing.',
    '',
    ...rows,
    '',
    "'solder VERB [KIND] --help' tells about one command, 'solder --version' the version. See also solder(1).",
    '',
  ].join('\n')
}

/** `solder VERB KIND --help`. */
export function helpOf(component: Component): string {
  const { summary, description, examples } = component
  const lines = [`usage: ${synopsis(component)}`, '', sentence(summary), '', ...wrap(description, '')]
  if (component.args.length > 0) lines.push('', 'Arguments:')
  for (const arg of component.args) lines.push(...entry(argumentSynopsis(arg), argumentHelp(arg)))
  for (const [group, options] of optionGroups(component)) {
    lines.push('', `${group}:`)
    for (const [key, spec] of options) lines.push(...entry(flagSynopsis(key, spec), optionHelp(spec)))
  }
  if (examples.length > 0) lines.push('', 'Examples:')
  for (const { about, command } of examples) lines.push(`  # ${about}`, `  ${command.replaceAll('\n', '\n  ')}`)
  return lines.join('\n') + '\n'
}

/** The options under their headings, own ones first, in the order of the declaration. */
export function optionGroups(component: Component): ReadonlyMap<string, readonly [string, OptionSpec][]> {
  const groups = new Map<string, [string, OptionSpec][]>()
  for (const [key, spec] of Object.entries(allOptions(component))) {
    const group = spec.group ?? 'Options'
    groups.set(group, [...(groups.get(group) ?? []), [key, spec]])
  }
  return groups
}

/** `solder write prometheus [--option...] URL`. */
export function synopsis(component: Component): string {
  return ['solder', component.name, '[--option...]', ...component.args.map(argumentSynopsis)].join(' ')
}

/** `[FILE...]`. */
export function argumentSynopsis(arg: ArgumentSpec): string {
  const name = arg.variadic === true ? `${arg.name}...` : arg.name
  return arg.required === true ? name : `[${name}]`
}

export function argumentHelp(arg: ArgumentSpec): string {
  return arg.values === undefined ? arg.help : `${arg.help} (${arg.values.join(', ')})`
}

/** `--batch-bytes SIZE`, `--ledger`, `--[no-]metadata`, `-e, --execute PIPE`. */
export function flagSynopsis(key: string, spec: OptionSpec): string {
  if (spec.short !== undefined) return `-${spec.short}, ${flagSynopsis(key, { ...spec, short: undefined })}`
  if (spec.type === 'bool') return spec.default === true ? flagOf(`[no_]${key}`) : flagOf(key)
  return `${flagOf(key)} ${valueWord(spec)}`
}

const VALUE_WORDS: { readonly [type in OptionSpec['type']]?: string } = {
  int: 'N',
  float: 'NUMBER',
  bytes: 'SIZE',
  map: 'NAME=VALUE',
  list: 'VALUE',
  string: 'TEXT',
}

/** The word for an option's value, e.g. `DURATION`. */
export function valueWord(spec: OptionSpec): string {
  if (spec.value !== undefined) return spec.value
  if (spec.type === 'enum') return longWords(spec.values) ? 'WORD' : spec.values.join('|')
  return VALUE_WORDS[spec.type] ?? spec.type.toUpperCase()
}

/** Whether words are told in the help rather than in the synopsis. */
function longWords(words: readonly string[]): boolean {
  return words.join('|').length > 40
}

/** The sentence about an option, with its notes and what holds by default. */
export function optionHelp(spec: OptionSpec): string {
  const standard = defaultText(spec)
  const notes = optionNotes(spec)
  if (standard !== '') notes.push(spec.type === 'bool' ? `${standard} by default` : `default ${standard}`)
  return withNotes(spec.help, notes)
}

/** Its words, its range, whether it repeats and must be given. */
export function optionNotes(spec: OptionSpec): string[] {
  const notes: string[] = []
  if (spec.type === 'list' || spec.type === 'map') notes.push('may be repeated')
  if (spec.type === 'enum' && valueWord(spec) !== spec.values.join('|')) notes.push(spec.values.join(', '))
  if (spec.type === 'secret') notes.push('file:PATH, env:NAME or the text itself')
  const range = rangeText(spec)
  if (range !== '') notes.push(range)
  if (spec.required === true) notes.push('required')
  return notes
}

export function withNotes(help: string, notes: readonly string[]): string {
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`
}

/** What holds when the option is not given; empty where that is nothing. */
export function defaultText(spec: OptionSpec): string {
  if (!('default' in spec) || spec.default === undefined) return ''
  if (spec.type === 'bool') return spec.default === true ? 'on' : ''
  return Array.isArray(spec.default) ? spec.default.join(', ') : String(spec.default)
}

/** `1 to 1000`; nothing where only a lower bound of 0 or 1 holds, which goes without saying. */
function rangeText(spec: OptionSpec): string {
  if (!('min' in spec || 'max' in spec)) return ''
  const { min, max } = spec as { min?: number | string; max?: number | string }
  if (max !== undefined) return min === undefined ? `at most ${max}` : `${min} to ${max}`
  return typeof min === 'number' && min <= 1 ? '' : `at least ${min}`
}

function entry(head: string, text: string): string[] {
  return [`  ${head}`, ...wrap(text, '      ')]
}

/** Help, which begins in lower case and has no full stop, as a sentence of its own. */
export function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.…]$/.test(text) ? '' : '.'}`
}

/** The paragraphs of a text, which empty lines separate. */
export function paragraphs(text: string): string[] {
  return text.trim().split(/\n\s*\n/).map((part) => part.trim().replace(/\s+/g, ' '))
}

/** Paragraphs wrapped to the width of a terminal. */
function wrap(text: string, indent: string): string[] {
  return paragraphs(text).flatMap((part, i) => [...(i === 0 ? [] : ['']), ...fill(part, indent)])
}

function fill(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.length > indent.length && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = indent
    }
    line += line.length > indent.length ? ` ${word}` : word
  }
  return [...lines, line]
}
