// A stage alone, as a command: its transform from what was typed.

import type { Context, IdentityTransform, RowTransform, Saved, StatefulTransform } from '../component.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import { Identity } from '../record/identity.js'
import { stageContext } from './build.js'
import type { Block, StageDefinition } from './definition.js'
import { LogEntry } from './entry.js'
import { Chain, ChainTransform, type EntryStage, type StageContext } from './stage.js'

/** What every command that changes log entries says of itself. */
export const LOG_FILTER = { since: '0.1.0', accepts: ['log'], emits: ['same'] } as const

/** What a stage that drops nothing guarantees. */
export const KEEPS_ALL = 'Nothing is lost: an entry that the stage cannot work on passes as it is.'

export type Values<T extends OptionTable> = OptionValues<T>

/** The options of a stage but some, which the command takes as arguments. */
export function without<T extends OptionTable, const K extends keyof T>(table: T, ...keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>
}

/**
 * Fields and their sources from words: `NAME` or `NAME=SOURCE`; an empty source is that of the same name.
 * @param listed whether a word may hold several of them, parted by commas
 */
export function fieldsOf(words: readonly string[], listed = true): Map<string, string> {
  const fields = new Map<string, string>()
  for (const word of words.flatMap((word) => (listed || !word.includes('=') ? word.split(',') : [word]))) {
    const at = word.indexOf('=')
    if (word !== '') fields.set(at < 0 ? word : word.slice(0, at), at < 0 ? '' : word.slice(at + 1))
  }
  return fields
}

/** Names from words, parted by commas, too. */
export function namesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => word.split(',')).filter((name) => name !== '')
}

/** Checks what was said to a stage; throws a Problem. */
export async function checkStage<T extends OptionTable>(
  stage: StageDefinition<T>, values: Values<T>, blocks: readonly Block[] = [],
): Promise<void> {
  await stage.prepare(values, blocks, 0)
}

/** Any stage. */
export async function stageTransform<T extends OptionTable>(
  stage: StageDefinition<T>, values: Values<T>, options: object, context: Context, blocks: readonly Block[] = [],
  saved?: Saved,
): Promise<StatefulTransform> {
  const { made, common } = await make(stage, values, options, context, blocks, saved)
  return new ChainTransform(new Chain([made], context.account), common)
}

/** A stage that changes labels by nothing but labels: it is asked once for each stream. */
export async function streamTransform<T extends OptionTable>(
  stage: StageDefinition<T>, values: Values<T>, options: object, context: Context,
): Promise<IdentityTransform> {
  const { made } = await make(stage, values, options, context, [])
  return {
    reason: 'dropped',
    identity(id) {
      const entry = new LogEntry({ identity: id, payload: {} }, 0, false)
      ;(made as EntryStage).process(entry)
      return entry.identity
    },
  }
}

/**
 * A stage that drops entries and changes none of them: those that stay are passed on in the bytes that they came in.
 */
export async function dropTransform<T extends OptionTable>(
  stage: StageDefinition<T>, values: Values<T>, options: object, context: Context, reason: string,
): Promise<RowTransform> {
  const { made } = await make(stage, values, options, context, [])
  const identity = (id: Identity) => id
  const entry = new LogEntry({ identity: Identity.of('log', ''), payload: {} }, 0, true)
  return {
    reason,
    identity,
    byIdentity: () => false,
    row: (batch, row, id) => {
      const record = { identity: id, payload: batch.payload(row) }
      return (made as EntryStage).process(entry.load(record, 0, true)) === undefined
    },
  }
}

async function make<T extends OptionTable>(
  stage: StageDefinition<T>, values: Values<T>, options: object, context: Context, blocks: readonly Block[],
  saved?: Saved,
) {
  const { max_identities } = options as { max_identities?: number }
  const common: StageContext = { ...stageContext(context, max_identities), saved }
  const ready = await stage.prepare(values, blocks, 0)
  return { made: await ready(common, undefined), common }
}
