// What there is to complete, the same for every shell: verbs, kinds, flags and what may follow them.

import type { Component } from '../../component.js'
import { flagOf, type OptionSpec } from '../../option/table.js'
import { allOptions } from '../command.js'
import { valueWord } from '../help.js'

export interface Verb {
  name: string
  summary: string
  /** Kinds with their summaries. */
  kinds: readonly (readonly [string, string])[]
}

export interface Flag {
  flag: string
  help: string
  /** What follows the flag; null where nothing does. */
  value: { word: string; files: boolean; words: readonly string[] } | null
  repeated: boolean
}

export function verbsOf(components: readonly Component[]): Verb[] {
  const names = [...new Set(components.map((component) => component.name.split(' ')[0]))]
  return names.map((name) => {
    const own = components.find((component) => component.name === name)
    const kinds = components
      .filter((component) => component.name.startsWith(`${name} `))
      .map((component) => [component.name.slice(name.length + 1), component.summary] as const)
    return { name, summary: own?.summary ?? kinds.map(([kind]) => kind).join(', '), kinds }
  })
}

export function flagsOf(component: Component): Flag[] {
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

/** The comment that begins a script. */
export function notice(shell: string): string {
  return `# Completion of solder for ${shell}, as 'solder completion ${shell}' prints it. Generated: do not edit.`
}

/** One word of a shell, whatever is in it. */
export function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
