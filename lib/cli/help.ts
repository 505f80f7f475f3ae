// `--help`, from the declarations.

import { type Catalogue, type Component, loadComponent } from '../component.js'
import { flagOf, type OptionSpec } from '../option/table.js'
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
  const groups = new Map<string, [string, OptionSpec][]>()
  for (const [key, spec] of Object.entries(allOptions(component))) {
    const group = spec.group ?? 'Options'
    groups.set(group, [...(groups.get(group) ?? []), [key, spec]])
  }
  const lines = [`usage: ${synopsis(component)}`, '', sentence(component.summary), '', ...wrap(component.description, '')]
  for (const arg of component.args) lines.push('', ...entry(arg.name, arg.help))
  for (const [group, options] of groups) {
    lines.push('', `${group}:`)
    for (const [key, spec] of options) lines.push(...entry(flagSynopsis(key, spec), optionHelp(spec)))
  }
  if (component.examples.length > 0) lines.push('', 'Examples:')
  for (const example of component.examples) lines.push(`  # ${example.about}`, `  ${example.command.replaceAll('\n', '\n  ')}`)
  return lines.join('\n') + '\n'
}

/** `solder write prometheus [--option...] URL`. */
export function synopsis(component: Component): string {
  const args = component.args.map((arg) => {
    const name = arg.variadic === true ? `${arg.name}...` : arg.name
    return arg.required === true ? name : `[${name}]`
  })
  return ['solder', component.name, '[--option...]', ...args].join(' ')
}

/** `--batch-bytes SIZE`, `--[no-]metadata`. */
export function flagSynopsis(key: string, spec: OptionSpec): string {
  if (spec.type === 'bool') return spec.default === true ? `--no-${key.replaceAll('_', '-')}` : flagOf(key)
  return `${flagOf(key)} ${spec.value ?? valueWord(spec)}`
}

function valueWord(spec: OptionSpec): string {
  if (spec.type === 'enum') return spec.values.join('|')
  const words: { readonly [type: string]: string } = { int: 'N', float: 'NUMBER', bytes: 'SIZE', map: 'NAME=VALUE', list: 'VALUE', string: 'TEXT' }
  return words[spec.type] ?? spec.type.toUpperCase()
}

/** The sentence about an option, with what holds by default and whether it repeats. */
export function optionHelp(spec: OptionSpec): string {
  const notes: string[] = []
  if (spec.type === 'list' || spec.type === 'map') notes.push('may be repeated')
  if (spec.type === 'secret') notes.push('file:PATH, env:NAME or the text itself')
  if ('default' in spec && spec.default !== undefined && spec.type !== 'bool') {
    const text = String(spec.default)
    if (text !== '') notes.push(`default ${text}`)
  }
  if (spec.type === 'bool' && spec.default === true) notes.push('on by default')
  if (spec.required === true) notes.push('required')
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`
}

function entry(head: string, text: string): string[] {
  return [`  ${head}`, ...wrap(text, '      ')]
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`
}

/** Paragraphs, separated by empty lines, wrapped to the width of a terminal. */
export function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  for (const paragraph of text.trim().split(/\n\s*\n/)) {
    if (lines.length > 0) lines.push('')
    let line = indent
    for (const word of paragraph.trim().split(/\s+/)) {
      if (line.length > indent.length && line.length + 1 + word.length > WIDTH) {
        lines.push(line)
        line = indent
      }
      line += line.length > indent.length ? ` ${word}` : word
    }
    lines.push(line)
  }
  return lines
}
