// Buffers for bodies, used again. A body is memory outside of the JavaScript heap, and a few dozen megabytes of it make
// V8 mark the whole heap: measured on 100,000 series, that is more work than reading the bodies.

/** Smallest size, and bytes kept for later. */
const SMALLEST = 1 << 12
const KEPT = 4 << 20
/** What was never needed in so many takes is let go of. */
const TRIM_EVERY = 1 << 10

export class BodyBuffers {
  /** Weak: what is lost on its way is the garbage collector's. */
  readonly #out = new WeakSet<ArrayBufferLike>()
  #free: Buffer[] = []
  #kept = 0
  #takes = 0
  /** The fewest that were free since the last trim. */
  #spare = Infinity

  /** A buffer of at least `size` bytes, not zeroed. */
  take(size: number): Buffer {
    let best = -1
    for (const [i, { length }] of this.#free.entries()) {
      if (length >= size && length <= 4 * Math.max(size, SMALLEST) && (best < 0 || length < this.#free[best].length)) best = i
    }
    // Some room to grow, so that the next body, a little longer, fits as well.
    const buffer = best < 0 ? Buffer.allocUnsafeSlow(Math.max(SMALLEST, size + (size >> 3))) : this.#free.splice(best, 1)[0]
    if (best >= 0) this.#kept -= buffer.length
    this.#out.add(buffer.buffer)
    this.#spare = Math.min(this.#spare, this.#free.length)
    if (++this.#takes % TRIM_EVERY === 0) this.#trim()
    return buffer
  }

  /** Takes back what `take` gave, or a part of it, when nobody reads it any more; any other buffer is left alone. */
  give(buffer: Buffer): void {
    if (!this.#out.delete(buffer.buffer)) return
    const whole = Buffer.from(buffer.buffer)
    this.#free.push(whole)
    this.#kept += whole.length
    while (this.#kept > KEPT) this.#drop()
  }

  #trim(): void {
    for (; this.#spare > 0; this.#spare--) this.#drop()
    this.#spare = Infinity
  }

  /** The oldest goes. */
  #drop(): void {
    this.#kept -= this.#free.shift()!.length
  }

  /** The buffer is not coming back. */
  forget(buffer: Buffer): void {
    this.#out.delete(buffer.buffer)
  }
}
