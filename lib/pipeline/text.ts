// A word of a pipeline: text that may hold secrets, which nothing prints.

import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { HIDDEN, hide } from '../diag/hidden.js'

/** A secret as a part of a word. */
export interface SecretPart {
  /** `file:PATH` or `env:NAME` if it came from there; null where the file holds the secret itself. */
  readonly reference: string | null
  readonly value: string
}

/** A part as it may be shown: text, or a secret by its reference, without its value. */
export type ShownPart = string | { readonly reference: string | null }

/** However it is turned to text or JSON, `<secret>` stands for its secrets; only `reveal()` gives them. */
export class Text {
  readonly #parts: readonly (string | SecretPart)[]

  constructor(parts: readonly (string | SecretPart)[]) {
    this.#parts = parts.filter((part) => part !== '')
    // Nor does anything else of this process print them.
    for (const part of this.#parts) if (typeof part !== 'string') hide(part.value)
  }

  /** Whether some of it is not to be shown. */
  get secret(): boolean {
    return this.#parts.some((part) => typeof part !== 'string')
  }

  /** The whole text, with its secrets. For the component that it is meant for, and nothing else. */
  reveal(): string {
    return this.with(({ value }) => value)
  }

  /** The text with something else where its secrets are. */
  with(stand: (secret: SecretPart) => string): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : stand(part))).join('')
  }

  /** The text behind its first units, which are no secret. */
  from(units: number): Text {
    const [first, ...rest] = this.#parts
    return typeof first === 'string' ? new Text([first.slice(units), ...rest]) : this
  }

  /** The same text, of which nothing behind its first units is shown. */
  hiddenFrom(units: number): Text {
    const [first] = this.#parts
    const lead = typeof first === 'string' ? first.slice(0, units) : ''
    const hidden = this.from(units).#parts.map((part) =>
      typeof part === 'string' ? { reference: null, value: part } : part,
    )
    return new Text([lead, ...hidden])
  }

  /** Its parts without the values of secrets. */
  shown(): ShownPart[] {
    return this.#parts.map((part) => (typeof part === 'string' ? part : { reference: part.reference }))
  }

  /** A text that is another one when a secret is another one, and does not tell it. */
  fingerprint(): string {
    return this.#parts.map((part) => (typeof part === 'string' ? JSON.stringify(part) : digest(part.value))).join('+')
  }

  toString(): string {
    return this.with(() => HIDDEN)
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return inspect(this.toString())
  }
}

/** The SHA-256 of a text, in hex. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
