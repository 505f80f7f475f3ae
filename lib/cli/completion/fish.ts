// The completion script for fish (3.0 and later).

import type { Component } from '../../component.js'
import type { ArgumentSpec } from '../../option/table.js'
import { type Flag, flagsOf, notice, single, verbsOf } from './words.js'

export function fish(components: readonly Component[]): string {
  const kinds = components.map((component) => component.name).filter((name) => name.includes(' '))
  const lines = ['complete -c solder -f', ...verbLines(components), ...components.flatMap(commandLines)]
  return [notice('fish'), '', ...conditions(kinds), ...lines, ''].join('\n')
}

function conditions(names: readonly string[]): string[] {
  return [
    '# Whether the command line is that of the command named.',
    'function __solder_at --argument-names name',
    '    set -l typed (commandline -opc)',
    '    set -l found "$typed[2]"',
    `    contains -- "$typed[2] $typed[3]" ${names.map(single).join(' ')}; and set found "$typed[2] $typed[3]"`,
    '    test "$found" = "$name"',
    'end',
    '',
    '# Whether only the verb stands there, and is this one.',
    'function __solder_verb --argument-names verb',
    '    set -l typed (commandline -opc)',
    '    test (count $typed) -eq 2; and test "$typed[2]" = "$verb"',
    'end',
    '',
  ]
}

function verbLines(components: readonly Component[]): string[] {
  return verbsOf(components).flatMap(({ name, summary, kinds }) => [
    `complete -c solder -n '__solder_at ""' -a ${name} -d ${quoted(summary)}`,
    ...kinds.map(([kind, about]) => `complete -c solder -n '__solder_verb ${name}' -a ${kind} -d ${quoted(about)}`),
  ])
}

function commandLines(component: Component): string[] {
  const at = `complete -c solder -n '__solder_at "${component.name}"'`
  return [
    ...component.args.flatMap((arg) => argument(at, arg)),
    ...flagsOf(component).map(({ flag, help, value }) => {
      return `${at} -l ${flag.slice(2)}${valueOf(value)} -d ${quoted(help)}`
    }),
  ]
}

function argument(at: string, arg: ArgumentSpec): string[] {
  if (arg.values !== undefined) return [`${at} -a ${single(arg.values.join(' '))}`]
  return arg.path === true ? [`${at} -F`] : []
}

function valueOf(value: Flag['value']): string {
  if (value === null) return ''
  if (value.files) return ' -r -F'
  return value.words.length > 0 ? ` -x -a ${single(value.words.join(' '))}` : ' -x'
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
