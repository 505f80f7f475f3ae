// The thread that unpacks bzip2 data, for ./bzip2.ts.

import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import Bunzip from 'seek-bzip'
import { type Message, MOST_PIECES, type Work } from './bzip2.js'

const IN = 1 << 16
const OUT = 1 << 18

const { fd, waiting } = workerData as Work
const send = (message: Message) => parentPort!.postMessage(message)

class Input extends Bunzip.Stream {
  readonly #buffer = Buffer.allocUnsafe(IN)
  #at = 0
  #end = 0
  #position = 0

  override readByte(): number {
    return this.eof() ? -1 : this.#buffer[this.#at++]
  }
  eof(): boolean {
    if (this.#at === this.#end) {
      this.#end = readSync(fd, this.#buffer, 0, IN, this.#position)
      this.#position += this.#end
      this.#at = 0
    }
    return this.#end === 0
  }
}

class Output extends Bunzip.Stream {
  #buffer = Buffer.allocUnsafeSlow(OUT)
  #length = 0

  override writeByte(byte: number): void {
    this.#buffer[this.#length++] = byte
    if (this.#length === OUT) this.send()
  }
  send(): void {
    if (this.#length === 0) return
    for (let n = Atomics.add(waiting, 0, 1) + 1; n > MOST_PIECES; n = Atomics.load(waiting, 0)) {
      Atomics.wait(waiting, 0, n)
    }
    // It is copied.
    send({ piece: this.#buffer.subarray(0, this.#length) })
    this.#length = 0
  }
}

const input = new Input()
const output = new Output()
try {
  Bunzip.decode(input, output, true)
  output.send()
  send({ end: true })
} catch (error) {
  output.send()
  send({ message: (error as Error).message, torn: input.eof() })
}
