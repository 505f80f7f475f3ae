// The reference in Markdown, a page per component, from the declarations; and tables of facts for hand-written pages.

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
  const rows = components.map((component) => {
    return [`[${component.name}](${fileOf(component)})`, component.role, cell(component.summary)]
  })
  return [NOTICE, '', '# Commands', '', ...tableOf(['command', 'role', 'what it does'], rows), ''].join('\n')
}

/** The page of one component. */
export function componentReference(component: Component): string {
  const lines = [NOTICE, '', `# solder ${component.name}`, '', escaped(sentence(component.summary))]
  lines.push('', '```', synopsis(component), '```', ...prose(component.description))
  if (component.role !== 'tool') {
    lines.push('', `Accepts: ${types(component.accepts)}. Emits: ${types(component.emits)}. Since ${component.since}.`)
    lines.push('', '## Delivery', ...prose(component.guarantee))
  }
  if (component.args.length > 0) {
    const rows = component.args.map((arg) => [code(argumentSynopsis(arg)), cell(argumentHelp(arg))])
    lines.push('', '## Arguments', '', ...tableOf(['argument', 'help'], rows))
  }
  for (const [group, options] of optionGroups(component)) {
    lines.push('', `## ${escaped(group)}`, '', ...tableOf(OPTION_COLUMNS, options.map(optionRow)))
  }
  if (component.examples.length > 0) lines.push('', '## Examples')
  for (const { about, command } of component.examples) {
    lines.push('', escaped(sentence(about)), '', '```sh', command, '```')
  }
  return lines.join('\n') + '\n'
}

const OPTION_COLUMNS = ['option', 'type', 'default', 'help', 'since']

function optionRow([key, spec]: readonly [string, OptionSpec]): string[] {
  const standard = defaultText(spec)
  const help = withNotes(spec.help, optionNotes(spec))
  return [code(flagSynopsis(key, spec)), spec.type, standard === '' ? '' : code(standard), cell(help), spec.since]
}

function prose(text: string): string[] {
  return paragraphs(text).flatMap((part) => ['', escaped(part)])
}

function types(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : list.join(', ')
}

/** `code`, options, names that begin or end with an underscore; and characters that are markup elsewhere. */
const MARKUP = /`[^`]+`|((?<![\w-])--[a-z][\w-]*|(?<!\w)_\w+|\b\w+_(?:\*|(?!\w)))|[\\*<$]/g

/** Text of a declaration, of which Markdown takes nothing for its own. */
function escaped(text: string): string {
  return text.replace(MARKUP, (part, name?: string) => {
    return name !== undefined ? `\`${name}\`` : part.length > 1 ? part : `\\${part}`
  })
}

function cell(text: string): string {
  return escaped(text).replaceAll('|', '\\|')
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
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
      Object.entries(READER_OPTIONS).map(([key, spec]) => [code(flagOf(key)), `${spec.help}; default ${spec.default}`]),
    ),
}

/** A hand-written page with its tables of facts made anew, each between `<!-- facts: NAME -->` and `<!-- end -->`. */
export function withFacts(page: string): string {
  const marked = /(<!-- facts: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g
  return page.replace(marked, (_, start: string, name: string, end: string) => {
    return `${start}\n${FACTS[name]().join('\n')}\n\n${end}`
  })
}
