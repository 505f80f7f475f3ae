// From stages as they were written to stages at work: options read by their tables, everything checked, then made.

import type { Context } from '../component.js'
import { collect, didYouMean, type Place, Problem, throwAll } from '../diag/problem.js'
import type { OptionSpec, OptionTable, OptionValues } from '../option/table.js'
import { defaultValue, parseValue } from '../option/value.js'
import type { Json } from '../record/json.js'
import type { Block, ReadyStage, StageConfig, StageDefinition, WrittenOption } from './definition.js'
import { Notes } from './notes.js'
import { loadDefinition, STAGE_NAMES } from './registry.js'
import { Chain, type Files, type Stage, type StageContext } from './stage.js'
import { Streams } from './streams.js'

/** Checks stages, and those inside of them. Throws every Problem at once. */
export async function prepareStages(configs: readonly StageConfig[]): Promise<readonly ReadyStage[]> {
  const problems: Problem[] = []
  const stages = await prepareAll(configs, problems)
  throwAll(problems)
  return stages
}

async function prepareAll(configs: readonly StageConfig[], problems: Problem[]): Promise<ReadyStage[]> {
  const stages: ReadyStage[] = []
  for (const config of configs) {
    const nested = config.stages.length > 0 ? await prepareAll(config.stages, problems) : undefined
    const ready = await collect(problems, () => prepareStage(config))
    if (ready !== undefined) stages.push({ ready, nested })
  }
  return stages
}

/** Checks one stage, but not those inside of it. Throws every Problem at once. */
export async function prepareStage(config: StageConfig): Promise<ReadyStage['ready']> {
  const definition = await loadDefinition(config.name)
  if (definition === undefined) {
    throw new Problem(`unknown stage '${config.name}'`, {
      place: config.place, expected: STAGE_NAMES.join(', '), hint: didYouMean(config.name, STAGE_NAMES),
    })
  }
  const problems: Problem[] = []
  if (config.stages.length > 0 && definition.nests === undefined) {
    problems.push(new Problem(`a stage '${config.name}' has no stages inside`, { place: config.stages[0].place }))
  }
  const values = readOptions(definition.options, config.options, config.name, definition.invalid ?? {}, problems)
  const blocks = config.blocks.flatMap((block) => readBlock(definition, block, problems))
  throwAll(problems)
  try {
    return await definition.prepare(values as OptionValues<OptionTable>, blocks, config.stages.length)
  } catch (error) {
    throw error instanceof Problem ? placed(error, config.place) : error
  }
}

function readBlock({ name, blocks = {} }: StageDefinition, block: StageConfig, problems: Problem[]): Block[] {
  const names = Object.keys(blocks)
  if (!Object.hasOwn(blocks, block.name)) {
    const expected = names.length === 0 ? 'none' : names.join(', ')
    const hint = didYouMean(block.name, names)
    const message = `unknown block '${block.name}' in a stage '${name}'`
    problems.push(new Problem(message, { place: block.place, expected, hint }))
    return []
  }
  const found: Problem[] = []
  const values = readOptions(blocks[block.name], block.options, block.name, {}, found)
  problems.push(...found)
  return found.length > 0 ? [] : [{ name: block.name, values }]
}

function readOptions(
  table: OptionTable,
  written: ReadonlyMap<string, WrittenOption>,
  of: string,
  invalid: { readonly [key: string]: (text: string) => string },
  problems: Problem[],
): { [key: string]: unknown } {
  const values: { [key: string]: unknown } = {}
  const keys = Object.keys(table)
  for (const [key, { place }] of written) {
    if (Object.hasOwn(table, key)) continue
    const expected = keys.length === 0 ? 'none' : keys.join(', ')
    problems.push(new Problem(`unknown option '${key}' of '${of}'`, { place, expected, hint: didYouMean(key, keys) }))
  }
  for (const key of keys) {
    const option = written.get(key)
    if (option === undefined || option.value === null) {
      values[key] = defaultValue(table[key])
      continue
    }
    try {
      values[key] = readValue(table[key], option.value, key)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const say = Object.hasOwn(invalid, key) ? invalid[key] : undefined
      problems.push(placed(say === undefined ? error : new Problem(say(String(option.value))), option.place))
    }
  }
  return values
}

function readValue(spec: OptionSpec, value: Json, key: string): unknown {
  if (spec.type === 'list') {
    if (!Array.isArray(value)) throw new Problem(`${key}: no list`, { expected: 'a list of texts' })
    return value.map((one: Json) => scalar(one, key))
  }
  if (spec.type === 'map') {
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw new Problem(`${key}: no map`, { expected: 'a map of names and texts' })
    }
    const entries = Object.entries(value as { [name: string]: Json })
    return new Map(entries.map(([name, one]) => [name, one === null ? '' : scalar(one, `${key}.${name}`)]))
  }
  return parseValue(spec, scalar(value, key), key)
}

/** Numbers count as texts where texts are wanted, as in Alloy and YAML. */
function scalar(value: Json, key: string): string {
  if (typeof value === 'object') throw new Problem(`${key}: no text`, { expected: 'a text, a number, true or false' })
  return String(value)
}

function placed(problem: Problem, place: Place | undefined): Problem {
  if (place === undefined) return problem
  const { message, expected, hint, exit, cause } = problem
  return new Problem(message, { place, expected, hint, exit, cause })
}

/** What the stages of a list have in common, from the context of their command. */
export function stageContext(context: Context, maxStreams?: number, labelled = true, files = NO_FILES): StageContext {
  const { clock, log, account } = context
  const emit = () => {}
  return { clock, log, account, streams: new Streams(maxStreams), notes: new Notes(clock, log), labelled, files, emit }
}

const NO_FILES: Files = {
  open: (path) => Promise.reject(new Problem(`${path}: no files can be read here`)),
}

export async function chainOf(stages: readonly ReadyStage[], context: StageContext): Promise<Chain> {
  const made: Stage[] = []
  for (const { ready, nested } of stages) {
    made.push(await ready(context, nested === undefined ? undefined : await chainOf(nested, context)))
  }
  return new Chain(made, context.account)
}
