// What sinks have in common whose records go as requests through an outbox: how they are asked to keep, to end, to stop.

import type { Context, Sink } from '../component.js'
import type { Batch } from '../record/batch.js'
import type { Record } from '../record/record.js'
import type { DeliveryOptions, Outbox, Outgoing, WhenFull } from './outbox.js'
import type { OutboxMaker } from './spooled.js'

/** Options of a destination, milliseconds and bytes. */
export interface OutboxOptions {
  concurrency: number
  buffer_bytes: number
  when_full: WhenFull
  /** What holds requests, in memory or on disk. */
  outbox: OutboxMaker
  min_backoff: number
  max_backoff: number
  max_retry_after: number
  drain_timeout: number
}

/** How the requests of one sink are sent, and read again where they are refused. */
interface Requests {
  /** What messages call the destination. */
  destination: string
  send: DeliveryOptions['send']
  recordsOf(body: Buffer): Iterable<Record>
  /** Ends the connections. */
  close(): Promise<void>
}

export abstract class OutboxSink implements Sink {
  protected readonly outbox: Outbox
  readonly #close: Requests['close']

  constructor(
    options: OutboxOptions,
    protected readonly context: Context,
    { destination, send, recordsOf, close }: Requests,
  ) {
    const { account } = context
    const refused = ({ body }: Outgoing, words: string) => {
      const detail = `${destination}: ${words}`
      for (const original of recordsOf(body)) context.reject({ reason: 'refused', detail, original })
    }
    this.#close = close
    this.outbox = options.outbox(
      {
        destination,
        lanes: options.concurrency,
        bufferBytes: options.buffer_bytes,
        whenFull: options.when_full,
        minBackoff: options.min_backoff,
        maxBackoff: options.max_backoff,
        maxRetryAfter: options.max_retry_after,
        drainTimeout: options.drain_timeout,
        send,
        stored: ({ records }) => void (account.out += records),
        refused,
        dropped: ({ records }, reason) => account.drop(reason, records),
      },
      context,
    )
  }

  abstract write(batch: Batch): void | Promise<void>

  /** Hands the requests under construction to the outbox. */
  protected abstract flush(): void

  sync(): Promise<void> {
    this.flush()
    return this.outbox.sync()
  }

  async end(): Promise<void> {
    this.flush()
    try {
      await this.outbox.drain()
    } finally {
      await this.#close()
    }
  }

  async abandon(): Promise<void> {
    this.flush()
    await this.outbox.abandon()
    await this.#close()
  }
}
