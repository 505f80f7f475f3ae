// Secrets on their way through expressions: a mark stands for each, so that no value of it is ever in a text.

import { type SecretPart, Text } from '../pipeline/text.js'

/** No word of a command can hold this character. */
const EDGE = '\0'
const MARK = /\0(\d+)\0/

export class Secrets {
  readonly #parts: SecretPart[] = []

  /** The mark of a secret. */
  mark(part: SecretPart): string {
    return `${EDGE}${this.#parts.push(part) - 1}${EDGE}`
  }

  /** A text with marks as one with secrets. */
  text(marked: string): Text {
    return new Text(marked.split(MARK).map((piece, i) => (i % 2 === 0 ? piece : this.#parts[Number(piece)])))
  }

  /** The marks of a text's secrets in their places. */
  marked(text: Text): string {
    return text.with((part) => this.mark(part))
  }
}

export function isMarked(text: string): boolean {
  return text.includes(EDGE)
}
