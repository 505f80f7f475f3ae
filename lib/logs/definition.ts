// What a kind of stage is: its options, declared once for the command line, Alloy's blocks and Promtail's lists.

import type { Place } from '../diag/problem.js'
import type { OptionTable, OptionValues } from '../option/table.js'
import type { Json } from '../record/json.js'
import type { Chain, Stage, StageContext } from './stage.js'

/** A stage as it was written, before anything is known of it. */
export interface StageConfig {
  /** As in Alloy, without `stage.`: `json`. */
  readonly name: string
  readonly place?: Place
  readonly options: ReadonlyMap<string, WrittenOption>
  /** Blocks of its own, such as `rule`. */
  readonly blocks: readonly StageConfig[]
  /** Stages inside of it. */
  readonly stages: readonly StageConfig[]
}

export interface WrittenOption {
  readonly value: Json
  readonly place?: Place
}

/** Options of a block, read. */
export interface Block {
  readonly name: string
  readonly values: { readonly [key: string]: unknown }
}

/** Makes the stage; `nested` are the stages inside of it, if it has any. */
export type Ready = (context: StageContext, nested: Chain | undefined) => Stage | Promise<Stage>

export interface StageDefinition<T extends OptionTable = OptionTable> {
  /** As in Alloy, without `stage.`. */
  readonly name: string
  readonly options: T
  /** Its blocks, by name. */
  readonly blocks?: { readonly [name: string]: OptionTable }
  /** Whether it has stages inside. */
  readonly nests?: true
  /** What to say of a value that an option cannot have, where the field has words for that. */
  readonly invalid?: { readonly [key: string]: (text: string) => string }
  /** Looks at what was said, and compiles it; throws every Problem. Opens nothing. */
  prepare(values: OptionValues<T>, blocks: readonly Block[], nested: number): Ready | Promise<Ready>
}

export function defineStage<const T extends OptionTable>(definition: StageDefinition<T>): StageDefinition<T> {
  return definition
}

/** A stage that was checked, ready to be made. */
export interface ReadyStage {
  readonly ready: Ready
  readonly nested: readonly ReadyStage[] | undefined
}


