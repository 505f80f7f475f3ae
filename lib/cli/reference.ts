// The reference in Markdown, a page per component, from the declarations; and the tables of facts inside hand-written pages.

import type { Component } from '../component.js'
import { READER_OPTIONS } from '../io/options.js'
import { flagOf, type OptionSpec } from '../option/table.js'
import { SHAPES } from '../record/type.js'
import { EXIT_STATUS } from './facts.js'
import {
  argumentHelp,
  argumentSynopsis,
  defaultText,
  flagSynopsis,
  optionGroups,
  optionNotes,
  paragraphs,
  sentence,
  synopsis,
  withNotes,
} from './help.js'

const NOTICE = "<!-- Generated from the declarations by 'npm run generate'. Do not edit. -->"

/** `write-prometheus.md`. */
export function fileOf(component: Component): string {
  return `${component.name.replaceAll(' ', '-')}.md`
}

/** docs/reference/README.md. */
export function indexPage(components: readonly Component[]): string {
  const rows = components.map((component) => [`[${component.name}](${fileOf(component)})`, component.role, cell(component.summary)])
  return [NOTICE, '', '# Commands', '', ...tableOf(['command', 'role', 'what it does'], rows), ''].join('\n')
}

/** The page of one component. */
export function componentReference(component: Component): string {
  const lines = [NOTICE, '', `# solder ${component.name}`, '', sentence(component.summary), '', '```', synopsis(component), '```']
  lines.push(...prose(component.description))
  if (component.role !== 'tool') {
    lines.push('', `Accepts: ${types(component.accepts)}. Emits: ${types(component.emits)}. Since ${component.since}.`)
    lines.push('', '## Delivery', ...prose(component.guarantee))
  }
  if (component.args.length > 0) {
    const rows = component.args.map((arg) => [`\`${argumentSynopsis(arg)}\``, cell(argumentHelp(arg))])
    lines.push('', '## Arguments', '', ...tableOf(['argument', 'help'], rows))
  }
  for (const [group, options] of optionGroups(component)) {
    lines.push('', `## ${group}`, '', ...tableOf(['option', 'type', 'default', 'help', 'since'], options.map(optionRow)))
  }
  if (component.examples.length > 0) lines.push('', '## Examples')
  for (const { about, command } of component.examples) lines.push('', sentence(about), '', '```sh', command, '```')
  return lines.join('\n') + '\n'
}

function optionRow([key, spec]: readonly [string, OptionSpec]): string[] {
  const standard = defaultText(spec)
  const help = withNotes(spec.help, optionNotes(spec))
  return [`\`${cell(flagSynopsis(key, spec))}\``, spec.type, standard === '' ? '' : `\`${cell(standard)}\``, cell(help), spec.since]
}

function prose(text: string): string[] {
  return paragraphs(text).flatMap((part) => ['', part])
}

function types(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : list.join(', ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [headings, headings.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
}

/** Tables that a page asks for by `<!-- facts: NAME -->`. */
const FACTS: { readonly [name: string]: () => string[] } = {
  keys: () =>
    tableOf(
      ['type', 'identity', 'payload'],
      Object.entries(SHAPES).map(([type, shape]) => [
        `\`${type}\``,
        ['type', ...shape.identity].map((key) => `\`${key}\``).join(' '),
        [...(shape.timed ? ['ts'] : []), ...shape.payload].map((key) => `\`${key}\``).join(' '),
      ]),
    ),
  exit: () => tableOf(['code', 'meaning'], EXIT_STATUS.map(([code, meaning]) => [String(code), meaning])),
  bounds: () =>
    tableOf(
      ['option', 'bound'],
      Object.entries(READER_OPTIONS).map(([key, spec]) => [`\`${flagOf(key)}\``, `${spec.help}; default ${spec.default}`]),
    ),
}

/** A hand-written page with its tables of facts made anew, each between `<!-- facts: NAME -->` and `<!-- end -->`. */
export function withFacts(page: string): string {
  return page.replace(/(<!-- facts: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, start: string, name: string, end: string) =>
    [start, '\n', FACTS[name]().join('\n'), '\n\n', end].join(''),
  )
}
