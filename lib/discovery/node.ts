// A document as a tree with places, the same for JSON and YAML.

interface Placed {
  /** Offset in the text. */
  at: number
  /** Characters. */
  length: number
}

export interface Entry extends Placed {
  key: string
  value: Node
}

export type Node = Placed &
  (
    | { kind: 'map'; entries: Entry[] }
    | { kind: 'list'; items: Node[] }
    /** `text` is the value of a string, else the scalar as it was written. */
    | { kind: 'string' | 'other'; text: string }
    | { kind: 'null' }
  )

/** What a document cannot be read for; `at` as in Placed. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  constructor(
    message: string,
    readonly at: number,
    readonly expected?: string,
  ) {
    super(message)
  }
}

/** Nesting accepted; a list of groups has four levels. */
export const MAX_DEPTH = 64
