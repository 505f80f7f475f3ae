// Private keys that were logged line by line: a record has the first line, those behind it in the stream have the
// others.

import type { Identity } from '../record/identity.js'

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
/** What stands between the first line and the last one: base64, the headers of RFC 1421 and of PGP, nothing. */
const HEADER = '(?:Proc-Type|DEK-Info|Version|Comment): .{0,200}'
const WITHIN = new RegExp(String.raw`^[\s>|]*(?:[A-Za-z0-9+/]{0,120}={0,2}|=[A-Za-z0-9+/]{4}|${HEADER})\s*$`)
const END = '-----END '
/** Lines of the longest key, and streams remembered that are within one. */
const MAX_LINES = 400
const MAX_STREAMS = 10_000

export class OpenKeys {
  /** Lines that are left, of streams that are within a key, by their prefix: a stream may come as several objects. */
  readonly #open = new Map<string, number>()

  /**
   * Whether all of a line is of a key that a line before it began. To be asked of each line of a stream, in their
   * order.
   */
  continues(stream: Identity, line: string): boolean {
    if (this.#open.size === 0) return false
    const name = stream.prefix.toString()
    const left = this.#open.get(name)
    if (left === undefined) return false
    const ends = line.includes(END)
    if (!ends && (left === 0 || !WITHIN.test(line))) {
      this.#open.delete(name)
      return false
    }
    if (ends) this.#open.delete(name)
    else this.#open.set(name, left - 1)
    return ends ? WITHIN.test(line.slice(0, line.indexOf(END))) : true
  }

  /** Looks whether a line in which something was hidden begins a key that it does not end. */
  begins(stream: Identity, line: string): void {
    const at = line.lastIndexOf('-----BEGIN ')
    if (at < 0 || line.includes(END, at) || !BEGIN.test(line.slice(at))) return
    if (this.#open.size >= MAX_STREAMS) this.#open.clear()
    this.#open.set(stream.prefix.toString(), MAX_LINES)
  }
}
