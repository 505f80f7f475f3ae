// What sinks hand their requests to, and what it asks of them.

import type { Clock, Log } from '../component.js'
import type { ConcurrencyBounds } from './concurrency.js'
import type { Outcome } from './outcome.js'

/** A request ready for the wire. */
export interface Outgoing {
  readonly body: Buffer
  /** Records that this request accounts for. */
  readonly records: number
}

/** Takes requests and brings them to a destination, holding them in memory or on disk meanwhile. */
export interface Outbox {
  /** Whether a lane has nothing to send. */
  idle(lane: number): boolean
  /** Takes a request, whatever is held already: see `room`. */
  push(lane: number, request: Outgoing): void
  /** Resolves when there is room for more; nothing if there is already. Throws what ended the delivery. */
  room(): void | Promise<void>
  /** What was pushed before is at the destination, or as safe on disk, when it resolves. */
  sync(): Promise<void>
  /** Ends the delivery. Throws a Problem where some records did not arrive. */
  drain(): Promise<void>
  /** Ends it at once: nothing is sent any more. */
  abandon(): void | Promise<void>
}

/** At the bound whoever pushes waits, or the oldest is given up: always, or while the destination fails. */
export type WhenFull = 'block' | 'drop_oldest' | 'drop_failing'

export interface DeliveryOptions<R extends Outgoing = Outgoing> {
  /** What messages call the destination. */
  destination: string
  /** Requests of one lane go one after another. */
  lanes: number
  /** Requests under way at once; as many as there are lanes if absent. */
  concurrency?: ConcurrencyBounds
  /** Bytes held before a writer has to wait, or the oldest requests are given up. */
  bufferBytes: number
  whenFull: WhenFull
  /** Milliseconds. */
  minBackoff: number
  maxBackoff: number
  /** Longest wait that the destination may ask for, milliseconds. */
  maxRetryAfter: number
  /** Milliseconds for what is held when there is no more to come. */
  drainTimeout: number
  /** One attempt. */
  send(body: Buffer, signal: AbortSignal): Promise<Outcome>
  /** A request, or a part of one that was too large as a whole. */
  stored(request: Outgoing): void
  /** Refused for good, as a whole or in part. May throw, which ends the delivery. */
  refused(request: Outgoing, words: string): void | Promise<void>
  /** The request is dealt with, after `stored` and `refused`: nobody reads its body any more. */
  settled?(request: R): void
  /** Given up: the time to drain is over, or the buffer is full. */
  dropped(request: R, reason: 'shutdown' | 'buffer_full'): void
  /** Told when the destination begins to fail, and when it answers again. */
  failing?(fails: boolean): void
}

/** Where the delivery runs. */
export interface DeliveryContext {
  readonly clock: Clock
  readonly log: Log
  /** Aborts when the process is asked to stop: draining is bounded from then on, and short where its reason is HAND_OVER. */
  readonly signal: AbortSignal
}
