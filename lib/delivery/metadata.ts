// What is known about metric families, sent when it is new and again from time to time: receivers forget.

import type { Clock } from '../component.js'
import type { Identity } from '../record/identity.js'
import { metadataMessage } from '../wire/remote_write/v1.js'

interface Family {
  message: Buffer
  /** Not sent yet. */
  fresh: boolean
}

export class KnownMetadata {
  readonly #families = new Map<string, Family>()
  /** Families not sent yet. */
  fresh = 0

  /** @param max families remembered; beyond, those that changed last longest ago are forgotten first */
  constructor(private readonly max: number) {}

  /**
   * Takes a metadata record. Returns `fresh` where it is to be sent, `known` where it says nothing new, `replaced`
   * where it takes the place of one that was not sent yet.
   */
  add(id: Identity): 'fresh' | 'known' | 'replaced' {
    const message = metadataMessage(id)
    const before = this.#families.get(id.name)
    if (before !== undefined && before.message.equals(message)) return 'known'
    this.#families.delete(id.name)
    this.#families.set(id.name, { message, fresh: true })
    if (this.#families.size > this.max) this.#forget()
    if (before?.fresh === true) return 'replaced'
    this.fresh++
    return 'fresh'
  }

  /** Messages of what was not sent yet. */
  takeFresh(): Buffer[] {
    const messages: Buffer[] = []
    for (const family of this.#families.values()) {
      if (family.fresh) messages.push(family.message)
      family.fresh = false
    }
    this.fresh = 0
    return messages
  }

  /** Messages of everything that was sent before. */
  repeat(): Buffer[] {
    return [...this.#families.values()].filter((family) => !family.fresh).map((family) => family.message)
  }

  /** The oldest that was sent goes; what was not sent yet is an entry of the account. */
  #forget(): void {
    for (const [name, family] of this.#families) {
      if (family.fresh) continue
      this.#families.delete(name)
      return
    }
  }
}

/** Families in one request. */
const PER_REQUEST = 500

export interface MetadataOptions {
  max: number
  /** Milliseconds that news wait for others. */
  wait: number
  /** Milliseconds after which everything is sent again. */
  interval: number
  clock: Clock
  /** @param records what the account waits for: news are records, repetitions are none */
  send(messages: readonly Buffer[], records: number): void
  /** Whether the last round has arrived: a receiver that is behind gets no further one. */
  idle(): boolean
}

/** Sends metadata when it is new, and again at every interval. */
export class MetadataSender {
  readonly #known: KnownMetadata
  readonly #ended = new AbortController()
  #due = false
  #repeating = false

  constructor(private readonly options: MetadataOptions) {
    this.#known = new KnownMetadata(options.max)
  }

  /** Takes a record; false where the account does not wait for it, because it says nothing new or takes another's place. */
  add(id: Identity): boolean {
    const news = this.#known.add(id)
    if (this.#known.fresh >= PER_REQUEST) this.flush()
    else if (news !== 'known' && !this.#due) {
      this.#due = true
      void this.options.clock.sleep(this.options.wait, this.#ended.signal).then(() => this.flush())
    }
    if (!this.#repeating) void this.#repeat()
    return news === 'fresh'
  }

  /** Sends what is left; nothing is repeated from now on. */
  end(): void {
    this.#ended.abort()
    this.flush()
  }

  /** Sends what waits for others. */
  flush(): void {
    this.#due = false
    const messages = this.#known.takeFresh()
    if (messages.length > 0) this.options.send(messages, messages.length)
  }

  async #repeat(): Promise<void> {
    this.#repeating = true
    const { clock, interval, idle, send } = this.options
    for (;;) {
      await clock.sleep(interval, this.#ended.signal)
      if (this.#ended.signal.aborted) return
      if (!idle()) continue
      const messages = this.#known.repeat()
      for (let from = 0; from < messages.length; from += PER_REQUEST) send(messages.slice(from, from + PER_REQUEST), 0)
    }
  }
}
