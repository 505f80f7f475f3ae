// What a sink has ready for the numbers of lines: the messages of their series, lane by lane. Measured, 100 ns a sample, where
// looking at the identity, copying its labels and appending the rest takes 500.

import type { Names } from '../record/dictionary.js'
import type { Identity } from '../record/identity.js'
import type { LineBatch } from '../record/line_batch.js'
import { larger } from '../record/prefixes.js'
import { MessageRun } from '../wire/remote_write/run.js'
import { hasSixBytes, type Series, TAIL_BYTES } from '../wire/remote_write/series.js'
import type { WriteRequest } from '../wire/remote_write/v1.js'
import type { Batches } from './batches.js'
import type { Answer } from './prepared.js'

/** States of a number; from LANE on, the lane that its message is in. */
const UNKNOWN = 0
/** Its records are looked at one by one. */
const OTHER = 1
/** A rule drops it. */
const DROPPED = 2
const LANE = 3

export class NumberedSeries {
  #states = Uint16Array.of(OTHER)
  #starts = new Uint32Array(1)
  #ends = new Uint32Array(1)
  /** Of each lane. */
  readonly #runs: MessageRun[]

  constructor(
    private readonly names: Names,
    lanes: number,
    limits: { records: number; bytes: number },
    private readonly answer: (id: Identity) => Answer<Series>,
  ) {
    this.#runs = Array.from({ length: lanes }, () => new MessageRun(limits.records, limits.bytes))
  }

  /** Adds all rows to the requests, those that are not ready by `other`; the number that rules drop. */
  write(batch: LineBatch, batches: Batches<WriteRequest>, other: (row: number) => void): number {
    let dropped = 0
    for (let row = 0; row < batch.length; row++) {
      const number = batch.number(row)
      let state = number < this.#states.length ? this.#states[number] : UNKNOWN
      if (state === UNKNOWN) state = this.#learn(number, batch, row)
      if (state === DROPPED) {
        dropped++
        continue
      }
      if (state >= LANE && batch.plain(row)) {
        const millis = batch.millis(row)
        if (hasSixBytes(millis)) {
          this.#put(batches, state - LANE, number, batch.value(row), millis)
          continue
        }
      }
      other(row)
    }
    return dropped
  }

  #put(batches: Batches<WriteRequest>, lane: number, number: number, value: number, millis: number): void {
    const run = this.#runs[lane]
    const start = this.#starts[number]
    const follows = run.follows(start, millis)
    if (!follows) {
      batches.at(lane).settle()
      const { samples, bytes } = run.begin(start, millis)
      batches.withRoom(lane, samples, bytes).follow(run)
    }
    const last = run.put(this.#ends[number], value)
    if (last) batches.at(lane).settle()
    if (last || !follows) batches.added(lane)
  }

  #learn(number: number, batch: LineBatch, row: number): number {
    if (number >= this.#states.length) {
      this.#states = larger(this.#states, 2 * number)
      this.#starts = larger(this.#starts, 2 * number)
      this.#ends = larger(this.#ends, 2 * number)
    }
    const id = this.names.passing(number)
    const answer = id.type === 'metric' ? this.answer(id) : ''
    if (answer === null) return (this.#states[number] = DROPPED)
    if (typeof answer === 'string') return (this.#states[number] = OTHER)
    const lane = answer.hash % this.#runs.length
    const end = this.#runs[lane].add(answer.head, batch.millis(row))
    this.#ends[number] = end
    this.#starts[number] = end - answer.head.length - TAIL_BYTES
    return (this.#states[number] = LANE + lane)
  }
}
