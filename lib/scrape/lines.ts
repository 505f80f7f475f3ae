// What is known of a target's bodies before they are read: the series and the HELP and TYPE lines that came last time,
// in their order. A line whose bytes are the same says the same, and is not read again.

import type { EntryKind, ExpositionParser, SeriesGuess } from '../wire/exposition/parser.js'
import type { SeriesCache } from './cache.js'
import type { Families, Family } from './family.js'
import { KeyStore, type Piece } from './key_store.js'

/** Bytes of lines kept, as a multiple of the body; a body whose lines change order all the time starts anew. */
const MAX_FACTOR = 2

class Line implements Piece {
  next: Line | null = null

  constructor(
    public start: number,
    public length: number,
    readonly family: Family,
    readonly part: 'help' | 'type' | 'unit',
    readonly text: string,
  ) {}
}

export class KnownLines implements SeriesGuess {
  #head = new Line(0, 0, null as unknown as Family, 'help', '')
  #last = this.#head
  #bytes = new KeyStore()
  #body = 0
  /** The family whose line came last. */
  family: Family | null = null
  kind = ''

  constructor(
    private readonly cache: SeriesCache,
    private readonly families: Families,
  ) {}

  /** Starts at the top of a body. */
  rewind(body: Buffer): void {
    if (this.#bytes.used > body.length * MAX_FACTOR) {
      this.#bytes = new KeyStore()
      this.#head.next = null
    }
    this.#last = this.#head
    this.#bytes.against(body)
    this.#body = body.length
    this.family = null
  }

  end(at: number): number {
    return this.cache.end(at)
  }

  line(at: number): number {
    const line = this.#last.next
    if (line === null || line.family.forgotten || !this.#bytes.stands(line, at)) return -1
    this.#last = line
    this.family = line.family
    this.kind = line.part === 'type' ? line.text : ''
    this.families.update(line.family, line.part, line.text, this.cache.scrape)
    return at + line.length
  }

  /** Takes in a HELP, TYPE or UNIT line that was read. */
  take(parser: ExpositionParser, part: Exclude<EntryKind, 'series' | 'histogram' | 'comment'>): void {
    const { text } = parser
    this.family = this.families.set(parser.metric, part, text, this.cache.scrape)
    // A unit is of no use to a parser that has not read it.
    if (part === 'unit' || parser.guess !== this || this.#bytes.used > this.#body * MAX_FACTOR) return
    const { buffer, keyStart, keyEnd } = parser
    const line = new Line(this.#bytes.add(buffer, keyStart, keyEnd), keyEnd - keyStart, this.family, part, text)
    this.#last = this.#last.next = line
  }
}
