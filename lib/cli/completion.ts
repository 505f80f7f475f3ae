// Completions for bash, zsh and fish, from the declarations: static scripts, so that no process is started for a key press.

import type { Component } from '../component.js'
import { type ArgumentSpec, flagOf, type OptionSpec } from '../option/table.js'
import { allOptions } from './command.js'
import { valueWord } from './help.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The completion script of a shell. */
export function completionOf(shell: Shell, components: readonly Component[]): string {
  return { bash, zsh, fish }[shell](components)
}

/** Where the script is kept in the package, under completions/. */
export const COMPLETION_FILES: { readonly [shell in Shell]: string } = { bash: 'solder.bash', zsh: '_solder', fish: 'solder.fish' }

interface Flag {
  flag: string
  help: string
  /** What follows the flag; null where nothing does. */
  value: { word: string; files: boolean; words: readonly string[] } | null
  repeated: boolean
}

function flagsOf(component: Component): Flag[] {
  const flags = Object.entries(allOptions(component)).map(([key, spec]): Flag => {
    const { help } = spec
    const repeated = spec.type === 'list' || spec.type === 'map'
    if (spec.type !== 'bool') return { flag: flagOf(key), help, value: valueOf(spec), repeated }
    if (spec.default !== true) return { flag: flagOf(key), help, value: null, repeated }
    return { flag: flagOf(`no_${key}`), help: `switch off: ${help}`, value: null, repeated }
  })
  return [...flags, { flag: '--help', help: 'tell about this command', value: null, repeated: false }]
}

function valueOf(spec: OptionSpec): Flag['value'] {
  return { word: valueWord(spec), files: spec.type === 'path', words: spec.type === 'enum' ? spec.values : [] }
}

interface Verb {
  name: string
  summary: string
  /** Kinds with their summaries. */
  kinds: readonly (readonly [string, string])[]
}

function verbsOf(components: readonly Component[]): Verb[] {
  const names = [...new Set(components.map((component) => component.name.split(' ')[0]))]
  return names.map((name) => {
    const own = components.find((component) => component.name === name)
    const kinds = components
      .filter((component) => component.name.startsWith(`${name} `))
      .map((component) => [component.name.slice(name.length + 1), component.summary] as const)
    return { name, summary: own?.summary ?? kinds.map(([kind]) => kind).join(', '), kinds }
  })
}

const notice = (shell: Shell) => `# Completion of solder for ${shell}. Generated from the declarations, as 'solder completion ${shell}' prints it. Do not edit.`

function bash(components: readonly Component[]): string {
  const verbs = verbsOf(components)
  const cases = (lines: readonly string[]) => lines.map((line) => `    ${line} ;;`)
  return [
    notice('bash'),
    '',
    '_solder() {',
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}",
    "  local name kinds= flags= words= files=",
    "  # Bash cuts --flag=value at the equals sign.",
    "  if [[ $cur == '=' ]]; then cur=",
    "  elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}",
    '  fi',
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    COMPREPLY=($(compgen -W '${verbs.map((verb) => verb.name).join(' ')} --help --version' -- "$cur"))`,
    '    return',
    '  fi',
    '  case $verb in',
    ...cases(verbs.filter((verb) => verb.kinds.length > 0).map((verb) => `${verb.name}) kinds='${verb.kinds.map(([kind]) => kind).join(' ')}'`)),
    '  esac',
    '  name=$verb',
    '  if ((COMP_CWORD > 2)) && [[ " $kinds " == *" ${COMP_WORDS[2]} "* ]]; then',
    '    name="$verb ${COMP_WORDS[2]}"',
    '    kinds=',
    '  elif ((COMP_CWORD > 2)); then kinds=',
    '  fi',
    '  case "$name $prev" in',
    ...cases(bashValues(components)),
    '    *)',
    '      case $name in',
    ...components.map((component) => `        '${component.name}') ${bashArguments(component)} ;;`),
    '      esac',
    '      if [[ $cur == -* || -z $kinds$words$files ]]; then words="$kinds $flags"; files=',
    '      else words="$kinds $words"',
    '      fi ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    "  if [[ -n $files ]]; then",
    "    local IFS=$'\\n'",
    '    compopt -o filenames 2>/dev/null',
    '    COMPREPLY+=($(compgen -f -- "$cur"))',
    '  fi',
    '}',
    'complete -F _solder solder',
    '',
  ].join('\n')
}

/** What follows each flag that takes a value: one case for all commands where they agree, else one for each. */
function bashValues(components: readonly Component[]): string[] {
  const answers = new Map<string, Map<string, string>>()
  for (const component of components) {
    for (const { flag, value } of flagsOf(component)) {
      if (value === null) continue
      const answer = value.files ? 'files=1' : `words='${value.words.join(' ')}'`
      answers.set(flag, (answers.get(flag) ?? new Map<string, string>()).set(component.name, answer))
    }
  }
  return [...answers].flatMap(([flag, byName]) => {
    const different = new Set(byName.values())
    if (different.size === 1) return [`*' ${flag}') ${[...different][0]}`]
    return [...byName].map(([name, answer]) => `'${name} ${flag}') ${answer}`)
  })
}

function bashArguments(component: Component): string {
  const flags = `flags='${flagsOf(component).map(({ flag }) => flag).join(' ')}'`
  const words = component.args.flatMap((arg) => arg.values ?? [])
  const files = component.args.some((arg) => arg.path === true)
  return [flags, ...(words.length > 0 ? [`words='${words.join(' ')}'`] : []), ...(files ? ['files=1'] : [])].join(' ')
}

function zsh(components: readonly Component[]): string {
  const verbs = verbsOf(components)
  const described = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([word, help]) => single(`${word}:${help.replaceAll(':', '\\:')}`)).join(' ')
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
    ...verbs.filter((verb) => verb.kinds.length > 0).map((verb) => `    ${verb.name}) choices=(${described(verb.kinds)}) ;;`),
    '  esac',
    '  shift words',
    '  (( CURRENT-- ))',
    '  if (( CURRENT == 2 && $#choices > 0 )); then',
    "    _describe -t commands 'kind' choices",
    '  elif (( $#choices > 0 )) && (( ${choices[(I)$words[2]:*]} )); then',
    '    name="$name $words[2]"',
    '    shift words',
    '    (( CURRENT-- ))',
    '  fi',
    '  case $name in',
    ...components.map((component) => `    ${single(component.name)})\n      _arguments ${zshSpecs(component).join(' \\\n        ')} ;;`),
    '  esac',
    '}',
    '',
    'if [[ $funcstack[1] == _solder ]]; then _solder "$@"; else compdef _solder solder; fi',
    '',
  ].join('\n')
}

function zshSpecs(component: Component): string[] {
  const text = (help: string) => help.replace(/[[\]:\\]/g, '\\$&')
  const flags = flagsOf(component).map(({ flag, help, value, repeated }) => {
    const star = repeated ? '*' : ''
    if (value === null) return single(`${flag}[${text(help)}]`)
    const action = value.files ? '_files' : value.words.length > 0 ? `(${value.words.join(' ')})` : ' '
    return single(`${star}${flag}=[${text(help)}]:${text(value.word)}:${action}`)
  })
  const args = component.args.map((arg, i) => {
    const action = arg.path === true ? '_files' : arg.values !== undefined ? `(${arg.values.join(' ')})` : ' '
    return single(`${arg.variadic === true ? '*' : `${i + 1}`}:${text(arg.name)}:${action}`)
  })
  return [...flags, ...args]
}

function fish(components: readonly Component[]): string {
  const kinds = components.map((component) => component.name).filter((name) => name.includes(' '))
  const lines = [
    notice('fish'),
    '',
    '# Whether the command line is that of the command named.',
    'function __solder_at --argument-names name',
    '    set -l typed (commandline -opc)',
    '    set -l found "$typed[2]"',
    `    contains -- "$typed[2] $typed[3]" ${kinds.map(single).join(' ')}; and set found "$typed[2] $typed[3]"`,
    '    test "$found" = "$name"',
    'end',
    '',
    '# Whether only the verb stands there, and is this one.',
    'function __solder_verb --argument-names verb',
    '    set -l typed (commandline -opc)',
    '    test (count $typed) -eq 2; and test "$typed[2]" = "$verb"',
    'end',
    '',
    'complete -c solder -f',
  ]
  for (const { name, summary, kinds } of verbsOf(components)) {
    lines.push(`complete -c solder -n '__solder_at ""' -a ${name} -d ${fishText(summary)}`)
    for (const [kind, about] of kinds) lines.push(`complete -c solder -n '__solder_verb ${name}' -a ${kind} -d ${fishText(about)}`)
  }
  for (const component of components) {
    const at = `complete -c solder -n '__solder_at "${component.name}"'`
    for (const arg of component.args) lines.push(...fishArgument(at, arg))
    for (const { flag, help, value } of flagsOf(component)) lines.push(`${at} -l ${flag.slice(2)}${fishValue(value)} -d ${fishText(help)}`)
  }
  return lines.join('\n') + '\n'
}

function fishArgument(at: string, arg: ArgumentSpec): string[] {
  if (arg.values !== undefined) return [`${at} -a ${single(arg.values.join(' '))}`]
  return arg.path === true ? [`${at} -F`] : []
}

function fishValue(value: Flag['value']): string {
  if (value === null) return ''
  if (value.files) return ' -r -F'
  return value.words.length > 0 ? ` -x -a ${single(value.words.join(' '))}` : ' -x'
}

/** One word of a POSIX-like shell. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
