// Templates taken apart: what stands between the texts.

import type { Value } from './value.js'

/** `.a.b` behind a value; where it stands, for messages. */
export interface Chain {
  readonly names: readonly string[]
  readonly at: number
}

export type OperandHead =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'nil' }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly slot: number }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline }

export type Operand = OperandHead & Chain

/** A function with its arguments, or one value. */
export interface Command {
  readonly operands: readonly Operand[]
  readonly at: number
}

/** Commands, each given the value of the one before it as its last argument. */
export interface Pipeline {
  /** Slots of the variables that take the value. */
  readonly variables: readonly number[]
  readonly commands: readonly Command[]
  readonly at: number
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipeline: Pipeline
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[] | null
    }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | null; readonly at: number }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }
