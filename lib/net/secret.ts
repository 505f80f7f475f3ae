// Secrets: `file:PATH` (read again when the file changes), `env:NAME`, or the text itself.

import { inspect } from 'node:util'
import { Problem } from '../diag/problem.js'
import { HttpError } from './client.js'
import { fileComplaint, WatchedFile } from './file.js'

const HIDDEN = '<secret>'

export class Secret {
  readonly #read: () => string

  private constructor(read: () => string) {
    this.#read = read
  }

  /** Opens a reference; throws a Problem that names `flag` where there is nothing behind it. */
  static open(reference: string, flag: string): Secret {
    if (reference.startsWith('file:')) return Secret.#ofFile(new WatchedFile(reference.slice(5)), flag)
    if (!reference.startsWith('env:')) return new Secret(() => reference)
    const name = reference.slice(4)
    const value = process.env[name]
    if (value === undefined) throw new Problem(`${flag}: environment variable ${name} is not set`)
    return new Secret(() => value)
  }

  static #ofFile(file: WatchedFile, flag: string): Secret {
    const secret = new Secret(() => file.read().toString().trim())
    try {
      if (secret.value !== '') return secret
    } catch (cause) {
      throw new Problem(`${flag}: cannot read ${file.path}: ${fileComplaint(cause)}`, { cause })
    }
    throw new Problem(`${flag}: ${file.path} is empty`)
  }

  /** As it is now; throws what the file system throws. */
  get value(): string {
    return this.#read()
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

/** Opens a secret; a problem is added to the list. */
export function openSecret(reference: string | undefined, flag: string, problems: Problem[]): Secret | undefined {
  if (reference === undefined) return undefined
  try {
    return Secret.open(reference, flag)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push(error)
    return undefined
  }
}

/** The secret's text; where it cannot be read any more the request fails. */
export function revealed(secret: Secret, flag: string): string {
  try {
    return secret.value
  } catch (cause) {
    throw new HttpError('auth', `${flag}: ${fileComplaint(cause)}`, { cause })
  }
}
