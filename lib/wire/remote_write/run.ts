// Samples of remote write 1.0 that come line by line, mostly in the order of last time: a series' message is kept where it was
// put first, so that the messages of samples in that order are neighbours, get value and time in place and leave in one copy.

import { sixBytes, TAIL_BYTES, TIME_BYTES, TIME_TAG } from './series.js'
import { NORMAL_NAN } from './value.js'

const INITIAL = 1 << 12

/** The messages of one request's series, and the run of them that has samples now. */
export class MessageRun {
  #bytes = Buffer.allocUnsafeSlow(INITIAL)
  #doubles = new DataView(this.#bytes.buffer)
  #length = 0
  #start = 0
  #end = 0
  #millis = 0
  #low = 0
  #high = 0
  /** Samples in the run. */
  records = 0

  /** Bytes of the run. */
  get bytes(): number {
    return this.#end - this.#start
  }

  /** A series by its `head`: where its message ends. */
  add(head: Buffer): number {
    const at = this.#length + head.length
    this.#length = at + TAIL_BYTES
    if (this.#length > this.#bytes.length) this.#grow()
    head.copy(this.#bytes, at - head.length)
    this.#bytes[at + 8] = TIME_TAG
    return this.#length
  }

  /** Whether a message follows the run, or may begin one. */
  follows(start: number): boolean {
    return this.records === 0 || start === this.#end
  }

  /** @param millis a time whose varint takes six bytes, see `hasSixBytes` */
  put(start: number, end: number, value: number, millis: number): void {
    if (this.records++ === 0) this.#start = start
    this.#end = end
    if (millis !== this.#millis) {
      this.#millis = millis
      ;[this.#low, this.#high] = sixBytes(millis)
    }
    const doubles = this.#doubles
    if (value === value) doubles.setFloat64(end - TAIL_BYTES, value, true)
    else NORMAL_NAN.copy(this.#bytes, end - TAIL_BYTES)
    doubles.setUint32(end - TIME_BYTES, this.#low, true)
    doubles.setUint16(end - 2, this.#high, true)
  }

  /** The messages of the run, valid until the next `put`. The next run may begin. */
  take(): Buffer {
    this.records = 0
    return this.#bytes.subarray(this.#start, this.#end)
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#bytes.length + (this.#bytes.length >> 1)))
    this.#bytes.copy(larger)
    this.#bytes = larger
    this.#doubles = new DataView(larger.buffer)
  }
}
