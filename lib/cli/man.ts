// Man pages, from the declarations.

import type { Component } from '../component.js'
import { COMMON_OPTIONS, READER_OPTIONS } from '../io/options.js'
import type { OptionSpec } from '../option/table.js'
import { ENVIRONMENT, EXIT_STATUS, SIGNALS } from './facts.js'
import { argumentHelp, argumentSynopsis, flagSynopsis, optionGroups, optionHelp, paragraphs, sentence } from './help.js'
import {
  bold,
  declared,
  fill,
  inline,
  literal,
  markdown,
  page,
  paragraph,
  section,
  subsection,
  term,
  title,
  value,
  verbatim,
} from './roff.js'

/** The release that the pages belong to. */
export interface Release {
  version: string
  /** Year, month and day with dashes. */
  date: string
}

/** `solder-write-prometheus`. */
export function pageName(component: Component): string {
  return `solder-${component.name.replaceAll(' ', '-')}`
}

/** The page of one component, section 1. */
export function componentPage(component: Component, release: Release): string {
  const args = component.args.map((arg) => ` ${value(argumentSynopsis(arg))}`).join('')
  const parts = [
    title(pageName(component), 1, release.date, release.version),
    section('Name', nameLine(pageName(component), component.summary)),
    section('Synopsis', `${bold(`solder ${component.name}`)} [${value('--option')}...]${args}`),
    section('Description', ...prose(component.description)),
  ]
  if (component.args.length > 0) {
    const terms = component.args.map((arg) => term(value(argumentSynopsis(arg)), declared(sentence(argumentHelp(arg)))))
    parts.push(section('Arguments', ...terms))
  }
  const groups = [...optionGroups(component)]
  if (groups.length > 0) parts.push(section('Options'))
  for (const [group, options] of groups) {
    if (group !== 'Options') parts.push(subsection(group))
    parts.push(...options.map(optionTerm))
  }
  if (component.role !== 'tool') {
    const { accepts, emits } = component
    parts.push(section('Records', term('accepts', typeList(accepts)), term('emits', typeList(emits))))
    parts.push(section('Delivery', ...prose(component.guarantee)))
  }
  const others = component.role === 'tool' ? ['solder(1)'] : ['solder(1)', 'solder-records(7)']
  parts.push(...examples([component]), exitStatus(), seeAlso(others))
  return page(...parts)
}

/** solder(1). */
export function overviewPage(components: readonly Component[], release: Release): string {
  const commands = components.map((component) => {
    const see = `See ${bold(pageName(component))}(1).`
    return term(bold(`solder ${component.name}`), `${declared(sentence(component.summary))} ${see}`)
  })
  return page(
    title('solder', 1, release.date, release.version),
    section('Name', nameLine('solder', 'telemetry as Unix filters')),
    section('Synopsis', '\\fBsolder\\fR \\fIVERB\\fR [\\fIKIND\\fR] [\\fIARGUMENT\\fR...] [\\fI\\-\\-option\\fR...]'),
    section('Description', ...OVERVIEW.map((text) => paragraph(inline(text)))),
    section('Commands', ...commands),
    section('Options of every stage', ...Object.entries({ ...COMMON_OPTIONS, ...READER_OPTIONS }).map(optionTerm)),
    exitStatus(),
    section('Signals', ...SIGNALS.map(([name, text]) => term(bold(name), inline(sentence(text))))),
    section('Environment', ...ENVIRONMENT.map(([name, text]) => term(bold(name), inline(sentence(text))))),
    ...examples(components.slice(0, 4)),
    seeAlso(['solder-records(7)', ...components.map((component) => `${pageName(component)}(1)`)]),
  )
}

const OVERVIEW = [
  'Metrics, logs, traces and profiles travel between small commands as lines of JSON, one record a line, as ' +
    'solder-records(7) describes. ' +
    'A source makes records, a filter reads and writes them, a sink takes them away; a shell joins them by pipes.',
  'A stage reads records on stdin and writes records on stdout; stderr is for people. The end of stdin is the ' +
    'request to finish, and a full pipe slows whoever writes into it. A record is passed on as soon as no more input ' +
    'is waiting.',
  'Options are written `--name value` or `--name=value`. Durations carry their unit (`500ms`, `15s`, `1m30s`), sizes ' +
    'may (`64KiB`, `10MiB`, `1024`). A secret is given as `file:PATH`, as `env:NAME` or as the text itself, and is ' +
    'never printed.',
]

/** A page of section 7 from its Markdown, whose first heading is `name(7): summary`. */
export function essayPage(source: string, release: Release): string {
  const [, name, summary] = /^# ([\w-]+)\(7\): (.+)$/m.exec(source)!
  const body = source.slice(source.indexOf('\n', source.indexOf('# ')))
  const head = [title(name, 7, release.date, release.version), section('Name', nameLine(name, summary))]
  return page(...head, markdown(body))
}

function nameLine(name: string, summary: string): string {
  return `${literal(name)} \\- ${declared(summary)}`
}

function prose(text: string): string[] {
  return paragraphs(text).map((part) => paragraph(declared(part)))
}

function optionTerm([key, spec]: [string, OptionSpec]): string {
  const [flag, word] = flagSynopsis(key, spec).split(/(?<!,) (.*)/)
  const head = word === undefined ? bold(flag) : `${bold(flag)} ${value(word)}`
  return term(head, declared(sentence(optionHelp(spec))))
}

function typeList(types: readonly string[]): string {
  return types.length === 0 ? 'nothing' : types.join(', ')
}

function examples(components: readonly Component[]): string[] {
  const all = components.flatMap((component) => component.examples)
  const parts = all.flatMap(({ about, command }) => [paragraph(declared(sentence(about))), verbatim(command)])
  return all.length === 0 ? [] : [section('Examples', ...parts)]
}

function exitStatus(): string {
  return section('Exit status', ...EXIT_STATUS.map(([code, text]) => term(bold(String(code)), inline(sentence(text)))))
}

function seeAlso(pages: readonly string[]): string {
  return section('See also', fill(pages.map((page) => `${bold(page.slice(0, -3))}${page.slice(-3)}`).join(', ')))
}
