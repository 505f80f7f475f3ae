// The way to a destination through a spool: requests are on disk first, then sent by lanes, and done with when they are
// stored or refused.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Account } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { HAND_OVER } from '../io/signal.js'
import type { OptionValues } from '../option/table.js'
import { durationText } from '../option/value.js'
import type { Entry } from '../spool/frame.js'
import type { SpoolReader } from '../spool/reader.js'
import { Spool } from '../spool/spool.js'
import type { Loss } from '../spool/store.js'
import { Delivery, recordsText } from './delivery.js'
import type { SPOOL_OPTIONS } from './options.js'
import type { DeliveryContext, DeliveryOptions, Outbox, Outgoing, WhenFull } from './outbox.js'

/** Bytes in memory on their way from the files to the destination. */
const IN_HAND_BYTES = 4 << 20
/** Milliseconds for a destination that answers, where another process is to go on with the spool. */
const HAND_OVER_MS = 2000

interface SpooledContext extends DeliveryContext {
  readonly account: Account
}

/** Makes the outbox of a destination, once it is known what it does with its requests. */
export type OutboxMaker = (options: DeliveryOptions, context: SpooledContext) => Outbox

/** The folder of a destination under --state: readable, and different for different URLs and tenants. */
export function spoolFolder(state: string, url: string, tenant = ''): string {
  const hash = createHash('sha256').update(`${url}\n${tenant}`).digest('hex').slice(0, 12)
  return join(state, 'spool', `${new URL(url).host.replace(/[^\w.-]/g, '_')}-${hash}`)
}

/**
 * Opens the spool of a destination. Throws a Problem.
 *
 * @param format what the bodies of entries are, for those who read the spool
 */
export async function openSpooled(
  folder: string,
  options: Omit<OptionValues<typeof SPOOL_OPTIONS>, 'when_full'>,
  whenFull: WhenFull,
  context: SpooledContext,
  format: number,
): Promise<OutboxMaker> {
  const { spool_bytes: bytes, spool_age: age, fsync, fsync_interval: fsyncInterval } = options
  const drops = whenFull === 'drop_oldest'
  const spool = await Spool.open(folder, { bytes, age, drops, fsync, fsyncInterval }, context.clock, context.log)
  const reader = await spool.reader('sent')
  return (delivery) => new SpooledDelivery(spool, reader, delivery, context, format)
}

class SpooledDelivery implements Outbox {
  readonly #lanes: Delivery<Entry>
  readonly #sending: Promise<void>
  #failure: Error | null = null
  #fails = false

  constructor(
    private readonly spool: Spool,
    private readonly reader: SpoolReader,
    private readonly options: DeliveryOptions,
    private readonly context: SpooledContext,
    private readonly format: number,
  ) {
    this.#lanes = new Delivery(
      {
        ...options,
        bufferBytes: IN_HAND_BYTES,
        whenFull: 'block',
        settled: (entry) => {
          this.#done(entry)
          options.settled?.(entry)
        },
        // It stays on disk.
        dropped: () => {},
        failing: (fails) => {
          this.#fails = fails
          this.#handOver()
          if (options.whenFull === 'drop_failing') spool.drops = fails
        },
      },
      context,
    )
    reader.lost = (loss) => this.#lost(loss)
    context.signal.addEventListener('abort', () => this.#handOver(), { once: true })
    // From then on nothing makes room: what still comes is stored all the same.
    this.#lanes.abandoned.addEventListener('abort', () => spool.unbound(), { once: true })
    if (reader.records > 0) {
      context.log.info(`${options.destination}: ${recordsText(reader.records)} of an earlier run in ${spool.folder}`)
    }
    this.#sending = this.#send().catch((error: unknown) => {
      this.#failure ??= error as Error
      this.#lanes.wake()
      spool.unbound()
    })
  }

  idle(lane: number): boolean {
    return this.reader.position >= this.spool.end && this.#lanes.idle(lane)
  }

  push(lane: number, { body, records }: Outgoing): void {
    this.spool.append({ lane, lanes: this.options.lanes, records, format: this.format, body })
  }

  room(): void | Promise<void> {
    this.#check()
    return this.spool.room()
  }

  sync(): Promise<void> {
    return this.spool.sync()
  }

  /** What is not delivered in time stays for the next start; a Problem says so, but where a stop was asked for. */
  async drain(): Promise<void> {
    const lanes = this.#lanes
    lanes.limit()
    try {
      await lanes.until(() => this.reader.low >= this.spool.end || lanes.over || this.#failure !== null)
      if (lanes.over) await lanes.empty()
      this.#check()
    } finally {
      await this.spool.close()
      await this.#sending
    }
    this.#tell(this.reader.records)
  }

  /** What is not delivered stays for whoever opens the spool next. */
  async abandon(): Promise<void> {
    this.#lanes.abandon()
    await this.spool.close()
    await this.#sending
  }

  /** What another process can send as well is not waited for: for a moment while it is taken, not at all where it is not. */
  #handOver(): void {
    const { clock, signal } = this.context
    if (signal.reason !== HAND_OVER) return
    const lanes = this.#lanes
    if (this.#fails) lanes.abandon()
    else void clock.sleep(HAND_OVER_MS, lanes.abandoned).then(() => lanes.abandon())
  }

  #tell(records: number): void {
    if (records === 0) return
    const { destination, drainTimeout } = this.options
    const text = `${destination}: ${recordsText(records)} stay in the spool, for the next start`
    if (this.context.signal.aborted) return this.context.log.warn(text)
    const why = `not delivered within ${durationText(drainTimeout)} (--drain-timeout)`
    throw new Problem(`${text}: ${why}`, { exit: EXIT.temporary })
  }

  #check(): void {
    const failure = this.#failure ?? this.#lanes.failure
    if (failure !== null) throw failure
  }

  async #send(): Promise<void> {
    let lanes = this.options.lanes
    for (;;) {
      const entry = await this.reader.next()
      if (entry === null || this.#lanes.over) return
      if (entry.seq < this.spool.first) this.context.account.made += entry.records
      // A series has another lane where there are more lanes or fewer: what was sorted otherwise goes before.
      if (entry.lanes !== lanes) await this.#lanes.empty()
      lanes = entry.lanes
      this.#lanes.push(entry.lane % this.options.lanes, entry)
      await this.#lanes.room()
    }
  }

  #done(entry: Entry): void {
    this.reader.done(entry)
    this.#lanes.wake()
  }

  #lost({ records, reason, seq, words }: Loss): void {
    const { account, log } = this.context
    if (seq < this.spool.first) account.made += records
    if (records > 0) account.drop(reason, records)
    log.warn(`${this.options.destination}: ${recordsText(records)} lost from the spool (${reason}): ${words}`)
    this.#lanes.wake()
  }
}
