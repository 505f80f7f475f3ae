// The arguments of one use of a definition, from its words to values for expressions.

import { HIDDEN } from '../diag/hidden.js'
import { didYouMean, type Place, Problem } from '../diag/problem.js'
import { LiteralMap, type Value } from '../expr/value.js'
import { flagOf, type OptionSpec } from '../option/table.js'
import { parseValue } from '../option/value.js'
import { givenIn, type GivenOption } from '../pipeline/given.js'
import { Text } from '../pipeline/text.js'
import { referenceIn } from './component_stage.js'
import type { Definition } from './definition.js'
import { isMarked, type Secrets } from './secrets.js'
import type { Spelled } from './spelled.js'

/** The arguments as expressions see them. What is wrong is added to `problems`; then null. */
export async function argumentsOf(
  { name, options, defaults }: Definition,
  place: Place,
  words: readonly Spelled[],
  secrets: Secrets,
  problems: Problem[],
): Promise<ReadonlyMap<string, Value> | null> {
  const before = problems.length
  const given = givenIn(
    options,
    words.map(({ text }) => text.toString()),
  )
  const flags = Object.keys(options).map(flagOf)
  const known = flags.join(', ') || 'none'
  for (const i of given.unknown) {
    const [flag] = words[i].text.toString().split('=', 1)
    const details = { expected: known, hint: didYouMean(flag, flags), place: words[i].place }
    problems.push(new Problem(`unknown option '${flag}' for '${name}'`, details))
  }
  for (const i of given.unknown.length === 0 ? given.args : []) {
    problems.push(new Problem(`'${name}' takes options only`, { place: words[i].place, expected: known }))
  }
  const values = new Map<string, Value>()
  for (const [key, spec] of Object.entries(options)) {
    const uses = given.options.filter((option) => option.key === key)
    const texts =
      uses.length === 0 ? defaults.get(key) : uses.flatMap((use) => textOfUse(spec, use, words, problems) ?? [])
    if (texts !== undefined)
      values.set(
        key,
        valueOf(
          spec,
          texts.map((text) => (typeof text === 'string' ? text : secrets.marked(text))),
          secrets,
        ),
      )
    else if (spec.required === true) {
      problems.push(new Problem(`${flagOf(key)} is missing`, { place, expected: spec.help }))
    } else
      values.set(
        key,
        spec.type === 'list' ? [] : spec.type === 'map' ? new LiteralMap([]) : spec.type === 'bool' ? false : null,
      )
  }
  return problems.length > before ? null : values
}

/** The text of one use of an option, valid; a problem is added where it is none. */
function textOfUse(
  spec: OptionSpec,
  use: GivenOption,
  words: readonly Spelled[],
  problems: Problem[],
): Text | undefined {
  const { key, value, from, flag, on } = use
  if (spec.type === 'bool') return new Text([String(on)])
  if (value === null) {
    problems.push(new Problem(`option ${flagOf(key)} needs a value`, { place: words[flag].place }))
    return undefined
  }
  const text = words[value].text.from(from)
  try {
    // What a list holds is not looked at.
    if (spec.type !== 'list') parseValue(text.secret ? { ...spec, secret: true } : spec, text.reveal(), flagOf(key))
    return text
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { message, expected } = error
    const place = words[value].part(from, text.toString().length)
    problems.push(new Problem(message.replace(text.secret ? text.reveal() : '\0', HIDDEN), { place, expected }))
    return undefined
  }
}

/** What the texts of an argument's uses are to expressions. @param texts with marks */
export function valueOf(spec: OptionSpec, texts: readonly string[], secrets: Secrets): Value {
  const last = texts[texts.length - 1] ?? ''
  switch (spec.type) {
    case 'list':
      return texts
    case 'map':
      return new LiteralMap(texts.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
    case 'bool':
      return last === 'true'
    // A secret stays one, whatever its type.
    case 'int':
      return isMarked(last) ? last : BigInt(last)
    case 'float':
      return isMarked(last) ? last : Number(last)
    case 'secret':
      return secretValue(last, secrets)
    default:
      return last
  }
}

/** A reference goes on as it is; a secret that stands in the file is hidden from here on. */
function secretValue(marked: string, secrets: Secrets): string {
  const text = secrets.text(marked)
  const reference = referenceIn(text)
  if (reference !== null || /^(?:file|env):/.test(marked)) return reference ?? marked
  return secrets.mark({ reference: null, value: text.reveal() })
}
