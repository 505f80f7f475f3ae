// Definitions that no pipe uses: what is wrong with them whatever their arguments are.

import { type Problem } from '../diag/problem.js'
import type { Value } from '../expr/value.js'
import type { OptionSpec } from '../option/table.js'
import { parseValue } from '../option/value.js'
import type { PipeStage } from '../pipeline/model.js'
import { valueOf } from './arguments.js'
import { ChainReader, type Draft, type Kit } from './chain.js'
import type { Definition } from './definition.js'
import { checkRow } from './flow.js'
import { misplaced, misplacedBetween } from './rows.js'

/**
 * Arguments that nobody gave. What is wrong with one of these values may be right with another; problems tell values,
 * so they are not the same for all of them.
 */
const EXAMPLES: { readonly [type in OptionSpec['type']]: readonly string[] } = {
  string: ['one', '2', '3s', 'http://four.example:4/five,six=seven'],
  path: ['one.yaml', 'two', './three/four.json', '/dev/null'],
  url: ['http://one.example/', 'https://two.example:2/three', 'http://127.0.0.1:4/', 'http://[::1]:5/six'],
  // A value that stands in a file is never printed from then on: these are references.
  secret: ['env:SOLDER_ONE', 'env:SOLDER_TWO', 'env:SOLDER_THREE', 'env:SOLDER_FOUR'],
  int: ['1', '2', '100', '0'],
  float: ['0.5', '2', '100.25', '0'],
  bool: ['true', 'false', 'true', 'false'],
  duration: ['1s', '2m', '15s', '1h'],
  bytes: ['1MiB', '64KiB', '1000', '16MiB'],
  enum: [],
  list: ['one', '2', '3s', 'http://four.example:4/five,six=seven'],
  map: ['one=1', 'two=2', 'three=3s', 'four=http://four.example:4/'],
}

const TIMES = 4

/** Adds what is wrong with a definition, with each of several sets of arguments. */
export async function checkAlone(definition: Definition, kit: Kit): Promise<void> {
  const { problems } = kit
  let found: Problem[] | null = null
  for (let time = 0; time < TIMES; time++) {
    const before = problems.length
    await check(definition, time, kit)
    const now = problems.splice(before)
    const keys = new Set(now.map(keyOf))
    found = found === null ? now : found.filter((problem) => keys.has(keyOf(problem)))
  }
  problems.push(...found!)
}

function keyOf({ place, message }: Problem): string {
  return JSON.stringify([place?.file, place?.line, place?.column, message])
}

async function check(definition: Definition, time: number, kit: Kit): Promise<void> {
  const { document, scope, place, options, defaults } = definition
  const values = new Map<string, Value>()
  const made = new Set(Object.keys(options).filter((key) => !defaults.has(key)))
  for (const [key, spec] of Object.entries(options)) {
    const texts = defaults.get(key)?.map(String) ?? examples(spec, time)
    values.set(key, valueOf(spec, texts, kit.secrets))
  }
  const drafts = await new ChainReader(kit, document, scope).definition(definition, values, place, made)
  const [first] = drafts
  if (first?.kind !== 'piece') {
    kit.problems.push(...misplacedBetween(drafts))
    return checkRow(named(drafts), kit.problems)
  }
  const { rows } = first
  kit.problems.push(...misplaced(rows))
  for (const row of rows.from) checkRow(named([...row.drafts, ...rows.through]), kit.problems)
  for (const row of rows.to) checkRow(named(row.drafts), kit.problems)
}

function named(drafts: readonly Draft[]): PipeStage[] {
  return drafts.flatMap((draft) =>
    draft.kind === 'component' || draft.kind === 'program' ? [{ ...draft, id: '' }] : [],
  )
}

/** Valid values, as many as a list has at that time. */
function examples(spec: OptionSpec, time: number): readonly string[] {
  const bounds = 'min' in spec || 'max' in spec ? [spec.min, spec.max].flatMap((one) => one ?? []).map(String) : []
  const all = spec.type === 'enum' ? spec.values : [...bounds, ...EXAMPLES[spec.type]]
  const valid = all.filter((text) => isValid(spec, text))
  const chosen = valid.length === 0 ? all : valid
  const from = (i: number) => chosen[i % chosen.length]
  return spec.type === 'list' ? Array.from({ length: time + 1 }, (_, i) => from(time + i)) : [from(time)]
}

function isValid(spec: OptionSpec, text: string): boolean {
  try {
    parseValue(spec, text, '')
    return true
  } catch {
    return false
  }
}
