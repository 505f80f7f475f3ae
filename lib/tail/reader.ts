// Reading on in a file: plain ones by chunks from the place, packed ones by what they unpack to.

import type { SourceContext } from '../component.js'
import { DamagedFile } from '../recording/lines.js'
import type { Handles } from './handles.js'
import { unpacked } from './packed.js'
import type { Reading, Tailed } from './tailed.js'

/** Bytes read at once. As text it stays in the processor's cache: of 256 KiB a line costs 1.6 times as much. */
const CHUNK = 1 << 16
/** Bytes of one file before the others have their turn. */
const TURN = 1 << 22

/**
 * What came of it: there is more; all that is there was read; the file is not the one that was read, or became
 * shorter.
 */
export type Outcome = 'more' | 'end' | 'truncated'

export class Reader {
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK)
  /** For lines and blocks that are longer than a chunk. */
  #long: Buffer | null = null

  constructor(
    private readonly handles: Handles,
    private readonly reading: Reading,
    private readonly context: Pick<SourceContext, 'signal' | 'account'>,
  ) {}

  /** Bytes read of the file are added up in `read`. Throws what the file system throws. */
  async read(file: Tailed, read: (bytes: number) => void): Promise<Outcome> {
    return file.packing === null ? this.#plain(file, read) : this.#packed(file, read)
  }

  async #plain(file: Tailed, read: (bytes: number) => void): Promise<Outcome> {
    const { outlet } = this.reading
    const handle = await this.handles.of(file)
    let chunk: Buffer = this.#chunk
    for (let turn = 0; turn < TURN; ) {
      if (this.context.signal.aborted) return 'end'
      const { place } = file
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, place.offset - place.overlap)
      // The bytes before the place come once more: were others there, the file was truncated and has grown since.
      if (!place.follows(chunk.subarray(0, Math.min(bytesRead, place.overlap)))) return 'truncated'
      const data = chunk.subarray(place.overlap, bytesRead)
      const taken = data.length === 0 ? 0 : file.take(data)
      this.#took(taken, read)
      turn += taken
      file.partial = data.length - taken
      if (outlet.full) await outlet.flush()
      if (bytesRead < chunk.length) return 'end'
      if (taken === 0 && chunk !== this.#chunk) return 'end'
      chunk = taken === 0 ? this.#longer() : this.#chunk
    }
    return 'more'
  }

  #longer(): Buffer {
    const { maxLine, blocks } = this.reading
    return (this.#long ??= Buffer.allocUnsafeSlow((blocks?.size ?? 0) + maxLine + CHUNK))
  }

  #took(bytes: number, read: (bytes: number) => void): void {
    this.context.account.in_bytes += bytes
    read(bytes)
  }

  async #packed(file: Tailed, read: (bytes: number) => void): Promise<Outcome> {
    const { outlet } = this.reading
    const handle = await this.handles.of(file)
    if (file.pieces === null) {
      file.rest = Buffer.alloc(0)
      file.pieces = behind(unpacked(handle, file.packing!), file.place.offset)
    }
    try {
      for (let turn = 0; turn < TURN; ) {
        if (this.context.signal.aborted) return 'end'
        const next = await file.pieces.next()
        if (next.done === true) return this.#unpacked(file, read)
        const data = file.rest.length === 0 ? next.value : Buffer.concat([file.rest, next.value])
        let from = 0
        for (let taken = -1; taken !== 0 && from < data.length; from += taken) taken = file.take(data.subarray(from))
        this.#took(from, read)
        turn += from
        file.rest = data.subarray(from)
        if (outlet.full) await outlet.flush()
      }
      return 'more'
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error
      return this.#damaged(file, error, read)
    }
  }

  #unpacked(file: Tailed, read: (bytes: number) => void): Outcome {
    this.#took(file.takeRest(file.rest), read)
    file.pieces = null
    return 'end'
  }

  /** What was unpacked is read; the rest cannot be, unless the file is still being written. */
  #damaged(file: Tailed, { torn, message }: DamagedFile, read: (bytes: number) => void): Outcome {
    const { log, account, reject } = this.reading.context
    if (torn) {
      log.warn(`${file.lastPath}: the ${file.packing} data end too early: read as far as they go`)
      // It may still be written: a line in part waits for its rest.
      file.rest = Buffer.alloc(0)
    } else {
      account.made++
      const detail = `damaged ${file.packing} data (${message}): the rest of the file cannot be read`
      reject({ reason: 'damaged_file', detail, where: file.lastPath, original: '' })
    }
    this.#took(file.takeRest(file.rest), read)
    file.pieces = null
    return 'end'
  }

  /** Takes so many of the bytes behind the place as they are, see `Tailed.takeRest`. */
  async rest(file: Tailed, bytes: number, read: (bytes: number) => void): Promise<void> {
    const handle = await this.handles.of(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, file.place.offset)
    this.#took(file.takeRest(buffer.subarray(0, bytesRead)), read)
    file.partial -= bytes
  }
}

/** What follows the first `skip` bytes. */
async function* behind(pieces: AsyncGenerator<Buffer>, skip: number): AsyncGenerator<Buffer> {
  let left = skip
  for await (const piece of pieces) {
    if (left < piece.length) yield piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}
