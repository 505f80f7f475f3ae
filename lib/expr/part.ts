// A compiled part of an expression, and what it is run on.

import type { Type } from './type.js'
import type { Value } from './value.js'

/** What an evaluation works on: the source of the variables, and the variables of macros. */
export interface Frame<S> {
  source: S
  readonly locals: Value[]
}

export type Run<S> = (frame: Frame<S>) => Value

/** A part of an expression, compiled. */
export interface Part<S> {
  readonly type: Type
  readonly run: Run<S>
  /** Set where the value is the same in every evaluation. */
  readonly constant?: Value
}
