// Man pages, from the declarations.

import type { Component } from '../component.js'
import { COMMON_OPTIONS, READER_OPTIONS } from '../io/options.js'
import type { OptionSpec } from '../option/table.js'
import { ENVIRONMENT, EXIT_STATUS, SIGNALS } from './facts.js'
import { argumentHelp, argumentSynopsis, flagSynopsis, optionGroups, optionHelp, paragraphs, sentence } from './help.js'
import { fill, inline, literal, markdown, paragraph, section, subsection, term, title, verbatim } from './roff.js'

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
  const args = component.args.map((arg) => ` \\fI${literal(argumentSynopsis(arg))}\\fR`).join('')
  const parts = [
    title(pageName(component), 1, release.date, release.version),
    section('Name', nameLine(pageName(component), component.summary)),
    section('Synopsis', `\\fBsolder ${literal(component.name)}\\fR [\\fI\\-\\-option\\fR...]${args}`),
    section('Description', ...prose(component.description)),
  ]
  if (component.args.length > 0) {
    const terms = component.args.map((arg) => term(`\\fI${literal(argumentSynopsis(arg))}\\fR`, inline(sentence(argumentHelp(arg)))))
    parts.push(section('Arguments', ...terms))
  }
  const groups = [...optionGroups(component)]
  if (groups.length > 0) parts.push(section('Options'))
  for (const [group, options] of groups) {
    if (group !== 'Options') parts.push(subsection(group))
    parts.push(...options.map(optionTerm))
  }
  if (component.role !== 'tool') {
    parts.push(section('Records', term('accepts', typeList(component.accepts)), term('emits', typeList(component.emits))))
    parts.push(section('Delivery', ...prose(component.guarantee)))
  }
  parts.push(...examples([component]), exitStatus(), seeAlso(component.role === 'tool' ? ['solder(1)'] : ['solder(1)', 'solder-records(7)']))
  return parts.join('\n') + '\n'
}

/** solder(1). */
export function overviewPage(components: readonly Component[], release: Release): string {
  const commands = components.map((component) =>
    term(`\\fBsolder ${literal(component.name)}\\fR`, `${inline(sentence(component.summary))} See \\fB${literal(pageName(component))}\\fR(1).`),
  )
  return [
    title('solder', 1, release.date, release.version),
    section('Name', nameLine('solder', 'telemetry as Unix filters')),
    section('Synopsis', '\\fBsolder\\fR \\fIVERB\\fR [\\fIKIND\\fR] [\\fIARGUMENT\\fR...] [\\fI\\-\\-option\\fR...]'),
    section('Description', ...OVERVIEW.map((text) => paragraph(inline(text)))),
    section('Commands', ...commands),
    section('Options of every stage', ...Object.entries({ ...COMMON_OPTIONS, ...READER_OPTIONS }).map(optionTerm)),
    exitStatus(),
    section('Signals', ...SIGNALS.map(([name, text]) => term(`\\fB${name}\\fR`, inline(sentence(text))))),
    section('Environment', ...ENVIRONMENT.map(([name, text]) => term(`\\fB${name}\\fR`, inline(sentence(text))))),
    ...examples(components.slice(0, 4)),
    seeAlso(['solder-records(7)', ...components.map((component) => `${pageName(component)}(1)`)]),
  ].join('\n') + '\n'
}

const OVERVIEW = [
  'Metrics, logs, traces and profiles travel between small commands as lines of JSON, one record a line, as solder-records(7) describes. ' +
    'A source makes records, a filter reads and writes them, a sink takes them away; a shell joins them by pipes.',
  'A stage reads records on stdin and writes records on stdout; stderr is for people. The end of stdin is the request to finish, and a full pipe ' +
    'slows whoever writes into it. A record is passed on as soon as no more input is waiting.',
  'Options are written `--name value` or `--name=value`. Durations carry their unit (`500ms`, `15s`, `1m30s`), sizes may (`64KiB`, `10MiB`, `1024`). ' +
    'A secret is given as `file:PATH`, as `env:NAME` or as the text itself, and is never printed.',
]

/** A page of section 7 from its Markdown, whose first heading is `name(7): summary`. */
export function essayPage(source: string, release: Release): string {
  const [, name, summary] = /^# ([\w-]+)\(7\): (.+)$/m.exec(source)!
  const body = source.slice(source.indexOf('\n', source.indexOf('# ')))
  return [title(name, 7, release.date, release.version), section('Name', nameLine(name, summary)), markdown(body)].join('\n') + '\n'
}

function nameLine(name: string, summary: string): string {
  return `${literal(name)} \\- ${inline(summary)}`
}

function prose(text: string): string[] {
  return paragraphs(text).map((part) => paragraph(inline(part)))
}

function optionTerm([key, spec]: [string, OptionSpec]): string {
  const [flag, value] = flagSynopsis(key, spec).split(/ (.*)/)
  const head = `\\fB${literal(flag)}\\fR${value === undefined ? '' : ` \\fI${literal(value)}\\fR`}`
  return term(head, inline(sentence(optionHelp(spec))))
}

function typeList(types: readonly string[]): string {
  return types.length === 0 ? 'nothing' : types.join(', ')
}

function examples(components: readonly Component[]): string[] {
  const all = components.flatMap((component) => component.examples)
  return all.length === 0 ? [] : [section('Examples', ...all.flatMap(({ about, command }) => [paragraph(inline(sentence(about))), verbatim(command)]))]
}

function exitStatus(): string {
  return section('Exit status', ...EXIT_STATUS.map(([code, text]) => term(`\\fB${code}\\fR`, inline(sentence(text)))))
}

function seeAlso(pages: readonly string[]): string {
  return section('See also', fill(pages.map((page) => page.replace(/^(.*)(\(\d\))$/, (_, name: string, number: string) => `\\fB${literal(name)}\\fR${number}`)).join(', ')))
}
