// The completion script for bash (3.2 and later, without the bash-completion package).

import type { Component } from '../../component.js'
import { flagsOf, notice, type Verb, verbsOf } from './words.js'

export function bash(components: readonly Component[]): string {
  const verbs = verbsOf(components)
  const body = [...firstWords(verbs), ...otherWords(components)]
  return [notice('bash'), '', '_solder() {', ...body, '}', 'complete -F _solder solder', ''].join('\n')
}

/** Which command the line is about: its verb is completed here, and its name is found. */
function firstWords(verbs: readonly Verb[]): string[] {
  const withKinds = verbs.filter((verb) => verb.kinds.length > 0)
  return [
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}',
    '  local name kinds= flags= words= files=',
    '  # Bash cuts --flag=value at the equals sign.',
    "  if [[ $cur == '=' ]]; then cur=",
    "  elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}",
    '  fi',
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    COMPREPLY=($(compgen -W '${verbs.map((verb) => verb.name).join(' ')} --help --version' -- "$cur"))`,
    '    return',
    '  fi',
    '  case $verb in',
    ...withKinds.map((verb) => `    ${verb.name}) kinds='${verb.kinds.map(([kind]) => kind).join(' ')}' ;;`),
    '  esac',
    '  name=$verb',
    '  if ((COMP_CWORD > 2)); then',
    '    [[ " $kinds " == *" ${COMP_WORDS[2]} "* ]] && name="$verb ${COMP_WORDS[2]}"',
    '    kinds=',
    '  fi',
  ]
}

/** Its options, their values and its arguments. */
function otherWords(components: readonly Component[]): string[] {
  return [
    '  case "$name $prev" in',
    ...valueCases(components).map((line) => `    ${line} ;;`),
    '    *)',
    '      case $name in',
    ...components.map((component) => `        '${component.name}') ${argumentWords(component)} ;;`),
    '      esac',
    '      if [[ $cur == -* || -z $kinds$words$files ]]; then words="$kinds $flags" files=',
    '      else words="$kinds $words"',
    '      fi ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  if [[ -n $files ]]; then',
    "    local IFS=$'\\n'",
    '    compopt -o filenames 2>/dev/null',
    '    COMPREPLY+=($(compgen -f -- "$cur"))',
    '  fi',
  ]
}

/** What follows each flag that takes a value: one case for all commands where they agree, else one for each. */
function valueCases(components: readonly Component[]): string[] {
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

function argumentWords(component: Component): string {
  const flags = `flags='${flagsOf(component).map(({ flag }) => flag).join(' ')}'`
  const words = component.args.flatMap((arg) => arg.values ?? [])
  const files = component.args.some((arg) => arg.path === true)
  return [flags, ...(words.length > 0 ? [`words='${words.join(' ')}'`] : []), ...(files ? ['files=1'] : [])].join(' ')
}
