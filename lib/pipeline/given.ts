// Which words of a stage are options, which their values, and which arguments.

import { flagOf, type OptionTable } from '../option/table.js'

/** An option as it stands in the words. */
export interface GivenOption {
  readonly key: string
  /** Index of the word with the flag. */
  readonly flag: number
  /** Index of the word with its value, the same as `flag` for `--name=value`; null if it has none. */
  readonly value: number | null
  /** Where the value begins in that word. */
  readonly from: number
  /** For a switch: whether it is on. */
  readonly on: boolean
}

export interface Given {
  readonly options: readonly GivenOption[]
  /** Indices of words that are no options of this command. */
  readonly unknown: readonly number[]
  readonly args: readonly number[]
}

/** Sorts words by what they are, as the command line does. */
export function givenIn(table: OptionTable, words: readonly string[]): Given {
  const keys = new Map(Object.keys(table).map((key) => [flagOf(key), key]))
  const options: GivenOption[] = []
  const unknown: number[] = []
  const args: number[] = []
  let only = false
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (only || word === '-' || !word.startsWith('-')) args.push(i)
    else if (word === '--') only = true
    else {
      const flag = word.split('=', 1)[0]
      const key = keys.get(flag) ?? switchOff(table, keys, flag)
      const isSwitch = key !== undefined && table[key].type === 'bool'
      // A switch takes no value.
      if (key === undefined || (isSwitch && word.includes('='))) unknown.push(i)
      else if (isSwitch) options.push({ key, flag: i, value: null, from: 0, on: keys.has(flag) })
      else if (word.includes('=')) options.push({ key, flag: i, value: i, from: flag.length + 1, on: true })
      else options.push({ key, flag: i, value: i + 1 < words.length ? ++i : null, from: 0, on: true })
    }
  }
  return { options, unknown, args }
}

/** The key of `--no-name`. */
function switchOff(table: OptionTable, keys: ReadonlyMap<string, string>, flag: string): string | undefined {
  const key = keys.get(flag.replace(/^--no-/, '--'))
  return key !== undefined && table[key].type === 'bool' ? key : undefined
}
