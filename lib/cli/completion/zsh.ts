// The completion script for zsh: a function for $fpath that may also be sourced.

import type { Component } from '../../component.js'
import { flagsOf, notice, single, verbsOf } from './words.js'

export function zsh(components: readonly Component[]): string {
  const verbs = verbsOf(components)
  const withKinds = verbs.filter((verb) => verb.kinds.length > 0)
  return [
    '#compdef solder',
    notice('zsh'),
    '',
    '_solder() {',
    '  local name=$words[2]',
    '  local -a choices',
    '  if (( CURRENT == 2 )); then',
    `    choices=(${described(verbs.map(({ name, summary }) => [name, summary]))})`,
    "    _describe -t commands 'command' choices",
    '    return',
    '  fi',
    '  case $name in',
    ...withKinds.map((verb) => `    ${verb.name}) choices=(${described(verb.kinds)}) ;;`),
    '  esac',
    '  # _arguments counts from the name of the command.',
    '  shift words',
    '  (( CURRENT-- ))',
    '  if (( CURRENT == 2 && $#choices > 0 )); then',
    "    _describe -t commands 'kind' choices",
    '  elif (( ${choices[(I)${words[2]}:*]} > 0 )); then',
    '    name="$name ${words[2]}"',
    '    shift words',
    '    (( CURRENT-- ))',
    '  fi',
    '  case $name in',
    ...components.flatMap((component) => [
      `    ${single(component.name)})`,
      `      _arguments ${specs(component).join(' \\\n        ')} ;;`,
    ]),
    '  esac',
    '}',
    '',
    'if [[ $funcstack[1] == _solder ]]; then _solder "$@"; else compdef _solder solder; fi',
    '',
  ].join('\n')
}

function described(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([word, help]) => single(`${word}:${help}`)).join(' ')
}

function specs(component: Component): string[] {
  const flags = flagsOf(component).map(({ flag, help, value, repeated }) => {
    if (value === null) return single(`${flag}[${quoted(help)}]`)
    const action = value.files ? '_files' : actionOf(value.words)
    return single(`${repeated ? '*' : ''}${flag}=[${quoted(help)}]:${quoted(value.word)}:${action}`)
  })
  const args = component.args.map((arg, i) => {
    const action = arg.path === true ? '_files' : actionOf(arg.values ?? [])
    return single(`${arg.variadic === true ? '*' : `${i + 1}`}:${quoted(arg.name)}:${action}`)
  })
  return [...flags, ...args]
}

/** A single space tells what is wanted and completes nothing. */
function actionOf(words: readonly string[]): string {
  return words.length > 0 ? `(${words.join(' ')})` : ' '
}

function quoted(help: string): string {
  return help.replace(/[[\]:\\]/g, '\\$&')
}
